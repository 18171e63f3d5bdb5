"""Reads a decision with its surroundings in one query, and keeps the advice that was given on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import UUID, ColumnElement, Double, Label, Select, and_, bindparam, cast, func, lateral, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from ai4k8s_advisor.domain.calibration import Outcome, was_right
from ai4k8s_common.store.advisor import advices
from ai4k8s_common.store.collector import workload_samples, workloads
from ai4k8s_common.store.forecaster import forecasts
from ai4k8s_common.store.gateway import policies
from ai4k8s_common.store.scaler import DecisionOutcome, decisions

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from ai4k8s_common.contracts.advisor import Advice

CPU = "cpu"
UPPER_LEVEL = 0.95
#: A cycle's forecast carries the time at which it was made, which is a little after the cycle's own.
MADE_WITH_IT = timedelta(seconds=30)
MOST_PAST = 5
MOST_OUTCOMES = 2_000


def read_decision(connection: Connection, decision_id: uuid.UUID) -> Row[*tuple[Any, ...]] | None:
    """Return a decision and what was known when it was taken; None when there is no such decision."""
    return connection.execute(_decision_query(), {"decision_id": decision_id}).one_or_none()


@cache
def _decision_query() -> Select[Any]:
    """Made once: putting it together takes longer than running it."""
    d, w, p = decisions, workloads, policies
    sample, forecast, recent = (
        _sample(d.c.workload_id, d.c.decided_at),
        _forecast(d.c.workload_id, d.c.decided_at + MADE_WITH_IT),
        _recent(d),
    )
    said = select(advices.c.model).where(advices.c.decision_id == d.c.id).exists()
    modelled = select(advices.c.model).where(advices.c.decision_id == d.c.id, advices.c.model.is_not(None)).exists()
    return (
        select(d, *_workload_columns(), p.c.max_replicas, p.c.min_replicas)
        .add_columns(*_sample_columns(sample), *_forecast_columns(forecast), recent.c.recent)
        .add_columns(said.label("is_advised"), modelled.label("is_modelled"))
        .select_from(d.join(w, w.c.id == d.c.workload_id))
        .outerjoin(p, _policy_of_workload())
        .outerjoin(sample, true())
        .outerjoin(forecast, true())
        .outerjoin(recent, true())
        .where(d.c.id == bindparam("decision_id", type_=UUID))
    )


def read_workload(connection: Connection, workload_id: int, now: datetime) -> Row[*tuple[Any, ...]] | None:
    """Return a workload with a policy and what is known of it now, before anything is decided."""
    w, p = workloads, policies
    sample, forecast = _sample(w.c.id, now), _forecast(w.c.id, now)
    query = (
        select(w.c.id.label("workload_id"), w.c.desired_replicas, *_workload_columns())
        .add_columns(p.c.max_replicas, p.c.min_replicas)
        .add_columns(*_sample_columns(sample), *_forecast_columns(forecast))
        .select_from(w.join(p, _policy_of_workload()))
        .outerjoin(sample, true())
        .outerjoin(forecast, true())
        .where(w.c.id == workload_id, w.c.gone_at.is_(None))
    )
    return connection.execute(query).one_or_none()


def soon_decided(connection: Connection, since: datetime, limit: int) -> list[int]:
    """Workloads with a policy whose newest forecast asks for another number than is there; the largest gap first."""
    w, p, f = workloads, policies, forecasts
    newest = lateral(
        select(f.c.window_values, f.c.window_levels)
        .where(f.c.workload_id == w.c.id, f.c.metric == CPU, f.c.made_at >= since, f.c.window_status == "ready")
        .order_by(f.c.made_at.desc())
        .limit(1)
    ).alias("newest")
    position = func.array_position(newest.c.window_levels, cast(UPPER_LEVEL, Double))
    upper = newest.c.window_values[func.coalesce(position, func.cardinality(newest.c.window_values))]
    needed = func.least(
        func.greatest(func.ceil(upper / func.nullif(w.c.cpu_request_millicores, 0)), p.c.min_replicas),
        p.c.max_replicas,
    )
    gap = func.abs(needed - w.c.desired_replicas)
    query = (
        select(w.c.id)
        .select_from(w.join(p, _policy_of_workload()))
        .join(newest, true())
        .where(w.c.gone_at.is_(None), w.c.scalable, gap >= 1)
        .order_by(gap.desc(), w.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


@dataclass(frozen=True)
class Given:
    """Advice on its way into the store."""

    decision_id: uuid.UUID
    cluster_id: uuid.UUID
    workload_id: int
    provider: str
    advice: Advice
    cached: bool


def keep_advice(connection: Connection, given: Given) -> None:
    """Keep advice. The rules' first word stands until a model speaks; what a model said stays."""
    word = given.advice.word
    values = {
        "provider": given.provider,
        "text": given.advice.text,
        "advice": given.advice.model_dump(mode="json"),
        "cached": given.cached,
        "cluster_id": given.cluster_id,
        "workload_id": given.workload_id,
        "model": f"{word.provider}/{word.model}" if word else None,
        "model_replicas": word.target_replicas if word else None,
        "model_confidence": word.confidence if word else None,
    }
    statement = insert(advices).values(decision_id=given.decision_id, **values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[advices.c.decision_id], set_=values, where=advices.c.model.is_(None)
        )
    )


def judged_words(connection: Connection) -> list[Outcome]:
    """How sure models were in judged decisions, and whether they were right; the newest."""
    a, d = advices, decisions
    query = (
        select(a.c.model_replicas, a.c.model_confidence, d.c.to_replicas, d.c.judgement)
        .join(d, d.c.id == a.c.decision_id)
        .where(a.c.model.is_not(None), d.c.judged_at.is_not(None))
        .order_by(a.c.given_at.desc())
        .limit(MOST_OUTCOMES)
    )
    found = []
    for row in connection.execute(query):
        judgement = row.judgement or {}
        highest, verdict = judgement.get("highest_demand_pods"), str(judgement.get("verdict", "unknown"))
        if verdict == "unknown" or not isinstance(highest, int | float):
            continue
        carried_out = row.model_replicas == row.to_replicas
        right = was_right(row.model_replicas, float(highest), verdict, carried_out=carried_out)
        found.append(Outcome(row.model_confidence, right))
    return found


def _workload_columns() -> tuple[ColumnElement[Any], ...]:
    w = workloads.c
    return (
        w.namespace, w.name, w.kind, w.images, w.volume_claims, w.cpu_request_millicores, w.memory_request_bytes,
        w.startup_p95_seconds, w.hpa_name, w.vpa_name,
    )  # fmt: skip


def _policy_of_workload() -> ColumnElement[bool]:
    w, p = workloads.c, policies.c
    return and_(p.cluster_id == w.cluster_id, p.namespace == w.namespace, p.kind == w.kind, p.name == w.name)


def _sample(workload_id: ColumnElement[Any], at: Any) -> Any:
    s = workload_samples
    query = select(s).where(s.c.workload_id == workload_id, s.c.at <= at).order_by(s.c.at.desc()).limit(1)
    return lateral(query).alias("sample")


def _sample_columns(sample: Any) -> tuple[Label[Any], ...]:
    names = ("ready_replicas", "cpu_usage_millicores", "memory_bytes", "saturated")
    return tuple(sample.c[name].label(name) for name in names)


def _forecast(workload_id: ColumnElement[Any], at: Any) -> Any:
    f = forecasts
    query = (
        select(f)
        .where(f.c.workload_id == workload_id, f.c.metric == CPU, f.c.made_at <= at)
        .order_by(f.c.made_at.desc())
        .limit(1)
    )
    return lateral(query).alias("forecast")


def _forecast_columns(forecast: Any) -> tuple[Label[Any], ...]:
    names = ("lead_time_seconds", "window_levels", "window_values", "trend", "peak_at", "peak_value", "made_at")
    return tuple(forecast.c[name].label(f"forecast_{name}") for name in names)


def _recent(d: Any) -> Any:
    earlier = decisions.alias("earlier")
    newest = (
        select(earlier.c.from_replicas, earlier.c.to_replicas, earlier.c.decided_at, earlier.c.judgement)
        .where(
            earlier.c.workload_id == d.c.workload_id,
            earlier.c.decided_at < d.c.decided_at,
            earlier.c.outcome == DecisionOutcome.APPLIED.value,
            earlier.c.from_replicas != earlier.c.to_replicas,
        )
        .order_by(earlier.c.decided_at.desc())
        .limit(MOST_PAST)
        .subquery()
    )
    one = func.jsonb_build_object(
        "from", newest.c.from_replicas,
        "to", newest.c.to_replicas,
        "at", func.extract("epoch", newest.c.decided_at),
        "verdict", newest.c.judgement["verdict"],
    )  # fmt: skip
    query: Select[Any] = select(func.jsonb_agg(aggregate_order_by(one, newest.c.decided_at.desc())).label("recent"))
    return lateral(query).alias("recent")
