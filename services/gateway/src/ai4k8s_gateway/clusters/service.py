"""Use cases around clusters."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.contracts.collector import CheckConnection
from ai4k8s_common.errors import ConflictError, InvalidInputError, NotFoundError, NotReadyError
from ai4k8s_common.kube.addresses import AccessPolicy, parse_endpoint
from ai4k8s_common.rights import LEAST_ROLE, Permission, Role
from ai4k8s_common.security.sealed import seal
from ai4k8s_common.store.collector import ClusterStatus
from ai4k8s_common.store.isolation import see_also
from ai4k8s_common.store.rights import refusal
from ai4k8s_common.store.rights import require as require_right
from ai4k8s_gateway.clusters import repository
from ai4k8s_gateway.clusters.access import check_access
from ai4k8s_gateway.clusters.schemas import (
    Attention,
    AttentionKind,
    ClusterView,
    CycleView,
    Monitoring,
    MonitoringAct,
)
from ai4k8s_gateway.domain import attention
from ai4k8s_gateway.jobs import service as jobs
from ai4k8s_gateway.teams import repository as teams

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.clusters.schemas import ClusterSettings, NewCluster
    from ai4k8s_gateway.jobs.schemas import JobView

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class ClusterRules:
    """What the installation says about all clusters."""

    access: AccessPolicy
    seal_public_key: str
    cycle_seconds: int

    def policy(self, *, behind_bastion: bool) -> AccessPolicy:
        """Which addresses may be reached; behind a bastion loopback means the bastion's own."""
        return replace(self.access, allow_loopback=True) if behind_bastion else self.access


def get(connection: Connection, principal: Principal, cluster_id: UUID) -> repository.ClusterRow:
    """Return a cluster that somebody may see.

    Raises NotFoundError, also for one that exists and is somebody else's.
    """
    cluster = repository.find(connection, principal, cluster_id)
    if cluster is None:
        raise NotFoundError("there is no such cluster", hint="Choose one of the clusters you may see.")
    return cluster


def get_started(connection: Connection, principal: Principal, cluster_id: UUID) -> repository.ClusterRow:
    """The same, of a cluster that is watched. Raises NotReadyError until somebody starts that."""
    cluster = get(connection, principal, cluster_id)
    if cluster.started_at is None:
        raise NotReadyError(
            f"monitoring of '{cluster.name}' has not been started, so there is nothing to show yet",
            hint="Start it on the cluster's page, or with POST /clusters/{id}/monitoring/start.",
        )
    return cluster


def may_scale(principal: Principal, cluster_id: UUID, namespace: str | None = None) -> bool:
    """Whether somebody may change how things are scaled there: policies, schedules, incidents, orders."""
    return principal.rights.may(Permission.WORKLOAD_SCALE, cluster_id, namespace)


def require_scale(
    connection: Connection, principal: Principal, cluster_id: UUID, namespace: str | None = None
) -> repository.ClusterRow:
    """Refuse whoever may not see a cluster, or only look there. Raises NotFoundError, ForbiddenError."""
    return _require(connection, principal, Permission.WORKLOAD_SCALE, cluster_id, namespace)


def require_manage(connection: Connection, principal: Principal, cluster_id: UUID) -> repository.ClusterRow:
    """Refuse whoever may not change how a cluster is connected and watched. Raises NotFoundError, ForbiddenError."""
    return _require(connection, principal, Permission.CLUSTER_MANAGE, cluster_id, None)


def _require(
    connection: Connection, principal: Principal, permission: Permission, cluster_id: UUID, namespace: str | None
) -> repository.ClusterRow:
    cluster = get(connection, principal, cluster_id)
    require_right(principal.rights, permission, cluster_id, namespace)
    return cluster


def add(tx: Transaction, rules: ClusterRules, principal: Principal, new: NewCluster, *, demo: bool = False) -> UUID:
    """Seal the credential and store the wish; the collector takes it up by itself.

    Raises InvalidInputError for what is unsafe or unreadable, ConflictError for a taken name.
    """
    team_id = _team_for(tx.connection, principal, new.team_id)
    checked = check_access(tx.connection, principal, rules.access, new)
    _check_prometheus(new.prometheus_url, rules)
    cluster_id = uuid.uuid4()
    values = repository.ClusterValues(
        id=cluster_id,
        owner_id=principal.user_id,
        team_id=team_id,
        name=new.name,
        api_url=checked.api_url,
        prometheus_url=new.prometheus_url or None,
        default_namespace=new.default_namespace or checked.namespace,
        interval_seconds=new.interval_seconds,
        demo=demo,
        sealed_credential=seal(rules.seal_public_key, checked.stored.to_json(), str(cluster_id)),
        kind=checked.kind,
        bastion=checked.bastion,
        namespaces=tuple(dict.fromkeys(new.namespaces)),
        labels=new.labels,
        started=new.start_monitoring,
    )
    see_also(tx.connection, cluster_id)
    if not repository.add(tx.connection, values):
        raise _name_taken(new.name)
    log.info("cluster_added", cluster_id=str(cluster_id), kind=checked.kind.value, demo=demo)
    return cluster_id


def _team_for(connection: Connection, principal: Principal, wanted: UUID | None) -> UUID:
    """The team that a new cluster shall belong to: one's own, unless said otherwise."""
    team_id = wanted or teams.personal_of(connection, principal.user_id)
    if team_id is None:
        raise InvalidInputError("say which team it shall belong to", hint="Give team_id; see GET /teams.")
    role = principal.rights.team_role(team_id)
    if role is None:
        raise NotFoundError("there is no such team", hint="Choose one of your teams.")
    if not principal.rights.may_in_team(Permission.CLUSTER_MANAGE, team_id):
        raise refusal(principal.rights, Permission.CLUSTER_MANAGE, role, LEAST_ROLE[Permission.CLUSTER_MANAGE])
    return team_id


def _check_prometheus(url: str | None, rules: ClusterRules) -> None:
    if url:
        parse_endpoint(url, "the Prometheus address", rules.access)


def _name_taken(name: str) -> ConflictError:
    return ConflictError(f"there is a cluster named '{name}' already", hint="Choose another name.")


def change_settings(
    tx: Transaction, rules: ClusterRules, principal: Principal, cluster_id: UUID, settings: ClusterSettings
) -> None:
    """Change what is given and leave the rest. Raises InvalidInputError, ConflictError."""
    require_manage(tx.connection, principal, cluster_id)
    values = settings.model_dump(exclude_unset=True)
    if "prometheus_url" in values:
        values["prometheus_url"] = values["prometheus_url"] or None
        _check_prometheus(values["prometheus_url"], rules)
    if "namespaces" in values:
        values["namespaces"] = list(dict.fromkeys(values["namespaces"]))
    if values and not repository.change(tx.connection, cluster_id, values):
        raise _name_taken(settings.name)
    log.info("cluster_changed", cluster_id=str(cluster_id), settings=sorted(values))


def set_monitoring(tx: Transaction, principal: Principal, cluster_id: UUID, act: MonitoringAct, now: datetime) -> None:
    """Start, pause or resume. Doing it twice does nothing. Raises NotReadyError for what was never started."""
    cluster = require_manage(tx.connection, principal, cluster_id)
    if act is MonitoringAct.START:
        values: dict[str, Any] = {"started_at": cluster.started_at or now, "paused": False}
    else:
        get_started(tx.connection, principal, cluster_id)
        values = {"paused": act is MonitoringAct.PAUSE}
    repository.change(tx.connection, cluster_id, values)
    log.info("monitoring_changed", cluster_id=str(cluster_id), act=act.value)


def remove(tx: Transaction, principal: Principal, cluster_id: UUID) -> None:
    """Forget a cluster, its credential and its policies. Nothing in the cluster itself changes."""
    require_manage(tx.connection, principal, cluster_id)
    repository.remove(tx.connection, cluster_id)
    log.info("cluster_removed", cluster_id=str(cluster_id))


def check_connection(tx: Transaction, principal: Principal, cluster_id: UUID) -> JobView:
    """Ask the collector to try the connection, step by step."""
    require_manage(tx.connection, principal, cluster_id)
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
    rights = principal.rights
    manages = rights.may(Permission.CLUSTER_MANAGE, row.id)
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
        started=row.started_at is not None,
        reason_code=row.reason_code or "",
        hold_since=row.hold_since,
        hold_reason=row.hold_reason or "",
    )
    return ClusterView(
        id=row.id,
        name=row.name,
        api_url=row.api_url,
        prometheus_url=row.prometheus_url,
        default_namespace=row.default_namespace,
        namespaces=list(row.namespaces),
        labels=row.labels,
        interval_seconds=interval_seconds,
        interval_is_default=row.interval_seconds is None,
        kind=row.kind,
        monitoring=_monitoring(row),
        paused=row.paused,
        demo=row.demo,
        created_at=row.created_at,
        team_id=row.team_id,
        role=rights.role_in(row.id) or Role.VIEWER,
        may_change=rights.may(Permission.WORKLOAD_SCALE, row.id),
        may_manage=manages,
        may_delete=manages,
        status=row.status or ClusterStatus.PENDING,
        status_since=row.status_since,
        server_version=row.server_version,
        metrics_available=bool(row.metrics_available),
        last_success_at=row.last_success_at,
        backfill_status=row.backfill_status,
        backfill_detail=row.backfill_detail or "",
        workloads=row.workload_count or 0,
        last_cycle=_cycle(row),
        connection_ok=row.connection_ok if row.connection_checked_at is not None else None,
        connection_checked_at=row.connection_checked_at,
        connection_summary=row.connection_summary or "",
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


def _monitoring(row: Row[Any]) -> Monitoring:
    if row.started_at is None:
        return Monitoring.NOT_STARTED
    return Monitoring.PAUSED if row.paused else Monitoring.RUNNING


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
