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
