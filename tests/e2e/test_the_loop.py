"""The whole product, as a person starts it: it scales before a rise, and survives what happens to it meanwhile.

One installation serves all tests here, in the order of a person's first minutes with it; each says what it needs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from ai4k8s_standalone.ports import pick_free
from tests.support.processes import Processes
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.processes import TestProcess

# Run alone, the last wait spans the start, the whole way to the rise and the rise itself.
pytestmark = pytest.mark.timeout(900)

CYCLE_SECONDS = 5
# The demo's `web` rests at about 840 and rises to about 3,500; this is 1.3 times its rest.
RISEN_MILLICORES = 1092
WORKERS = ("collector-cycle", "forecaster-cycle", "scaler-cycle")


@dataclass
class Installation:
    """A running `ai4k8s up` and ways to look at it."""

    folder: Path
    process: TestProcess
    api: httpx.Client

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Rows, as the owner."""
        secrets = json.loads((self.folder / "secrets.json").read_text())
        port = next(self.folder.rglob("postmaster.pid")).read_text().splitlines()[3]
        login = f"postgresql://ai4k8s:{secrets['superuser_password']}@127.0.0.1:{port}/ai4k8s"
        with psycopg.connect(login, autocommit=True) as connection:
            return connection.execute(query).fetchall()

    def cluster(self) -> dict[str, Any]:
        """The demo cluster as the API shows it."""
        (found,) = self.api.get("/clusters").json()["items"]
        return dict(found)

    def workload(self, name: str) -> dict[str, Any]:
        """A workload as the API shows it."""
        items = self.api.get(f"/clusters/{self.cluster()['id']}/workloads").json()["items"]
        return next(item for item in items if item["name"] == name)

    def pid_of(self, name: str) -> int:
        """A supervised process, from the command that a person would ask."""
        import subprocess

        command = [sys.executable, "-m", "ai4k8s_standalone.cli", "status", "--data-dir", str(self.folder)]
        out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        match = re.search(rf"^{name}\s+ready\s+(\d+)", out, re.MULTILINE)
        assert match, f"{name} is not ready: {out}"
        return int(match[1])

    def cycles(self) -> list[tuple[datetime, str]]:
        """Cycles, oldest first."""
        return [(at, status) for at, status in self.sql("SELECT started_at, status FROM collector.cycles ORDER BY 1")]


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    folder = Path(tempfile.mkdtemp(prefix="ai4k8s-e2e-"))
    folder.chmod(0o711)
    processes = Processes(folder)
    command = [sys.executable, "-m", "ai4k8s_standalone.cli", "up", "--data-dir", str(folder / "home")]
    process = processes.start(
        [*command, "--port", str(pick_free()), "--cycle-seconds", str(CYCLE_SECONDS), "--rise-in", "180"],
        environment=dict(os.environ),
    )
    try:
        process.wait_for_output("`ai4k8s logs` tell how it is", within=150)
        url = process.wait_for_output(r"AI4K8s is running: (\S+)")[1]
        password = process.wait_for_output(r"password\s+(\S+)")[1]
        with httpx.Client(base_url=f"{url}/api/v1", timeout=20) as api:
            api.post("/auth/login", json={"username": "admin", "password": password}).raise_for_status()
            yield Installation(folder / "home", process, api)
        assert process.terminate(within=60) == 0
        assert process.members() == []
    finally:
        processes.end_all()


def test_the_demo_cluster_is_connected_and_its_past_is_read(installation: Installation) -> None:
    eventually(lambda: installation.cluster()["status"] == "connected", 60)
    eventually(lambda: installation.cluster()["backfill_status"] == "completed", 90)
    eventually(lambda: installation.workload("web")["forecast_status"] == "ready", 60)


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_killed_in_a_cycle_costs_no_cycle_and_doubles_no_effect(installation: Installation, name: str) -> None:
    before = len(installation.cycles())
    eventually(lambda: len(installation.cycles()) > before, 30)
    pid = installation.pid_of(name)
    os.killpg(os.getpgid(pid), signal.SIGKILL)
    killed_at = datetime.now().astimezone()
    evaluated = "SELECT max(evaluated_at) FROM scaler.workload_states"
    eventually(lambda: installation.sql(evaluated)[0][0] > killed_at + timedelta(seconds=2 * CYCLE_SECONDS), 60)
    completed = [at for at, status in installation.cycles() if status == "completed" and at > killed_at]
    assert (completed[0] - killed_at).total_seconds() < 4 * CYCLE_SECONDS
    doubled = installation.sql(
        "SELECT workload_id, cycle_id FROM scaler.decisions GROUP BY 1, 2 HAVING count(*) > 1"
        " UNION ALL SELECT workload_id, NULL FROM collector.workload_samples GROUP BY workload_id, at HAVING count(*) > 1"
    )
    assert doubled == []


def test_ready_replicas_rise_before_the_demand_does(installation: Installation) -> None:
    def first_rise() -> tuple[Any, ...] | None:
        rows = installation.sql(
            "SELECT d.outcome_at, d.from_replicas, w.id FROM scaler.decisions d"
            " JOIN collector.workloads w ON w.id = d.workload_id"
            " WHERE w.name = 'web' AND d.action = 'scale_up' AND d.outcome = 'applied' ORDER BY 1 LIMIT 1"
        )
        return rows[0] if rows else None

    scaled = eventually(first_rise, 360, every=0.5)
    assert scaled is not None
    scaled_at, resting_replicas, web = scaled
    risen = (
        "SELECT at, ready_replicas FROM collector.workload_samples"
        f" WHERE source = 0 AND workload_id = {web} AND cpu_usage_millicores > {RISEN_MILLICORES}"
        f" AND at > '{scaled_at}' ORDER BY at LIMIT 1"
    )
    ((rose_at, ready_replicas),) = eventually(lambda: installation.sql(risen), 300, every=0.5)
    assert scaled_at < rose_at
    assert ready_replicas > resting_replicas


def test_a_broker_killed_and_emptied_loses_no_accepted_message(installation: Installation) -> None:
    cluster = installation.cluster()["id"]
    token = installation.api.get("/auth/session").json()["csrf_token"]
    pid = installation.pid_of("valkey")
    os.kill(pid, signal.SIGKILL)
    for folder in (installation.folder / "valkey").rglob("appendonlydir"):
        shutil.rmtree(folder, ignore_errors=True)
    answer = installation.api.post(f"/clusters/{cluster}/test", headers={"X-CSRF-Token": token})
    assert answer.status_code == 202
    job = answer.json()["job_id"]
    eventually(lambda: installation.api.get(f"/jobs/{job}").json()["status"] == "completed", 90, every=0.5)


def test_a_silent_cluster_is_told_holds_all_scaling_and_recovers(installation: Installation) -> None:
    pid = installation.pid_of("simcluster")
    stopped_at = datetime.now().astimezone()
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: installation.cluster()["status"] == "unreachable", 60, every=0.5)
        cluster = installation.cluster()
        assert datetime.fromisoformat(cluster["status_since"]) >= stopped_at
        assert json.dumps(cluster["attention"]).strip("[]")
    finally:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: installation.cluster()["status"] == "connected", 60, every=0.5)
    applied = installation.sql(
        "SELECT outcome_at FROM scaler.decisions WHERE outcome = 'applied'"
        f" AND decided_at BETWEEN timestamptz '{stopped_at}' + interval '15 s'"
        " AND (SELECT status_since FROM collector.cluster_states)"
    )
    assert applied == []
