"""The whole product, as a person starts it: it scales before a rise, and survives what happens to it meanwhile.

One installation serves all tests here, in the order of a person's first minutes with it; each says what it needs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.gateway import PASSWORD
from tests.support.installation import installed
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.browser import Visit
    from tests.support.installation import Installation

# Run alone, the last wait spans the start, the whole way to the rise and the rise itself.
pytestmark = pytest.mark.timeout(900)

CYCLE_SECONDS = 5
# The demo's `web` rests at about 840 and rises to about 3,500; this is 1.3 times its rest.
RISEN_MILLICORES = 1092
WORKERS = ("collector-cycle", "forecaster-cycle", "scaler-cycle")


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with installed("--cycle-seconds", str(CYCLE_SECONDS), "--rise-in", "180") as running:
        yield running


def test_the_demo_cluster_is_connected_and_its_past_is_read(installation: Installation) -> None:
    eventually(lambda: installation.cluster()["status"] == "connected", 60)
    eventually(lambda: installation.cluster()["backfill_status"] == "completed", 90)
    eventually(lambda: installation.workload("web")["forecast_status"] == "ready", 60)


@pytest.mark.browser
def test_a_new_person_gets_from_the_landing_page_to_a_decision_and_back(
    installation: Installation, visit: Callable[..., Visit]
) -> None:
    seen = visit(installation.url)
    page = seen.open("/").page
    page.set_default_timeout(30_000)
    page.get_by_role("link", name="Start observing").click()
    page.get_by_label("Username").fill("grace")
    page.get_by_label("Email").fill("grace@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Register").click()

    page.get_by_role("heading", name="What needs me").wait_for()
    page.get_by_role("link", name="demo").click()
    page.get_by_role("heading", name="What is coming").wait_for()
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.get_by_role("link", name="batch / reports").click()

    page.locator(".sentence").get_by_text("pod").first.wait_for()
    page.locator(".chart canvas").wait_for()
    wanted = installation.workload("reports")["desired_replicas"] + 2
    page.get_by_label("Auto", exact=True).click()
    page.get_by_label("Min pods").fill(str(wanted))
    preview = page.get_by_role("region", name="If you save this")
    preview.get_by_text(re.compile(rf"→ {wanted} pods, adding")).wait_for()
    page.get_by_role("button", name="Save policy").click()
    page.get_by_text("Saved.").wait_for()

    page.get_by_role("button", name=re.compile(rf"Why batch.reports \d+ to {wanted}$")).click()
    page.get_by_role("heading", name="What it went by").wait_for()
    page.get_by_role("dialog").get_by_text("● done", exact=True).wait_for()
    page.keyboard.press("Escape")
    eventually(lambda: installation.workload("reports")["desired_replicas"] >= wanted, 30)

    page.get_by_role("button", name="Undo: back to observe").click()
    eventually(lambda: installation.workload("reports")["policy"]["mode"] == "observe", 10)


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
