"""Judges forecasts whose time has come, once per five-minute bin and cluster, and adds to the record by the hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from ai4k8s_forecaster import repository
from ai4k8s_forecaster.domain.path import STEP_SECONDS
from ai4k8s_forecaster.domain.record import JUDGED_STEPS, Verdicts, judge
from ai4k8s_forecaster.metrics import FORECASTS_INSIDE, FORECASTS_JUDGED

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_forecaster.domain.arrays import FloatArray
    from ai4k8s_forecaster.paths import Paths

#: After a longer pause the bins before are left unjudged: their forecasts are no longer what anybody acts on.
_MOST_BINS = 12
SHARES = (50, 80, 95)


def judge_what_came(connection: Connection, cluster_id: UUID, paths: Paths) -> int:
    """Judge every bin that was completed since the last time. Returns how many forecasts were judged."""
    newest = paths.recent.last_bin
    until = repository.judged_until(connection, cluster_id)
    first = newest if until is None else max(int(until.timestamp()) // STEP_SECONDS + 1, newest - _MOST_BINS + 1)
    judged = 0
    for target in range(first, newest + 1):
        for steps in JUDGED_STEPS:
            judged += _judge_bin(connection, cluster_id, paths, target, steps)
    if until is None or first <= newest:
        repository.set_judged_until(connection, cluster_id, _start(newest))
    return judged


def _judge_bin(connection: Connection, cluster_id: UUID, paths: Paths, target: int, steps: int) -> int:
    made = _start(target - steps + 1)
    quantiles = np.full((len(paths.ids), 7), np.nan)
    position = {workload_id: index for index, workload_id in enumerate(paths.ids)}
    for workload_id, said in repository.quantiles_said(connection, cluster_id, made, steps):
        if workload_id in position:
            quantiles[position[workload_id]] = said
    verdicts = judge(paths.recent, target, steps, quantiles)
    hour = _start(target).replace(minute=0)
    rows = [
        _row(verdicts, int(index), paths.ids[index], cluster_id, hour, steps)
        for index in np.flatnonzero(verdicts.judged)
    ]
    repository.add_scores(connection, rows)
    _count(verdicts, steps)
    return len(rows)


def _row(
    verdicts: Verdicts, index: int, workload_id: int, cluster_id: UUID, hour: datetime, steps: int
) -> dict[str, Any]:
    return {
        "workload_id": workload_id,
        "metric": repository.CPU_METRIC,
        "horizon_minutes": steps * STEP_SECONDS // 60,
        "hour": hour,
        "cluster_id": cluster_id,
        "judged": 1,
        "absolute_error": float(verdicts.absolute_error[index]),
        "last_value_error": _or_zero(verdicts.last_value_error, index),
        "yesterday_error": _or_zero(verdicts.yesterday_error, index),
    } | {f"inside_{share}": int(verdicts.inside[index, place]) for place, share in enumerate(SHARES)}


def _or_zero(errors: FloatArray, index: int) -> float:
    """A naive forecast that had nothing to go by is counted as right: the comparison never flatters us."""
    return float(errors[index]) if np.isfinite(errors[index]) else 0.0


def _count(verdicts: Verdicts, steps: int) -> None:
    horizon = f"{steps * STEP_SECONDS // 60}m"
    FORECASTS_JUDGED.labels(horizon).inc(int(verdicts.judged.sum()))
    for place, share in enumerate(SHARES):
        inside = int((verdicts.inside[:, place] & verdicts.judged).sum())
        FORECASTS_INSIDE.labels(horizon, f"{share}").inc(inside)


def _start(number: int) -> datetime:
    return datetime.fromtimestamp(0, tz=UTC) + timedelta(seconds=number * STEP_SECONDS)
