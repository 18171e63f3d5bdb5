"""Runs the controllers until the store stands still, and again when it moves or time has passed."""

from ai4k8s_simcluster.controllers.context import Context
from ai4k8s_simcluster.controllers.deployment import DeploymentController
from ai4k8s_simcluster.controllers.garbage import GarbageCollector, NamespaceController
from ai4k8s_simcluster.controllers.kubelet import Kubelet, heartbeat
from ai4k8s_simcluster.controllers.replicaset import ReplicaSetController
from ai4k8s_simcluster.controllers.scheduler import Scheduler

_MOST_ROUNDS = 10
_REVISIT_SECONDS = 1.0
_HEARTBEAT_SECONDS = 300.0


class ControllerManager:
    """All controllers of the cluster."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._kubelet = Kubelet(context)
        self._loops = (
            NamespaceController(context),
            GarbageCollector(context),
            DeploymentController(context),
            ReplicaSetController(context),
            Scheduler(context),
            self._kubelet,
        )
        self._seen_version = -1
        self._visited_at = float("-inf")
        self._beaten_at = context.clock.now()

    def tick(self) -> None:
        """Do what is to be done now."""
        context = self._context
        now = context.clock.now()
        if now - self._beaten_at >= _HEARTBEAT_SECONDS:
            self._beaten_at = now
            heartbeat(context)
            context.events.expire()
        if context.store.version == self._seen_version and abs(now - self._visited_at) < _REVISIT_SECONDS:
            return
        self._visited_at = now
        for _ in range(_MOST_ROUNDS):
            before = context.store.version
            for loop in self._loops:
                loop.sync()
            if context.store.version == before:
                break
        self._seen_version = context.store.version
