"""A cluster without sockets and without waiting: the controllers run on a clock that the test moves."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from ai4k8s_simcluster.bootstrap import create_namespace, create_nodes
from ai4k8s_simcluster.clock import ManualClock
from ai4k8s_simcluster.controllers.catalogue import make_controllers
from ai4k8s_simcluster.controllers.context import Context, SecondsRange
from ai4k8s_simcluster.controllers.events import EventRecorder
from ai4k8s_simcluster.controllers.manager import ControllerManager
from ai4k8s_simcluster.registry import DEPLOYMENTS, EVENTS, PODS, REPLICASETS
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.usage import UsageSample
from ai4k8s_simcluster.writes import DeleteOptions, Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_simcluster.registry import ResourceType

START = 1_700_000_000.0


class FakeUsage:
    """Usage by the uids of pods, as the test sets it: cores and bytes; who is not named has none."""

    def __init__(self, clock: ManualClock) -> None:
        self.cores: dict[str, float] = {}
        self.memory: dict[str, float] = {}
        self.over: list[str] = []
        self._clock = clock

    def pod_usage(self, uid: str) -> UsageSample | None:
        """What was last measured of a pod."""
        if uid not in self.cores:
            return None
        return UsageSample(self._clock.now(), 15.0, self.cores[uid], self.memory.get(uid, 0.0))

    def over_memory_limit(self) -> list[str]:
        """Who is to be killed now; told once."""
        over, self.over = self.over, []
        return over


class World:
    """Nodes, a namespace `t`, and everything that acts on them."""

    def __init__(
        self, *, nodes: int = 2, startup: tuple[float, float] = (20, 90), seed: int = 1, managed_pods: int = 0
    ) -> None:
        self.clock = ManualClock(START)
        self.store = Store()
        rng = random.Random(seed)
        self.writer = Writer(self.store, self.clock, rng, managed_pods)
        events = EventRecorder(self.store, self.writer, self.clock, rng)
        self.context = Context(
            self.store, self.writer, events, self.clock, seed, SecondsRange(*startup), SecondsRange(1, 2)
        )
        self.usage = FakeUsage(self.clock)
        self.manager = ControllerManager(self.context, make_controllers(self.context, self.usage))
        create_nodes(self.context, nodes, START)
        create_namespace(self.context, "t", START)

    def run(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass."""
        for _ in range(int(seconds / step)):
            self.clock.advance(step)
            self.manager.tick()

    def run_until(self, true: Callable[[], Any], within: float = 300.0) -> float:
        """Let time pass until something is true; how long it took."""
        begun = self.clock.now()
        while not true():
            assert self.clock.now() - begun < within, "never became true"
            self.run(1)
        return self.clock.now() - begun

    def deploy(self, name: str = "web", replicas: int = 3, cpu: str = "500m", **spec: Any) -> None:
        """Create a Deployment and let the controllers see it."""
        annotations = spec.pop("annotations", {})
        container = {"name": "c", "image": "x:1", "resources": {"requests": {"cpu": cpu}}}
        self.writer.create(
            DEPLOYMENTS,
            {
                "metadata": {"name": name, "namespace": "t", "annotations": annotations},
                "spec": {
                    "replicas": replicas,
                    "selector": {"matchLabels": {"app": name}},
                    "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
                    **spec,
                },
            },
        )
        self.manager.tick()

    def change(self, change: Callable[[dict[str, Any]], None], name: str = "web") -> None:
        """Change a Deployment's spec."""
        import copy

        stored = self.store.get(DEPLOYMENTS, "t", name)
        assert stored is not None
        obj = copy.deepcopy(stored.obj)
        change(obj["spec"])
        self.writer.update(DEPLOYMENTS, stored, obj)
        self.manager.tick()

    def scale(self, replicas: int, name: str = "web") -> None:
        """Change a Deployment's replicas."""
        self.change(lambda spec: spec.update(replicas=replicas), name)

    def set_image(self, image: str, name: str = "web") -> None:
        """Change a Deployment's template."""
        self.change(lambda spec: spec["template"]["spec"]["containers"][0].update(image=image), name)

    def delete(self, resource: ResourceType, name: str, propagation: str = "Background") -> None:
        """Delete an object and let the controllers see it."""
        stored = self.store.get(resource, "t", name)
        assert stored is not None
        self.writer.delete(resource, stored, DeleteOptions(propagation=propagation))
        self.manager.tick()

    def deployment(self, name: str = "web") -> dict[str, Any]:
        """The Deployment as it stands."""
        stored = self.store.get(DEPLOYMENTS, "t", name)
        assert stored is not None
        return stored.obj

    def pods(self) -> list[dict[str, Any]]:
        """All pods."""
        return [item.obj for item in self.store.listing(PODS)]

    def ready(self) -> int:
        """How many replicas the Deployment says are ready."""
        return int(self.deployment()["status"].get("readyReplicas", 0))

    def replicasets(self) -> list[dict[str, Any]]:
        """All ReplicaSets, oldest revision first."""
        found = [item.obj for item in self.store.listing(REPLICASETS)]
        return sorted(found, key=lambda rs: int(rs["metadata"]["annotations"]["deployment.kubernetes.io/revision"]))

    def reasons(self) -> list[str]:
        """The reasons of all events."""
        return [item.obj["reason"] for item in self.store.listing(EVENTS)]
