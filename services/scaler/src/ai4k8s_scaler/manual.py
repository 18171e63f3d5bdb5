"""A person asks for a number of replicas: the same hand, the same bounds, the same ledger."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.scaler import ScaleWorkload
from ai4k8s_common.errors import InvalidInputError, NotFoundError
from ai4k8s_common.kube.types import WorkloadRef
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.store.gateway import PolicyMode
from ai4k8s_common.store.scaler import DecisionAction, DecisionOutcome
from ai4k8s_scaler import repository
from ai4k8s_scaler.service import decision_event, effective_policy

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_scaler.context import Context

MOST_REPLICAS = 10_000


def scale_workload(tx: Transaction, context: Context, message: ScaleWorkload) -> None:
    """Set a workload to the number asked for, on the version read a moment before.

    Raises InvalidInputError outside of the policy's bounds, NotFoundError, and KubeError (a conflict included: the
    person sees it and asks again).
    """
    row = repository.workload_for_person(tx.connection, message.cluster_id, message.workload_id)
    if row is None or row.sealed is None:
        raise NotFoundError("this workload or its cluster is not connected any more")
    if not row.scalable:
        raise InvalidInputError(f"a {row.kind} has no replicas to set", hint="Choose a workload that can be scaled.")
    policy = effective_policy(row)
    low, high = (0, MOST_REPLICAS) if policy is None else (policy.limits.min_replicas, policy.limits.max_replicas)
    if not low <= message.replicas <= high:
        raise InvalidInputError(
            f"{message.replicas} replicas are outside of the policy's bounds {low} to {high}",
            hint="Change the policy first.",
        )
    ref = WorkloadRef(row.kind, row.namespace, row.name, row.api_version, row.resource)
    now = context.clock()
    with context.open_cluster(message.cluster_id, row.sealed) as cluster:
        scale = cluster.get_scale(ref)
        if scale.desired_replicas != message.replicas:
            cluster.patch_scale(ref, message.replicas, resource_version=scale.resource_version)
    decision_id = uuid.uuid4()
    reason = f"Asked for by a person: {message.replicas} replicas."
    change = message.replicas - scale.desired_replicas
    action = DecisionAction.SCALE_UP if change > 0 else DecisionAction.SCALE_DOWN if change else DecisionAction.MAINTAIN
    repository.insert_decision(
        tx.connection,
        {
            "id": decision_id,
            "cluster_id": message.cluster_id,
            "workload_id": message.workload_id,
            "cycle_id": message.job_id,
            "decided_at": now,
            "mode": (policy.mode if policy else PolicyMode.OBSERVE).value,
            "action": action.value,
            "from_replicas": scale.desired_replicas,
            "to_replicas": message.replicas,
            "planned_resource_version": scale.resource_version,
            "reason": reason,
            "inputs": {"requested_by": str(message.requested_by), "min_replicas": low, "max_replicas": high},
            "outcome": DecisionOutcome.APPLIED.value,
            "outcome_at": now,
        },
    )
    tx.emit(
        decision_event(
            message.cluster_id,
            message.workload_id,
            decision_id,
            DecisionOutcome.APPLIED,
            message.replicas,
            reason,
        )
    )
    report = JobReport(
        message.job_id,
        ScaleWorkload.name,
        JobStatus.COMPLETED,
        100,
        f"{row.namespace}/{row.name} set to {message.replicas}",
        {"from_replicas": scale.desired_replicas, "to_replicas": message.replicas},
    )
    tx.report_job(report)
