"""One supervised process through its starts, deaths and new starts."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ai4k8s_standalone.errors import StandaloneError, explain
from ai4k8s_standalone.logfiles import LogFile, PipeReader
from ai4k8s_standalone.process import Child
from ai4k8s_standalone.specs import Pacing, ProcessSpec, ProcessState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ai4k8s_standalone import identity


_LONGEST_REASON = 160


class Managed:
    """A process, its log, and when to start it again."""

    def __init__(self, spec: ProcessSpec, log_folder: Path, pacing: Pacing, environment: Mapping[str, str]) -> None:
        self.spec = spec
        self.state = ProcessState.STOPPED
        self.restarts = 0
        self.problem: StandaloneError | None = None
        self._pacing = pacing
        self._environment = environment
        self._log = LogFile(log_folder / f"{spec.name}.log")
        self._child: Child | None = None
        self._reader: PipeReader | None = None
        self._started_at = 0.0
        self._start_again_at = 0.0
        self.quick_deaths = 0

    def start(self) -> None:
        """Start it now. A start that fails at once is treated like one that dies at once."""
        self.problem = None
        self._started_at = time.monotonic()
        self.state = ProcessState.STARTING
        try:
            command = self.spec.prepare()
        except StandaloneError as error:
            self._count_death(error)
            return
        self._child = Child(replace(command, environment={**command.environment, **self._environment}), subprocess.PIPE)
        awaited = re.compile(self.spec.ready_line) if self.spec.ready_line else None
        self._reader = PipeReader(self._child.output, self._log, awaited)

    def look(self) -> str | None:
        """Notice what happened since the last look, act on it, and say so if it is worth a line."""
        if self.state is ProcessState.WAITING and time.monotonic() >= self._start_again_at:
            self.restarts += 1
            self.start()
            return None
        if self.state not in {ProcessState.STARTING, ProcessState.READY} or self._child is None:
            return None
        if not self._child.is_running():
            return self._bury()
        if self.state is ProcessState.STARTING:
            return self._look_whether_ready()
        if self.quick_deaths and self._age_seconds() > self._pacing.quick_death_seconds:
            self.quick_deaths = 0
        return None

    def _look_whether_ready(self) -> str | None:
        try:
            if self._is_ready():
                if self.spec.on_ready is not None:
                    self.spec.on_ready()
                self.state = ProcessState.READY
        except StandaloneError as error:
            self._end_tree()
            return self._count_death(error)
        return None

    def _is_ready(self) -> bool:
        if self.spec.ready_probe is not None:
            return self.spec.ready_probe()
        return self.spec.ready_line is None or (self._reader is not None and self._reader.seen.is_set())

    def _age_seconds(self) -> float:
        return time.monotonic() - self._started_at

    def _bury(self) -> str:
        """Its first process is dead: end what it left behind, and decide when to start it again."""
        code = None if self._child is None else self._child.exit_code()
        self._end_tree()
        return self._count_death(explain(f"{self.spec.name} {self._how_it_ended(code)}", self.last_words()))

    def _how_it_ended(self, code: int | None) -> str:
        """The exit code, and the last line it printed, which mostly says why."""
        lines = [line for line in self.last_words().splitlines() if line.strip()]
        why = f" ({lines[-1].strip()[:_LONGEST_REASON]})" if lines and code not in {0, None} else ""
        return f"{describe_exit(code)}{why}"

    def _end_tree(self) -> None:
        if self._child is not None:
            self._child.kill()
        if self._reader is not None:
            self._reader.finish()
        if self._child is not None:
            self._child.close_pipes()

    def _count_death(self, problem: StandaloneError) -> str:
        self.problem = problem
        self.quick_deaths = self.quick_deaths + 1 if self._age_seconds() < self._pacing.quick_death_seconds else 1
        if self.quick_deaths > self._pacing.quick_deaths_allowed:
            self.state = ProcessState.GIVEN_UP
            return (
                f"{problem}; it was started {self.quick_deaths} times in a row and is given up: "
                f"see `ai4k8s logs {self.spec.name}`. The others keep running."
            )
        delay_seconds = self._pacing.delay_seconds(self.quick_deaths)
        self._start_again_at = time.monotonic() + delay_seconds
        self.state = ProcessState.WAITING
        return f"{problem}; it will be started again in {delay_seconds:.1f} s"

    def is_late(self) -> bool:
        """Whether it should have been ready by now."""
        return self.state is ProcessState.STARTING and self._age_seconds() > self.spec.ready_within_seconds

    def last_words(self) -> str:
        """The end of what it printed."""
        return "" if self._reader is None else self._reader.tail()

    def ask_to_stop(self) -> None:
        """From here on it is not started again."""
        self.state = ProcessState.STOPPED
        if self._child is not None:
            self._child.ask_to_stop()

    def finish_stop(self, deadline: float) -> bool:
        """Wait until the deadline (monotonic), then use force; true when none was needed."""
        if self._child is None:
            return True
        gently = self._child.wait(max(0.0, deadline - time.monotonic()))
        self._end_tree()
        self._log.close()
        return gently

    def has_ended(self) -> bool:
        """Whether its first process is gone."""
        return self._child is None or not self._child.is_running()

    @property
    def stop_within_seconds(self) -> float:
        """How long it may take to stop."""
        return 0.0 if self._child is None else self._child.command.stop_within_seconds

    @property
    def identity(self) -> identity.ProcessIdentity | None:
        """Who it is, while it runs."""
        if self._child is None or self.state not in {ProcessState.STARTING, ProcessState.READY}:
            return None
        return self._child.identity

    def describe(self) -> dict[str, Any]:
        """What goes into the state file."""
        known = self.identity
        return {
            "name": self.spec.name,
            "state": self.state.value,
            "restarts": self.restarts,
            "identity": None if known is None else [known.pid, known.start_ticks, known.boot],
            "stop_signal": None if self._child is None else int(self._child.command.stop_signal),
            "stop_within_seconds": self.stop_within_seconds,
            "problem": None if self.problem is None else str(self.problem),
        }


def describe_exit(code: int | None) -> str:
    """An exit code in words."""
    if code is None:
        return "ended"
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
