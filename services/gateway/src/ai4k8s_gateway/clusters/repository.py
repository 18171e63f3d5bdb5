"""The gateway's rows about clusters, read together with what the collector and the scaler know of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from typing import cast as typed

from sqlalchemy import Row, Uuid, any_, cast, delete, func, select, true, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import IntegrityError

from ai4k8s_common.store.collector import cluster_states, connection_checks, cycles, workloads
from ai4k8s_common.store.gateway import ConnectionKind, cluster_credentials, clusters, jobs
from ai4k8s_common.store.scaler import cluster_holds

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Select

    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.clusters.access import CheckedAccess


@dataclass(frozen=True)
class ClusterRow:
    """The wish alone, as far as rights need it."""

    id: UUID
    name: str
    demo: bool
    created_at: datetime
    started_at: datetime | None
    paused: bool


@dataclass(frozen=True)
class ClusterValues:
    """What is stored of a new cluster."""

    id: UUID
    owner_id: UUID
    team_id: UUID
    name: str
    api_url: str
    prometheus_url: str | None
    default_namespace: str
    interval_seconds: int | None
    demo: bool
    sealed_credential: bytes
    kind: ConnectionKind = ConnectionKind.KUBECONFIG
    bastion: dict[str, Any] | None = None
    namespaces: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    started: bool = True


def visible_to(principal: Principal) -> ColumnElement[bool]:
    """Which clusters somebody may see: administrators all, others those of their teams and the demo's."""
    seen = principal.rights.clusters
    return true() if seen is None else clusters.c.id == any_(cast(list(seen), ARRAY(Uuid)))


def find(connection: Connection, principal: Principal, cluster_id: UUID) -> ClusterRow | None:
    """Find a cluster that somebody may see."""
    query = select(
        clusters.c.id,
        clusters.c.name,
        clusters.c.demo,
        clusters.c.created_at,
        clusters.c.started_at,
        clusters.c.paused,
    )
    row = connection.execute(query.where(clusters.c.id == cluster_id, visible_to(principal))).one_or_none()
    return None if row is None else ClusterRow(*row)


def add(connection: Connection, values: ClusterValues) -> bool:
    """Insert a cluster and its sealed credential; False when its team has one of that name."""
    started_at = func.now() if values.started else None
    statement = insert(clusters).values(
        id=values.id, owner_id=values.owner_id, team_id=values.team_id, started_at=started_at, **_wishes(values)
    )
    if connection.execute(statement.on_conflict_do_nothing().returning(clusters.c.id)).scalar_one_or_none() is None:
        return False
    _put_credential(connection, values)
    return True


def find_demo(connection: Connection) -> UUID | None:
    """Return the demo's cluster."""
    return connection.execute(select(clusters.c.id).where(clusters.c.demo).limit(1)).scalar_one_or_none()


def put_demo(connection: Connection, values: ClusterValues) -> None:
    """Insert the demo's cluster, or bring its address and credential up to date."""
    statement = insert(clusters).values(
        id=values.id, owner_id=values.owner_id, team_id=values.team_id, **_wishes(values)
    )
    connection.execute(statement.on_conflict_do_update(index_elements=[clusters.c.id], set_=_wishes(values)))
    _put_credential(connection, values)


def _wishes(values: ClusterValues) -> dict[str, Any]:
    return {
        "name": values.name,
        "api_url": values.api_url,
        "prometheus_url": values.prometheus_url,
        "default_namespace": values.default_namespace,
        "interval_seconds": values.interval_seconds,
        "demo": values.demo,
        "kind": values.kind.value,
        "bastion": values.bastion,
        "namespaces": list(values.namespaces),
        "labels": values.labels,
    }


def change(connection: Connection, cluster_id: UUID, values: dict[str, Any]) -> bool:
    """Change settings; False when its team has another cluster of that name."""
    try:
        with connection.begin_nested():
            connection.execute(update(clusters).where(clusters.c.id == cluster_id).values(**values))
    except IntegrityError:
        return False
    return True


def replace_access(connection: Connection, cluster_id: UUID, checked: CheckedAccess, sealed: bytes) -> None:
    """Store another way to connect."""
    values = {"kind": checked.kind.value, "api_url": checked.api_url, "bastion": checked.bastion}
    connection.execute(update(clusters).where(clusters.c.id == cluster_id).values(**values))
    _put_sealed(connection, cluster_id, sealed)


def connection_of(connection: Connection, cluster_id: UUID) -> Row[Any]:
    """Read how a cluster is connected, with its latest test."""
    query = (
        select(
            clusters.c.kind,
            clusters.c.api_url,
            clusters.c.bastion,
            cluster_credentials.c.updated_at,
            connection_checks.c.checked_at,
            connection_checks.c.ok,
            connection_checks.c.summary,
            connection_checks.c.lines,
        )
        .select_from(
            clusters.outerjoin(cluster_credentials, cluster_credentials.c.cluster_id == clusters.c.id).outerjoin(
                connection_checks, connection_checks.c.cluster_id == clusters.c.id
            )
        )
        .where(clusters.c.id == cluster_id)
    )
    return typed("Row[Any]", connection.execute(query).one())


def _put_credential(connection: Connection, values: ClusterValues) -> None:
    _put_sealed(connection, values.id, values.sealed_credential)


def _put_sealed(connection: Connection, cluster_id: UUID, box: bytes) -> None:
    sealed = {"sealed": box, "updated_at": func.now()}
    statement = insert(cluster_credentials).values(cluster_id=cluster_id, **sealed)
    connection.execute(statement.on_conflict_do_update(index_elements=[cluster_credentials.c.cluster_id], set_=sealed))


def remove(connection: Connection, cluster_id: UUID) -> None:
    """Delete a cluster with its credential, policies and jobs; what others know of it, they forget by themselves."""
    connection.execute(delete(jobs).where(jobs.c.cluster_id == cluster_id))
    connection.execute(delete(clusters).where(clusters.c.id == cluster_id))


def views(connection: Connection, principal: Principal, cluster_id: UUID | None = None) -> list[Row[Any]]:
    """Read clusters with their states, by name."""
    query = _view_query().where(visible_to(principal)).order_by(clusters.c.name, clusters.c.id)
    if cluster_id is not None:
        query = query.where(clusters.c.id == cluster_id)
    return list(connection.execute(query))


def _view_query() -> Select[Any]:
    last_cycle = (
        select(
            cycles.c.started_at.label("cycle_started_at"),
            cycles.c.finished_at.label("cycle_finished_at"),
            cycles.c.status.label("cycle_status"),
            cycles.c.workload_rows.label("cycle_workload_rows"),
            cycles.c.node_rows.label("cycle_node_rows"),
            cycles.c.error.label("cycle_error"),
        )
        .where(cycles.c.cluster_id == clusters.c.id)
        .order_by(cycles.c.started_at.desc())
        .limit(1)
        .lateral("last_cycle")
    )
    living = (
        select(func.count().label("workload_count"))
        .where(workloads.c.cluster_id == clusters.c.id, workloads.c.gone_at.is_(None))
        .lateral("living")
    )
    return (
        select(
            clusters,
            cluster_states.c.status,
            cluster_states.c.status_since,
            cluster_states.c.reason,
            cluster_states.c.reason_code,
            cluster_states.c.server_version,
            cluster_states.c.metrics_available,
            cluster_states.c.metrics_detail,
            cluster_states.c.last_success_at,
            cluster_states.c.backfill_status,
            cluster_states.c.backfill_detail,
            cluster_holds.c.since.label("hold_since"),
            cluster_holds.c.reason.label("hold_reason"),
            connection_checks.c.ok.label("connection_ok"),
            connection_checks.c.checked_at.label("connection_checked_at"),
            connection_checks.c.summary.label("connection_summary"),
            last_cycle,
            living,
        )
        .outerjoin(cluster_states, cluster_states.c.cluster_id == clusters.c.id)
        .outerjoin(cluster_holds, cluster_holds.c.cluster_id == clusters.c.id)
        .outerjoin(connection_checks, connection_checks.c.cluster_id == clusters.c.id)
        .outerjoin(last_cycle, true())
        .outerjoin(living, true())
    )
