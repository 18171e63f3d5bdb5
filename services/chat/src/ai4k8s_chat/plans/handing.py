"""Hands to the scaler what has one owner there: replicas, HPAs and VPAs. Each is a job of the scaler's under an id that
follows from plan and position, so that it is asked for once.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.effects import replicas_of
from ai4k8s_chat.plans import repository
from ai4k8s_chat.plans.making import ChangedSinceError, check
from ai4k8s_chat.plans.trying import AUTOSCALERS
from ai4k8s_common.contracts.scaler import DeleteAutoscaler, ScaleWorkload, WriteAutoscaler
from ai4k8s_common.errors import NotFoundError
from ai4k8s_common.kube.errors import KubeNotFoundError
from ai4k8s_common.kube.writes import place_of
from ai4k8s_common.plans import CallKind

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_chat.adapters.writing import KubeWrites
    from ai4k8s_common.contracts.base import JobCommand
    from ai4k8s_common.plans import ApiCall


def job_of(plan_id: UUID, position: int) -> UUID:
    """The scaler's job for one call of a plan."""
    return uuid.uuid5(plan_id, f"scaler:{position}")


def is_handed_over(call: ApiCall) -> bool:
    """Whether the scaler carries a call out."""
    return call.kind is CallKind.SCALE or place_of(call.path).plural in AUTOSCALERS


def command_for(
    connection: Connection, cluster: KubeWrites, plan: Row[Any], position: int, call: ApiCall, requested_by: UUID
) -> JobCommand:
    """Return the scaler's command. Raises ChangedSinceError, NotFoundError and KubeError."""
    job_id = job_of(plan.id, position)
    if call.kind is CallKind.SCALE:
        return _scale(connection, cluster, plan, call, job_id, requested_by)
    place = place_of(call.path)
    kind = AUTOSCALERS[place.plural]
    name = place.name or str((call.body or {})["metadata"]["name"])
    common = {
        "job_id": job_id,
        "cluster_id": plan.cluster_id,
        "autoscaler": kind,
        "namespace": place.namespace,
        "object_name": name,
        "requested_by": requested_by,
    }
    bound = check(cluster, call)
    if call.kind is CallKind.DELETE:
        return DeleteAutoscaler.model_validate({**common, "uid": call.uid})
    seen = None if call.kind is CallKind.CREATE else cluster.read(call.path)["spec"]
    after = cluster.make(bound, dry_run=True)
    return WriteAutoscaler.model_validate({**common, "spec": after["spec"], "seen_spec": seen})


def _scale(
    connection: Connection, cluster: KubeWrites, plan: Row[Any], call: ApiCall, job_id: UUID, requested_by: UUID
) -> ScaleWorkload:
    place, body = place_of(call.path), call.body or {}
    try:
        found = cluster.read(call.path)
    except KubeNotFoundError:
        raise ChangedSinceError(f"{place.plural} {place.namespace}/{place.name}") from None
    if found["metadata"].get("uid") != call.uid or replicas_of(found) != body["from"]:
        raise ChangedSinceError(f"the number of pods of {place.namespace}/{place.name}")
    key = (place.namespace, str(found.get("kind") or ""), place.name)
    workload_id = repository.workload_id(connection, plan.cluster_id, key)
    if workload_id is None:
        raise NotFoundError(f"{place.namespace}/{place.name} is not observed any more")
    return ScaleWorkload(
        job_id=job_id,
        cluster_id=plan.cluster_id,
        workload_id=workload_id,
        replicas=int(body["replicas"]),
        requested_by=requested_by,
    )
