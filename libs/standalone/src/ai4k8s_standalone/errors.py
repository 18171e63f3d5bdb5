"""What can go wrong when starting parts on one machine, each with what the person in front of it can do."""

from __future__ import annotations


class StandaloneError(Exception):
    """A problem the command reports in one sentence, followed by a hint."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class PortBusyError(StandaloneError):
    """Another process listens where we wanted to."""


class DiskFullError(StandaloneError):
    """The data folder's disk has no room left."""


class NotReadyError(StandaloneError):
    """A part started but did not become ready, or ended at once."""


class CannotRunAsOtherUserError(StandaloneError):
    """Postgres refuses to run as root, and this machine offers no other identity."""


class AlreadyRunningError(StandaloneError):
    """Another supervisor holds the data folder."""


def explain(what_happened: str, last_words: str) -> StandaloneError:
    """Turn what a process wrote before it ended into an error that says what to do."""
    if "No space left on device" in last_words:
        return DiskFullError(f"{what_happened}: the disk is full", "Free some space, then start again.")
    if "Address already in use" in last_words or "address already in use" in last_words:
        return PortBusyError(f"{what_happened}: another process listens on its port", last_words)
    return NotReadyError(what_happened, f"Its last words:\n{last_words or '(none)'}")
