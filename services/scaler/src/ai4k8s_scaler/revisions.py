"""Puts a workload back to the pod template of an earlier revision, as `kubectl rollout undo` does.

A Deployment's revisions are the numbers on its ReplicaSets, a StatefulSet's the names of its ControllerRevisions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_common.errors import InvalidInputError, NotFoundError
from ai4k8s_common.kube.errors import KubeConflictError, KubeNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ai4k8s_common.kube.protocols import KubeScaler
    from ai4k8s_common.kube.types import WorkloadRef

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
POD_HASH = "pod-template-hash"
#: Kinds whose earlier templates we know how to find.
ROLLED_BACK = frozenset({"Deployment", "StatefulSet"})


def roll_back(cluster: KubeScaler, ref: WorkloadRef, plan: Mapping[str, Any]) -> dict[str, Any] | None:
    """Write the template of `to_revision`; None where it is in place already.

    Raises NotFoundError when the cluster keeps that revision no more, KubeConflictError when another came since,
    InvalidInputError for a kind that keeps its revisions elsewhere.
    """
    if ref.kind not in ROLLED_BACK:
        raise InvalidInputError(f"a {ref.kind} keeps its revisions elsewhere", hint=by_hand(ref.kind))
    found = cluster.read(ref.path)
    find = _of_replica_set if ref.kind == "Deployment" else _of_controller_revision
    template = find(cluster, ref, found["metadata"]["uid"], str(plan["to_revision"]))
    if template is None:
        raise NotFoundError(f"the cluster keeps revision {plan['to_revision']} no more", hint="Deploy it anew.")
    if template == _plain(found["spec"]["template"]):
        return None
    present = _present(ref, found)
    if present != str(plan["from_revision"]):
        raise KubeConflictError(f"revision {present} came since")
    body = {
        "metadata": {"resourceVersion": found["metadata"]["resourceVersion"]},
        "spec": {"template": replaced(found["spec"]["template"], template)},
    }
    written = cluster.patch(ref.path, body)
    return {"resource_version": written["metadata"]["resourceVersion"], "revision": str(plan["to_revision"])}


def by_hand(kind: str) -> str:
    """What a person can do where we cannot."""
    tool = "kubectl argo rollouts undo" if kind == "Rollout" else "the tool that rolled it out"
    return f"Roll it back with {tool}."


def _present(ref: WorkloadRef, found: Mapping[str, Any]) -> str:
    """The revision that is rolled out or being rolled out."""
    if ref.kind == "Deployment":
        return str((found["metadata"].get("annotations") or {}).get(REVISION, ""))
    return str((found.get("status") or {}).get("updateRevision", ""))


def _of_replica_set(cluster: KubeScaler, ref: WorkloadRef, uid: str, revision: str) -> dict[str, Any] | None:
    """A revision's template. Rolled back to, it has a new number and keeps the old one in its history."""
    path = f"/apis/apps/v1/namespaces/{ref.namespace}/replicasets"
    for item in cluster.read(path).get("items") or ():
        notes = item["metadata"].get("annotations") or {}
        numbers = {notes.get(REVISION, ""), *str(notes.get(HISTORY, "")).split(",")}
        if _owned(item, uid) and revision in numbers:
            return _plain(item["spec"]["template"])
    return None


def _of_controller_revision(cluster: KubeScaler, ref: WorkloadRef, uid: str, revision: str) -> dict[str, Any] | None:
    """A revision's template. Rolled back to, it has a new number and keeps its name."""
    try:
        item = cluster.read(f"/apis/apps/v1/namespaces/{ref.namespace}/controllerrevisions/{revision}")
    except KubeNotFoundError:
        return None
    # It is kept as the patch that leads to it.
    kept = dict(item["data"]["spec"]["template"])
    kept.pop("$patch", None)
    return _plain(kept) if _owned(item, uid) else None


def _owned(item: Mapping[str, Any], uid: str) -> bool:
    return any(owner.get("uid") == uid for owner in item["metadata"].get("ownerReferences") or ())


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
