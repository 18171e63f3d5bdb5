"""One cluster's forecast, in one transaction: read what is new, foresee, write, tell the scaler."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from ai4k8s_common.contracts.forecaster import AnalyseCluster, ForecastOutlooks
from ai4k8s_common.contracts.scaler import EvaluatePolicies
from ai4k8s_common.store.bulk import array_literal
from ai4k8s_forecaster import repository
from ai4k8s_forecaster.domain.grid import five_minutes_of
from ai4k8s_forecaster.domain.path import PATH_LEVELS, STEP_SECONDS
from ai4k8s_forecaster.domain.summary import summarise
from ai4k8s_forecaster.domain.window_maximum import LEVELS
from ai4k8s_forecaster.judging import judge_what_came
from ai4k8s_forecaster.models import MODEL_NAME, WorkloadModels
from ai4k8s_forecaster.windows import foresee

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.forecaster import ForecastCluster
    from ai4k8s_forecaster.context import Context
    from ai4k8s_forecaster.domain.arrays import FloatArray
    from ai4k8s_forecaster.paths import Paths
    from ai4k8s_forecaster.repository import ForecastWorkload
    from ai4k8s_forecaster.windows import Fitted, Windows

_IN_SHORT = (
    "trend", "trend_p_value", "peak_at", "peak_value", "rhythms", "growth_per_week",
    "spikes", "shifted_at", "shift_value", "skill",
)  # fmt: skip
_LEVELS, _PATH_LEVELS = array_literal(LEVELS.tolist()), array_literal(PATH_LEVELS.tolist())

log = structlog.stdlib.get_logger(__name__)


def forecast_cluster(tx: Transaction, context: Context, message: ForecastCluster) -> None:
    """Forecast all workloads of a cluster as of one cycle and pass the claim check on.

    A cycle that comes after a later one has nothing to tell any more: its forecast would look back.
    """
    newest = repository.newest_made_at(tx.connection, message.cluster_id)
    if newest is not None and newest >= message.cycle_at:
        log.info("cycle_skipped", cluster_id=str(message.cluster_id), reason="it or a later one was forecast already")
        return
    workloads = repository.present_workloads(tx.connection, message.cluster_id)
    if workloads:
        _forecast(tx, context, message, workloads)
    tx.send(EvaluatePolicies(cluster_id=message.cluster_id, cycle_id=message.cycle_id, cycle_at=message.cycle_at))
    until = five_minutes_of(message.cycle_at)
    if newest is None or newest < until:
        # The first cycle after five full minutes: what they held is in the store by now.
        tx.send(AnalyseCluster(cluster_id=message.cluster_id, until=until))
        tx.send(ForecastOutlooks(cluster_id=message.cluster_id, at=message.cycle_at))


def _forecast(
    tx: Transaction, context: Context, message: ForecastCluster, workloads: Sequence[ForecastWorkload]
) -> None:
    cluster_id, now = message.cluster_id, message.cycle_at
    ids = tuple(workload.workload_id for workload in workloads)
    past = repository.state_of_past(tx.connection, cluster_id)
    minutes = context.history.minutes(tx.connection, cluster_id, ids, now, past)
    deployed_at = repository.newest_deploys(tx.connection, cluster_id, until=now)
    paths = context.paths.of(cluster_id, ids, minutes, past, deployed_at)
    judge_what_came(tx.connection, cluster_id, paths)
    windows, fitted = foresee(workloads, minutes, now, _models(tx, context, message), context.settings)
    rows = [_row(message, workload, paths, index, windows[index]) for index, workload in enumerate(workloads)]
    repository.insert_forecasts(tx.connection, rows)
    repository.prune_bin(tx.connection, cluster_id, five_minutes_of(now), now)
    if fitted:
        _store(tx, message, fitted, ids)
        before = now - timedelta(hours=context.settings.keep_hours)
        repository.prune_forecasts(tx.connection, cluster_id, before)
        repository.prune_scores(tx.connection, cluster_id, now - timedelta(weeks=context.settings.keep_score_weeks))
    log.info(
        "cluster_forecast",
        cluster_id=str(cluster_id),
        workloads=len(workloads),
        ready=sum(row["window_status"] == "ready" for row in rows),
        fitted=len(fitted),
    )


def _models(tx: Transaction, context: Context, message: ForecastCluster) -> dict[int, WorkloadModels]:
    """Models in memory, read from the store on the first look at a cluster."""
    if not context.models.knows(message.cluster_id):
        stored = context.models.of(message.cluster_id)
        for workload_id, fitted_at, state in repository.model_rows(tx.connection, message.cluster_id, MODEL_NAME):
            models = WorkloadModels.from_bytes(state, fitted_at)
            if models is not None and fitted_at <= message.cycle_at:
                stored[workload_id] = models
    return context.models.of(message.cluster_id)


def _store(tx: Transaction, message: ForecastCluster, fitted: Sequence[Fitted], ids: Sequence[int]) -> None:
    for each in fitted:
        repository.upsert_model(
            tx.connection,
            message.cluster_id,
            each.workload_id,
            MODEL_NAME,
            each.models.fitted_at,
            each.models.to_bytes(),
        )
    repository.drop_models_of_gone(tx.connection, message.cluster_id, ids)


def _row(
    message: ForecastCluster, workload: ForecastWorkload, paths: Paths, index: int, windows: Windows
) -> dict[str, Any]:
    return {
        "workload_id": workload.workload_id,
        "metric": repository.CPU_METRIC,
        "made_at": message.cycle_at,
        "cluster_id": message.cluster_id,
        "cycle_id": message.cycle_id,
        **_path_columns(workload, paths, index),
        "window_status": windows.status.value,
        "window_detail": windows.detail,
        "lead_time_seconds": windows.lead_time_seconds,
        "window_levels": _LEVELS if windows.lead is not None else None,
        "window_values": _rounded(windows.lead),
        "window_15m_values": _rounded(windows.quarter),
        "window_60m_values": _rounded(windows.hour),
    }


def _path_columns(workload: ForecastWorkload, paths: Paths, index: int) -> dict[str, Any]:
    """What stays the same until the next path, or until the workload is scaled."""
    key = (index, workload.cpu_request_millicores, workload.ready_replicas)
    if key not in paths.columns:
        state, path = paths.states[index], paths.forecast.values[index]
        told = bool(np.isfinite(path).all())
        paths.columns[key] = {
            "status": state.status.value,
            "detail": state.detail,
            "history_hours": state.observed_hours,
            **(_in_short(workload, paths, index) if told else {"sentence": ""} | dict.fromkeys(_IN_SHORT)),
            "method": paths.methods[index],
            "path_start_at": paths.start_at if told else None,
            "path_step_seconds": STEP_SECONDS if told else None,
            "path_levels": _PATH_LEVELS if told else None,
            "path_values": _rounded(path.ravel()) if told else None,
        }
    return paths.columns[key]


def _in_short(workload: ForecastWorkload, paths: Paths, index: int) -> dict[str, Any]:
    """What the numbers say, for people and programs that do not want to read 504 of them."""
    summary = summarise(
        paths.forecast.values[index],
        paths.start_at,
        STEP_SECONDS,
        workload.cpu_request_millicores,
        workload.ready_replicas,
    )
    character, shifts = paths.characters[index], paths.forecast.shifts
    shifted, skill = int(shifts.age_hours[index]), float(paths.forecast.skill[index])
    return {
        "sentence": summary.sentence,
        "trend": summary.trend.value,
        "trend_p_value": summary.trend_p_value,
        "peak_at": summary.peak_at,
        "peak_value": round(summary.peak, 3),
        "rhythms": json.dumps({rhythm.value: share for rhythm, share in character.rhythms.items()}),
        "growth_per_week": character.growth_per_week,
        "spikes": json.dumps(asdict(character.spikes)) if character.spikes else None,
        "shifted_at": paths.start_at - timedelta(hours=shifted) if shifted else None,
        "shift_value": round(float(shifts.height[index]), 3) if shifted else None,
        "skill": round(skill, 4) if paths.forecast.judged[index] and np.isfinite(skill) else None,
    }


def _rounded(values: FloatArray | None) -> str | None:
    return None if values is None else array_literal(np.round(values, 3).tolist())
