"""Real child processes to be killed, stopped and continued: half of the fault harness."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ai4k8s_standalone import identity
from ai4k8s_standalone.process import Child, Command
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class TestProcess:
    """A child with its own process group. Signals go to the whole group unless said otherwise."""

    __test__ = False

    def __init__(self, child: Child, log_file: Path) -> None:
        self._child = child
        self.log_file = log_file

    @property
    def pid(self) -> int:
        """Its process number, and that of its group."""
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """How the first process ended; None while it runs, negative for a signal."""
        return self._child.exit_code()

    def is_running(self) -> bool:
        """Whether the first process of the group runs."""
        return self._child.is_running()

    def members(self) -> list[int]:
        """The living processes of the group."""
        return [stat.pid for stat in identity.group_members(self.pid)]

    def signal(self, number: signal.Signals, *, whole_group: bool = True) -> None:
        """Send any signal."""
        if whole_group:
            os.killpg(self.pid, number)
        else:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9 for the whole group, and wait until it is gone."""
        self._child.kill()

    def kill_first_only(self) -> None:
        """kill -9 for the first process; its children live on as orphans."""
        self.signal(signal.SIGKILL, whole_group=False)
        self.wait(10)

    def pause(self) -> None:
        """Freeze the whole group, as a machine that hangs would."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen group go on."""
        self.signal(signal.SIGCONT)

    def terminate(self, within: float = 20.0) -> int:
        """SIGTERM to the first process as an operator would send it; its exit code. Fails at the deadline."""
        self.signal(signal.SIGTERM, whole_group=False)
        return self.wait(within)

    def wait(self, within: float = 20.0) -> int:
        """Wait for the first process to end by itself; its exit code. Fails at the deadline."""
        assert self._child.wait(within), f"still running after {within} s: {self.output()[-2000:]}"
        code = self._child.exit_code()
        assert code is not None
        return code

    def output(self) -> str:
        """Everything it printed up to now, both streams together."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def wait_for_output(self, pattern: str, within: float = 20.0) -> re.Match[str]:
        """Wait until a line matches the regular expression. Fails at the deadline, and when the process ends."""

        def look() -> re.Match[str] | None:
            ended = not self.is_running()
            found = re.search(pattern, self.output(), re.MULTILINE)
            if found is None and ended:
                pytest.fail(f"ended with {self.exit_code} before printing {pattern!r}: {self.output()[-4000:]}")
            return found

        found = eventually(look, within, message=lambda: f"{pattern!r} not printed: {self.output()[-4000:]}")
        assert found is not None
        return found


class Processes:
    """Starts children, and ends every one of them at the end of the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[TestProcess] = []

    def start(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        name: str | None = None,
        working_directory: Path | None = None,
    ) -> TestProcess:
        """Start a program. It sees only the usual environment (PATH, HOME ...) plus what is given here."""
        label = name or Path(command[0]).name
        log_file = self._folder / f"{len(self._started):02d}-{label}.log"
        with log_file.open("wb") as output:
            child = Child(
                Command(
                    name=label,
                    arguments=tuple(str(part) for part in command),
                    working_directory=working_directory or self._folder,
                    environment=environment or {},
                    parent_death_signal=signal.SIGKILL,
                ),
                output,
            )
        process = TestProcess(child, log_file)
        self._started.append(process)
        return process

    def start_module(
        self,
        module: str,
        *arguments: str | Path,
        environment: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> TestProcess:
        """Start `python -m module`, unbuffered, with this environment's Python."""
        return self.start(
            [sys.executable, "-m", module, *arguments],
            environment={"PYTHONUNBUFFERED": "1", **(environment or {})},
            name=name or module,
        )

    def end_all(self) -> None:
        """Kill whatever still runs."""
        for process in reversed(self._started):
            process.kill()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Start real child processes: `processes.start_module("ai4k8s_collector.worker", "--queue", "cycle", ...)`."""
    folder = tmp_path / "processes"
    folder.mkdir()
    started = Processes(folder)
    try:
        yield started
    finally:
        started.end_all()
