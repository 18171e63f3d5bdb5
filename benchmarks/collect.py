"""How fast, and in how much memory, are clusters collected?

    python -m benchmarks.collect --json FILE [--only huge hundred decoding copying resident]

- huge: one cluster of 5,000 nodes and 150,000 pods from prepared bytes over loopback HTTP, cold and then steady, 1,200
  pods replaced between cycles (20 a second); the collector's own process, Postgres and the API server beside it.
- hundred: 100 clusters of 500 pods, all due at once.
- decoding: pods to rows, against the official Python client in the same process, CPU seconds.
- copying: rows committed into the real samples' table with its indexes, by one and by two connections.
- resident: memory of each idle worker.

Postgres runs without waiting for the disk (fsync off), as for all benchmarks here.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai4k8s_standalone.embedded.server import start
from benchmarks.collecting import copying, decoding, resident
from benchmarks.stores import own_database
from tests.support.stores import disposable_valkey

if TYPE_CHECKING:
    from collections.abc import Callable

HUGE = ("--clusters", "1", "--nodes", "5000", "--pods", "150000", "--churn", "1200")
HUNDRED = ("--clusters", "100", "--nodes", "20", "--pods", "500", "--churn", "5", "--steady", "2")


def cycles(*arguments: str) -> dict[str, Any]:
    """Run cycles in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.collecting.cycles", *arguments]
    answer = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def with_stores(what: Callable[..., dict[str, Any]], *, valkey: bool = False) -> dict[str, Any]:
    """Run something with a migrated database, and with a Valkey if it wants one."""
    with own_database() as database:
        if not valkey:
            return what(database)
        folder = Path(database.server.folder) / "valkey"
        store = disposable_valkey(folder, keep_on_disk=False)
        running = start(store, folder.with_suffix(".log"))
        try:
            return what(database, store.url)
        finally:
            running.kill()


PARTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "decoding": lambda _: decoding.measure(),
    "copying": lambda _: with_stores(copying.measure),
    "hundred": lambda _: cycles(*HUNDRED),
    "huge": lambda steady: cycles(*HUGE, "--steady", str(steady)),
    "resident": lambda _: with_stores(resident.measure, valkey=True),
}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", nargs="*", choices=sorted(PARTS), default=list(PARTS))
    parser.add_argument("--steady", type=int, default=10, help="steady cycles of the huge cluster")
    options = parser.parse_args()
    report: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "cpus": os.cpu_count()}
    for name in options.only:
        before = os.getloadavg()[0]
        report[name] = {**PARTS[name](options.steady), "load_before": before}
        print(f"{name:<10} {json.dumps(report[name])}", flush=True)
        if options.json:
            options.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
