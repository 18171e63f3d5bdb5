"""A generated fleet: as many pods as asked for, nothing for the controllers to mend, and usage for all of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_simcluster.clock import ManualClock
from ai4k8s_simcluster.cluster import Cluster
from ai4k8s_simcluster.command import read_settings
from ai4k8s_simcluster.controllers.context import is_active
from ai4k8s_simcluster.fleet.moulds import Mould
from ai4k8s_simcluster.fleet.plan import plan
from ai4k8s_simcluster.persistence import StateFiles, StateInUseError
from ai4k8s_simcluster.registry import DEPLOYMENTS, PODS, REPLICASETS
from ai4k8s_simcluster.settings import SettingsError, SimSettings
from tests.unit.simcluster.world import START

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PODS_WANTED = 120


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, clock: ManualClock) -> Iterator[Cluster]:
    directory = tmp_path_factory.mktemp("fleet")
    settings = SimSettings(directory, nodes=10, pods=PODS_WANTED, churn=2.0, demo=False)
    found = Cluster(settings, clock, StateFiles(directory, durable=False))
    yield found
    found.close()


def _counts(cluster: Cluster) -> dict[str, int]:
    owners = Counter(pod.obj["metadata"]["ownerReferences"][0]["uid"] for pod in cluster.store.listing(PODS))
    return {item.name: owners[item.uid] - item.obj["spec"]["replicas"] for item in cluster.store.listing(REPLICASETS)}


def test_the_controllers_find_nothing_to_mend(cluster: Cluster) -> None:
    before = {item.key: item.version for item in cluster.store.listing(DEPLOYMENTS)}
    assert cluster.store.count(PODS) == PODS_WANTED
    assert set(_counts(cluster).values()) == {0}
    assert {item.key: item.version for item in cluster.store.listing(DEPLOYMENTS)} == before
    names = {item.name for item in cluster.store.listing(REPLICASETS)}
    assert all(pod.name.rpartition("-")[0] in names for pod in cluster.store.listing(PODS))
    for deployment in cluster.store.listing(DEPLOYMENTS):
        assert deployment.obj["status"]["readyReplicas"] == deployment.obj["spec"]["replicas"]


def test_no_two_pods_share_an_identity_or_an_address(cluster: Cluster) -> None:
    pods = [item.obj for item in cluster.store.listing(PODS)]
    for part, name in (("metadata", "uid"), ("status", "podIP")):
        assert len({pod[part][name] for pod in pods}) == len(pods)
    assert not any("@" in item.item.decode() or "example-" in item.item.decode() for item in cluster.store.values(PODS))
    per_node = Counter(pod["spec"]["nodeName"] for pod in pods)
    assert (len(per_node), max(per_node.values())) == (10, PODS_WANTED // 10)


def test_pods_that_go_are_replaced_and_everything_is_measured(cluster: Cluster, clock: ManualClock) -> None:
    first = {item.uid for item in cluster.store.listing(PODS)}
    for _ in range(10):
        clock.advance(2.0)
        cluster.tick()
    active = [item for item in cluster.store.listing(PODS) if is_active(item.obj)]
    assert len(active) == PODS_WANTED
    assert 20 <= len({item.uid for item in active} - first) <= 40, "two a second, some of them twice"
    clock.advance(15.0)
    cluster.tick()
    left = [uid for uid in first if cluster.store.has_uid(uid)]
    usage = [sample for uid in left if (sample := cluster.model.pod_usage(uid))]
    assert len(usage) > 0.8 * len(left) > 40
    limits = max(sample.cpu_cores for sample in usage)
    assert 0.001 < limits <= 0.75


def test_the_same_seed_plans_the_same_fleet_and_sizes_add_up() -> None:
    assert plan(5_000, 1) == plan(5_000, 1) != plan(5_000, 2)
    sizes = [one.replicas for one in plan(5_000, 1)]
    assert sum(sizes) == 5_000
    assert max(sizes) >= 40
    assert sorted(sizes)[len(sizes) // 2] <= 3


def test_what_has_no_hole_is_shared() -> None:
    shared: dict[str, Any] = {"deep": ["x"]}
    mould = Mould({"name": "@A@-1", "same": shared, "list": [{"a": "@A@"}, shared]}, ("@A@",))
    one, other = mould.cast({"@A@": "a"}), mould.cast({"@A@": "b"})
    assert (one["name"], one["list"][0], other["name"]) == ("a-1", {"a": "a"}, "b-1")
    assert one["same"] is other["same"] is one["list"][1] is shared


@pytest.mark.parametrize(
    "extra", [("--nodes", "2", "--pods", "201"), ("--churn", "3"), ("--pods", "10", "--churn", "-1"), ("--nodes", "0")]
)
def test_a_fleet_that_cannot_be_is_refused(extra: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError):
        read_settings(["--state-dir", "/s", "--kubeconfig-out", "/k", *extra])


def test_a_fleet_does_not_take_over_the_state_of_another_cluster(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{}")
    with pytest.raises(StateInUseError, match="--state-dir of its own"):
        StateFiles(tmp_path, durable=False)
