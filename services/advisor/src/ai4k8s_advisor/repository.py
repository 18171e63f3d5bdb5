"""Reads a decision with its surroundings, and keeps the advice that was given on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_advisor.domain.situation import Direction, Situation
from ai4k8s_common.store.advisor import advices
from ai4k8s_common.store.collector import workload_samples, workloads
from ai4k8s_common.store.forecaster import forecasts
from ai4k8s_common.store.gateway import policies
from ai4k8s_common.store.scaler import DecisionOutcome, decisions

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.contracts.advisor import Advice

UPPER_LEVEL = 0.95
STATEFUL_KINDS = frozenset({"StatefulSet"})


def read_situation(connection: Connection, decision_id: UUID) -> Situation | None:
    """Return a decision and what was known when it was taken; None when there is no such decision."""
    d, w = decisions, workloads
    decision = connection.execute(
        select(d, w.c.namespace, w.c.name, w.c.kind, w.c.cpu_request_millicores, w.c.memory_request_bytes)
        .add_columns(w.c.startup_p95_seconds)
        .select_from(d.join(w, w.c.id == d.c.workload_id))
        .where(d.c.id == decision_id)
    ).one_or_none()
    if decision is None:
        return None
    sample = _sample(connection, decision)
    expected, lead_time = _expected(connection, decision)
    return Situation(
        workload_id=decision.workload_id,
        name=f"{decision.namespace}/{decision.name}",
        keeps_state=decision.kind in STATEFUL_KINDS,
        direction=Direction(decision.action),
        from_replicas=decision.from_replicas,
        to_replicas=decision.to_replicas,
        max_replicas=_max_replicas(connection, decision),
        held=decision.outcome == DecisionOutcome.HELD.value,
        carried_out=decision.outcome == DecisionOutcome.APPLIED.value,
        ready_replicas=sample.ready_replicas if sample else None,
        cpu_usage_millicores=sample.cpu_usage_millicores if sample else None,
        cpu_request_millicores=decision.cpu_request_millicores,
        memory_bytes=sample.memory_bytes if sample else None,
        memory_request_bytes=decision.memory_request_bytes,
        saturated=bool(sample and sample.saturated),
        expected_millicores=expected,
        lead_time_seconds=lead_time,
        startup_seconds=decision.startup_p95_seconds,
    )


def has_advice(connection: Connection, decision_id: UUID) -> bool:
    """Whether advice was given already."""
    query = select(advices.c.decision_id).where(advices.c.decision_id == decision_id)
    return connection.execute(query).one_or_none() is not None


def add_advice(
    connection: Connection, decision_id: UUID, provider: str, text: str, advice: Advice, *, cached: bool
) -> None:
    """Keep advice; the first word on a decision stands."""
    connection.execute(
        insert(advices)
        .values(
            decision_id=decision_id,
            provider=provider,
            text=text,
            advice=advice.model_dump(mode="json"),
            cached=cached,
        )
        .on_conflict_do_nothing()
    )


def _sample(connection: Connection, decision: Row[*tuple[Any, ...]]) -> Row[*tuple[Any, ...]] | None:
    s = workload_samples
    query = (
        select(s.c.ready_replicas, s.c.cpu_usage_millicores, s.c.memory_bytes, s.c.saturated)
        .where(s.c.workload_id == decision.workload_id, s.c.at <= decision.decided_at)
        .order_by(s.c.at.desc())
        .limit(1)
    )
    return connection.execute(query).one_or_none()


def _expected(connection: Connection, decision: Row[*tuple[Any, ...]]) -> tuple[float | None, float | None]:
    """Return (upper quantile of the maximum in millicores, over how many seconds) as known at the decision."""
    f = forecasts
    query = (
        select(f.c.lead_time_seconds, f.c.window_levels, f.c.window_values)
        .where(
            f.c.workload_id == decision.workload_id,
            f.c.cycle_id == decision.cycle_id,
            f.c.window_values.is_not(None),
        )
        .order_by(f.c.made_at.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    if row is None or not row.window_levels:
        return None, None
    pairs = zip(row.window_levels, row.window_values, strict=False)
    _, value = min(pairs, key=lambda pair: abs(pair[0] - UPPER_LEVEL))
    return value, row.lead_time_seconds


def _max_replicas(connection: Connection, decision: Row[*tuple[Any, ...]]) -> int | None:
    p = policies
    query = select(p.c.max_replicas).where(
        p.c.cluster_id == decision.cluster_id,
        p.c.namespace == decision.namespace,
        p.c.kind == decision.kind,
        p.c.name == decision.name,
    )
    return connection.execute(query).scalar_one_or_none()
