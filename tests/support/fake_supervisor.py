"""A supervisor over made-up processes: `python -m tests.support.fake_supervisor FOLDER PLAN_JSON`.

PLAN_JSON is a list of {"name", "stage", "script"}; each script is run by Python and prints "ready" when it is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ai4k8s_standalone.display import Display
from ai4k8s_standalone.errors import StandaloneError
from ai4k8s_standalone.folder import DataFolder
from ai4k8s_standalone.process import Command
from ai4k8s_standalone.specs import Pacing, ProcessSpec, Stage
from ai4k8s_standalone.up import run_supervised

if TYPE_CHECKING:
    from ai4k8s_standalone.supervisor import Supervisor


def spec_of(entry: dict[str, str], folder: DataFolder) -> ProcessSpec:
    """Make a specification of one entry of the plan."""
    command = Command(
        name=entry["name"],
        arguments=(sys.executable, "-u", "-c", entry["script"]),
        working_directory=folder.run,
        stop_within_seconds=2.0,
    )
    return ProcessSpec(
        name=entry["name"],
        stage=Stage[entry["stage"]],
        prepare=lambda: command,
        ready_line="^ready",
        ready_within_seconds=10.0,
    )


def main() -> int:
    """Run until told to stop."""
    folder = DataFolder(Path(sys.argv[1]))
    plan = json.loads(sys.argv[2])
    display = Display()

    def start(supervisor: Supervisor) -> None:
        supervisor.pacing = Pacing(first_delay_seconds=0.1, quick_deaths_allowed=3)
        for problem in supervisor.start([spec_of(entry, folder) for entry in plan]):
            display.error(problem)
        supervisor.announce("http://nowhere")
        display.line("all started")

    try:
        run_supervised(folder, display, start)
    except StandaloneError as error:
        display.error(error)
        return 1
    display.line("all stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
