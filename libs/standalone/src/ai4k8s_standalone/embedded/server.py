"""What both stores share: start, wait until it answers, say clearly why it did not, stop."""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING, Protocol

from ai4k8s_standalone.errors import NotReadyError, explain
from ai4k8s_standalone.process import Child, Command

if TYPE_CHECKING:
    from pathlib import Path

_POLL_SECONDS = 0.02
_LOG_TAIL_BYTES = 4_000


class Store(Protocol):
    """A store that can be prepared, then run as a child."""

    @property
    def port(self) -> int:
        """Where it listens on the loopback address."""

    @property
    def url(self) -> str:
        """How to reach it, password included."""

    def prepare(self) -> Command:
        """Make its data folder fit to be served, and say what to run."""

    def answers(self) -> bool:
        """Whether it serves requests now."""

    def finish_start(self) -> None:
        """Do what can only be done once it answers."""


class RunningStore:
    """A store that was started by this process."""

    def __init__(self, store: Store, child: Child) -> None:
        self.store = store
        self._child = child

    @property
    def url(self) -> str:
        """How to reach it, password included."""
        return self.store.url

    @property
    def pid(self) -> int:
        """The server's process number."""
        return self._child.pid

    def is_running(self) -> bool:
        """Whether its process runs."""
        return self._child.is_running()

    def stop(self) -> bool:
        """Stop in order; true when that needed no force."""
        return self._child.stop()

    def kill(self) -> None:
        """End it without warning, as a crash would."""
        self._child.kill()


def start(store: Store, log_file: Path, ready_within_seconds: float = 30.0) -> RunningStore:
    """Start a store and wait until it answers.

    Raises:
        PortBusyError, DiskFullError, NotReadyError: as its log says.
    """
    command = store.prepare()
    with log_file.open("ab") as output:
        child = _spawn_and_wait(store, command, output, ready_within_seconds, log_file)
    return RunningStore(store, child)


def _spawn_and_wait(
    store: Store, command: Command, output: IO[bytes], ready_within_seconds: float, log_file: Path
) -> Child:
    log_starts_at = log_file.stat().st_size
    child = Child(command, output)
    deadline = time.monotonic() + ready_within_seconds
    try:
        while not store.answers():
            _check_worth_waiting(child, deadline, log_file, log_starts_at, store.port)
            time.sleep(_POLL_SECONDS)
        store.finish_start()
    except BaseException:
        child.kill()
        raise
    return child


def _check_worth_waiting(child: Child, deadline: float, log_file: Path, log_starts_at: int, port: int) -> None:
    name = child.command.name
    if not child.is_running():
        raise explain(f"{name} ended while starting on port {port}", read_log(log_file, log_starts_at))
    if time.monotonic() > deadline:
        raise NotReadyError(f"{name} did not answer in time", f"See {log_file}")


def read_log(log_file: Path, from_byte: int = 0) -> str:
    """The end of what a server wrote since `from_byte`."""
    with log_file.open("rb") as log:
        size = log.seek(0, 2)
        log.seek(max(from_byte, size - _LOG_TAIL_BYTES))
        return log.read().decode("utf-8", errors="replace").strip()
