"""How large a cluster can the simulated one be, and how fast does it answer?

    python -m benchmarks.simcluster --json FILE [--nodes 5000] [--pods 150000] [--churn 20] [--seconds 20]

Starts the cluster as people do, in a process of its own, and measures from outside: how long it takes to listen, its
memory, a whole list and a paged one of all pods (bytes read and thrown away: the client does no work), how many watch
events come at the stated churn and how late, and how much CPU the cluster uses while nobody asks anything.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ai4k8s_simcluster.client import ControlClient

PAGE = 500
PODS = "/api/v1/pods"
_START_SECONDS = 900.0
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Figures:
    """What was measured; times in seconds, sizes in MB (10^6 bytes)."""

    nodes: int
    pods: int
    churn: float
    ready_after_seconds: float
    cpu_until_ready_seconds: float
    memory_ready_mb: float
    memory_peak_mb: float
    whole_list_seconds: float
    whole_list_mb: float
    paged_list_seconds: float
    pages: int
    slowest_page_seconds: float
    metrics_list_seconds: float
    idle_cpu_seconds_per_second: float
    watch_events_per_second: float
    watch_seconds: float
    version_median_ms: float
    version_worst_ms: float
    load_average: float


class Api:
    """One connection, as plain as it gets."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._token = (state_dir / "token").read_text()
        self._context = ssl.create_default_context(cafile=str(state_dir / "ca.crt"))
        self._address = str(ControlClient(state_dir).endpoints["api_url"]).removeprefix("https://")
        self._connection = self.connect()

    def connect(self) -> http.client.HTTPSConnection:
        """Open another connection."""
        return http.client.HTTPSConnection(self._address, context=self._context, timeout=600)

    def send(self, connection: http.client.HTTPSConnection, path: str) -> http.client.HTTPResponse:
        """Ask, and return the answer before its body is read."""
        connection.request("GET", path, headers={"Authorization": f"Bearer {self._token}"})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path}: {answer.status} {answer.read()[:300]!r}")
        return answer

    def size(self, path: str) -> int:
        """Read an answer and throw it away; return its size."""
        answer, total = self.send(self._connection, path), 0
        while piece := answer.read(_CHUNK_BYTES):
            total += len(piece)
        return total

    def read(self, path: str) -> bytes:
        """Read an answer."""
        return self.send(self._connection, path).read()


def _stat(pid: int) -> tuple[float, float, float]:
    """Return a process's CPU seconds, memory now and at its peak in MB."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    now, peak = (int(lines[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
    return (int(fields[11]) + int(fields[12])) / ticks, now, peak


def _start(state_dir: Path, nodes: int, pods: int, churn: float) -> tuple[subprocess.Popen[bytes], float]:
    command = [
        sys.executable, "-m", "ai4k8s_simcluster", "--state-dir", str(state_dir), "--no-demo",
        "--kubeconfig-out", str(state_dir / "kubeconfig"),
        "--nodes", str(nodes), "--pods", str(pods), "--churn", str(churn),
    ]  # fmt: skip
    begun = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not (state_dir / "endpoints.json").exists():
        if process.poll() is not None or time.monotonic() - begun > _START_SECONDS:
            process.kill()
            raise RuntimeError("the simulated cluster did not start")
        time.sleep(0.05)
    return process, time.monotonic() - begun


def _pages(api: Api) -> list[float]:
    """Read all pods page by page; return how long each took."""
    took: list[float] = []
    more = ""
    while True:
        begun = time.monotonic()
        body = api.read(f"{PODS}?limit={PAGE}" + (f"&continue={more}" if more else ""))
        took.append(time.monotonic() - begun)
        # Only the head is decoded: the body's size is what a client pays for, and this one is not measured.
        end = body.index(b'"items"')
        more = json.loads(body[: body.rindex(b",", 0, end)] + b"}")["metadata"].get("continue", "")
        if not more:
            return took


def _watch(api: Api, seconds: float) -> float:
    """Return how many pod events a second come."""
    version = json.loads(api.read(f"{PODS}?limit=1"))["metadata"]["resourceVersion"]
    path = f"{PODS}?watch=1&resourceVersion={version}&timeoutSeconds={int(seconds)}"
    answer = api.send(api.connect(), path)
    events, begun = 0, time.monotonic()
    while line := answer.readline():
        events += b'"type"' in line[:20]
    return events / (time.monotonic() - begun)


def _latencies(api: Api, seconds: float) -> list[float]:
    """Ask for something small again and again; return the milliseconds."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        api.read("/version")
        found.append((time.monotonic() - begun) * 1000)
        time.sleep(0.05)
    return found


def measure(nodes: int, pods: int, churn: float, seconds: float, state_dir: Path) -> Figures:
    """Start a cluster, ask it everything, and end it."""
    process, ready_after = _start(state_dir, nodes, pods, churn)
    try:
        return _measure(process.pid, ready_after, Api(state_dir), nodes, pods, churn, seconds)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _timed(action: Any) -> tuple[Any, float]:
    begun = time.monotonic()
    found = action()
    return found, time.monotonic() - begun


def _measure(pid: int, ready_after: float, api: Api, nodes: int, pods: int, churn: float, seconds: float) -> Figures:
    cpu_ready, memory_ready, _ = _stat(pid)
    time.sleep(seconds / 2)
    cpu_before = _stat(pid)[0]
    time.sleep(seconds)
    idle = (_stat(pid)[0] - cpu_before) / seconds
    rates: list[float] = []
    watcher = threading.Thread(target=lambda: rates.append(_watch(Api(api._state_dir), seconds)))  # noqa: SLF001 - ours
    watcher.start()
    latencies = _latencies(api, seconds)
    watcher.join()
    size, whole = _timed(lambda: api.size(PODS))
    pages, paged = _timed(lambda: _pages(api))
    _, metrics = _timed(lambda: api.size("/apis/metrics.k8s.io/v1beta1/pods"))
    return Figures(
        nodes, pods, churn, ready_after, cpu_ready, memory_ready, _stat(pid)[2], whole, size / 1e6, paged, len(pages),
        max(pages), metrics, idle, rates[0], seconds, statistics.median(latencies), max(latencies), os.getloadavg()[0],
    )  # fmt: skip


def main() -> None:
    """Measure and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where to write the figures")
    parser.add_argument("--nodes", type=int, default=5_000)
    parser.add_argument("--pods", type=int, default=150_000)
    parser.add_argument("--churn", type=float, default=20.0, help="pods replaced every second")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to watch")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        figures = measure(given.nodes, given.pods, given.churn, given.seconds, Path(directory))
    cores = len(os.sched_getaffinity(0))
    written = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "cores": cores, **asdict(figures)}
    given.json.write_text(json.dumps(written, indent=1) + "\n")
    for name, value in written.items():
        print(f"{name:<30} {value if not isinstance(value, float) else round(value, 3)}")


if __name__ == "__main__":
    main()
