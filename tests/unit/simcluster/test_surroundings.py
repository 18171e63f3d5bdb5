"""What surrounds workloads: endpoints, volumes, priorities, and advice on sizes."""

from __future__ import annotations

from typing import Any

import pytest

from ai4k8s_simcluster.controllers.autoscaling.histogram import CPU_BUCKETS, DecayingHistogram
from ai4k8s_simcluster.controllers.autoscaling.recommender import MIN_BYTES, ContainerUse, recommend
from ai4k8s_simcluster.registry import (
    CONFIG_MAPS,
    ENDPOINT_SLICES,
    ENDPOINTS,
    EVENTS,
    NAMESPACES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    PRIORITY_CLASSES,
    SERVICE_ACCOUNTS,
    SERVICES,
    STORAGE_CLASSES,
)
from ai4k8s_simcluster.writes import DeleteOptions
from tests.unit.simcluster.world import START, World

DAY = 86_400.0


def test_a_service_leads_to_its_ready_pods_only() -> None:
    world = World(startup=(10, 10))
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    world.writer.create(SERVICES, {"metadata": {"name": "web", "namespace": "t"}, "spec": spec})
    world.deploy(replicas=2)
    world.run(5)
    (one,) = world.store.listing(ENDPOINT_SLICES)
    assert [e["conditions"]["ready"] for e in one.obj["endpoints"]] == [False, False]
    world.run(8)
    (one,) = world.store.listing(ENDPOINT_SLICES)
    assert [e["conditions"] for e in one.obj["endpoints"]] == [
        {"ready": True, "serving": True, "terminating": False}
    ] * 2
    assert one.obj["ports"] == [{"name": "", "protocol": "TCP", "port": 8080}]
    assert {e["zone"] for e in one.obj["endpoints"]} == {"zone-a", "zone-b"}
    endpoints = world.store.get(ENDPOINTS, "t", "web")
    assert endpoints is not None
    (subset,) = endpoints.obj["subsets"]
    assert [a["ip"] for a in subset["addresses"]] == sorted(pod["status"]["podIP"] for pod in world.pods())
    world.delete(SERVICES, "web")
    world.run(2)
    assert world.store.listing(ENDPOINT_SLICES) == world.store.listing(ENDPOINTS) == []


@pytest.mark.parametrize(("mode", "bound_before_use"), [("Immediate", True), ("WaitForFirstConsumer", False)])
def test_a_claim_is_bound_at_once_or_when_a_pod_needs_it(mode: str, bound_before_use: bool) -> None:
    world = World(startup=(0, 0))
    world.writer.create(
        STORAGE_CLASSES,
        {"metadata": {"name": "fast"}, "provisioner": "sim", "volumeBindingMode": mode, "reclaimPolicy": "Delete"},
    )
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}},
    }  # fmt: skip
    world.writer.create(PERSISTENT_VOLUME_CLAIMS, {"metadata": {"name": "c", "namespace": "t"}, "spec": spec})
    world.run(2)

    def phase() -> str:
        stored = world.store.get(PERSISTENT_VOLUME_CLAIMS, "t", "c")
        assert stored is not None
        return str(stored.obj["status"]["phase"])

    assert phase() == ("Bound" if bound_before_use else "Pending")
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "c"}}
    pod = {"containers": [{"name": "c", "image": "x:1"}], "volumes": [volume]}
    world.writer.create(PODS, {"metadata": {"name": "p", "namespace": "t"}, "spec": pod})
    world.run(3)
    assert phase() == "Bound"
    assert world.pods()[0]["status"]["phase"] == "Running"
    (made,) = world.store.listing(PERSISTENT_VOLUMES)
    assert made.obj["spec"]["claimRef"]["name"] == "c"


def test_a_pod_with_a_claim_that_is_not_there_waits_and_says_so() -> None:
    world = World(startup=(0, 0))
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "nope"}}
    pod = {"containers": [{"name": "c", "image": "x:1"}], "volumes": [volume]}
    world.writer.create(PODS, {"metadata": {"name": "p", "namespace": "t"}, "spec": pod})
    world.run(1)
    message = world.pods()[0]["status"]["conditions"][0]["message"]
    assert message.startswith('0/2 nodes are available: persistentvolumeclaim "nope" not found.')


def test_an_important_pod_takes_the_place_of_a_lesser_one() -> None:
    world = World(nodes=1, startup=(0, 0))
    world.deploy(replicas=1, cpu="6")
    world.run(3)
    lesser = world.pods()[0]["metadata"]["name"]
    container = {"name": "c", "image": "x:1", "resources": {"requests": {"cpu": "5"}}}
    world.writer.create(PRIORITY_CLASSES, {"metadata": {"name": "high"}, "value": 1000})
    spec = {"containers": [container], "priorityClassName": "high"}
    world.writer.create(PODS, {"metadata": {"name": "urgent", "namespace": "t"}, "spec": spec})
    world.run(8)
    urgent = world.store.get(PODS, "t", "urgent")
    assert urgent is not None
    assert urgent.obj["spec"]["nodeName"] == "node-1"
    assert lesser not in [pod["metadata"]["name"] for pod in world.pods()]
    preempted = [item.obj for item in world.store.listing(EVENTS) if item.obj["reason"] == "Preempted"]
    assert preempted[0]["message"] == f"Preempted by pod {urgent.uid} on node node-1"


def test_a_namespace_is_born_with_its_account_and_goes_with_all_it_holds() -> None:
    world = World(startup=(0, 0))
    world.run(1)
    assert world.store.get(SERVICE_ACCOUNTS, "t", "default") is not None
    assert world.store.get(CONFIG_MAPS, "t", "kube-root-ca.crt") is not None
    held = {"metadata": {"name": "held", "namespace": "t", "finalizers": ["example.com/hold"]}}
    world.writer.create(CONFIG_MAPS, held)
    stored = world.store.get(NAMESPACES, "", "t")
    assert stored is not None
    world.writer.delete(NAMESPACES, stored, DeleteOptions())
    world.run(3)
    left = world.store.get(NAMESPACES, "", "t")
    assert left is not None
    messages = {c["type"]: c["message"] for c in left.obj["status"]["conditions"] if c["status"] == "True"}
    assert messages == {
        "NamespaceContentRemaining": "Some resources are remaining: configmaps. has 1 resource instances",
        "NamespaceFinalizersRemaining": (
            "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
        ),
    }
    item = world.store.get(CONFIG_MAPS, "t", "held")
    assert item is not None
    bare = {key: value for key, value in item.obj["metadata"].items() if key != "finalizers"}
    world.writer.update(CONFIG_MAPS, item, {**item.obj, "metadata": bare})
    world.run(2)
    assert world.store.get(NAMESPACES, "", "t") is None


def test_half_the_weight_is_gone_after_a_day() -> None:
    histogram = DecayingHistogram(CPU_BUCKETS)
    histogram.add(1.0, 1.0, START)
    histogram.add(0.1, 1.0, START + DAY)
    assert histogram.percentile(0.33) == pytest.approx(0.1, rel=0.15), "the upper end of its bucket"
    assert histogram.percentile(0.9) == pytest.approx(1.0, rel=0.06)
    assert sum(histogram.weights.values()) == pytest.approx(3.0), "the newer sample weighs twice the older one"


def test_advice_is_the_ninetieth_percentile_and_a_margin_and_bounds_narrow_with_time() -> None:
    use = ContainerUse()
    for minute in range(1_440):
        use.add("p", 0.5, 600e6, 0.5, START + 60 * minute)
    first = recommend(use, 1)
    assert first is not None
    assert first.target.cores == pytest.approx(0.5 * 1.15, rel=0.06)
    assert first.target.memory_bytes == pytest.approx(600e6 * 1.15, rel=0.06)
    assert first.upper.cores == pytest.approx(first.target.cores * 2, rel=0.02), "one day is known: twice as much"
    for minute in range(1_440, 1_440 * 8):
        use.add("p", 0.5, 600e6, 0.5, START + 60 * minute)
    later = recommend(use, 1)
    assert later is not None
    assert later.upper.cores < first.upper.cores
    assert later.lower.cores <= later.target.cores <= later.upper.cores


def test_advice_has_a_floor_and_learns_from_kills() -> None:
    use = ContainerUse()
    use.add("p", 0.0, 1e6, 0.1, START)
    small = recommend(use, 2)
    assert small is not None
    assert small.target.memory_bytes == MIN_BYTES / 2
    use.add_oom("p", 1e9, START + 60)
    learnt = recommend(use, 2)
    assert learnt is not None
    assert learnt.target.memory_bytes > 1.2e9
