"""Puts a Deployment back to the pod template of an earlier revision, as `kubectl rollout undo` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_common.errors import NotFoundError
from ai4k8s_common.kube.errors import KubeConflictError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ai4k8s_common.kube.protocols import KubeScaler
    from ai4k8s_common.kube.types import WorkloadRef

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
POD_HASH = "pod-template-hash"


def roll_back(cluster: KubeScaler, ref: WorkloadRef, plan: Mapping[str, Any]) -> dict[str, Any] | None:
    """Write the template of `to_revision`; None where it is in place already.

    Raises NotFoundError when the cluster keeps that revision no more, KubeConflictError when another came since.
    """
    found = cluster.read(ref.path)
    template = _template(cluster, ref, found["metadata"]["uid"], str(plan["to_revision"]))
    if template == _plain(found["spec"]["template"]):
        return None
    present = (found["metadata"].get("annotations") or {}).get(REVISION, "")
    if present != str(plan["from_revision"]):
        raise KubeConflictError(f"revision {present} came since")
    body = {
        "metadata": {"resourceVersion": found["metadata"]["resourceVersion"]},
        "spec": {"template": replaced(found["spec"]["template"], template)},
    }
    written = cluster.patch(ref.path, body)
    return {"resource_version": written["metadata"]["resourceVersion"], "revision": str(plan["to_revision"])}


def _template(cluster: KubeScaler, ref: WorkloadRef, uid: str, revision: str) -> dict[str, Any]:
    """A revision's template. Rolled back to, it has a new number and keeps the old one in its history."""
    path = f"/apis/apps/v1/namespaces/{ref.namespace}/replicasets"
    for item in cluster.read(path).get("items") or ():
        meta = item["metadata"]
        notes = meta.get("annotations") or {}
        numbers = {notes.get(REVISION, ""), *str(notes.get(HISTORY, "")).split(",")}
        owned = any(owner.get("uid") == uid for owner in meta.get("ownerReferences") or ())
        if owned and revision in numbers:
            return _plain(item["spec"]["template"])
    raise NotFoundError(f"the cluster keeps revision {revision} no more", hint="Deploy it anew.")


def _plain(template: Mapping[str, Any]) -> dict[str, Any]:
    """A template without what the controller added to tell its ReplicaSets apart."""
    meta = dict(template.get("metadata") or {})
    labels = {name: value for name, value in (meta.get("labels") or {}).items() if name != POD_HASH}
    meta = {name: value for name, value in meta.items() if value is not None} | {"labels": labels}
    return {**template, "metadata": meta}


def replaced(old: Any, new: Any) -> Any:
    """The merge patch that makes the one the other: what is not there any more is named."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    gone = {name: None for name in old if name not in new}
    return gone | {name: replaced(old.get(name), value) for name, value in new.items()}
