"""ReplicaSets: as many pods as asked for, and the right ones first when there are too many."""

import zlib
from collections.abc import Mapping
from typing import Any, ClassVar

from ai4k8s_simcluster.clock import parse_rfc3339
from ai4k8s_simcluster.controllers.context import (
    Context,
    condition,
    controller_of,
    is_active,
    is_ready,
    is_terminating,
    managed_by,
    owned_by,
    pods_of,
    set_condition,
    without_empty,
)
from ai4k8s_simcluster.controllers.reconciler import Handler, Key, Reconciler
from ai4k8s_simcluster.controllers.workloads.claims import claim_pods
from ai4k8s_simcluster.controllers.workloads.templates import pod_from_template
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import PODS, REPLICASETS
from ai4k8s_simcluster.store import Change, ChangeKind, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions

_COST = "controller.kubernetes.io/pod-deletion-cost"
_BURST = 500
_MINUTE = 60.0
_FIRST_RETRY_SECONDS = 1.0
_LONGEST_RETRY_SECONDS = 300.0


def _age_rank(seconds: float) -> int:
    """Put ages into buckets that double, so that pods of about one age count as equally old."""
    minutes = max(seconds, 0.0) / _MINUTE
    return int(minutes).bit_length()


def victim_order(pod: Obj, peers_on_node: int, now: float) -> tuple[Any, ...]:
    """Return the sort key by which pods are given up, the first one first.

    The order of Kubernetes' ReplicaSet controller: unassigned before assigned; pending, unknown, running; not
    ready before ready; lower deletion cost; on the node with more of its peers; ready for a shorter time;
    more restarts; newer. (Ties are broken by the pod's UID there too: its random choice is ours, made
    reproducible.)
    """
    status = pod.get("status") or {}
    ready = condition(pod, "Ready")
    ready_for = now - parse_rfc3339(ready["lastTransitionTime"]) if ready and ready["status"] == "True" else 0.0
    cost = (pod["metadata"].get("annotations") or {}).get(_COST, "0")
    restarts = max((int(c.get("restartCount", 0)) for c in status.get("containerStatuses") or []), default=0)
    return (
        bool(pod["spec"].get("nodeName")),
        {"Pending": 0, "Unknown": 1}.get(status.get("phase", "Pending"), 2),
        is_ready(pod),
        int(cost) if cost.lstrip("-").isdigit() else 0,
        -peers_on_node,
        _age_rank(ready_for),
        -restarts,
        _age_rank(now - parse_rfc3339(pod["metadata"]["creationTimestamp"])),
        zlib.crc32(pod["metadata"]["uid"].encode()),
    )


def available_at(pod: Obj, patience: float) -> float | None:
    """Return when a ready pod counts as available; None while it is not ready."""
    found = condition(pod, "Ready")
    if found is None or found["status"] != "True":
        return None
    return parse_rfc3339(found["lastTransitionTime"]) + patience if patience else float("-inf")


class ReplicaSetController(Reconciler):
    """Keeps every ReplicaSet's pods."""

    resource: ClassVar = REPLICASETS
    component: ClassVar = "replicaset-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._failures: dict[Key, int] = {}

    def watches(self) -> Mapping[str, Handler]:
        """Follow ReplicaSets and pods."""
        return {REPLICASETS.key: self.on_own_change, PODS.key: self._on_pod}

    def _on_pod(self, change: Change) -> None:
        self.on_dependent_change(change)
        if change.kind is ChangeKind.DELETED or controller_of(change.stored.obj) is not None:
            return
        for item in self.store.listing(REPLICASETS, change.stored.namespace):
            if self.context.matches(item.obj, change.stored.obj):
                self.queue.add((item.namespace, item.name))

    def forget(self, namespace: str, name: str) -> None:
        """Drop what is remembered of a ReplicaSet that is gone."""
        self._failures.pop((namespace, name), None)

    def reconcile(self, stored: Stored) -> None:
        """Make or give up pods, then say how many there are."""
        active = [pod for pod in claim_pods(self.context, stored.obj) if is_active(pod.obj)]
        trouble = ""
        if not is_terminating(stored.obj):
            missing = stored.obj["spec"].get("replicas", 1) - len(active)
            if missing > 0:
                trouble = self._create(stored, min(missing, _BURST))
            elif missing < 0:
                self._give_up(stored.obj, active, min(-missing, _BURST))
        fresh = self.fresh(stored)
        if fresh is not None:
            self._write_status(fresh, trouble)

    def _create(self, stored: Stored, number: int) -> str:
        """Make pods until one is refused; return why it was."""
        key = (stored.namespace, stored.name)
        for _ in range(number):
            try:
                created = self.writer.create(PODS, pod_from_template(stored.obj["spec"]["template"], stored.obj))
            except ApiError as error:
                self.event(stored.obj, "Warning", "FailedCreate", f"Error creating: {error.message}")
                failures = self._failures.get(key, 0)
                self._failures[key] = failures + 1
                # Capped before it is raised: after a thousand refusals two to their number is no float any more.
                self.later(stored, min(_FIRST_RETRY_SECONDS * 2.0 ** min(failures, 30), _LONGEST_RETRY_SECONDS))
                return error.message
            self.event(stored.obj, "Normal", "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")
        self._failures.pop(key, None)
        return ""

    def _give_up(self, replicaset: Obj, active: list[Stored], number: int) -> None:
        peers = self._peers_by_node(replicaset)
        now = self.context.clock.now()
        active = sorted(active, key=lambda p: victim_order(p.obj, peers.get(p.obj["spec"].get("nodeName", ""), 0), now))
        for victim in active[:number]:
            self.writer.delete(PODS, victim, DeleteOptions())
            self.event(replicaset, "Normal", "SuccessfulDelete", f"Deleted pod: {victim.name}")

    def _peers_by_node(self, replicaset: Obj) -> dict[str, int]:
        """Count the pods of all ReplicaSets of one owner by node."""
        owner = controller_of(replicaset)
        related = [replicaset]
        if owner is not None:
            related = [item.obj for item in managed_by(self.context, REPLICASETS, owner["uid"])]
        peers: dict[str, int] = {}
        for other in related:
            for pod in owned_by(self.context, PODS, other):
                if is_active(pod.obj):
                    node = pod.obj["spec"].get("nodeName", "")
                    peers[node] = peers.get(node, 0) + 1
        return peers

    def _write_status(self, stored: Stored, trouble: str) -> None:
        pods = [pod.obj for pod in pods_of(self.context, stored.obj)]
        active = [pod for pod in pods if is_active(pod)]
        labels = (stored.obj["spec"]["template"].get("metadata") or {}).get("labels") or {}
        status = without_empty(
            {
                "replicas": len(active),
                "fullyLabeledReplicas": sum(
                    1 for pod in active if labels.items() <= (pod["metadata"].get("labels") or {}).items()
                ),
                "readyReplicas": sum(1 for pod in active if is_ready(pod)),
                "availableReplicas": self._available(stored, active),
                "terminatingReplicas": sum(1 for pod in pods if is_terminating(pod)),
                "observedGeneration": stored.obj["metadata"].get("generation", 0),
                "conditions": self._conditions(stored.obj, len(active), trouble),
            },
            "replicas",
            "terminatingReplicas",
        )
        self.writer.set_status(REPLICASETS, stored, status)

    def _available(self, stored: Stored, active: list[Obj]) -> int:
        """Count the pods that have been ready for long enough, and come back when the next one will have been."""
        now = self.context.clock.now()
        patience = float(stored.obj["spec"].get("minReadySeconds", 0))
        times = [at for pod in active if (at := available_at(pod, patience)) is not None]
        waiting = [at for at in times if at > now]
        if waiting:
            self.queue.add((stored.namespace, stored.name), min(waiting))
        return len(times) - len(waiting)

    def _conditions(self, replicaset: Obj, active: int, trouble: str) -> list[Obj]:
        """Return the conditions: a refusal to make pods stands until there are enough."""
        old = list((replicaset.get("status") or {}).get("conditions") or [])
        if trouble:
            new = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": trouble}
            return set_condition(old, new, self.context.timestamp())
        if active == replicaset["spec"].get("replicas", 1):
            return [found for found in old if found["type"] != "ReplicaFailure"]
        return old
