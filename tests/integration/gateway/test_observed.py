"""What a cluster is made of, and what it does not tell: served as it was seen, to those who may see the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.feed import FedWorkload, feed_workload
from tests.support.feed_observed import feed_observed

if TYPE_CHECKING:
    from tests.support.gateway import Person, RunningGateway


@pytest.fixture
def ada(gateway: RunningGateway) -> Person:
    return gateway.person("ada")


@pytest.fixture
def web(gateway: RunningGateway, ada: Person) -> FedWorkload:
    workload = feed_workload(gateway.database, ada.add_cluster()["id"])
    workload.feed_samples(hours=1, every_seconds=60)
    feed_observed(workload)
    return workload


def test_everything_that_was_seen_of_a_workload_is_served(gateway: RunningGateway, ada: Person, web: FedWorkload):
    details = ada.get(f"/workloads/{web.id}/details").json()

    # Those that do not run come first, with the reason.
    assert [pod["reason"] for pod in details["pods"]] == ["CrashLoopBackOff", "Unschedulable", "", ""]
    assert (details["oom_kills"], details["startup_p50_seconds"], details["hpa"]["max_replicas"]) == (2, 34, 12)
    assert [deploy["revision"] for deploy in details["deploys"]] == ["7", "6"]
    assert {event["reason"] for event in details["events"]} == {"BackOff", "FailedScheduling"}
    rates = details["rates"]
    assert {len(column) for name, column in rates.items() if name != "custom"} == {len(rates["at"])}
    assert rates["network_receive_bytes_per_second"][-1] > 0
    assert set(rates["disk_read_bytes_per_second"]) == {None}
    (app,) = details["containers"]
    assert app["cpu_p50_millicores"] < app["cpu_p95_millicores"] <= app["cpu_max_millicores"]

    cluster = f"/clusters/{web.cluster_id}"
    missing = {
        item["source"]: item for item in ada.get(f"{cluster}/sources").json()["items"] if item["status"] != "available"
    }
    assert set(missing) == {"daemon_sets", "disk"}
    assert all(item["reason"] and item["hint"] and item["lost"] for item in missing.values())
    assert ada.get(f"{cluster}/events").json()["items"][0]["count"] == 41
    limits = ada.get(f"{cluster}/limits").json()
    assert limits["quotas"][0]["used"]["requests.cpu"] == 17.5
    assert limits["volume_claims"][0]["used_bytes"] == 6.4e10
    assert {part["name"] for part in ada.get("/system").json()["store"]} >= {"samples", "events"}

    bob = gateway.person()
    for path in (f"/workloads/{web.id}/details", f"{cluster}/sources", f"{cluster}/events", f"{cluster}/limits"):
        assert bob.get(path).status_code == 404


def test_what_has_no_replicas_takes_no_policy(ada: Person, web: FedWorkload):
    web.execute("UPDATE collector.workloads SET kind = 'DaemonSet', scalable = false WHERE id = %s", (web.id,))
    policy = {"mode": "auto", "min_replicas": 1, "max_replicas": 3}

    refused = ada.send("PUT", f"/workloads/{web.id}/policy", policy)
    assert (refused.status_code, refused.json()["detail"]) == (422, "a DaemonSet has no replicas to set")
    assert ada.get(f"/workloads/{web.id}").json()["scalable"] is False
