"""Pods that may not stay: on nodes with NoExecute taints, and on nodes that are no more."""

from collections.abc import Mapping
from typing import ClassVar

from ai4k8s_simcluster.apply.authors import CONTROLLER_MANAGER
from ai4k8s_simcluster.clock import parse_rfc3339
from ai4k8s_simcluster.controllers.context import is_terminating, set_condition
from ai4k8s_simcluster.controllers.reconciler import Handler, Reconciler
from ai4k8s_simcluster.controllers.scheduling.terms import toleration_meets
from ai4k8s_simcluster.registry import NODES, PODS
from ai4k8s_simcluster.store import Change, ChangeKind, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions

_QUARANTINE_SECONDS = 40.0


class TaintEviction(Reconciler):
    """Deletes pods from nodes whose taints they do not tolerate, or no longer."""

    resource: ClassVar = PODS
    component: ClassVar = "taint-eviction-controller"

    def watches(self) -> Mapping[str, Handler]:
        """Follow the taints of nodes, nodes that go, and pods that come to a node."""
        return {NODES.key: self._on_node, PODS.key: self._on_pod}

    def start(self) -> None:
        """Look at the pods of tainted nodes, and at those whose node is gone."""
        for pod in self.store.values(PODS):
            node = self.store.get(NODES, "", pod.obj["spec"].get("nodeName") or "")
            if pod.obj["spec"].get("nodeName") and (node is None or _evicting(node.obj)):
                self.queue.add((pod.namespace, pod.name))

    def _on_node(self, change: Change) -> None:
        gone = change.kind is ChangeKind.DELETED
        before = _evicting(change.previous.obj) if change.previous else []
        if not gone and _evicting(change.stored.obj) == before:
            return
        at = self.context.clock.now() + _QUARANTINE_SECONDS if gone else float("-inf")
        for pod in self.store.on_node(change.stored.name):
            self.queue.add((pod.namespace, pod.name), at)

    def _on_pod(self, change: Change) -> None:
        before = change.previous.obj["spec"].get("nodeName") if change.previous else None
        name = change.stored.obj["spec"].get("nodeName")
        if not name or name == before or change.kind is ChangeKind.DELETED:
            return
        node = self.store.get(NODES, "", name)
        if node is None:
            self.later(change.stored, _QUARANTINE_SECONDS)
        elif _evicting(node.obj):
            self.queue.add((change.stored.namespace, change.stored.name))

    def reconcile(self, stored: Stored) -> None:
        """Delete a pod that may not stay, or come back when its patience is over."""
        node = self.store.get(NODES, "", stored.obj["spec"].get("nodeName") or "")
        if node is None:
            self._collect(stored)
            return
        if is_terminating(stored.obj):
            return
        leaves_at = leaving_time(stored.obj, _evicting(node.obj), self.context.clock.now())
        if leaves_at is None:
            return
        if self.context.clock.now() < leaves_at:
            self.queue.add((stored.namespace, stored.name), leaves_at)
            return
        message = f"Marking for deletion Pod {stored.namespace}/{stored.name}"
        self.event(stored.obj, "Normal", "TaintManagerEviction", message)
        self._disrupt(stored, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")
        fresh = self.fresh(stored)
        if fresh is not None:
            self.writer.delete(PODS, fresh, DeleteOptions())

    def _collect(self, stored: Stored) -> None:
        """Remove a pod whose node is no more: nobody there can end it."""
        if not stored.obj["spec"].get("nodeName"):
            return
        self._disrupt(stored, "DeletionByPodGC", "PodGC: node no longer exists")
        fresh = self.fresh(stored)
        if fresh is not None:
            self.writer.delete(PODS, fresh, DeleteOptions(grace_seconds=0))

    def _disrupt(self, stored: Stored, reason: str, message: str) -> None:
        status = stored.obj.get("status") or {}
        new = {
            "type": "DisruptionTarget",
            "status": "True",
            "lastProbeTime": None,
            "reason": reason,
            "message": message,
        }
        conditions = set_condition(status.get("conditions") or [], new, self.context.timestamp())
        self.writer.set_status(PODS, stored, {**status, "conditions": conditions}, manager=CONTROLLER_MANAGER)


def _evicting(node: Obj) -> list[Obj]:
    return [found for found in (node.get("spec") or {}).get("taints") or () if found["effect"] == "NoExecute"]


def leaving_time(pod: Obj, taints: list[Obj], now: float) -> float | None:
    """Return when a pod must leave a node with such taints; None when it may stay for ever."""
    times: list[float] = []
    for taint in taints:
        meeting = [found for found in pod["spec"].get("tolerations") or () if toleration_meets(found, taint)]
        if not meeting:
            return now
        limits = [float(found["tolerationSeconds"]) for found in meeting if found.get("tolerationSeconds") is not None]
        if limits:
            since = parse_rfc3339(taint["timeAdded"]) if taint.get("timeAdded") else now
            times.append(since + max(min(limits), 0.0))
    return min(times, default=None)
