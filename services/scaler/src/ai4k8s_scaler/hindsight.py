"""Looks back at what was done: first while it is still young, so that people see it, then for good."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from ai4k8s_scaler import repository
from ai4k8s_scaler.domain.judgement import judge
from ai4k8s_scaler.domain.replay import TICK_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_scaler.context import Context
    from ai4k8s_scaler.domain.replay import FloatArray, IntArray

#: Before this much time has passed after the lead time there is nothing to see.
YOUNGEST = timedelta(seconds=90)
#: A sample speaks for at most this many ticks.
CARRY_TICKS = 5
DEFAULT_STARTUP_SECONDS = 60.0
DEFAULT_LEAD_SECONDS = 120.0

log = structlog.stdlib.get_logger(__name__)


def judge_decisions(tx: Transaction, context: Context) -> None:
    """Judge decisions whose time has come, and those still running provisionally."""
    now = context.clock()
    final_after = timedelta(seconds=context.settings.judge_after_seconds)
    for row in repository.unjudged(tx.connection, now - YOUNGEST, context.settings.judgements_per_tick):
        lead = float((row.forecast or {}).get("lead_time_seconds") or DEFAULT_LEAD_SECONDS)
        until = min(now, row.outcome_at + final_after)
        final = until < now
        if not final and now - row.outcome_at < YOUNGEST + timedelta(seconds=lead):
            continue
        judgement = _judgement(tx, row, until, lead)
        judgement["final"] = final
        repository.record_judgement(tx.connection, row.id, judgement, now if final else None)
        if final:
            log.info("decision_judged", decision_id=str(row.id), verdict=judgement["verdict"])


def _judgement(tx: Transaction, row: Row[Any], until: datetime, lead_seconds: float) -> dict[str, Any]:
    samples = repository.samples_between(
        tx.connection, row.workload_id, row.outcome_at - timedelta(seconds=CARRY_TICKS * TICK_SECONDS), until
    )
    ticks = max(int((until - row.outcome_at).total_seconds() // TICK_SECONDS), 1)
    request = row.cpu_request_millicores or (row.inputs or {}).get("cpu_request_millicores") or 0.0
    demand, ready, specified = on_ticks(samples, row.outcome_at, ticks, float(request))
    judged = judge(
        demand,
        ready,
        specified,
        startup_seconds=list(row.startup_seconds or ()) or [DEFAULT_STARTUP_SECONDS],
        max_replicas=int((row.inputs or {}).get("max_replicas") or 1_000),
        lead_time_seconds=lead_seconds,
    )
    out = asdict(judged)
    out["verdict"] = judged.verdict.value
    out["hpa"]["replicas"] = list(judged.hpa.replicas)
    out["hpa"]["tick_seconds"] = TICK_SECONDS
    out["until"] = until.isoformat()
    return out


def on_ticks(
    samples: Sequence[Row[Any]], start: datetime, ticks: int, request_millicores: float
) -> tuple[FloatArray, IntArray, IntArray]:
    """Samples on ticks of 15 s: each speaks until the next, for 75 s at most.

    Returns:
        Demand in pods (NaN where nothing was measured), ready pods, ``spec.replicas``.
    """
    demand = np.full(ticks, np.nan)
    ready, specified = np.zeros(ticks, np.int64), np.zeros(ticks, np.int64)
    for sample in samples:
        first = int(np.ceil((sample.at - start).total_seconds() / TICK_SECONDS - 1e-9))
        part = slice(max(first, 0), min(max(first + CARRY_TICKS, 0), ticks))
        demand[part] = np.nan
        if sample.cpu_usage_millicores is not None and request_millicores > 0 and sample.ready_replicas is not None:
            demand[part] = sample.cpu_usage_millicores / request_millicores
        ready[part] = sample.ready_replicas or 0
        specified[part] = sample.desired_replicas if sample.desired_replicas is not None else ready[part]
    return demand, ready, specified
