"""Creates, changes and deletes HPAs and VPAs for a person, and refuses two autoscalers on the same resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.scaler import DeleteAutoscaler, SurveyCluster, WriteAutoscaler
from ai4k8s_common.errors import ConflictError, InvalidInputError, NotFoundError
from ai4k8s_common.kube.errors import KubeForbiddenError, KubeNotFoundError
from ai4k8s_common.store.base import JobStatus
from ai4k8s_scaler import repository, surroundings
from ai4k8s_scaler.adapters.hpa import KINDS, VERSIONS, collection_path, object_path
from ai4k8s_scaler.domain.conflicts import conflict
from ai4k8s_scaler.targets import ORIGINAL_MAXIMUM, ORIGINAL_MINIMUM

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.kube.protocols import KubeScaler
    from ai4k8s_scaler.context import Context

log = structlog.stdlib.get_logger(__name__)


def write_autoscaler(tx: Transaction, context: Context, message: WriteAutoscaler) -> None:
    """Create one, or replace one's spec on the version that was seen.

    Raises InvalidInputError where the add-on is missing, ConflictError where another autoscaler is on the same resource
    or the object changed since, and KubeError.
    """
    kind, name = message.autoscaler, f"{message.namespace}/{message.object_name}"
    claim = _claim(tx, message.cluster_id, message.namespace, message.object_name) if kind == "hpa" else None
    with context.open_cluster(message.cluster_id, _sealed(tx, message.cluster_id)) as cluster:
        others = [
            *specs(cluster, "hpa", message.namespace, except_name=message.object_name if kind == "hpa" else None),
            *specs(cluster, "vpa", message.namespace, except_name=message.object_name if kind == "vpa" else None),
        ]
        reason = conflict(kind, message.spec, others)
        if reason is not None:
            raise ConflictError(reason, hint="Change or delete the other one, or choose another resource.")
        if message.seen_spec is None:
            _create(cluster, message)
        else:
            _change(cluster, message, claim)
    if claim is not None and message.seen_spec is not None:
        original = {"min_replicas": message.spec.get("minReplicas") or 1, "max_replicas": message.spec["maxReplicas"]}
        surroundings.set_original(tx.connection, claim.workload_id, original)
    verb = "created" if message.seen_spec is None else "changed"
    _done(tx, message.job_id, WriteAutoscaler.name, message.cluster_id, f"{KINDS[kind]} {name} {verb}")


def delete_autoscaler(tx: Transaction, context: Context, message: DeleteAutoscaler) -> None:
    """Delete the very one that was seen. Raises NotFoundError and KubeError."""
    kind = message.autoscaler
    with context.open_cluster(message.cluster_id, _sealed(tx, message.cluster_id)) as cluster:
        cluster.delete(object_path(kind, message.namespace, message.object_name), uid=message.uid)
    claim = _claim(tx, message.cluster_id, message.namespace, message.object_name) if kind == "hpa" else None
    if claim is not None:
        surroundings.drop_claim(tx.connection, claim.workload_id)
    text = f"{KINDS[kind]} {message.namespace}/{message.object_name} deleted; the number of pods stays as it is"
    _done(tx, message.job_id, DeleteAutoscaler.name, message.cluster_id, text)


def _create(cluster: KubeScaler, message: WriteAutoscaler) -> None:
    kind = message.autoscaler
    body = {
        "apiVersion": VERSIONS[kind],
        "kind": KINDS[kind],
        "metadata": {"name": message.object_name, "namespace": message.namespace},
        "spec": message.spec,
    }
    try:
        cluster.create(collection_path(kind, message.namespace), body)
    except KubeNotFoundError as error:
        if kind != "vpa":
            raise
        raise InvalidInputError(
            "this cluster has no VerticalPodAutoscaler",
            hint="Install the VPA add-on, or use the recommended requests that are computed here.",
        ) from error


def _change(cluster: KubeScaler, message: WriteAutoscaler, claim: Row[Any] | None) -> None:
    """Replace the spec. Under a floor of ours the owner's new bounds are noted, and the floor stays."""
    path = object_path(message.autoscaler, message.namespace, message.object_name)
    found = cluster.read(path)
    # A merge patch keeps what it does not name: what shall go must be named.
    spec: dict[str, Any] = {**dict.fromkeys(found.get("spec") or {}), **message.spec}
    metadata: dict[str, Any] = {"resourceVersion": found["metadata"]["resourceVersion"]}
    if _changed(found.get("spec") or {}, dict(message.seen_spec or {}), floored=claim is not None):
        raise ConflictError(
            f"{KINDS[message.autoscaler]} {message.namespace}/{message.object_name} was changed since you opened it",
            hint="Open it again and repeat your change.",
        )
    if claim is not None:
        metadata["annotations"] = {
            ORIGINAL_MINIMUM: str(spec.get("minReplicas") or 1),
            ORIGINAL_MAXIMUM: str(spec["maxReplicas"]),
        }
        spec["minReplicas"] = min(max(int(spec.get("minReplicas") or 1), claim.held_replicas), int(spec["maxReplicas"]))
    cluster.patch(path, {"metadata": metadata, "spec": spec})


def _changed(found: dict[str, Any], seen: dict[str, Any], *, floored: bool) -> bool:
    """Whether somebody wrote the spec since it was seen; what we hold of it ourselves does not count."""
    ours = {"minReplicas", "maxReplicas"} if floored else set()
    names = (found.keys() | seen.keys()) - ours
    return any(found.get(name) != seen.get(name) for name in names)


def specs(
    cluster: KubeScaler, kind: str, namespace: str, *, except_name: str | None = None
) -> list[tuple[str, str, dict[str, Any]]]:
    """Kind, name and spec of a namespace's HPAs or VPAs, as far as they may be seen."""
    try:
        items = cluster.read(collection_path(kind, namespace)).get("items") or ()
    except (KubeNotFoundError, KubeForbiddenError):
        return []
    return [(kind, item["metadata"]["name"], item["spec"]) for item in items if item["metadata"]["name"] != except_name]


def _sealed(tx: Transaction, cluster_id: UUID) -> bytes:
    sealed = repository.sealed_credential(tx.connection, cluster_id)
    if sealed is None:
        raise NotFoundError("this cluster is not connected any more")
    return sealed


def _claim(tx: Transaction, cluster_id: UUID, namespace: str, name: str) -> Row[Any] | None:
    return surroundings.claim_on_hpa(tx.connection, cluster_id, namespace, name)


def _done(tx: Transaction, job_id: UUID, kind: str, cluster_id: UUID, message: str) -> None:
    tx.send(SurveyCluster(cluster_id=cluster_id))
    log.info("autoscaler_written", cluster_id=str(cluster_id), message=message)
    tx.report_job(JobReport(job_id, kind, JobStatus.COMPLETED, 100, message))
