"""What a supervisor tells the rest of the world about itself, by way of a file.

It serves `status` and `down`, and the next start: after `kill -9` of a supervisor it says which processes were its
own. A process is only ever signalled when number, start time and boot agree, or when its environment or its current
directory shows that it belongs to this data folder.
"""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai4k8s_standalone import identity
from ai4k8s_standalone.folder import DataFolder, read_json, write_private_json
from ai4k8s_standalone.identity import ProcessIdentity, ProcessStat

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKER = "AI4K8S_SUPERVISED_FOR"
_POLL_SECONDS = 0.1
_KILL_SECONDS = 2.0


@dataclass(frozen=True)
class ProcessReport:
    """One process in the state file."""

    name: str
    state: str
    restarts: int
    identity: ProcessIdentity | None
    stop_signal: signal.Signals
    stop_within_seconds: float
    problem: str | None


@dataclass(frozen=True)
class State:
    """A supervisor as its state file describes it."""

    supervisor: ProcessIdentity
    phase: str
    url: str | None
    started_at: float
    processes: tuple[ProcessReport, ...]

    def is_alive(self) -> bool:
        """Whether that supervisor runs."""
        return identity.is_alive(self.supervisor)


def write_state(
    folder: DataFolder, phase: str, url: str | None, started_at: float, processes: Iterable[dict[str, Any]]
) -> None:
    """Say how things are; the caller is the supervisor."""
    me = identity.identify(_own_pid())
    write_private_json(
        folder.state_file,
        {
            "supervisor": None if me is None else [me.pid, me.start_ticks, me.boot],
            "phase": phase,
            "url": url,
            "started_at": started_at,
            "processes": list(processes),
        },
    )


def _own_pid() -> int:
    return int(Path("/proc/self").readlink().name)


def read_state(folder: DataFolder) -> State | None:
    """Read what the present or the last supervisor said; None when there is nothing of use."""
    content = read_json(folder.state_file)
    try:
        return State(
            supervisor=ProcessIdentity(*content["supervisor"]),
            phase=content["phase"],
            url=content["url"],
            started_at=content["started_at"],
            processes=tuple(_report(entry) for entry in content["processes"]),
        )
    except (TypeError, KeyError, ValueError):
        return None


def _report(entry: dict[str, Any]) -> ProcessReport:
    known = entry["identity"]
    return ProcessReport(
        name=entry["name"],
        state=entry["state"],
        restarts=entry["restarts"],
        identity=None if known is None else ProcessIdentity(*known),
        stop_signal=signal.Signals(entry["stop_signal"] or signal.SIGTERM),
        stop_within_seconds=entry["stop_within_seconds"],
        problem=entry["problem"],
    )


def find_leftovers(folder: DataFolder) -> list[ProcessIdentity]:
    """Living processes of a supervisor that is gone. The caller holds the folder's lock."""
    state = read_state(folder)
    reports = () if state is None else state.processes
    leaders = {report.identity for report in reports if report.identity is not None}
    found = {leader for leader in leaders if identity.is_alive(leader)}
    groups = {leader.pid for leader in found}
    boot = identity.boot_id()
    own = _own_pid()
    for stat in identity.all_stats():
        if stat.pid == own or stat.state in "ZX":
            continue
        if stat.group in groups or _belongs_to(stat, folder):
            found.add(ProcessIdentity(stat.pid, stat.start_ticks, boot))
    return sorted(found, key=lambda process: process.pid)


def _belongs_to(stat: ProcessStat, folder: DataFolder) -> bool:
    """Its environment says so, or (servers overwrite theirs) it works inside one of the stores."""
    process = Path(f"/proc/{stat.pid}")
    try:
        if f"{MARKER}={folder.path}".encode() in (process / "environ").read_bytes().split(b"\0"):
            return True
        return (process / "cwd").readlink() in {folder.postgres, folder.valkey}
    except OSError:  # gone meanwhile, or somebody else's and not for us to read
        return False


def end_leftovers(folder: DataFolder) -> int:
    """End what a killed supervisor left behind, gently where possible; how many there were.

    A process we started is asked to stop and given its time. A member of its group whose first process is dead has
    nobody left who could tell it what to do, and is killed.
    """
    leftovers = find_leftovers(folder)
    if not leftovers:
        return 0
    state = read_state(folder)
    asked = [
        report
        for report in (() if state is None else state.processes)
        if report.identity is not None and identity.send(report.identity, report.stop_signal)
    ]
    deadline = time.monotonic() + max((report.stop_within_seconds for report in asked), default=0.0)
    while (rest := find_leftovers(folder)) and time.monotonic() < deadline:
        for process in rest:
            if _is_orphan(process):
                identity.send(process, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
    identity.end_processes(rest, signal.SIGKILL, _KILL_SECONDS)
    return len(leftovers)


def _is_orphan(process: ProcessIdentity) -> bool:
    stat = identity.read_stat(process.pid)
    leader = None if stat is None else identity.read_stat(stat.group)
    return stat is not None and (leader is None or leader.state in "ZX")
