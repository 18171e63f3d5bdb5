"""Starting a child so that it cannot outlive its purpose, and ending all of it.

Every child leads a session of its own, so that its whole tree can be signalled, and so that a Ctrl-C at the
terminal reaches the supervisor alone, which stops things in order. The kernel tells it when its parent dies.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from enum import Enum
from typing import IO, TYPE_CHECKING, Any

from ai4k8s_standalone import identity, launch
from ai4k8s_standalone.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_INHERITED = (
    "HOME",
    "LANG",
    "LC_ALL",
    "PATH",
    "PYTHONPATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "VIRTUAL_ENV",
)


class RunAs(Enum):
    """Under whose name a child runs."""

    SELF = "self"
    NOBODY = "nobody"
    """Really another user; only root can do that, and only where that user can read the path."""
    USER_NAMESPACE = "user_namespace"
    """Still us for the kernel and the files, but seen as `nobody` from the inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run, and how it wants to be ended."""

    name: str
    arguments: tuple[str, ...]
    working_directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    run_as: RunAs = RunAs.SELF
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_seconds: float = 10.0
    parent_death_signal: signal.Signals = signal.SIGTERM


def inherited_environment() -> dict[str, str]:
    """The part of our environment that any program may need; nothing secret is in it."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def nobody() -> tuple[int, int]:
    """User and group of the account that owns nothing."""
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def launcher_arguments(command: Command) -> list[str]:
    """The arguments that start the command by way of `launch`."""
    options: dict[str, Any] = {
        "parent_death_signal": int(command.parent_death_signal),
        "parent_pid": os.getpid(),
        "working_directory": str(command.working_directory),
    }
    if command.run_as is RunAs.NOBODY:
        options["user"] = nobody()
    elif command.run_as is RunAs.USER_NAMESPACE:
        options["user_namespace"] = nobody()
    return [sys.executable, "-I", "-S", launch.__file__, json.dumps(options), *command.arguments]


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("this child was started without such a pipe")
    return stream


class Child:
    """A started command. Start it from a thread that lives on: its end is what the kernel reports."""

    def __init__(
        self, command: Command, output: int | IO[bytes] = subprocess.DEVNULL, *, separate_errors: bool = False
    ) -> None:
        self.command = command
        self._popen = subprocess.Popen(
            launcher_arguments(command),
            env={**inherited_environment(), **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE if separate_errors else subprocess.STDOUT,
            start_new_session=True,
        )
        known = identity.identify(self._popen.pid)
        if known is None:  # impossible before we reap it, but the type says otherwise
            raise NotReadyError(f"{command.name} ended at once")
        self.identity = known

    @property
    def pid(self) -> int:
        """The process number, which is also the number of its group and session."""
        return self._popen.pid

    @property
    def output(self) -> IO[bytes]:
        """What it prints; only for one that was started with a pipe."""
        return _pipe(self._popen.stdout)

    @property
    def errors(self) -> IO[bytes]:
        """What it prints on its error stream; only for one that was started with separate pipes."""
        return _pipe(self._popen.stderr)

    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._popen.poll()

    def is_running(self) -> bool:
        """Whether the first process of the tree still runs."""
        return self._popen.poll() is None

    def wait(self, within_seconds: float) -> bool:
        """Wait for the first process to end; false at the deadline."""
        try:
            self._popen.wait(within_seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def ask_to_stop(self) -> None:
        """Send its stop signal to the first process only: it knows how to stop its own children."""
        if self.is_running():
            self._popen.send_signal(self.command.stop_signal)

    def kill(self) -> None:
        """Kill the whole tree and reap the first process."""
        identity.kill_group(self.pid)
        self._popen.wait()

    def close_pipes(self) -> None:
        """Let go of the pipes, once nobody reads them any more."""
        for pipe in (self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                pipe.close()

    def stop(self, within_seconds: float | None = None) -> bool:
        """Stop it gently, then kill what is left; true when it needed no force."""
        self.ask_to_stop()
        gently = self.wait(self.command.stop_within_seconds if within_seconds is None else within_seconds)
        self.kill()
        return gently
