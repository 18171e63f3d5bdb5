"""Namespaces: what each is born with, and how one is emptied before it goes."""

from collections.abc import Mapping
from typing import ClassVar

from ai4k8s_simcluster.controllers.context import is_terminating, set_condition
from ai4k8s_simcluster.controllers.reconciler import EVERY_TYPE, Handler, Reconciler
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import CONFIG_MAPS, EVENTS, NAMESPACES, SERVICE_ACCOUNTS, ResourceType
from ai4k8s_simcluster.store import Change, ChangeKind, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions

ROOT_CERTIFICATES = "kube-root-ca.crt"
_KUBERNETES = "kubernetes"
_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)
_LOOK_AGAIN_SECONDS = 5.0
_QUIET = (
    ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
)


class NamespaceController(Reconciler):
    """Gives namespaces their default service account and root certificates, and empties those that are deleted."""

    resource: ClassVar = NAMESPACES
    component: ClassVar = "namespace-controller"

    def watches(self) -> Mapping[str, Handler]:
        """Follow namespaces, and the end of anything in them."""
        return {NAMESPACES.key: self.on_own_change, EVERY_TYPE: self._on_any}

    def _on_any(self, change: Change) -> None:
        namespace = change.stored.namespace
        if not namespace:
            return
        if change.kind is ChangeKind.DELETED:
            stored = self.store.get(NAMESPACES, "", namespace)
            belongings = change.resource in {SERVICE_ACCOUNTS, CONFIG_MAPS}
            if stored is not None and (belongings or is_terminating(stored.obj)):
                self.queue.add(("", namespace))

    def reconcile(self, stored: Stored) -> None:
        """Furnish a namespace, or empty it."""
        if is_terminating(stored.obj):
            self._empty(stored)
        else:
            self._furnish(stored.name)

    def _furnish(self, namespace: str) -> None:
        account: Obj = {"metadata": {"name": "default", "namespace": namespace}}
        certificates: Obj = {
            "metadata": {
                "name": ROOT_CERTIFICATES,
                "namespace": namespace,
                "annotations": {"kubernetes.io/description": _DESCRIPTION},
            },
            "data": {"ca.crt": self.context.certificates},
        }
        for resource, obj in ((SERVICE_ACCOUNTS, account), (CONFIG_MAPS, certificates)):
            if self.store.get(resource, namespace, obj["metadata"]["name"]) is None:
                self._make(resource, obj)

    def _make(self, resource: ResourceType, obj: Obj) -> None:
        try:
            self.writer.create(resource, obj)
        except ApiError as error:
            namespace = obj["metadata"]["namespace"]
            if error.code != 409 and self.store.get(NAMESPACES, "", namespace) is not None:
                self.queue.add(("", namespace), self.context.clock.now() + _LOOK_AGAIN_SECONDS)

    def _contents(self, namespace: str) -> list[tuple[ResourceType, Stored]]:
        types = [found for found in self.store.catalogue.stored_types if found.namespaced]
        return [(found, item) for found in types for item in self.store.listing(found, namespace)]

    def _empty(self, stored: Stored) -> None:
        """Delete what is in a namespace; what waits for others (pods, finalizers) brings us back when it goes."""
        for resource, item in self._contents(stored.name):
            if not is_terminating(item.obj):
                self.writer.delete(resource, item, DeleteOptions())
        left = [(resource, item) for resource, item in self._contents(stored.name) if resource is not EVENTS]
        fresh = self.fresh(stored)
        if fresh is None:
            return
        if left:
            self._report(fresh, left)
            return
        for event in self.store.listing(EVENTS, stored.name):
            self.store.remove(EVENTS, event.obj)
        self._finalize(fresh)

    def _report(self, stored: Stored, left: list[tuple[ResourceType, Stored]]) -> None:
        now = self.context.timestamp()
        status = {**(stored.obj.get("status") or {}), "phase": "Terminating"}
        conditions = list(status.get("conditions") or [])
        for kind, reason, message in _QUIET:
            new = {"type": kind, "status": "False", "reason": reason, "message": message}
            conditions = set_condition(conditions, new, now)
        for new in (_remaining(left), _finalizers(left)):
            conditions = set_condition(conditions, new, now)
        self.writer.set_status(NAMESPACES, stored, {**status, "conditions": conditions})

    def _finalize(self, stored: Stored) -> None:
        """Take away our own finalizer: with the last one the namespace goes."""
        left = [name for name in (stored.obj.get("spec") or {}).get("finalizers") or [] if name != _KUBERNETES]
        spec = {key: value for key, value in (stored.obj.get("spec") or {}).items() if key != "finalizers"}
        obj = {**stored.obj, "spec": {**spec, **({"finalizers": left} if left else {})}}
        if left or stored.obj["metadata"].get("finalizers"):
            if obj != stored.obj:
                self.store.put(NAMESPACES, obj)
        else:
            self.store.remove(NAMESPACES, obj)


def _plural_counts(found: dict[str, int], text: str) -> str:
    return ", ".join(text.format(name=name, number=number) for name, number in sorted(found.items()))


def _remaining(left: list[tuple[ResourceType, Stored]]) -> Obj:
    counts: dict[str, int] = {}
    for resource, _ in left:
        counts[_group_name(resource)] = counts.get(_group_name(resource), 0) + 1
    listed = _plural_counts(counts, "{name} has {number} resource instances")
    return {
        "type": "NamespaceContentRemaining",
        "status": "True",
        "reason": "SomeResourcesRemain",
        "message": f"Some resources are remaining: {listed}",
    }


def _finalizers(left: list[tuple[ResourceType, Stored]]) -> Obj:
    counts: dict[str, int] = {}
    for _, item in left:
        for name in item.obj["metadata"].get("finalizers") or ():
            counts[name] = counts.get(name, 0) + 1
    if not counts:
        return {
            "type": "NamespaceFinalizersRemaining",
            "status": "False",
            "reason": "ContentHasNoFinalizers",
            "message": "All content-preserving finalizers finished",
        }
    listed = _plural_counts(counts, "{name} in {number} resource instances")
    return {
        "type": "NamespaceFinalizersRemaining",
        "status": "True",
        "reason": "SomeFinalizersRemain",
        "message": f"Some content in the namespace has finalizers remaining: {listed}",
    }


def _group_name(resource: ResourceType) -> str:
    """Name a type as the namespace controller does: `pods.`, `deployments.apps`."""
    return f"{resource.plural}.{resource.group}"
