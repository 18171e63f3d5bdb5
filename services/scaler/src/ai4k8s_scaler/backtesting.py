"""A workload's own past under our policy and its alternatives, for a person who wants to see before trusting.

Three steps, each a message: we look whether there is anything to replay, the forecaster says what it would have
foreseen, and we replay. The job is ours from beginning to end.
"""

from __future__ import annotations

import io
import math
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.forecaster import HindcastWorkload
from ai4k8s_common.contracts.scaler import BacktestWorkload
from ai4k8s_common.errors import InvalidInputError, NotFoundError
from ai4k8s_common.store.base import JobStatus
from ai4k8s_scaler import repository
from ai4k8s_scaler.domain import backtest
from ai4k8s_scaler.domain.advice import recommend
from ai4k8s_scaler.domain.backtest import Contender, Kind, Result, Rules
from ai4k8s_scaler.domain.contenders import TOLD_LATE_TICKS, Foreseen
from ai4k8s_scaler.domain.fleet import World
from ai4k8s_scaler.domain.replay import TICK_SECONDS, FloatArray, Outcome
from ai4k8s_scaler.hindsight import on_ticks
from ai4k8s_scaler.policies import effective_policy

if TYPE_CHECKING:
    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.scaler import ReplayBacktest
    from ai4k8s_scaler.context import Context

DEFAULT_STARTUP_SECONDS = (60.0, 75.0, 90.0)
#: Bounds of a workload without a policy: enough that they do not decide the comparison.
FREE_FACTOR = 4
MINUTE = timedelta(minutes=1)

log = structlog.stdlib.get_logger(__name__)


def backtest_workload(tx: Transaction, context: Context, message: BacktestWorkload) -> None:
    """Ask the forecaster what it would have said. Raises NotFoundError."""
    row = repository.workload_for_person(tx.connection, message.cluster_id, message.workload_id)
    if row is None:
        raise NotFoundError("this workload or its cluster is not connected any more")
    tx.report_job(_progress(message.job_id, 10, f"reading {message.days} days of {row.namespace}/{row.name}"))
    tx.send(
        HindcastWorkload(
            job_id=message.job_id,
            cluster_id=message.cluster_id,
            workload_id=message.workload_id,
            days=message.days,
            slo_short_share=message.slo_short_share,
            until=context.clock(),
        )
    )


def replay_backtest(tx: Transaction, context: Context, message: ReplayBacktest) -> None:
    """Replay and report. Raises InvalidInputError with the reason when there is nothing to replay."""
    row = repository.workload_for_person(tx.connection, message.cluster_id, message.workload_id)
    if row is None:
        raise NotFoundError("this workload or its cluster is not connected any more")
    if message.problem:
        raise InvalidInputError(message.problem, hint="Try again when more has been observed.")
    packed = repository.hindcast_arrays(tx.connection, message.job_id)
    if packed is None:
        raise NotFoundError("what was foreseen for this backtest is not kept any more", hint="Start it again.")
    with np.load(io.BytesIO(packed)) as arrays:
        past = {name: arrays[name] for name in arrays.files}
    tx.report_job(_progress(message.job_id, 50, "replaying"))
    result = _replayed(tx, context, row, past, message)
    done = JobReport(
        message.job_id, BacktestWorkload.name, JobStatus.COMPLETED, 100, result["recommendation"]["sentence"], result
    )
    tx.report_job(done)
    log.info("workload_backtested", workload_id=message.workload_id, days=result["days"])


def _progress(job_id: Any, percent: int, words: str) -> JobReport:
    return JobReport(job_id, BacktestWorkload.name, JobStatus.PROCESSING, percent, words)


def _replayed(
    tx: Transaction, context: Context, row: Row[Any], past: dict[str, Any], message: ReplayBacktest
) -> dict[str, Any]:
    minutes = past["demand"].astype(np.float64)
    told = np.isfinite(past["values"]).all(axis=1)
    # Nobody is judged before the forecast has had the history it needs; without any, everybody from the start.
    first = int(np.argmax(told)) if told.any() else 0
    rules = _rules(row, minutes, message.slo_short_share)
    interval = row.interval_seconds or context.interval.total_seconds()
    lag = repository.metric_lag(tx.connection, row.cluster_id)
    # What is decided on is up to a cycle old, and as old again as metrics are by the time of the decision.
    late = max(TOLD_LATE_TICKS, math.ceil((interval + (lag or 0.0)) / TICK_SECONDS))
    startup = list(row.startup_seconds or ()) or list(DEFAULT_STARTUP_SECONDS)
    world = World(np.repeat(minutes, backtest.TICKS_A_MINUTE)[None], startup)
    foreseen = Foreseen.of(
        past["levels"].tolist(), past["values"].astype(np.float64)[None], past["usable"][None], minutes[None], late
    )
    count_from = first * backtest.TICKS_A_MINUTE
    results = backtest.one_past(world, foreseen, rules, count_from, round((lag or 0.0) / TICK_SECONDS))
    begin = datetime.fromtimestamp((int(past["first_minute"]) + first) * 60, tz=UTC)
    end = datetime.fromtimestamp((int(past["first_minute"]) + minutes.size) * 60, tz=UTC)
    ran = _as_it_ran(tx, row, world.demand[0, count_from:], begin, message.workload_id)
    if row.desired_replicas:
        results.append(backtest.rightsized(world.demand[0], row.desired_replicas, count_from=count_from))
    advice = recommend(results, ran, rules.slo_short_share)
    front = {id(result) for result in backtest.pareto(results)}
    return {
        "workload_id": message.workload_id,
        "workload": f"{row.namespace}/{row.name}",
        "from": begin.isoformat(),
        "to": end.isoformat(),
        "days": round((end - begin).total_seconds() / 86_400, 2),
        "history_days": round(minutes.size / 1440, 2),
        "forecast_share": round(float(past["usable"][first:].mean()), 3),
        "forecast_skill": round(float(past["skill"]), 3),
        "slo_short_share": rules.slo_short_share,
        "min_replicas": rules.min_replicas,
        "max_replicas": rules.max_replicas,
        "startup_seconds": [round(value, 1) for value in startup],
        "startup_measured": bool(row.startup_seconds),
        "metrics_late_seconds": late * TICK_SECONDS,
        "metrics_lag_seconds": None if lag is None else round(lag, 1),
        "cpu_request_millicores": row.cpu_request_millicores,
        "memory_request_bytes": row.memory_request_bytes,
        "contenders": [_told(result, rules, on_front=id(result) in front) for result in results],
        "as_it_ran": None if ran is None else _told(ran, rules, on_front=False),
        "recommendation": asdict(advice),
    }


def _rules(row: Row[Any], minutes: FloatArray, slo_short_share: float | None) -> Rules:
    policy = effective_policy(row)
    if policy is None or policy.problem:
        highest = math.ceil(float(np.nanmax(minutes)))
        slo = 0.01 if slo_short_share is None else slo_short_share
        return Rules(slo, 1, max(10, FREE_FACTOR * highest))
    limits = policy.limits
    return Rules(
        limits.slo_short_share if slo_short_share is None else slo_short_share,
        max(limits.min_replicas, 1),
        limits.max_replicas,
        limits.target_percent,
    )


def _as_it_ran(tx: Transaction, row: Row[Any], demand: FloatArray, begin: datetime, workload_id: int) -> Result | None:
    """What really happened, where replicas were stored."""
    end = begin + timedelta(seconds=demand.size * TICK_SECONDS)
    samples = repository.samples_between(tx.connection, workload_id, begin - MINUTE, end)
    _, ready, specified = on_ticks(samples, begin, demand.size, float(row.cpu_request_millicores or 0.0))
    known = np.isfinite(demand) & (specified > 0)
    if known.mean() < 0.5:
        return None
    outcome = Outcome(ready, specified)
    # Hours in which nothing was stored are paid for by nobody else either: all are compared on the same footing.
    share = float(np.isfinite(demand).sum() / known.sum())
    days = max(known.sum() * TICK_SECONDS / 86_400, 1e-9)
    changes = np.count_nonzero(np.diff(specified[known]))
    return Result(
        Contender(Kind.AS_IT_RAN),
        outcome.short(np.where(known, demand, np.nan)),
        float(specified[known].sum()) * TICK_SECONDS / 3600 * share,
        changes / days,
    )


def _told(result: Result, rules: Rules, *, on_front: bool) -> dict[str, Any]:
    return {
        "kind": result.contender.kind.value,
        "target_percent": result.contender.target_percent,
        "replicas": result.contender.replicas,
        "short_share": round(result.short_share, 6),
        "pod_hours": round(result.pod_hours, 2),
        "changes_per_day": round(result.changes_per_day, 1),
        "within_slo": result.short_share <= rules.slo_short_share,
        "on_front": on_front,
    }
