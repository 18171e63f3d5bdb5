"""The forecaster's own rows, and its queries on what the collector observed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on, insert

from ai4k8s_common.store.bulk import copy_rows
from ai4k8s_common.store.collector import cluster_states, workloads
from ai4k8s_common.store.forecaster import forecasts, hindcasts, judged_bins, model_states, outlooks, scores
from ai4k8s_common.store.observed import deploys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Row, Select

    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray, IntArray

CPU_METRIC = "cpu"
PATH_STEPS = 72

# One row a workload: arrays cross the wire and become numpy's several times faster than as many rows do. Where samples
# are not kept any more, their five-minute means stand for them.
_SAMPLES = text(
    """
    SELECT workload_id, array_agg(extract(epoch FROM at)::float8), array_agg(cpu_usage_millicores), array_agg(saturated)
    FROM (
        SELECT workload_id, at, cpu_usage_millicores, saturated
        FROM collector.workload_samples
        WHERE cluster_id = :cluster_id AND at >= to_timestamp(:since) AND at <= to_timestamp(:until)
          AND cpu_usage_millicores IS NOT NULL
        UNION ALL
        SELECT workload_id, at, cpu_usage_millicores, saturated
        FROM collector.workload_rollups
        WHERE cluster_id = :cluster_id AND at >= to_timestamp(:since) AND at <= to_timestamp(:until)
          AND at < (SELECT min(at) FROM collector.workload_samples WHERE cluster_id = :cluster_id)
          AND cpu_usage_millicores IS NOT NULL
    ) AS known
    WHERE workload_id = ANY(:workload_ids)
    GROUP BY workload_id
    """
)

_WORKLOAD_SAMPLES = text(
    """
    WITH raw AS (
        SELECT workload_id, at, cpu_usage_millicores, saturated
        FROM collector.workload_samples
        WHERE cluster_id = :cluster_id AND workload_id = :workload_id
          AND at >= to_timestamp(:since) AND at <= to_timestamp(:until) AND cpu_usage_millicores IS NOT NULL
    )
    SELECT workload_id, extract(epoch FROM at)::float8, cpu_usage_millicores, saturated FROM raw
    UNION ALL
    SELECT workload_id, extract(epoch FROM at)::float8, cpu_usage_millicores, saturated
    FROM collector.workload_rollups
    WHERE cluster_id = :cluster_id AND workload_id = :workload_id
      AND at >= to_timestamp(:since) AND at < coalesce((SELECT min(at) FROM raw), to_timestamp(:until))
      AND cpu_usage_millicores IS NOT NULL
    """
)

# Within one five-minute bin the first forecast is kept, and the newest.
_PRUNE_BIN = text(
    """
    DELETE FROM forecaster.forecasts AS stale
    USING (
        SELECT workload_id, metric, min(made_at) AS first_at
        FROM forecaster.forecasts
        WHERE cluster_id = :cluster_id AND made_at >= :bin_start AND made_at < :made_at
        GROUP BY workload_id, metric
    ) AS kept
    WHERE stale.workload_id = kept.workload_id AND stale.metric = kept.metric AND stale.cluster_id = :cluster_id
      AND stale.made_at > kept.first_at AND stale.made_at < :made_at
    """
)


@dataclass(frozen=True)
class ForecastWorkload:
    """What is known of a workload that shall be forecast."""

    workload_id: int
    cpu_request_millicores: float | None
    startup_p95_seconds: float | None
    startups_seen: int
    ready_replicas: int


@dataclass(frozen=True)
class DemandSamples:
    """Samples of a cluster as columns."""

    workload_id: IntArray
    at: FloatArray
    cpu_millicores: FloatArray
    saturated: BoolArray


def present_workloads(connection: Connection, cluster_id: UUID) -> list[ForecastWorkload]:
    """Return the workloads that a cluster has now and that can be scaled, by id."""
    query = _workloads().where(workloads.c.cluster_id == cluster_id, workloads.c.gone_at.is_(None))
    return [_workload(row) for row in connection.execute(query.where(workloads.c.scalable).order_by(workloads.c.id))]


def one_workload(connection: Connection, cluster_id: UUID, workload_id: int) -> ForecastWorkload | None:
    """Return one of a cluster's workloads, if it is there."""
    w = workloads
    query = _workloads().where(w.c.cluster_id == cluster_id, w.c.id == workload_id, w.c.gone_at.is_(None))
    row = connection.execute(query).one_or_none()
    return None if row is None else _workload(row)


def _workloads() -> Select[Any]:
    w = workloads
    return select(
        w.c.id,
        w.c.cpu_request_millicores,
        w.c.startup_p95_seconds,
        func.cardinality(w.c.startup_seconds).label("startups_seen"),
        w.c.ready_replicas,
    )


def _workload(row: Row[Any]) -> ForecastWorkload:
    return ForecastWorkload(
        row.id, row.cpu_request_millicores, row.startup_p95_seconds, row.startups_seen or 0, row.ready_replicas
    )


def state_of_past(connection: Connection, cluster_id: UUID) -> str:
    """Return a text that changes when the cluster's past was filled in."""
    s = cluster_states
    query = select(s.c.backfill_status, s.c.backfill_detail).where(s.c.cluster_id == cluster_id)
    row = connection.execute(query).one_or_none()
    return "" if row is None else f"{row.backfill_status} {row.backfill_detail}"


def newest_deploys(
    connection: Connection, cluster_id: UUID, *, since: datetime | None = None, until: datetime | None = None
) -> dict[int, datetime]:
    """Return when each workload was last deployed, of those of whom it is known between the moments given."""
    query = (
        select(deploys.c.workload_id, func.max(deploys.c.at).label("at"))
        .where(deploys.c.cluster_id == cluster_id)
        .group_by(deploys.c.workload_id)
    )
    if since is not None:
        query = query.where(deploys.c.at >= since)
    if until is not None:
        query = query.where(deploys.c.at <= until)
    return {row.workload_id: row.at for row in connection.execute(query)}


def demand_samples(
    connection: Connection, cluster_id: UUID, since: float, until: float, workload_ids: Sequence[int]
) -> DemandSamples:
    """Return CPU samples of a cluster's workloads between two epoch seconds, in one query."""
    asked = {"cluster_id": cluster_id, "since": since, "until": until, "workload_ids": list(workload_ids)}
    rows = connection.execute(_SAMPLES, asked).all()
    counts = [len(row[1]) for row in rows]
    return DemandSamples(
        workload_id=np.repeat(np.array([row[0] for row in rows], dtype=np.int64), counts),
        at=_joined([row[1] for row in rows], np.float64),
        cpu_millicores=_joined([row[2] for row in rows], np.float64),
        saturated=_joined([row[3] for row in rows], np.bool_),
    )


def workload_samples(
    connection: Connection, cluster_id: UUID, workload_id: int, since: float, until: float
) -> DemandSamples:
    """Return one workload's CPU samples between two epoch seconds, and five-minute means before the oldest of them."""
    key = {"cluster_id": cluster_id, "workload_id": workload_id, "since": since, "until": until}
    rows = connection.execute(_WORKLOAD_SAMPLES, key).all()
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    return DemandSamples(
        workload_id=np.array(columns[0], dtype=np.int64),
        at=np.array(columns[1], dtype=np.float64),
        cpu_millicores=np.array(columns[2], dtype=np.float64),
        saturated=np.array(columns[3], dtype=np.bool_),
    )


def store_hindcast(connection: Connection, job_id: UUID, workload_id: int, arrays: bytes, keep: timedelta) -> None:
    """Keep what a backtest needs, and drop what older ones left."""
    connection.execute(delete(hindcasts).where(hindcasts.c.made_at < func.now() - keep))
    values = {"workload_id": workload_id, "arrays": arrays}
    statement = insert(hindcasts).values(job_id=job_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[hindcasts.c.job_id], set_=values))


def _joined(lists: list[list[Any]], kind: type[Any]) -> Any:
    return np.fromiter(chain.from_iterable(lists), dtype=kind)


def newest_made_at(connection: Connection, cluster_id: UUID) -> datetime | None:
    """Return when the cluster was last forecast."""
    query = select(func.max(forecasts.c.made_at)).where(forecasts.c.cluster_id == cluster_id)
    return connection.execute(query).scalar_one_or_none()


def insert_forecasts(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write the forecasts of one moment; arrays as `array_literal`, `rhythms` and `spikes` as JSON text."""
    columns = [column.name for column in forecasts.columns]
    copy_rows(connection, forecasts, columns, ([row[name] for name in columns] for row in rows))


def newest_outlook(connection: Connection, cluster_id: UUID) -> datetime | None:
    """Return when outlooks of a cluster were last made."""
    query = select(func.max(outlooks.c.made_at)).where(outlooks.c.cluster_id == cluster_id)
    return connection.execute(query).scalar_one_or_none()


def insert_outlooks(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write outlooks; arrays as `array_literal`."""
    columns = [column.name for column in outlooks.columns]
    copy_rows(connection, outlooks, columns, ([row[name] for name in columns] for row in rows))


def prune_outlooks(connection: Connection, cluster_id: UUID, newest: datetime) -> None:
    """Keep the newest outlooks, and for a day those of each full hour."""
    o = outlooks
    stale = (o.c.made_at < newest - timedelta(days=1)) | (func.extract("minute", o.c.made_at) >= 5)
    connection.execute(o.delete().where(o.c.cluster_id == cluster_id, o.c.made_at < newest, stale))


def prune_bin(connection: Connection, cluster_id: UUID, bin_start: datetime, made_at: datetime) -> None:
    """Drop what a newer forecast of the same five minutes has replaced."""
    connection.execute(_PRUNE_BIN, {"cluster_id": cluster_id, "bin_start": bin_start, "made_at": made_at})


def prune_forecasts(connection: Connection, cluster_id: UUID, before: datetime) -> int:
    """Drop forecasts past retention. Returns how many."""
    result = connection.execute(
        forecasts.delete().where(forecasts.c.cluster_id == cluster_id, forecasts.c.made_at < before)
    )
    return int(result.rowcount)


def model_rows(connection: Connection, cluster_id: UUID, model: str) -> list[tuple[int, datetime, bytes]]:
    """Return (workload, fitted at, state) of the stored models."""
    m = model_states
    query = select(m.c.workload_id, m.c.fitted_at, m.c.state).where(
        m.c.cluster_id == cluster_id, m.c.metric == CPU_METRIC, m.c.model == model
    )
    return [(row.workload_id, row.fitted_at, row.state) for row in connection.execute(query)]


def upsert_model(
    connection: Connection, cluster_id: UUID, workload_id: int, model: str, fitted_at: datetime, state: bytes
) -> None:
    """Store a fitted model in place of the former one."""
    values = {"cluster_id": cluster_id, "model": model, "fitted_at": fitted_at, "state": state}
    statement = insert(model_states).values(workload_id=workload_id, metric=CPU_METRIC, **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[model_states.c.workload_id, model_states.c.metric], set_=values)
    )


def drop_models_of_gone(connection: Connection, cluster_id: UUID, present: Sequence[int]) -> None:
    """Forget models of workloads that are not there any more."""
    connection.execute(
        model_states.delete().where(
            model_states.c.cluster_id == cluster_id,
            model_states.c.workload_id.not_in(list(present)),
        )
    )


def judged_until(connection: Connection, cluster_id: UUID) -> datetime | None:
    """Return the start of the newest bin whose forecasts were judged."""
    query = select(judged_bins.c.until).where(judged_bins.c.cluster_id == cluster_id)
    return connection.execute(query).scalar_one_or_none()


def set_judged_until(connection: Connection, cluster_id: UUID, until: datetime) -> None:
    """Remember the newest judged bin."""
    statement = insert(judged_bins).values(cluster_id=cluster_id, until=until)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[judged_bins.c.cluster_id], set_={"until": until})
    )


def quantiles_said(
    connection: Connection, cluster_id: UUID, start_at: datetime, step: int
) -> list[tuple[int, list[float]]]:
    """Return (workload, quantiles at the path's levels) of one step of the first forecasts that started at a bin."""
    f = forecasts
    levels = [f.c.path_values[level * PATH_STEPS + step] for level in range(7)]
    query = (
        select(f.c.workload_id, *levels)
        .ext(distinct_on(f.c.workload_id))
        .where(
            f.c.cluster_id == cluster_id,
            f.c.metric == CPU_METRIC,
            f.c.made_at >= start_at,
            f.c.made_at < start_at + timedelta(minutes=5),
            f.c.path_start_at == start_at,
        )
        .order_by(f.c.workload_id, f.c.made_at)
    )
    return [(row[0], list(row[1:])) for row in connection.execute(query)]


def add_scores(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add verdicts to the record of their hour."""
    if not rows:
        return
    statement = insert(scores)
    summed = ("judged", "absolute_error", "last_value_error", "yesterday_error", "inside_50", "inside_80", "inside_95")
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(scores.primary_key.columns),
            set_={name: scores.c[name] + statement.excluded[name] for name in summed},
        ),
        list(rows),
    )


def prune_scores(connection: Connection, cluster_id: UUID, before: datetime) -> None:
    """Drop records past retention."""
    connection.execute(scores.delete().where(scores.c.cluster_id == cluster_id, scores.c.hour < before))
