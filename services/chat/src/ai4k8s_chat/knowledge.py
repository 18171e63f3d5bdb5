"""Tools that ask the store and not the cluster: forecasts, anomalies, recommendations, decisions, and who is who."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from ai4k8s_chat.domain.kinds import find_kind
from ai4k8s_chat.domain.results import Rows, ToolResult
from ai4k8s_chat.reading.scope import AmbiguousError
from ai4k8s_common.errors import NotFoundError
from ai4k8s_common.security.redaction import redact
from ai4k8s_common.store.anomalies import anomalies as anomaly_rows
from ai4k8s_common.store.collector import workloads
from ai4k8s_common.store.forecaster import Subject, forecasts, outlooks
from ai4k8s_common.store.gateway import PolicyMode
from ai4k8s_common.store.optimising import SizingStatus, capacity_outlooks
from ai4k8s_common.store.optimising import recommendations as sizes
from ai4k8s_common.store.scaler import DecisionAction, DecisionOutcome, decisions

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from ai4k8s_chat.domain import arguments as a
    from ai4k8s_chat.reading.scope import Scope

_CORES = 1000.0
_GIB = 1024.0**3
_ROWS = 30
_MINUTES_SHOWN = (15, 30, 60, 120, 240, 360, 720, 1440)


def workload(connection: Connection, cluster_id: UUID, scope: Scope, wish: a.About | a.OneObject) -> Row[Any]:
    """Find an observed workload by its name. Raises NotFoundError, AmbiguousError."""
    conditions = [workloads.c.cluster_id == cluster_id, workloads.c.name == wish.name, workloads.c.gone_at.is_(None)]
    kind = find_kind(wish.kind) if wish.kind else None
    if wish.namespace:
        scope.check(wish.namespace)
        conditions.append(workloads.c.namespace == wish.namespace)
    elif scope.namespaces is not None:
        conditions.append(workloads.c.namespace.in_(scope.namespaces))
    rows = list(connection.execute(select(workloads).where(*conditions)))
    if kind is not None and len(rows) > 1:
        rows = [row for row in rows if row.kind == kind.kind] or rows
    if not rows:
        raise NotFoundError(
            f"no workload '{wish.name}' has been observed in this cluster", hint="Its next cycle may show it."
        )
    if len(rows) > 1:
        raise AmbiguousError(
            f"there are {len(rows)} workloads '{wish.name}': which one?",
            tuple(sorted(f"{row.kind} in {row.namespace}" for row in rows)),
        )
    return rows[0]


def forecast(connection: Connection, cluster_id: UUID, scope: Scope, wish: a.Forecast) -> ToolResult:
    """What a workload will need; without one, what the cluster will."""
    if wish.name is None:
        return _cluster_forecast(connection, cluster_id, scope, wish)
    row = workload(connection, cluster_id, scope, wish)
    title = f"{row.kind} {row.namespace}/{row.name}"
    found = _newest_path(connection, row, wish.metric)
    if found is None:
        return ToolResult(summary=f"There is no forecast of {title} yet: it takes some hours of history.")
    if found.path_values is None:
        why = found.detail or found.status.replace("_", " ")
        return ToolResult(summary=f"{title} cannot be forecast: {why}.")
    said = getattr(found, "sentence", "") or f"The {wish.metric} forecast of {title}."
    return ToolResult(summary=redact(said), table=_path_table(found, wish))


def _newest_path(connection: Connection, row: Row[Any], metric: str) -> Row[Any] | None:
    if metric == "memory":
        query: Select[Any] = select(outlooks).where(
            outlooks.c.cluster_id == row.cluster_id,
            outlooks.c.subject == Subject.WORKLOAD.value,
            outlooks.c.name == str(row.id),
            outlooks.c.measure == "memory",
        )
        return connection.execute(query.order_by(outlooks.c.made_at.desc()).limit(1)).one_or_none()
    query = select(forecasts).where(forecasts.c.workload_id == row.id, forecasts.c.metric == "cpu")
    return connection.execute(query.order_by(forecasts.c.made_at.desc()).limit(1)).one_or_none()


def _path_table(found: Row[Any], wish: a.Forecast) -> Rows:
    """The median and the widest band of a path, at a few moments."""
    levels, values = list(found.path_levels), list(found.path_values)
    steps = len(values) // len(levels)
    middle = min(range(len(levels)), key=lambda i: abs(levels[i] - 0.5))
    unit, size = ("GiB", _GIB) if wish.metric == "memory" else ("cores", _CORES)
    rows = []
    for minutes in _MINUTES_SHOWN:
        step = minutes * 60 // found.path_step_seconds - 1
        if minutes <= wish.horizon_minutes and 0 <= step < steps:
            low, middle_value, high = (values[i * steps + step] / size for i in (0, middle, len(levels) - 1))
            rows.append((f"in {minutes} min", f"{middle_value:.3g}", f"{low:.3g} to {high:.3g}"))
    band = f"{levels[-1] - levels[0]:.0%} interval"
    return Rows(columns=("When", unit, band), rows=tuple(rows), total=len(rows))


def _cluster_forecast(connection: Connection, cluster_id: UUID, scope: Scope, wish: a.Forecast) -> ToolResult:
    query = (
        select(workloads.c.namespace, workloads.c.name, forecasts.c.sentence, forecasts.c.status, forecasts.c.detail)
        .ext(distinct_on(workloads.c.id))
        .join(forecasts, forecasts.c.workload_id == workloads.c.id)
        .where(*_of_workloads(cluster_id, scope, wish), forecasts.c.metric == "cpu")
        .order_by(workloads.c.id, forecasts.c.made_at.desc())
    )
    rows = [
        (row.namespace, row.name, redact(row.sentence or row.detail or row.status)) for row in connection.execute(query)
    ]
    running_out = connection.execute(
        select(capacity_outlooks.c.sentence).where(
            capacity_outlooks.c.cluster_id == cluster_id, capacity_outlooks.c.scope == "cluster"
        )
    ).scalars()
    said = " ".join(sentence for sentence in running_out if sentence) if scope.namespaces is None else ""
    table = Rows(columns=("Namespace", "Workload", "Forecast"), rows=tuple(rows[:_ROWS]), total=len(rows))
    return ToolResult(summary=said or f"{len(rows)} workloads are forecast.", table=table)


def _of_workloads(cluster_id: UUID, scope: Scope, wish: a.About) -> list[ColumnElement[bool]]:
    """Workloads of a cluster that the person may see, and asked about."""
    conditions = [workloads.c.cluster_id == cluster_id, workloads.c.gone_at.is_(None)]
    if wish.namespace:
        scope.check(wish.namespace)
        conditions.append(workloads.c.namespace == wish.namespace)
    elif scope.namespaces is not None:
        conditions.append(workloads.c.namespace.in_(scope.namespaces))
    if wish.name:
        conditions.append(workloads.c.name == wish.name)
    return conditions


def anomalies(connection: Connection, cluster_id: UUID, scope: Scope, wish: a.Listed) -> ToolResult:
    """What is unusual now."""
    query = (
        select(anomaly_rows, workloads.c.namespace, workloads.c.name)
        .outerjoin(
            workloads, (workloads.c.id == anomaly_rows.c.subject_id) & (anomaly_rows.c.subject_kind == "workload")
        )
        .where(anomaly_rows.c.cluster_id == cluster_id, anomaly_rows.c.ended_at.is_(None))
        .order_by(anomaly_rows.c.score.desc())
    )
    if wish.namespace or wish.name or scope.namespaces is not None:
        query = query.where(*_of_workloads(cluster_id, scope, wish))
    found = list(connection.execute(query))
    rows = tuple(
        (row.severity, _where(row), redact(row.description), redact(row.recommended_action))
        for row in found[: wish.limit]
    )
    table = Rows(columns=("Severity", "What", "Description", "Do"), rows=rows, total=len(found))
    summary = f"{len(found)} unusual things now." if found else "Nothing is unusual now."
    return ToolResult(summary=summary, table=table if found else None)


def _where(row: Row[Any]) -> str:
    return f"{row.namespace}/{row.name}" if row.name else "a node"


def recommendations(connection: Connection, cluster_id: UUID, scope: Scope, wish: a.Listed) -> ToolResult:
    """What should be scaled, and what should be resized."""
    where = _of_workloads(cluster_id, scope, wish)
    scaling = (
        select(workloads.c.namespace, workloads.c.name, decisions.c.reason)
        .join(workloads, workloads.c.id == decisions.c.workload_id)
        .where(
            *where,
            decisions.c.mode == PolicyMode.RECOMMEND.value,
            decisions.c.outcome == DecisionOutcome.OBSERVED.value,
            decisions.c.action != DecisionAction.MAINTAIN.value,
        )
        .order_by(decisions.c.decided_at.desc())
        .limit(wish.limit)
    )
    resizing = (
        select(workloads.c.namespace, workloads.c.name, sizes.c.container, sizes.c.sentence)
        .join(workloads, workloads.c.id == sizes.c.workload_id)
        .where(*where, sizes.c.status == SizingStatus.READY.value, sizes.c.findings != [])
        .order_by(sizes.c.saved_cpu_millicores.desc().nulls_last())
        .limit(wish.limit)
    )
    rows = [("scale", f"{row.namespace}/{row.name}", redact(row.reason)) for row in connection.execute(scaling)]
    rows += [
        ("resize", f"{row.namespace}/{row.name} {row.container}", redact(row.sentence))
        for row in connection.execute(resizing)
    ]
    table = Rows(columns=("Kind", "Workload", "Why"), rows=tuple(rows[: wish.limit]), total=len(rows))
    summary = f"{len(rows)} recommendations." if rows else "Nothing is recommended now."
    return ToolResult(summary=summary, table=table if rows else None)


def decisions_explain(connection: Connection, cluster_id: UUID, scope: Scope, wish: a.DecisionsExplain) -> ToolResult:
    """Why something was scaled, or was not: the newest changes, or where there are none the newest decisions."""
    query = (
        select(decisions, workloads.c.namespace, workloads.c.name)
        .join(workloads, workloads.c.id == decisions.c.workload_id)
        .where(*_of_workloads(cluster_id, scope, wish))
        .order_by(decisions.c.decided_at.desc())
        .limit(wish.limit)
    )
    changed = or_(decisions.c.action != DecisionAction.MAINTAIN.value, decisions.c.engine == "manual")
    found = list(connection.execute(query.where(changed))) or list(connection.execute(query))
    if not found:
        return ToolResult(summary="No decision has been taken there yet.")
    rows = tuple(
        (
            _moment(row.decided_at),
            f"{row.namespace}/{row.name}",
            f"{row.from_replicas} -> {row.to_replicas}",
            row.outcome,
            redact(row.reason),
            _judged(row.judgement),
        )
        for row in found
    )
    last = found[0]
    outcome = f" ({last.outcome_detail})" if last.outcome_detail else ""
    summary = redact(f"{last.namespace}/{last.name}: {last.reason} It was {last.outcome}{outcome}.")
    columns = ("When (UTC)", "Workload", "Replicas", "Outcome", "Why", "In hindsight")
    return ToolResult(summary=summary, table=Rows(columns=columns, rows=rows, total=len(rows)))


def _judged(judgement: dict[str, Any] | None) -> str:
    return str((judgement or {}).get("verdict") or "not judged yet").replace("_", " ")


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")
