"""Use cases around clusters."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.contracts.collector import CheckConnection
from ai4k8s_common.errors import ConflictError, ForbiddenError, NotFoundError
from ai4k8s_common.kube.addresses import AccessPolicy, parse_endpoint
from ai4k8s_common.kube.kubeconfig import parse_kubeconfig
from ai4k8s_common.security.sealed import seal
from ai4k8s_common.store.collector import ClusterStatus
from ai4k8s_gateway.clusters import repository
from ai4k8s_gateway.clusters.schemas import Attention, AttentionKind, ClusterView, CycleView
from ai4k8s_gateway.domain import attention
from ai4k8s_gateway.jobs import service as jobs

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.clusters.schemas import NewCluster
    from ai4k8s_gateway.jobs.schemas import JobView

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class ClusterRules:
    """What the installation says about all clusters."""

    access: AccessPolicy
    seal_public_key: str
    cycle_seconds: int


def get(connection: Connection, principal: Principal, cluster_id: UUID) -> repository.ClusterRow:
    """Return a cluster that somebody may see.

    Raises NotFoundError, also for one that exists and is somebody else's.
    """
    cluster = repository.find(connection, principal, cluster_id)
    if cluster is None:
        raise NotFoundError("there is no such cluster", hint="Choose one of the clusters you may see.")
    return cluster


def require_change(principal: Principal, cluster: repository.ClusterRow) -> None:
    """Refuse whoever may only look. The demo's cluster may be changed by every operator: that is what it is for."""
    if not principal.may_write or not (principal.is_admin or cluster.demo or cluster.owner_id == principal.user_id):
        raise ForbiddenError(
            "you may look at this cluster and not change it", hint="Ask its owner or an administrator."
        )


def require_delete(principal: Principal, cluster: repository.ClusterRow) -> None:
    """Only the owner and administrators."""
    if not principal.may_write or not (principal.is_admin or cluster.owner_id == principal.user_id):
        raise ForbiddenError("only a cluster's owner can remove it", hint="Ask its owner or an administrator.")


def add(tx: Transaction, rules: ClusterRules, principal: Principal, new: NewCluster, *, demo: bool = False) -> UUID:
    """Seal the credential and store the wish; the collector takes it up by itself.

    Raises InvalidInputError for a kubeconfig that is unsafe or unreadable, ConflictError for a taken name.
    """
    if not principal.may_write:
        raise ForbiddenError("viewers cannot add clusters", hint="Ask an administrator for the operator role.")
    parsed = parse_kubeconfig(new.kubeconfig.get_secret_value(), context=new.context, policy=rules.access)
    if new.prometheus_url:
        parse_endpoint(new.prometheus_url, "the Prometheus address", rules.access)
    cluster_id = uuid.uuid4()
    values = repository.ClusterValues(
        id=cluster_id,
        owner_id=principal.user_id,
        name=new.name,
        api_url=parsed.credential.server,
        prometheus_url=new.prometheus_url or None,
        default_namespace=new.default_namespace or parsed.namespace,
        interval_seconds=new.interval_seconds,
        demo=demo,
        sealed_credential=seal(rules.seal_public_key, parsed.credential.to_json(), str(cluster_id)),
    )
    if not repository.add(tx.connection, values):
        raise ConflictError(f"you have a cluster named '{new.name}' already", hint="Choose another name.")
    log.info("cluster_added", cluster_id=str(cluster_id), demo=demo)
    return cluster_id


def remove(tx: Transaction, principal: Principal, cluster_id: UUID) -> None:
    """Forget a cluster, its credential and its policies. Nothing in the cluster itself changes."""
    cluster = get(tx.connection, principal, cluster_id)
    require_delete(principal, cluster)
    repository.remove(tx.connection, cluster_id)
    log.info("cluster_removed", cluster_id=str(cluster_id))


def check_connection(tx: Transaction, principal: Principal, cluster_id: UUID) -> JobView:
    """Ask the collector to try the connection, step by step."""
    cluster = get(tx.connection, principal, cluster_id)
    require_change(principal, cluster)
    command = CheckConnection(job_id=uuid.uuid4(), cluster_id=cluster_id)
    return jobs.start(tx, principal, command, cluster_id=cluster_id)


def list_views(connection: Connection, rules: ClusterRules, principal: Principal, now: datetime) -> list[ClusterView]:
    """Return the clusters somebody may see."""
    return [_view(row, rules, principal, now) for row in repository.views(connection, principal)]


def view(
    connection: Connection, rules: ClusterRules, principal: Principal, cluster_id: UUID, now: datetime
) -> ClusterView:
    """Return one cluster."""
    get(connection, principal, cluster_id)
    return _view(repository.views(connection, principal, cluster_id)[0], rules, principal, now)


def _view(row: Row[Any], rules: ClusterRules, principal: Principal, now: datetime) -> ClusterView:
    interval_seconds = row.interval_seconds or rules.cycle_seconds
    owns = principal.is_admin or row.owner_id == principal.user_id
    health = attention.ClusterHealth(
        status=row.status,
        status_since=row.status_since,
        reason=row.reason or "",
        metrics_available=bool(row.metrics_available),
        metrics_detail=row.metrics_detail or "",
        last_success_at=row.last_success_at,
        created_at=row.created_at,
        interval_seconds=interval_seconds,
        paused=row.paused,
        hold_since=row.hold_since,
        hold_reason=row.hold_reason or "",
    )
    return ClusterView(
        id=row.id,
        name=row.name,
        api_url=row.api_url,
        prometheus_url=row.prometheus_url,
        default_namespace=row.default_namespace,
        interval_seconds=interval_seconds,
        paused=row.paused,
        demo=row.demo,
        created_at=row.created_at,
        may_change=principal.may_write and (owns or row.demo),
        may_delete=principal.may_write and owns,
        status=row.status or ClusterStatus.PENDING,
        status_since=row.status_since,
        server_version=row.server_version,
        metrics_available=bool(row.metrics_available),
        last_success_at=row.last_success_at,
        backfill_status=row.backfill_status,
        backfill_detail=row.backfill_detail or "",
        workloads=row.workload_count or 0,
        last_cycle=_cycle(row),
        attention=[
            Attention(
                kind=AttentionKind(finding.kind),
                since=finding.since,
                title=finding.title,
                reason=finding.reason,
                action=finding.action,
                scaling_held=finding.scaling_held,
            )
            for finding in attention.findings(health, now)
        ],
    )


def _cycle(row: Row[Any]) -> CycleView | None:
    if row.cycle_started_at is None:
        return None
    return CycleView(
        started_at=row.cycle_started_at,
        finished_at=row.cycle_finished_at,
        status=row.cycle_status,
        workload_rows=row.cycle_workload_rows,
        node_rows=row.cycle_node_rows,
        error=row.cycle_error,
    )
