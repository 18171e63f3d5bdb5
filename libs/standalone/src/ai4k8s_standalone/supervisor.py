"""Starts processes in order, keeps them running, and stops them in the opposite order.

Everything happens in the calling thread, which must be the main one: signals arrive there, and the kernel takes the
end of the thread that started a child for the end of its parent. A loop that looks at a dozen processes five times
a second needs no cleverness beyond that.
"""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from ai4k8s_standalone import state
from ai4k8s_standalone.errors import NotReadyError, StandaloneError, explain
from ai4k8s_standalone.logfiles import LogFile, PipeReader
from ai4k8s_standalone.managed import Managed, describe_exit
from ai4k8s_standalone.process import Child, Command
from ai4k8s_standalone.specs import Pacing, ProcessSpec, ProcessState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from ai4k8s_standalone.folder import DataFolder

_LOOK_EVERY_SECONDS = 0.1
_HURRIED_STOP_SECONDS = 1.0
_ONE_SHOT_SECONDS = 120.0


class StopRequestedError(Exception):
    """Somebody pressed Ctrl-C or asked us to end."""


class Reporter(Protocol):
    """Where news go."""

    def note(self, message: str) -> None:
        """Something a person should read."""


@dataclass
class StopRequest:
    """Set by signals: once is a request, twice is an urgent one."""

    asked: int = 0
    reason: str = ""

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Take down a signal; nothing else is safe to do here."""
        self.asked += 1
        self.reason = signal.Signals(number).name


@contextmanager
def listening_for_signals(request: StopRequest) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a closed terminal count as requests to stop, until the end of the block."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup means: stay
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, request.handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class Supervisor:
    """Keeps processes running for one data folder, whose lock the caller holds."""

    folder: DataFolder
    reporter: Reporter
    request: StopRequest = field(default_factory=StopRequest)
    pacing: Pacing = field(default_factory=Pacing)
    url: str | None = None
    processes: dict[str, Managed] = field(default_factory=dict)
    _phase: str = "starting"
    _started_at: float = field(default_factory=time.time)

    def start(self, specs: Sequence[ProcessSpec]) -> list[StandaloneError]:
        """Start processes together and wait until each is ready or has failed.

        Returns the problems of those that others can do without.

        Raises:
            StandaloneError: an essential one did not become ready.
            StopRequestedError: somebody wants us to end.
        """
        managed = [self._launch(spec) for spec in specs]
        while not all(self._is_settled(process) for process in managed):
            self.look()
            self._pause()
        return [problem for process in managed if (problem := self._problem(process)) is not None]

    def _launch(self, spec: ProcessSpec) -> Managed:
        managed = Managed(spec, self.folder.logs, self.pacing, self._marker())
        self.processes[spec.name] = managed
        managed.start()
        self._write_state()
        return managed

    def _marker(self) -> dict[str, str]:
        return {state.MARKER: str(self.folder.path)}

    def _is_settled(self, process: Managed) -> bool:
        if process.state is ProcessState.WAITING and process.quick_deaths >= (1 if process.spec.essential else 2):
            return True  # saying so now is better than trying for a minute
        return process.is_late() or process.state in {ProcessState.READY, ProcessState.GIVEN_UP}

    def _problem(self, process: Managed) -> StandaloneError | None:
        if process.state is ProcessState.READY:
            return None
        problem = process.problem or NotReadyError(
            f"{process.spec.name} was not ready within {process.spec.ready_within_seconds:.0f} s",
            process.last_words() if process.spec.essential else "",
        )
        if process.spec.essential:
            raise problem
        return problem

    def run_once(self, command: Command, within_seconds: float = _ONE_SHOT_SECONDS) -> list[str]:
        """Run a command to its end; the lines it printed on its standard output.

        What it prints there is not logged: it may be the one place where a password is shown.

        Raises:
            StandaloneError: it failed.
            StopRequestedError: somebody wants us to end.
        """
        marked = replace(command, environment={**command.environment, **self._marker()})
        log = LogFile(self.folder.logs / f"{command.name}.log")
        child = Child(marked, subprocess.PIPE, separate_errors=True)
        errors, answers = PipeReader(child.errors, log), PipeReader(child.output, log=None)
        try:
            deadline = time.monotonic() + within_seconds
            while child.is_running():
                self.look()
                self._pause()
                if time.monotonic() > deadline:
                    raise NotReadyError(f"{command.name} did not end within {within_seconds:.0f} s")
        finally:
            code = child.exit_code()
            child.kill()
            for reader in (errors, answers):
                reader.finish()
            child.close_pipes()
            log.close()
        if code != 0:
            raise explain(f"{command.name} {describe_exit(code)}", errors.tail())
        return list(answers.last_lines)

    def look(self) -> None:
        """Notice deaths, start again what is due, and say what happened."""
        before = [process.state for process in self.processes.values()]
        news = [process.look() for process in self.processes.values()]
        if before != [process.state for process in self.processes.values()]:
            self._write_state()
        for message in news:
            if message is not None:
                self.reporter.note(message)

    def _pause(self) -> None:
        if self.request.asked:
            raise StopRequestedError(self.request.reason)
        time.sleep(_LOOK_EVERY_SECONDS)

    def announce(self, url: str | None) -> None:
        """Everything runs; where to find it."""
        self.url = url
        self._phase = "running"
        self._write_state()

    def run_until_stopped(self) -> None:
        """Keep everything running until somebody wants us to end."""
        while not self.request.asked:
            self.look()
            time.sleep(_LOOK_EVERY_SECONDS)

    def stop(self) -> list[str]:
        """Stop everything, last stage first; the names of those that needed force."""
        self._phase = "stopping"
        self._write_state()
        forced: list[str] = []
        for stage in sorted({process.spec.stage for process in self.processes.values()}, reverse=True):
            members = [process for process in self.processes.values() if process.spec.stage is stage]
            forced += self._stop_together(members)
            self._write_state()
        self._phase = "stopped"
        self._write_state()
        return forced

    def _stop_together(self, members: list[Managed]) -> list[str]:
        patience = max(member.stop_within_seconds for member in members)
        for member in members:
            member.ask_to_stop()
        deadline = time.monotonic() + patience
        asked_before = self.request.asked
        while any(not member.has_ended() for member in members) and time.monotonic() < deadline:
            if self.request.asked > max(1, asked_before):  # asked again: hurry
                deadline = min(deadline, time.monotonic() + _HURRIED_STOP_SECONDS)
                asked_before = self.request.asked
            time.sleep(_LOOK_EVERY_SECONDS / 4)
        return [member.spec.name for member in members if not member.finish_stop(deadline)]

    def _write_state(self) -> None:
        try:
            state.write_state(
                self.folder,
                self._phase,
                self.url,
                self._started_at,
                [process.describe() for process in self.processes.values()],
            )
        except OSError as error:  # a full disk must not end what still runs
            self.reporter.note(f"the state file cannot be written: {error.strerror}")
