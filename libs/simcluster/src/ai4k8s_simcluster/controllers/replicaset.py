"""ReplicaSets: as many pods as asked for, and the right ones first when there are too many."""

import zlib
from typing import Any

from ai4k8s_simcluster.clock import parse_rfc3339
from ai4k8s_simcluster.controllers.context import (
    Context,
    condition,
    controller_of,
    is_active,
    is_ready,
    is_terminating,
    owner_reference,
    pods_of,
    without_empty,
)
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import PODS, REPLICASETS
from ai4k8s_simcluster.selectors import from_label_selector, match_labels
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions

_COMPONENT = "replicaset-controller"
_COST = "controller.kubernetes.io/pod-deletion-cost"
_BURST = 500
_ISO_MINUTE = 60.0


def _age_rank(seconds: float) -> int:
    """Put ages into buckets that double, so that pods of about one age count as equally old."""
    minutes = max(seconds, 0.0) / _ISO_MINUTE
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


class ReplicaSetController:
    """Keeps every ReplicaSet's pods."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def sync(self) -> None:
        """Go through all ReplicaSets once."""
        for stored in self._context.store.listing(REPLICASETS):
            self._sync_one(stored)

    def _sync_one(self, stored: Stored) -> None:
        replicaset = stored.obj
        pods = self._claim(replicaset)
        active = [pod for pod in pods if is_active(pod.obj)]
        if not is_terminating(replicaset):
            missing = replicaset["spec"].get("replicas", 1) - len(active)
            if missing > 0:
                for _ in range(min(missing, _BURST)):
                    self._create(replicaset)
            elif missing < 0:
                self._give_up(replicaset, active, -missing)
        fresh = self._context.store.get(REPLICASETS, stored.namespace, stored.name)
        if fresh is not None:
            self._write_status(fresh)

    def _claim(self, replicaset: Obj) -> list[Stored]:
        """Adopt orphans that match and release pods that no longer do; return what is managed."""
        context = self._context
        requirements = from_label_selector(replicaset["spec"].get("selector"))
        managed: list[Stored] = []
        for item in context.store.listing(PODS, replicaset["metadata"]["namespace"]):
            owner = controller_of(item.obj)
            matches = match_labels(requirements, item.obj)
            if owner is None:
                if matches and is_active(item.obj) and not is_terminating(replicaset):
                    managed.append(self._with_owners(item, [owner_reference(replicaset)]))
            elif owner["uid"] == replicaset["metadata"]["uid"]:
                if matches:
                    managed.append(item)
                elif not is_terminating(item.obj):
                    self._with_owners(item, [])
        return managed

    def _with_owners(self, item: Stored, owners: list[Obj]) -> Stored:
        metadata = {key: value for key, value in item.obj["metadata"].items() if key != "ownerReferences"}
        if owners:
            metadata["ownerReferences"] = owners
        return self._context.store.put(PODS, {**item.obj, "metadata": metadata})

    def _create(self, replicaset: Obj) -> None:
        template = replicaset["spec"]["template"]
        metadata = template.get("metadata") or {}
        pod: Obj = {
            "metadata": {
                "generateName": f"{replicaset['metadata']['name']}-",
                "namespace": replicaset["metadata"]["namespace"],
                "labels": dict(metadata.get("labels") or {}),
                "ownerReferences": [owner_reference(replicaset)],
            },
            "spec": template["spec"],
        }
        if metadata.get("annotations"):
            pod["metadata"]["annotations"] = dict(metadata["annotations"])
        try:
            created = self._context.writer.create(PODS, pod)
        except ApiError as error:
            self._event(replicaset, "Warning", "FailedCreate", f"Error creating: {error.message}")
            return
        self._event(replicaset, "Normal", "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")

    def _give_up(self, replicaset: Obj, active: list[Stored], number: int) -> None:
        context = self._context
        owner = controller_of(replicaset)
        related = {
            item.obj["metadata"]["uid"]
            for item in context.store.listing(REPLICASETS, replicaset["metadata"]["namespace"])
            if owner is not None and (controller_of(item.obj) or {}).get("uid") == owner["uid"]
        } | {replicaset["metadata"]["uid"]}
        peers: dict[str, int] = {}
        for pod in context.store.listing(PODS, replicaset["metadata"]["namespace"]):
            if (controller_of(pod.obj) or {}).get("uid") in related and is_active(pod.obj):
                node = pod.obj["spec"].get("nodeName", "")
                peers[node] = peers.get(node, 0) + 1
        now = context.clock.now()
        active = sorted(active, key=lambda p: victim_order(p.obj, peers.get(p.obj["spec"].get("nodeName", ""), 0), now))
        for victim in active[:number]:
            context.writer.delete(PODS, victim, DeleteOptions())
            self._event(replicaset, "Normal", "SuccessfulDelete", f"Deleted pod: {victim.name}")

    def _write_status(self, stored: Stored) -> None:
        pods = [pod.obj for pod in pods_of(self._context, stored.obj)]
        active = [pod for pod in pods if is_active(pod)]
        ready = [pod for pod in active if is_ready(pod)]
        labels = (stored.obj["spec"]["template"].get("metadata") or {}).get("labels") or {}
        patience = stored.obj["spec"].get("minReadySeconds", 0)
        status = without_empty(
            {
                "replicas": len(active),
                "fullyLabeledReplicas": sum(
                    1 for pod in active if labels.items() <= (pod["metadata"].get("labels") or {}).items()
                ),
                "readyReplicas": len(ready),
                "availableReplicas": sum(1 for pod in ready if self._available(pod, patience)),
                "terminatingReplicas": sum(1 for pod in pods if is_terminating(pod)),
                "observedGeneration": stored.obj["metadata"].get("generation", 0),
            },
            "replicas",
            "terminatingReplicas",
        )
        self._context.writer.set_status(REPLICASETS, stored, status)

    def _available(self, pod: Obj, patience: int) -> bool:
        found = condition(pod, "Ready")
        since = parse_rfc3339(found["lastTransitionTime"]) if found else 0.0
        return self._context.clock.now() - since >= patience

    def _event(self, replicaset: Obj, kind: str, reason: str, message: str) -> None:
        self._context.events.record(replicaset, kind, reason, message, _COMPONENT)
