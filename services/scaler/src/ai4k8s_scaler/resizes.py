"""Gives pods other requests: the running ones in place, or all of them anew by their template."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.errors import KubeConflictError, KubeError, KubeNotFoundError
from ai4k8s_scaler.domain import sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ai4k8s_common.kube.protocols import KubeScaler
    from ai4k8s_common.kube.types import WorkloadRef

IN_PLACE, TEMPLATE = "in_place", "template"
ORIGINAL_REQUESTS = "ai4k8s.io/original-requests"
TRIES = 4


def can_resize(cluster: KubeScaler) -> bool:
    """Whether this cluster resizes running pods: whether it serves the subresource."""
    try:
        listed = cluster.read("/api/v1").get("resources") or ()
    except KubeNotFoundError:
        return False
    return any(found.get("name") == "pods/resize" for found in listed)


def workload(cluster: KubeScaler, ref: WorkloadRef) -> dict[str, Any]:
    """The workload itself. Listed: the right to list is there in any case, the one to get one is not."""
    for item in cluster.read(ref.path.rpartition("/")[0]).get("items") or ():
        if item["metadata"]["name"] == ref.name:
            found: dict[str, Any] = item
            return found
    raise KubeNotFoundError(f"there is no {ref.kind} {ref.namespace}/{ref.name}")


def template_of(cluster: KubeScaler, ref: WorkloadRef) -> tuple[dict[str, Any], dict[str, Any]]:
    """The workload, and the spec of its template's pods. Raises InvalidInputError where it has none."""
    found = workload(cluster, ref)
    spec = ((found.get("spec") or {}).get("template") or {}).get("spec")
    if not spec:
        raise InvalidInputError(f"a {ref.kind} has no template of pods", hint="Change its manifest.")
    return found, spec


def resize(cluster: KubeScaler, ref: WorkloadRef, plan: Mapping[str, Any]) -> dict[str, Any]:
    """Do what was planned; a second time it finds everything in place. Raises KubeError."""
    if plan["way"] == IN_PLACE:
        return resize_pods(cluster, ref, plan["wanted"])
    return _write_template(cluster, ref, plan)


def resize_pods(cluster: KubeScaler, ref: WorkloadRef, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Resize the pods that are not yet as wanted; raises what refused all of them, tells what refused some."""
    done, refused = 0, []
    for pod in pods_of(cluster, ref):
        if not sizes.differs(pod["spec"], wanted):
            continue
        path = f"/api/v1/namespaces/{ref.namespace}/pods/{pod['metadata']['name']}/resize"
        try:
            cluster.patch(path, {"spec": sizes.changed(pod["spec"], wanted)})
        except KubeNotFoundError:
            continue  # it went meanwhile
        except KubeError as error:
            refused.append((pod["metadata"]["name"], error))
        else:
            done += 1
    if refused and not done:
        raise refused[0][1]
    return {"resized": done, "refused": {name: error.detail for name, error in refused}}


def pods_of(cluster: KubeScaler, ref: WorkloadRef) -> list[dict[str, Any]]:
    """A workload's pods that have not ended."""
    owners = {workload(cluster, ref)["metadata"]["uid"]}
    root = f"/apis/apps/v1/namespaces/{ref.namespace}/replicasets"
    if ref.kind == "Deployment":
        sets = cluster.read(root).get("items") or ()
        owners |= {item["metadata"]["uid"] for item in sets if _owned(item, owners)}
    pods = cluster.read(f"/api/v1/namespaces/{ref.namespace}/pods").get("items") or ()
    return [
        pod
        for pod in pods
        if _owned(pod, owners)
        and "deletionTimestamp" not in pod["metadata"]
        and (pod.get("status") or {}).get("phase") not in {"Succeeded", "Failed"}
    ]


def _owned(item: Mapping[str, Any], owners: set[str]) -> bool:
    return any(owner.get("uid") in owners for owner in item["metadata"].get("ownerReferences") or ())


def _write_template(cluster: KubeScaler, ref: WorkloadRef, plan: Mapping[str, Any]) -> dict[str, Any]:
    for _ in range(TRIES - 1):
        body = _template_body(cluster, ref, plan)
        try:
            return _written(cluster, ref, body)
        except KubeConflictError:
            continue  # most likely the controller wrote its status meanwhile
    return _written(cluster, ref, _template_body(cluster, ref, plan))


def _written(cluster: KubeScaler, ref: WorkloadRef, body: Mapping[str, Any]) -> dict[str, Any]:
    if "spec" not in body:
        return {"resource_version": body["metadata"]["resourceVersion"]}
    return {"resource_version": cluster.patch(ref.path, body)["metadata"]["resourceVersion"]}


def _template_body(cluster: KubeScaler, ref: WorkloadRef, plan: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be written; nothing but the version where it is as wanted already."""
    found, spec = template_of(cluster, ref)
    metadata: dict[str, Any] = {"resourceVersion": found["metadata"]["resourceVersion"]}
    if not sizes.differs(spec, plan["wanted"]):
        return {"metadata": metadata}
    if sizes.differs(spec, plan["original"]):
        raise KubeConflictError("its requests were changed since")
    note = None if plan.get("undone") else json.dumps(plan["original"])
    metadata["annotations"] = {ORIGINAL_REQUESTS: note}
    return {"metadata": metadata, "spec": {"template": {"spec": sizes.changed(spec, plan["wanted"])}}}
