"""Whatever people do to a cluster, in whatever order: once it has settled, everything in it is consistent."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ai4k8s_simcluster.controllers.context import controller_of, is_active, is_ready
from ai4k8s_simcluster.registry import (
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    JOBS,
    NODES,
    PODS,
    REPLICASETS,
    SERVICES,
    STATEFUL_SETS,
)
from ai4k8s_simcluster.writes import DeleteOptions
from tests.unit.simcluster.world import World

NAMES = ("a", "b", "c")


class Chaos:
    """Random operations on a small cluster."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = World(nodes=4, startup=(0, 4), seed=seed)

    def step(self) -> None:
        """Do one thing, and let a little time pass."""
        operation = self.rng.choice([
            self._deploy, self._deploy, self._scale, self._roll, self._pause, self._delete_workload, self._delete_pod,
            self._delete_pod, self._release_pod, self._stateful, self._job, self._cordon, self._lose_node, self._service,
        ])  # fmt: skip
        operation()
        self.world.manager.tick()
        self.world.run(self.rng.randint(0, 6))

    def settle(self) -> None:
        """Bring all nodes back, resume what is paused, and wait."""
        world = self.world
        for node in world.store.listing(NODES):
            spec = {key: value for key, value in node.obj["spec"].items() if key != "unschedulable"}
            metadata = {**node.obj["metadata"], "annotations": {}}
            world.store.put(NODES, {**node.obj, "metadata": metadata, "spec": spec})
        for stored in world.store.listing(DEPLOYMENTS):
            spec = {key: value for key, value in stored.obj["spec"].items() if key != "paused"}
            world.store.put(DEPLOYMENTS, {**stored.obj, "spec": spec})
        world.run(420, step=1)

    def _name(self) -> str:
        return self.rng.choice(NAMES)

    def _deploy(self) -> None:
        name = self._name()
        if self.world.store.get(DEPLOYMENTS, "t", name) is None:
            strategy = self.rng.choice([{"type": "Recreate"}, {"type": "RollingUpdate"}])
            self.world.deploy(name, self.rng.randint(0, 5), cpu="100m", strategy=strategy)

    def _change(self, **spec: Any) -> None:
        stored = self.world.store.get(DEPLOYMENTS, "t", self._name())
        if stored is not None and not stored.obj["metadata"].get("deletionTimestamp"):
            self.world.writer.update(DEPLOYMENTS, stored, {**stored.obj, "spec": {**stored.obj["spec"], **spec}})

    def _scale(self) -> None:
        self._change(replicas=self.rng.randint(0, 7))

    def _pause(self) -> None:
        self._change(paused=self.rng.random() < 0.5)

    def _roll(self) -> None:
        name = self._name()
        if self.world.store.get(DEPLOYMENTS, "t", name) is not None:
            self.world.set_image(f"x:{self.rng.randint(1, 4)}", name)

    def _delete_workload(self) -> None:
        resource = self.rng.choice([DEPLOYMENTS, REPLICASETS, STATEFUL_SETS, JOBS])
        items = self.world.store.listing(resource, "t")
        if items:
            propagation = self.rng.choice(["Background", "Foreground"])
            self.world.writer.delete(resource, self.rng.choice(items), DeleteOptions(propagation=propagation))

    def _delete_pod(self) -> None:
        pods = self.world.store.listing(PODS, "t")
        if pods:
            grace = self.rng.choice([None, 0, 3])
            self.world.writer.delete(PODS, self.rng.choice(pods), DeleteOptions(grace_seconds=grace))

    def _release_pod(self) -> None:
        """Take a pod away from its ReplicaSet. (One of a StatefulSet would go on holding its name.)"""
        pods = [
            pod
            for pod in self.world.store.listing(PODS, "t")
            if is_active(pod.obj) and (controller_of(pod.obj) or {}).get("kind") == "ReplicaSet"
        ]
        if pods:
            pod = self.rng.choice(pods)
            self.world.store.put(PODS, {**pod.obj, "metadata": {**pod.obj["metadata"], "labels": {"app": "free"}}})

    def _stateful(self) -> None:
        if self.world.store.get(STATEFUL_SETS, "t", "db") is None:
            labels = {"app": "db"}
            template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}}
            spec = {"replicas": 3, "serviceName": "db", "selector": {"matchLabels": labels}, "template": template}
            self.world.writer.create(STATEFUL_SETS, {"metadata": {"name": "db", "namespace": "t"}, "spec": spec})

    def _job(self) -> None:
        code = self.rng.choice([0, 0, 1])
        container = {"name": "c", "image": "x:1", "command": ["sh", "-c", f"sleep 2; exit {code}"]}
        template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
        spec = {"completions": 2, "parallelism": 2, "backoffLimit": 1, "template": template}
        name = f"job-{self.rng.getrandbits(24):x}"
        self.world.writer.create(JOBS, {"metadata": {"name": name, "namespace": "t"}, "spec": spec})

    def _node(self) -> Any:
        return self.rng.choice(self.world.store.listing(NODES))

    def _cordon(self) -> None:
        node = self._node()
        self.world.store.put(NODES, {**node.obj, "spec": {**node.obj["spec"], "unschedulable": True}})

    def _lose_node(self) -> None:
        node = self._node()
        annotations = {"sim.ai4k8s.io/kubelet": "stopped"}
        self.world.store.put(NODES, {**node.obj, "metadata": {**node.obj["metadata"], "annotations": annotations}})

    def _service(self) -> None:
        if self.world.store.get(SERVICES, "t", "web") is None:
            spec = {"selector": {"app": "a"}, "ports": [{"port": 80}]}
            self.world.writer.create(SERVICES, {"metadata": {"name": "web", "namespace": "t"}, "spec": spec})


def _assert_consistent(world: World) -> None:
    store = world.store
    for resource in store.catalogue.stored_types:
        for item in store.values(resource):
            for owner in item.obj["metadata"].get("ownerReferences") or []:
                found = store.by_uid(owner["uid"])
                assert found is not None, f"{resource.plural} {item.name} belongs to a {owner['kind']} that is gone"
                assert (found[1].name, found[0].kind) == (owner["name"], owner["kind"])
            assert "deletionTimestamp" not in item.obj["metadata"], f"{resource.plural} {item.name} never went"
    for replicaset in store.listing(REPLICASETS):
        pods = [p.obj for p in store.owned(PODS, replicaset.uid) if is_active(p.obj)]
        assert len(pods) == replicaset.obj["spec"]["replicas"] == replicaset.obj["status"]["replicas"]
        assert replicaset.obj["status"].get("readyReplicas", 0) == sum(is_ready(pod) for pod in pods)
    for deployment in store.listing(DEPLOYMENTS):
        owned = store.owned(REPLICASETS, deployment.uid)
        wanted = deployment.obj["spec"]["replicas"]
        assert sum(rs.obj["spec"]["replicas"] for rs in owned) == wanted
        status = deployment.obj["status"]
        counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")]
        assert counts == [wanted] * 4
        assert status["observedGeneration"] == deployment.obj["metadata"]["generation"]
    for stateful in store.listing(STATEFUL_SETS):
        names = [pod.name for pod in store.owned(PODS, stateful.uid)]
        assert sorted(names) == [f"{stateful.name}-{at}" for at in range(stateful.obj["spec"]["replicas"])]
    for job in store.listing(JOBS):
        kinds = {c["type"] for c in job.obj["status"].get("conditions") or []}
        assert kinds & {"Complete", "Failed"}, f"{job.name} never ended"
    for pod in store.listing(PODS):
        assert pod.obj["spec"].get("nodeName"), f"{pod.name} has no node"
        assert controller_of(pod.obj) is not None or pod.obj["metadata"]["labels"]["app"] == "free"
    _assert_endpoints(world)


def _assert_endpoints(world: World) -> None:
    for service in world.store.listing(SERVICES):
        wanted = {
            pod.obj["status"]["podIP"]
            for pod in world.store.listing(PODS, service.namespace)
            if pod.obj["metadata"]["labels"].get("app") == "a" and is_ready(pod.obj)
        }
        slices = world.store.owned(ENDPOINT_SLICES, service.uid)
        found = [a for item in slices for e in item.obj.get("endpoints") or [] for a in e["addresses"]]
        assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("seed", range(6))
def test_after_any_operations_a_settled_cluster_is_consistent(seed: int) -> None:
    chaos = Chaos(seed)
    for _ in range(40):
        chaos.step()
    chaos.settle()
    _assert_consistent(chaos.world)
