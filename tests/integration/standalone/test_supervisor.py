"""The supervisor with made-up processes: nothing is lost sight of, whoever dies."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path

import pytest

from ai4k8s_standalone import identity
from ai4k8s_standalone.folder import DataFolder
from ai4k8s_standalone.state import MARKER, State, find_leftovers, read_state
from tests.support.wait import eventually

CALM = "import signal, time; print('ready'); time.sleep(600)"
# Like a pool of workers: the child is in the same group, and does not notice when its parent dies.
FAMILY = "import os, time\nos.fork()\nprint('ready')\ntime.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); time.sleep(600)"
STUBBORN_FAMILY = (
    "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.fork()\nprint('ready')\ntime.sleep(600)"
)
DOOMED = "print('cannot work'); raise SystemExit(7)"


def process(name: str, script: str, stage: str = "WORKERS") -> dict[str, str]:
    return {"name": name, "stage": stage, "script": script}


@pytest.fixture
def folder(tmp_path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@pytest.fixture
def supervise(processes, folder):
    def start(*plan: dict[str, str]):
        return processes.start_module(
            "tests.support.fake_supervisor",
            folder.path,
            json.dumps(plan),
            environment={"PYTHONPATH": str(Path(__file__).parents[3])},
            name="supervisor",
        )

    yield start
    for leftover in find_leftovers(folder):
        identity.send(leftover, signal.SIGKILL)


def state_of(folder: DataFolder) -> State:
    state = read_state(folder)
    assert state is not None
    return state


def pid_of(folder: DataFolder, name: str) -> int:
    known = next(report.identity for report in state_of(folder).processes if report.name == name)
    assert known is not None
    return known.pid


def everything_of(folder: DataFolder) -> list[int]:
    """Processes of this folder, found independently of any file: by their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"{MARKER}={folder.path}".encode() in environment:
                member = identity.read_stat(int(entry.name))
                if member is not None and member.state not in "ZX":
                    found.append(member.pid)
    return found


def test_a_process_that_dies_is_started_again_and_its_orphans_are_ended(supervise, folder):
    supervisor = supervise(process("family", FAMILY), process("calm", CALM))
    supervisor.wait_for_output("all started")
    first, calm = pid_of(folder, "family"), pid_of(folder, "calm")
    eventually(lambda: len(identity.group_members(first)) == 2)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: state_of(folder).processes[0].state == "ready" and pid_of(folder, "family") != first)
    assert identity.group_members(first) == []
    assert pid_of(folder, "calm") == calm
    assert state_of(folder).processes[0].restarts == 1
    assert "family was killed by signal 9" in supervisor.output()


def test_a_process_that_dies_again_and_again_is_given_up_and_the_others_run_on(supervise, folder):
    supervisor = supervise(process("doomed", DOOMED), process("calm", CALM))
    supervisor.wait_for_output("all started")
    supervisor.wait_for_output("is given up: see `ai4k8s logs doomed`")
    assert {report.name: report.state for report in state_of(folder).processes} == {
        "doomed": "given up",
        "calm": "ready",
    }
    assert (folder.logs / "doomed.log").read_text().count("cannot work") == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_no_process_is_left_after_a_request_to_stop(supervise, folder, number):
    supervisor = supervise(process("family", FAMILY), process("gateway", CALM, "GATEWAY"))
    supervisor.wait_for_output("all started")
    supervisor.signal(number, whole_group=False)
    assert supervisor.wait() == 0
    assert "all stopped" in supervisor.output()
    assert everything_of(folder) == []


def test_stages_are_stopped_in_the_opposite_order(supervise, folder):
    loud = (
        "import signal, sys, time, pathlib\n"
        "def end(*_):\n"
        "    with open('order', 'a') as file: print({name!r}, file=file)\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready')\n"
        "while True: time.sleep(600)\n"
    )
    stages = ["POSTGRES", "VALKEY", "CLUSTER", "WORKERS", "BEAT", "GATEWAY"]
    supervisor = supervise(*(process(stage.lower(), loud.format(name=stage), stage) for stage in stages))
    supervisor.wait_for_output("all started")
    assert supervisor.terminate() == 0
    assert (folder.run / "order").read_text().split() == stages[::-1]


def test_a_process_that_will_not_stop_is_killed_within_its_time(supervise, folder):
    supervisor = supervise(process("stubborn", STUBBORN_FAMILY))
    supervisor.wait_for_output("all started")
    assert supervisor.terminate(within=10) == 0
    assert "by force: stubborn" in supervisor.output()
    assert everything_of(folder) == []


def test_nothing_of_a_killed_supervisor_is_left_after_the_next_start(supervise, folder):
    supervisor = supervise(process("family", FAMILY), process("stubborn", STUBBORN_FAMILY))
    supervisor.wait_for_output("all started")
    eventually(lambda: len(everything_of(folder)) == 4)
    supervisor.kill_first_only()
    # Told by the kernel, what can end does; the stubborn ones and a child whose parent died stay.
    assert everything_of(folder)
    second = supervise(process("calm", CALM))
    second.wait_for_output("all started", within=30)
    assert "processes of an earlier run were still there" in second.output()
    assert everything_of(folder) == [pid_of(folder, "calm")]
    assert second.terminate() == 0
    assert everything_of(folder) == []


def test_a_second_supervisor_for_the_same_folder_is_refused_and_does_no_harm(supervise, folder):
    first = supervise(process("calm", CALM))
    first.wait_for_output("all started")
    second = supervise(process("other", CALM))
    assert second.wait() == 1
    assert "runs already" in second.output()
    assert state_of(folder).supervisor.pid == first.pid
    assert len(everything_of(folder)) == 1


def test_a_request_to_stop_is_heard_while_starting(supervise, folder):
    supervisor = supervise(process("slow", "import time; print('not yet'); time.sleep(600)"))
    eventually((folder.logs / "slow.log").exists)
    assert supervisor.terminate() == 0
    assert "before everything was started" in supervisor.output()
    assert everything_of(folder) == []


def test_a_foreign_process_with_a_recorded_number_is_never_signalled(supervise, folder, processes):
    foreign = processes.start(["/bin/sleep", "600"], name="foreign")
    folder.create()
    known = identity.identify(foreign.pid)
    assert known is not None
    folder.state_file.write_text(
        json.dumps(
            {
                "supervisor": [foreign.pid, 1, known.boot],
                "phase": "running",
                "url": None,
                "started_at": 0,
                "processes": [
                    {
                        "name": "gone",
                        "state": "ready",
                        "restarts": 0,
                        # the same number, but started at another time
                        "identity": [foreign.pid, known.start_ticks - 1, known.boot],
                        "stop_signal": 15,
                        "stop_within_seconds": 1.0,
                        "problem": None,
                    }
                ],
            }
        )
    )
    supervisor = supervise(process("calm", CALM))
    supervisor.wait_for_output("all started")
    assert foreign.is_running()
    assert "earlier run" not in supervisor.output()


def test_logs_and_state_are_readable_by_their_owner_only(supervise, folder):
    supervisor = supervise(process("calm", CALM))
    supervisor.wait_for_output("all started")
    for path in (folder.state_file, folder.logs / "calm.log"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.logs.stat().st_mode) == 0o700
