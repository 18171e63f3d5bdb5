"""Who a process is, so that a number the kernel has given to somebody else meanwhile is never signalled."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_GONE_POLL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """The fields of /proc/PID/stat we use."""

    pid: int
    state: str
    parent_pid: int
    group: int
    start_ticks: int


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process number together with the moment (clock ticks since boot) it was given out, in which boot."""

    pid: int
    start_ticks: int
    boot: str


def boot_id() -> str:
    """Name this boot: ticks since boot mean nothing after the next one."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def read_stat(pid: int) -> ProcessStat | None:
    """Read what the kernel says of a process, or None when there is none of that number."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name stands in parentheses and may itself hold blanks and parentheses.
    fields = text[text.rindex(")") + 2 :].split()
    return ProcessStat(
        pid=pid, state=fields[0], parent_pid=int(fields[1]), group=int(fields[2]), start_ticks=int(fields[19])
    )


def all_stats() -> Iterator[ProcessStat]:
    """Every process of the machine that we can see."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and (stat := read_stat(int(entry.name))) is not None:
            yield stat


def identify(pid: int) -> ProcessIdentity | None:
    """Take down who has this number now."""
    stat = read_stat(pid)
    return None if stat is None else ProcessIdentity(pid, stat.start_ticks, boot_id())


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether that very process still runs; one that only waits to be reaped does not."""
    stat = read_stat(identity.pid)
    return (
        stat is not None
        and stat.state not in "ZX"
        and stat.start_ticks == identity.start_ticks
        and identity.boot == boot_id()
    )


def group_members(group: int) -> list[ProcessStat]:
    """The living members of a process group."""
    return [stat for stat in all_stats() if stat.group == group and stat.state not in "ZX"]


def processes_working_in(folder: Path) -> list[ProcessIdentity]:
    """Living processes whose current directory is this folder: how a database server shows what it serves."""
    found = []
    for stat in all_stats():
        try:
            where = Path(f"/proc/{stat.pid}/cwd").readlink()
        except OSError:
            continue
        if where == folder and stat.state not in "ZX":
            found.append(ProcessIdentity(stat.pid, stat.start_ticks, boot_id()))
    return found


def send(identity: ProcessIdentity, number: signal.Signals) -> bool:
    """Signal that very process; false when it is gone already."""
    if not is_alive(identity):
        return False
    try:
        os.kill(identity.pid, number)
    except ProcessLookupError:
        return False
    return True


def kill_group(group: int, within_seconds: float = 5.0) -> bool:
    """Kill every member of a process group and see them gone; false when some are left at the deadline."""
    deadline = time.monotonic() + within_seconds
    while group_members(group):
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_GONE_POLL_SECONDS)
    return True


def end_processes(identities: list[ProcessIdentity], gentle: signal.Signals, within_seconds: float) -> None:
    """Ask these processes to end, and kill those that have not at the deadline."""
    deadline = time.monotonic() + within_seconds
    for identity in identities:
        send(identity, gentle)
    while any(is_alive(identity) for identity in identities) and time.monotonic() < deadline:
        time.sleep(_GONE_POLL_SECONDS)
    for identity in identities:
        send(identity, signal.SIGKILL)
