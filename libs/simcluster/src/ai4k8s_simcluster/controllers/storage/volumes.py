"""Claims and volumes: a claim is bound to a volume that fits, or a class makes one for it."""

from collections.abc import Mapping
from typing import ClassVar

from ai4k8s_simcluster.controllers.context import is_terminating
from ai4k8s_simcluster.controllers.reconciler import Handler, Reconciler
from ai4k8s_simcluster.controllers.scheduling.volumes import SELECTED_NODE
from ai4k8s_simcluster.quantity import parse_quantity
from ai4k8s_simcluster.registry import (
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    STORAGE_CLASSES,
)
from ai4k8s_simcluster.selectors import from_label_selector, match_labels
from ai4k8s_simcluster.store import Change, ChangeKind, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions

_BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
_BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_NO_PROVISIONER = "kubernetes.io/no-provisioner"


class VolumeController(Reconciler):
    """Binds claims; provisions where a class says so; reclaims volumes whose claims are gone."""

    resource: ClassVar = PERSISTENT_VOLUME_CLAIMS
    component: ClassVar = "persistentvolume-controller"

    def watches(self) -> Mapping[str, Handler]:
        """Follow claims, volumes and the classes."""
        return {
            PERSISTENT_VOLUME_CLAIMS.key: self._on_claim,
            PERSISTENT_VOLUMES.key: self._on_volume,
            STORAGE_CLASSES.key: lambda _: self.start(),
        }

    def _on_claim(self, change: Change) -> None:
        self.on_own_change(change)
        volume = change.stored.obj["spec"].get("volumeName")
        if change.kind is ChangeKind.DELETED and volume:
            self._reclaim(str(volume), change.stored)

    def _on_volume(self, change: Change) -> None:
        if change.kind is ChangeKind.ADDED:
            self._show_available(change.stored)
            for claim in self.store.values(PERSISTENT_VOLUME_CLAIMS):
                if not claim.obj["spec"].get("volumeName"):
                    self.queue.add((claim.namespace, claim.name))

    def _show_available(self, volume: Stored) -> None:
        if not (volume.obj.get("status") or {}).get("phase") and not volume.obj["spec"].get("claimRef"):
            self.writer.set_status(PERSISTENT_VOLUMES, volume, {"phase": "Available"})

    def reconcile(self, stored: Stored) -> None:
        """Bind a claim."""
        if is_terminating(stored.obj):
            return
        claim = stored.obj
        status = claim.get("status") or {}
        if claim["spec"].get("volumeName") and status.get("phase") == "Bound":
            return
        volume = self._matching(claim) or self._provision(stored)
        if volume is not None:
            self._bind(stored, volume)
        elif not status.get("phase"):
            self.writer.set_status(PERSISTENT_VOLUME_CLAIMS, stored, {**status, "phase": "Pending"})

    def _matching(self, claim: Obj) -> Stored | None:
        """Return the smallest free volume that a claim can have, or the one that is meant for it."""
        spec = claim["spec"]
        found: list[Stored] = []
        for volume in self.store.values(PERSISTENT_VOLUMES):
            reference = volume.obj["spec"].get("claimRef") or {}
            mine = reference.get("name") == claim["metadata"]["name"] and (
                reference.get("namespace") == claim["metadata"]["namespace"]
            )
            if mine and reference.get("uid") in {None, "", claim["metadata"]["uid"]}:
                return volume
            if not reference and (spec.get("volumeName") in {None, "", volume.name}) and _fits(claim, volume.obj):
                found.append(volume)
        return min(found, key=lambda item: (_size(item.obj["spec"]["capacity"]), item.name), default=None)

    def _provision(self, stored: Stored) -> Stored | None:
        """Make a volume as the claim's class says; a class may wait for a pod that needs it."""
        claim = stored.obj
        name = claim["spec"].get("storageClassName")
        found = self.store.get(STORAGE_CLASSES, "", name) if name else None
        if found is None or found.obj["provisioner"] == _NO_PROVISIONER or claim["spec"].get("volumeName"):
            self._say_unbound(claim, name)
            return None
        annotations = claim["metadata"].get("annotations") or {}
        if found.obj.get("volumeBindingMode") == "WaitForFirstConsumer" and SELECTED_NODE not in annotations:
            self.event(
                claim, "Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding"
            )
            return None
        volume = _volume(claim, found.obj, annotations.get(SELECTED_NODE))
        self.writer.create(PERSISTENT_VOLUMES, volume)
        message = f"Successfully provisioned volume {volume['metadata']['name']}"
        provisioner = found.obj["provisioner"]
        self.context.events.record(claim, "Normal", "ProvisioningSucceeded", message, provisioner)
        return self.store.get(PERSISTENT_VOLUMES, "", volume["metadata"]["name"])

    def _say_unbound(self, claim: Obj, class_name: str | None) -> None:
        if class_name and self.store.get(STORAGE_CLASSES, "", class_name) is None:
            message = f'storageclass.storage.k8s.io "{class_name}" not found'
            self.event(claim, "Warning", "ProvisioningFailed", message)
        elif not class_name:
            message = "no persistent volumes available for this claim and no storage class is set"
            self.event(claim, "Normal", "FailedBinding", message)

    def _bind(self, stored: Stored, volume: Stored) -> None:
        """Tie a claim and a volume to each other, and say so in both."""
        claim = stored.obj
        reference = {
            "kind": "PersistentVolumeClaim",
            "namespace": stored.namespace,
            "name": stored.name,
            "uid": stored.uid,
            "apiVersion": "v1",
            "resourceVersion": claim["metadata"]["resourceVersion"],
        }
        annotations = {**(volume.obj["metadata"].get("annotations") or {}), _BOUND_BY_CONTROLLER: "yes"}
        self.writer.put(
            PERSISTENT_VOLUMES,
            volume,
            {
                **volume.obj,
                "metadata": {**volume.obj["metadata"], "annotations": annotations},
                "spec": {**volume.obj["spec"], "claimRef": reference},
                "status": {**(volume.obj.get("status") or {}), "phase": "Bound"},
            },
        )
        own = {_BIND_COMPLETED: "yes", _BOUND_BY_CONTROLLER: "yes"}
        status = {
            "phase": "Bound",
            "accessModes": volume.obj["spec"]["accessModes"],
            "capacity": {"storage": volume.obj["spec"]["capacity"]["storage"]},
        }
        metadata = {**claim["metadata"], "annotations": {**(claim["metadata"].get("annotations") or {}), **own}}
        spec = {**claim["spec"], "volumeName": volume.name}
        bound = {**claim, "metadata": metadata, "spec": spec, "status": status}
        self.writer.put(PERSISTENT_VOLUME_CLAIMS, stored, bound)

    def _reclaim(self, name: str, claim: Stored) -> None:
        """Delete or release the volume of a claim that is gone."""
        volume = self.store.get(PERSISTENT_VOLUMES, "", name)
        if volume is None or (volume.obj["spec"].get("claimRef") or {}).get("uid") != claim.uid:
            return
        if volume.obj["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
            bare = {key: value for key, value in volume.obj["metadata"].items() if key != "finalizers"}
            freed = self.store.put(PERSISTENT_VOLUMES, {**volume.obj, "metadata": bare})
            self.writer.delete(PERSISTENT_VOLUMES, freed, DeleteOptions())
        else:
            status = {**(volume.obj.get("status") or {}), "phase": "Released"}
            self.writer.set_status(PERSISTENT_VOLUMES, volume, status)


def _size(capacity: Obj) -> float:
    return float(parse_quantity(capacity.get("storage", "0")))


def _fits(claim: Obj, volume: Obj) -> bool:
    """Say whether a volume meets a claim: class, modes, size and labels."""
    wanted, offered = claim["spec"], volume["spec"]
    if (wanted.get("storageClassName") or "") != (offered.get("storageClassName") or ""):
        return False
    if wanted.get("volumeMode", "Filesystem") != offered.get("volumeMode", "Filesystem"):
        return False
    if not set(wanted.get("accessModes") or ()) <= set(offered.get("accessModes") or ()):
        return False
    if wanted.get("selector") and not match_labels(from_label_selector(wanted["selector"]), volume):
        return False
    requests = (wanted.get("resources") or {}).get("requests") or {}
    return _size(offered.get("capacity") or {}) >= _size(requests)


def _volume(claim: Obj, found: Obj, node: str | None) -> Obj:
    """Return the volume that a provisioner makes for a claim."""
    name = f"pvc-{claim['metadata']['uid']}"
    spec: Obj = {
        "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
        "csi": {"driver": found["provisioner"], "volumeHandle": name},
        "accessModes": claim["spec"]["accessModes"],
        "persistentVolumeReclaimPolicy": found.get("reclaimPolicy", "Delete"),
        "storageClassName": found["metadata"]["name"],
        "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
    }
    if node:
        term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [term]}}
    return {"metadata": {"name": name, "annotations": {_PROVISIONED_BY: found["provisioner"]}}, "spec": spec}
