"""Keeps the status of disruption budgets: how many pods are healthy, and how many may go."""

from collections.abc import Mapping
from typing import ClassVar

from ai4k8s_simcluster.clock import parse_rfc3339
from ai4k8s_simcluster.controllers.context import controller_of, is_ready, is_terminating, set_condition
from ai4k8s_simcluster.controllers.reconciler import Handler, Reconciler
from ai4k8s_simcluster.disruption import Balance, allowed_condition, balance, selects
from ai4k8s_simcluster.registry import (
    DEPLOYMENTS,
    DISRUPTION_BUDGETS,
    PODS,
    REPLICASETS,
    STATEFUL_SETS,
    ResourceType,
)
from ai4k8s_simcluster.store import Change, Stored
from ai4k8s_simcluster.types import Obj

_FORGOTTEN_SECONDS = 120.0  # an eviction whose pod stays that long is thought not to happen


class DisruptionController(Reconciler):
    """Keeps every budget's status."""

    resource: ClassVar = DISRUPTION_BUDGETS
    component: ClassVar = "controllermanager"

    def watches(self) -> Mapping[str, Handler]:
        """Follow budgets, the pods that they may guard, and whatever says how many of these are wanted."""
        scaled = (DEPLOYMENTS, REPLICASETS, STATEFUL_SETS)
        return {DISRUPTION_BUDGETS.key: self.on_own_change, **{t.key: self._on_other for t in (PODS, *scaled)}}

    def _on_other(self, change: Change) -> None:
        for budget in self.store.listing(DISRUPTION_BUDGETS, change.stored.namespace):
            self.queue.add((budget.namespace, budget.name))

    def reconcile(self, stored: Stored) -> None:
        """Bring a budget's status up to date."""
        pods = self.store.listing(PODS, stored.namespace)
        self._update(stored, [pod for pod in pods if selects(stored.obj, pod.obj)])
        fresh = self.fresh(stored)
        if fresh is not None and (fresh.obj.get("status") or {}).get("disruptedPods"):
            self.later(stored, _FORGOTTEN_SECONDS)

    def _update(self, budget: Stored, pods: list[Stored]) -> None:
        context = self.context
        before: Obj = budget.obj.get("status") or {}
        if not pods and before.get("observedGeneration") != budget.obj["metadata"].get("generation"):
            context.events.record(budget.obj, "Normal", "NoPods", "No matching pods found", self.component)
        disrupted = self._disrupted(before, pods)
        healthy = [pod for pod in pods if _counts(pod.obj) and pod.name not in disrupted]
        stands = balance(budget.obj.get("spec") or {}, pods=len(pods), scale=self._scale(pods), healthy=len(healthy))
        context.writer.set_status(DISRUPTION_BUDGETS, budget, self._status(budget, before, stands, disrupted))

    def _status(self, budget: Stored, before: Obj, stands: Balance, disrupted: dict[str, str]) -> Obj:
        told = allowed_condition(budget.obj, allowed=stands.allowed)
        status: Obj = {
            "observedGeneration": budget.obj["metadata"].get("generation", 0),
            "disruptionsAllowed": stands.allowed,
            "currentHealthy": stands.healthy,
            "desiredHealthy": stands.desired,
            "expectedPods": stands.expected,
            "conditions": set_condition(list(before.get("conditions") or []), told, self.context.timestamp()),
        }
        return {**status, "disruptedPods": disrupted} if disrupted else status

    def _disrupted(self, status: Obj, pods: list[Stored]) -> dict[str, str]:
        """Return the evictions that have not come to pass yet."""
        now = self.context.clock.now()
        there = {pod.name for pod in pods if not is_terminating(pod.obj)}
        evicted: dict[str, str] = status.get("disruptedPods") or {}
        return {
            name: at for name, at in evicted.items() if name in there and now - parse_rfc3339(at) < _FORGOTTEN_SECONDS
        }

    def _scale(self, pods: list[Stored]) -> int:
        """Return how many replicas the controllers of these pods want together."""
        wanted: dict[str, int] = {}
        for pod in pods:
            found = self._controller(pod.obj)
            if found is not None:
                wanted[found["metadata"]["uid"]] = int(found["spec"].get("replicas", 1))
        return sum(wanted.values())

    def _controller(self, obj: Obj) -> Obj | None:
        """Return the topmost controller of a pod that has a number of replicas."""
        found: Obj | None = None
        namespace = obj["metadata"]["namespace"]
        while (owner := controller_of(obj)) is not None:
            resource: ResourceType | None = self.context.store.catalogue.of_kind(owner["apiVersion"], owner["kind"])
            stored = self.context.store.get(resource.storage, namespace, owner["name"]) if resource else None
            if stored is None or stored.obj["metadata"]["uid"] != owner["uid"]:
                break
            obj = stored.obj
            if resource is not None and resource.subresource("scale") is not None:
                found = obj
        return found


def _counts(pod: Obj) -> bool:
    return is_ready(pod) and not is_terminating(pod)
