"""Does a simulated cluster end a bad day consistent?

    python -m benchmarks.chaos --json FILE [--hours 24] [--seed 1]

A cluster with every kind of workload lives through a day on a clock of its own, while a script scales, rolls out,
deletes with each propagation, cordons, loses nodes, puts them under pressure, lets pods leak until they are killed,
and takes metrics away. Then the faults end, the cluster gets a quarter of an hour, and everything is counted: no pod
without its owner, owner references that name what is there, statuses that say what is.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai4k8s_simcluster.bootstrap import create_namespace
from ai4k8s_simcluster.clock import ManualClock
from ai4k8s_simcluster.cluster import Cluster
from ai4k8s_simcluster.controllers.context import SecondsRange, controller_of, is_active, is_ready, is_terminating
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.faults.model import Fault, FaultKind, PressureKind
from ai4k8s_simcluster.persistence import StateFiles
from ai4k8s_simcluster.quantity import parse_quantity
from ai4k8s_simcluster.registry import (
    DAEMON_SETS,
    DEPLOYMENTS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICASETS,
    STATEFUL_SETS,
    ResourceType,
)
from ai4k8s_simcluster.settings import SimSettings, parse_shape_spec
from ai4k8s_simcluster.writes import DeleteOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_simcluster.store import Stored

START = 1_700_000_000.0
HOME = "chaos"
SETTLE_SECONDS = 900
EVENT_EVERY_SECONDS = 20.0
_NODES = 6
_DEPLOYMENTS = ("api", "worker", "cache")


def _workload(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    resources = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "300m", "memory": "256Mi"}}
    container = {"name": "app", "image": "app:1", "resources": resources}
    return {
        "metadata": {"name": name, "namespace": HOME},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            **spec,
        },
        "kind": kind,
    }


@dataclass
class Chaos:
    """A cluster, and what is done to it."""

    cluster: Cluster
    clock: ManualClock
    seed: int
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._rng = random.Random(f"chaos/{self.seed}")
        create_namespace(self.cluster.context, HOME, START)
        for name in _DEPLOYMENTS:
            self._create(DEPLOYMENTS, _workload("Deployment", name, replicas=4))
        self._create(STATEFUL_SETS, _workload("StatefulSet", "db", replicas=3, serviceName="db"))
        self._create(DAEMON_SETS, _workload("DaemonSet", "agent"))

    @property
    def _acts(self) -> tuple[Callable[[], None], ...]:
        return (
            self.scale, self.scale, self.roll_out, self.roll_out, self.delete_pod, self.delete_pod,
            self.delete_workload, self.cordon, self.lose_node, self.press_node, self.leak, self.break_image,
            self.spoil_metrics, self.delete_replicaset,
        )  # fmt: skip

    def live(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, and something happen every so often."""
        due = self.clock.now()
        end = due + seconds
        while self.clock.now() < end:
            self.clock.advance(step)
            if self.clock.now() >= due:
                due += self._rng.uniform(0.2, 1.8) * EVENT_EVERY_SECONDS
                act = self._rng.choice(self._acts)
                self.done[act.__name__] += 1
                act()
            self.cluster.tick()

    def settle(self, seconds: float = SETTLE_SECONDS, step: float = 1.0) -> None:
        """End all faults, mend what only people mend, and let the controllers finish."""
        self.cluster.faults.clear()
        for node in self.cluster.store.listing(NODES):
            self._change(NODES, node, lambda obj: obj["spec"].pop("unschedulable", None))
        for stored in self.cluster.store.listing(DEPLOYMENTS, HOME):
            self._change(DEPLOYMENTS, stored, self._mend)
        for _ in range(int(seconds / step)):
            self.clock.advance(step)
            self.cluster.tick()

    def _mend(self, obj: dict[str, Any]) -> None:
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = "app:1"
        obj["spec"]["replicas"] = min(obj["spec"].get("replicas", 1), 6)
        (obj["spec"]["template"]["metadata"].get("annotations") or {}).pop("sim.ai4k8s.io/memory-leak-per-hour", None)

    def scale(self) -> None:
        """Give a workload another number of replicas."""
        resource = self._rng.choice((DEPLOYMENTS, DEPLOYMENTS, STATEFUL_SETS))
        self._some(resource, lambda obj: obj["spec"].update(replicas=self._rng.randrange(10)))

    def roll_out(self) -> None:
        """Give a workload another image."""
        resource = self._rng.choice((DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS))
        image = f"app:{self._rng.randrange(2, 9)}"
        self._some(resource, lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(image=image))

    def break_image(self) -> None:
        """Roll out what cannot be pulled."""
        image = "does-not-exist.invalid/app:nope"
        self._some(DEPLOYMENTS, lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(image=image))

    def leak(self) -> None:
        """Roll out what leaks until it is killed."""
        leak = {"sim.ai4k8s.io/memory-leak-per-hour": "20Gi"}
        self._some(
            DEPLOYMENTS, lambda obj: obj["spec"]["template"]["metadata"].setdefault("annotations", {}).update(leak)
        )

    def delete_pod(self) -> None:
        """Delete a pod, sometimes by force."""
        if found := self.cluster.store.listing(PODS, HOME):
            grace = self._rng.choice((None, 0, 1))
            self._try(lambda: self._delete(PODS, self._rng.choice(found), DeleteOptions(grace_seconds=grace)))

    def delete_replicaset(self) -> None:
        """Delete a ReplicaSet from under its Deployment; orphans are adopted again."""
        if found := self.cluster.store.listing(REPLICASETS, HOME):
            how = self._rng.choice(("Background", "Foreground", "Orphan"))
            self._try(lambda: self._delete(REPLICASETS, self._rng.choice(found), DeleteOptions(propagation=how)))

    def delete_workload(self) -> None:
        """Delete a Deployment with what it owns, and make it again at once."""
        name = self._rng.choice(_DEPLOYMENTS)
        stored = self.cluster.store.get(DEPLOYMENTS, HOME, name)
        how = self._rng.choice(("Background", "Foreground"))
        if stored is not None:
            self._try(lambda: self._delete(DEPLOYMENTS, stored, DeleteOptions(propagation=how)))
        self._create(DEPLOYMENTS, _workload("Deployment", name, replicas=4))

    def cordon(self) -> None:
        """Cordon a node, or let it be used again."""
        self._some(NODES, lambda obj: obj["spec"].update(unschedulable=not obj["spec"].get("unschedulable")))

    def lose_node(self) -> None:
        """Have a node stop answering for a while."""
        node = self._rng.choice(self.cluster.store.listing(NODES)).name
        self.cluster.faults.add(Fault(FaultKind.NODE_LOSS, node=node, duration=self._rng.uniform(30, 500)))

    def press_node(self) -> None:
        """Put a node under pressure for a while."""
        node = self._rng.choice(self.cluster.store.listing(NODES)).name
        resource = self._rng.choice(list(PressureKind))
        self.cluster.faults.add(
            Fault(FaultKind.PRESSURE, node=node, resource=resource, duration=self._rng.uniform(30, 300))
        )

    def spoil_metrics(self) -> None:
        """Have metrics missing or wrong for a while."""
        kinds = (FaultKind.METRICS_GONE, FaultKind.METRICS_NAN, FaultKind.METRICS_STALE, FaultKind.METRICS_NEGATIVE)
        self.cluster.faults.add(Fault(self._rng.choice(kinds), duration=self._rng.uniform(15, 120)))

    def _some(self, resource: ResourceType, change: Callable[[dict[str, Any]], object]) -> None:
        namespace = HOME if resource.namespaced else ""
        if found := self.cluster.store.listing(resource, namespace):
            self._change(resource, self._rng.choice(found), change)

    def _change(self, resource: ResourceType, stored: Stored, change: Callable[[dict[str, Any]], object]) -> None:
        obj = copy.deepcopy(stored.obj)
        change(obj)
        self._try(lambda: self.cluster.writer.update(resource, stored, obj))

    def _create(self, resource: ResourceType, obj: dict[str, Any]) -> None:
        self._try(lambda: self.cluster.writer.create(resource, obj))

    def _delete(self, resource: ResourceType, stored: Stored, options: DeleteOptions) -> None:
        self.cluster.writer.delete(resource, stored, options)

    def _try(self, act: Callable[[], object]) -> None:
        """Do what a client does; being refused is one of the things that happen."""
        try:
            act()
        except ApiError as error:
            self.done[f"refused {error.code}"] += 1


def inconsistencies(cluster: Cluster) -> list[str]:
    """Say everything that is not as it should be in a cluster at rest."""
    store = cluster.store
    found = [
        f"{resource.kind} {item.namespace}/{item.name}: {trouble}"
        for resource in store.catalogue.stored_types
        for item in store.listing(resource)
        for trouble in _ownership(cluster, item)
    ]
    for resource in (DEPLOYMENTS, REPLICASETS, STATEFUL_SETS, DAEMON_SETS):
        for item in store.listing(resource):
            found += [f"{resource.kind} {item.namespace}/{item.name}: {text}" for text in _counts(cluster, item)]
    found += [f"pod {pod.name} has no owner" for pod in store.listing(PODS) if controller_of(pod.obj) is None]
    found += [text for node in store.listing(NODES) for text in _room(cluster, node)]
    found += [f"namespace {item.name} is ending" for item in store.listing(NAMESPACES) if is_terminating(item.obj)]
    return found


def _ownership(cluster: Cluster, item: Stored) -> list[str]:
    found = ["is still ending"] if is_terminating(item.obj) else []
    for owner in item.obj["metadata"].get("ownerReferences") or []:
        known = cluster.store.by_uid(owner["uid"])
        if known is None:
            found.append(f"its owner {owner['kind']} {owner['name']} is gone")
        elif (known[1].obj["kind"], known[1].name) != (owner["kind"], owner["name"]):
            found.append(f"its owner {owner['kind']} {owner['name']} is {known[1].obj['kind']} {known[1].name}")
    return found


def _pods_below(cluster: Cluster, uid: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for resource, item in cluster.store.dependents(uid):
        found += [item.obj] if resource.kind == "Pod" else _pods_below(cluster, item.uid)
    return [pod for pod in found if is_active(pod)]


def _counts(cluster: Cluster, item: Stored) -> list[str]:
    pods, status = _pods_below(cluster, item.uid), item.obj.get("status") or {}
    if item.obj["kind"] == "DaemonSet":
        want, have = cluster.store.count(NODES), status.get("currentNumberScheduled", 0)
        ready_said = status.get("numberReady", 0)
    else:
        want, have = item.obj["spec"].get("replicas", 1), status.get("replicas", 0)
        ready_said = status.get("readyReplicas", 0)
    ready = sum(is_ready(pod) for pod in pods)
    found = []
    if not want == have == len(pods) == ready == ready_said:
        found.append(f"{want} wanted, {have} said, {len(pods)} there; {ready} ready, {ready_said} said")
    if status.get("observedGeneration") != item.obj["metadata"]["generation"]:
        found.append("its status is of an older generation")
    return found


def _room(cluster: Cluster, node: Stored) -> list[str]:
    room = float(parse_quantity(node.obj["status"]["allocatable"]["cpu"]))
    used = 0.0
    for pod in cluster.store.on_node(node.name):
        for container in pod.obj["spec"]["containers"]:
            request = ((container.get("resources") or {}).get("requests") or {}).get("cpu", 0)
            used += float(parse_quantity(request))
    taints = [taint["key"] for taint in node.obj["spec"].get("taints") or []]
    found = [f"node {node.name} is asked for {used:.1f} of {room:.0f} cores"] if used > room + 1e-6 else []
    return found + ([f"node {node.name} is still tainted: {', '.join(taints)}"] if taints else [])


@dataclass(frozen=True)
class Day:
    """How it went."""

    hours: float
    seed: int
    took_seconds: float
    changes: int
    done: dict[str, int]
    inconsistencies: list[str]


def live_through(seconds: float, seed: int, directory: Path) -> Day:
    """Live through a stretch of chaos and look at what is left."""
    clock = ManualClock(START)
    settings = SimSettings(
        directory, shapes=(parse_shape_spec("shop/web=rush:base=0.5,amplitude=2"),), nodes=_NODES, seed=seed,
        demo=False, startup=SecondsRange(1.0, 20.0),
    )  # fmt: skip
    begun = time.monotonic()
    cluster = Cluster(settings, clock, StateFiles(directory, durable=False))
    try:
        chaos = Chaos(cluster, clock, seed)
        before = cluster.store.version
        chaos.live(seconds)
        chaos.settle()
        changes = cluster.store.version - before
        wrong = inconsistencies(cluster)
        return Day(seconds / 3600, seed, time.monotonic() - begun, changes, dict(chaos.done), wrong)
    finally:
        cluster.close()


def main() -> int:
    """Live through a day; 1 when something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where to write how it went")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        day = live_through(given.hours * 3600, given.seed, Path(directory))
    given.json.write_text(json.dumps(asdict(day), indent=1) + "\n")
    print(f"{day.hours:.1f} h in {day.took_seconds:.0f} s, {day.changes} changes, {sum(day.done.values())} acts")
    for text in day.inconsistencies:
        print(text)
    return 1 if day.inconsistencies else 0


if __name__ == "__main__":
    raise SystemExit(main())
