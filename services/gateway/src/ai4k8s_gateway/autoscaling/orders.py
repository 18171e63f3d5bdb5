"""What a person orders: each is a job of the scaler, the one hand that changes a cluster."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Literal

from ai4k8s_common.contracts.scaler import (
    DeleteAutoscaler,
    EnablePredictive,
    ReleaseWorkload,
    ScaleWorkload,
    Settlement,
    SettleRecommendation,
    UndoDecision,
    WriteAutoscaler,
)
from ai4k8s_common.errors import InvalidInputError, NotFoundError
from ai4k8s_common.store.gateway import PolicyMode
from ai4k8s_gateway.autoscaling import repository, service
from ai4k8s_gateway.decisions import repository as decision_repository
from ai4k8s_gateway.jobs import service as jobs
from ai4k8s_gateway.workloads import repository as workload_repository

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.autoscaling.hpaschemas import HpaBody, VpaBody
    from ai4k8s_gateway.autoscaling.schemas import EnableRequest
    from ai4k8s_gateway.jobs.schemas import JobView

Kind = Literal["hpa", "vpa"]


def enable(tx: Transaction, principal: Principal, workload_id: int, body: EnableRequest) -> JobView:
    """Set a policy and have the workload looked at at once."""
    row = service.workload_to_change(tx.connection, principal, workload_id)
    key = workload_repository.PolicyKey(row.cluster_id, row.namespace, row.kind, row.name)
    values = {
        "mode": PolicyMode(body.mode).value,
        "min_replicas": body.min_replicas,
        "max_replicas": body.max_replicas,
        "target_utilization_percent": body.target_utilization,
        "slo_short_share": body.slo_short_share,
        "updated_by": principal.user_id,
    }
    workload_repository.set_policy(tx.connection, key, values)
    command = EnablePredictive(
        job_id=uuid.uuid4(), cluster_id=row.cluster_id, workload_id=row.id, requested_by=principal.user_id
    )
    return jobs.start(tx, principal, command, row.cluster_id, namespace=row.namespace)


def disable(tx: Transaction, principal: Principal, workload_id: int) -> JobView:
    """Forget the policy, and give back what was there before us.

    Raises InvalidInputError where the workload's own annotations ask for scaling: they must go first.
    """
    row = service.workload_to_change(tx.connection, principal, workload_id)
    if (row.annotations or {}).get("ai4k8s.io/predictive-autoscaling-enabled", "").strip().lower() == "true":
        raise InvalidInputError(
            "the workload's own annotation asks for scaling",
            hint="Remove ai4k8s.io/predictive-autoscaling-enabled from it, in Git if that is where it comes from.",
        )
    repository.delete_policy(tx.connection, row.cluster_id, (row.namespace, row.kind, row.name))
    command = ReleaseWorkload(
        job_id=uuid.uuid4(), cluster_id=row.cluster_id, workload_id=row.id, requested_by=principal.user_id
    )
    return jobs.start(tx, principal, command, row.cluster_id, namespace=row.namespace)


def set_target(tx: Transaction, principal: Principal, workload_id: int, replicas: int) -> JobView:
    """Ask for a number of pods."""
    row = service.workload_to_change(tx.connection, principal, workload_id)
    command = ScaleWorkload(
        job_id=uuid.uuid4(),
        cluster_id=row.cluster_id,
        workload_id=row.id,
        replicas=replicas,
        requested_by=principal.user_id,
    )
    return jobs.start(tx, principal, command, row.cluster_id, namespace=row.namespace)


def undo(tx: Transaction, principal: Principal, decision_id: UUID) -> JobView:
    """Go back to what was there before a decision."""
    row = _decision(tx.connection, principal, decision_id)
    command = UndoDecision(job_id=uuid.uuid4(), decision_id=decision_id, requested_by=principal.user_id)
    return jobs.start(tx, principal, command, row.cluster_id, namespace=row.namespace)


def settle(tx: Transaction, principal: Principal, decision_id: UUID, settlement: Settlement) -> JobView:
    """Apply or dismiss a recommendation."""
    row = _decision(tx.connection, principal, decision_id)
    command = SettleRecommendation(
        job_id=uuid.uuid4(), decision_id=decision_id, settlement=settlement, requested_by=principal.user_id
    )
    return jobs.start(tx, principal, command, row.cluster_id, namespace=row.namespace)


def create(
    tx: Transaction,
    principal: Principal,
    cluster_id: UUID,
    kind: Kind,
    key: tuple[str, str],
    body: HpaBody | VpaBody,
) -> JobView:
    """Create an HPA or VPA; `key` is its namespace and name."""
    service.require_change(tx.connection, principal, cluster_id, key[0])
    return _write(tx, principal, cluster_id, kind, key, body, seen=None)


def change(
    tx: Transaction,
    principal: Principal,
    cluster_id: UUID,
    kind: Kind,
    key: tuple[str, str],
    body: HpaBody | VpaBody,
) -> JobView:
    """Replace the spec of one that was seen. Raises NotFoundError."""
    service.require_change(tx.connection, principal, cluster_id, key[0])
    seen = _autoscaler(tx.connection, cluster_id, kind, key)
    return _write(tx, principal, cluster_id, kind, key, body, seen=dict(seen.spec))


def delete(tx: Transaction, principal: Principal, cluster_id: UUID, kind: Kind, key: tuple[str, str]) -> JobView:
    """Delete one that was seen. Raises NotFoundError."""
    service.require_change(tx.connection, principal, cluster_id, key[0])
    seen = _autoscaler(tx.connection, cluster_id, kind, key)
    command = DeleteAutoscaler(
        job_id=uuid.uuid4(),
        cluster_id=cluster_id,
        autoscaler=kind,
        namespace=key[0],
        object_name=key[1],
        uid=seen.uid,
        requested_by=principal.user_id,
    )
    return jobs.start(tx, principal, command, cluster_id, namespace=key[0])


def _write(
    tx: Transaction,
    principal: Principal,
    cluster_id: UUID,
    kind: Kind,
    key: tuple[str, str],
    body: HpaBody | VpaBody,
    *,
    seen: dict[str, Any] | None,
) -> JobView:
    command = WriteAutoscaler(
        job_id=uuid.uuid4(),
        cluster_id=cluster_id,
        autoscaler=kind,
        namespace=key[0],
        object_name=key[1],
        spec=body.to_spec(),
        seen_spec=seen,
        requested_by=principal.user_id,
    )
    return jobs.start(tx, principal, command, cluster_id, namespace=key[0])


def _autoscaler(connection: Connection, cluster_id: UUID, kind: Kind, key: tuple[str, str]) -> Row[Any]:
    for row in repository.autoscalers_of(connection, cluster_id):
        if (row.kind, row.namespace, row.name) == (kind, *key):
            return row
    raise NotFoundError(f"there is no such {kind.upper()}", hint="It may have been deleted. Look at the list again.")


def _decision(connection: Connection, principal: Principal, decision_id: UUID) -> Row[Any]:
    row = decision_repository.one(connection, principal, decision_id)
    if row is None:
        raise NotFoundError("there is no such decision")
    service.require_change(connection, principal, row.cluster_id, row.namespace)
    return row
