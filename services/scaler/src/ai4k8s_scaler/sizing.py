"""Gives a workload's pods the sizes that were recommended, with one click, and takes them back with another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.scaler import ResizeWorkload
from ai4k8s_common.errors import Ai4k8sError, ConflictError, InvalidInputError, NotFoundError
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.store.scaler import Actuator
from ai4k8s_scaler import commands, repository, resizes, surroundings
from ai4k8s_scaler.adapters.cluster import ref_of
from ai4k8s_scaler.autoscalers import specs
from ai4k8s_scaler.domain import sizes
from ai4k8s_scaler.domain.conflicts import conflict
from ai4k8s_scaler.policies import ONLY_SCHEDULED, effective_policy

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.kube.protocols import KubeScaler
    from ai4k8s_common.kube.types import WorkloadRef
    from ai4k8s_scaler.context import Context

WAYS = {
    resizes.IN_PLACE: "in place, no pod is restarted",
    resizes.TEMPLATE: "by its template, which rolls the pods",
}

log = structlog.stdlib.get_logger(__name__)


def resize_workload(tx: Transaction, context: Context, message: ResizeWorkload) -> None:
    """Size the pods as asked for.

    Raises ConflictError where an HPA or VPA is on the same resource, InvalidInputError where only rolling the pods
    would do and that was not asked for, NotFoundError and UnavailableError.
    """
    row = repository.workload_for_person(tx.connection, message.cluster_id, message.workload_id)
    if row is None or row.sealed is None:
        raise NotFoundError("this workload or its cluster is not connected any more")
    ref = ref_of(row)
    changes: sizes.Changes = message.model_dump()["changes"]
    with context.open_cluster(row.cluster_id, row.sealed) as cluster:
        refuse_conflict(cluster, ref, changes)
        spec = resizes.template_of(cluster, ref)[1]
        way = resizes.IN_PLACE if resizes.can_resize(cluster) else resizes.TEMPLATE
    if message.rolls:
        way = resizes.TEMPLATE
    elif way == resizes.TEMPLATE:
        raise InvalidInputError(
            "this cluster cannot resize running pods (Kubernetes 1.33 and newer can)",
            hint="Ask for it by the template: that rolls the pods.",
        )
    original = sizes.present(spec, changes)
    if not original:
        raise InvalidInputError("none of these containers is in its template", hint="Look at the sizes again.")
    plan = {"object": row.name, "way": way, "wanted": changes, "original": original}
    said = sizes.words(changes, original)
    _carry_out(tx, context, row, plan, f"Recommended, and applied by a person: {said}, {WAYS[way]}.", message)
    done = f"{row.namespace}/{row.name}: {said}, {WAYS[way]}"
    tx.report_job(JobReport(message.job_id, ResizeWorkload.name, JobStatus.COMPLETED, 100, done, {"way": way}))


def _carry_out(
    tx: Transaction, context: Context, row: Row[Any], plan: dict[str, Any], reason: str, message: ResizeWorkload
) -> None:
    policy = effective_policy(row) or ONLY_SCHEDULED
    values = {
        "cluster_id": row.cluster_id,
        "workload_id": row.id,
        "mode": policy.mode.value,
        "from_replicas": row.desired_replicas,
        "to_replicas": row.desired_replicas,
        "planned_resource_version": row.resource_version,
        "reason": reason,
        "inputs": {"requested_by": str(message.requested_by)},
        "actuator": Actuator.REQUESTS.value,
        "plan": plan,
    }
    commands.at_once(tx, context, values, message.job_id, message.requested_by)


def refuse_conflict(cluster: KubeScaler, ref: WorkloadRef, changes: sizes.Changes) -> None:
    """Refuse what an HPA measures by or a VPA moves. Raises ConflictError with the reason."""
    moved = {
        "targetRef": {"kind": ref.kind, "name": ref.name},
        "resourcePolicy": {"containerPolicies": [{"controlledResources": sorted(sizes.resources_in(changes))}]},
    }
    others = [*specs(cluster, "hpa", ref.namespace), *specs(cluster, "vpa", ref.namespace)]
    reason = conflict("vpa", moved, [one for one in others if not _only_recommends(one)])
    if reason is not None:
        raise ConflictError(reason, hint="Apply the other resource alone, or change that autoscaler first.")


def _only_recommends(other: tuple[str, str, dict[str, Any]]) -> bool:
    kind, _, spec = other
    return kind == "vpa" and (spec.get("updatePolicy") or {}).get("updateMode", "Auto") == "Off"


def undone(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan that takes another back."""
    return {**plan, "wanted": plan["original"], "original": plan["wanted"], "undone": True}


def hold_requests(tx: Transaction, cluster: KubeScaler, cluster_id: UUID) -> None:
    """New pods come from the template: bring them to what was asked for, until the template's owner says otherwise."""
    for held in surroundings.held_requests_of(tx.connection, cluster_id):
        row = repository.workload_and_credential(tx.connection, held.workload_id)
        if row is None or row.gone_at is not None:
            surroundings.drop_held_requests(tx.connection, held.workload_id)
            continue
        ref = ref_of(row)
        try:
            spec = resizes.template_of(cluster, ref)[1]
            if sizes.differs(spec, held.original):
                surroundings.drop_held_requests(tx.connection, held.workload_id)
                log.info("held_requests_dropped", workload=f"{ref.namespace}/{ref.name}", reason="its template changed")
                continue
            answer = resizes.resize_pods(cluster, ref, held.wanted)
        except Ai4k8sError as error:
            log.warning("requests_not_held", workload=f"{ref.namespace}/{ref.name}", error=error.detail)
        else:
            if answer["resized"]:
                log.info("new_pods_resized", workload=f"{ref.namespace}/{ref.name}", pods=answer["resized"])
