"""Six hours ahead of memory, network, disks and requests, and of node groups and clusters as a whole.

Nothing is scaled by these, so they have a message of their own every five minutes and wait in the queue for long work.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from ai4k8s_common.store.bulk import array_literal
from ai4k8s_common.store.forecaster import Measure, Subject
from ai4k8s_forecaster import repository
from ai4k8s_forecaster.domain.character import describe
from ai4k8s_forecaster.domain.grid import FIVE_MINUTES_SECONDS, five_minutes_of
from ai4k8s_forecaster.domain.path import PATH_LEVELS, STEP_SECONDS, forecast_path
from ai4k8s_forecaster.domain.status import history_states
from ai4k8s_forecaster.domain.summary import summarise
from ai4k8s_forecaster.measures import whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.forecaster import ForecastOutlooks
    from ai4k8s_forecaster.context import Context
    from ai4k8s_forecaster.domain.arrays import FloatArray
    from ai4k8s_forecaster.measures import Measured

_LEVELS = array_literal(PATH_LEVELS.tolist())
_SAID = ("trend", "trend_p_value", "peak_at", "peak_value", "growth_per_week", "skill",
         "path_start_at", "path_step_seconds", "path_levels", "path_values")  # fmt: skip

log = structlog.stdlib.get_logger(__name__)


def foresee_outlooks(tx: Transaction, context: Context, message: ForecastOutlooks) -> None:
    """Foresee everything but the CPU of workloads from the end of the last complete bin on; once a bin."""
    start_at = five_minutes_of(message.at)
    newest = repository.newest_outlook(tx.connection, message.cluster_id)
    if newest is not None and newest >= start_at:
        log.info("outlooks_skipped", cluster_id=str(message.cluster_id), reason="these or later ones were made already")
        return
    past = repository.state_of_past(tx.connection, message.cluster_id)
    asked = (tx.connection, message.cluster_id, _last_complete_bin(start_at), past)
    workloads = context.measures.workloads(*asked)
    rows = [
        *_rows(message.cluster_id, Subject.WORKLOAD, _beside_cpu(workloads), start_at),
        *_rows(message.cluster_id, Subject.NODE_GROUP, context.measures.node_groups(*asked), start_at),
        *_rows(message.cluster_id, Subject.CLUSTER, whole(workloads), start_at),
    ]
    repository.insert_outlooks(tx.connection, rows)
    repository.prune_outlooks(tx.connection, message.cluster_id, start_at)
    log.info("outlooks_made", cluster_id=str(message.cluster_id), outlooks=len(rows))


def _last_complete_bin(start_at: datetime) -> int:
    return int(start_at.timestamp()) // FIVE_MINUTES_SECONDS - 1


def _beside_cpu(workloads: Measured) -> Measured:
    """What `forecasts` does not have."""
    values = dict(workloads.values)
    values.pop(Measure.CPU, None)
    return replace(workloads, values=values)


def _rows(cluster_id: UUID, subject: Subject, measured: Measured, start_at: datetime) -> Iterator[dict[str, Any]]:
    for measure, history in measured.values.items():
        present = np.flatnonzero(np.isfinite(history).any(axis=1))
        if present.size:
            names = [measured.names[number] for number in present]
            for name, said in zip(names, _foreseen(history[present], start_at), strict=True):
                yield {
                    "cluster_id": cluster_id,
                    "subject": subject.value,
                    "name": name,
                    "measure": Measure(measure).value,
                    "made_at": start_at,
                    **said,
                }


def _foreseen(history: FloatArray, start_at: datetime) -> Iterator[dict[str, Any]]:
    states = history_states(history, FIVE_MINUTES_SECONDS)
    forecast = forecast_path(history, states)
    characters = describe(history)
    for index, state in enumerate(states):
        skill, path = float(forecast.skill[index]), forecast.values[index]
        judged = state.judged_by(skill)
        out: dict[str, Any] = {
            "status": judged.status.value,
            "detail": judged.detail,
            "history_hours": state.observed_hours,
        } | dict.fromkeys(_SAID)
        if np.isfinite(path).all():
            summary = summarise(path, start_at, STEP_SECONDS, None, 0)
            out |= {
                "trend": summary.trend.value,
                "trend_p_value": summary.trend_p_value,
                "peak_at": summary.peak_at,
                "peak_value": float(f"{summary.peak:.6g}"),
                "growth_per_week": characters[index].growth_per_week,
                "skill": round(skill, 4) if forecast.judged[index] and np.isfinite(skill) else None,
                "path_start_at": start_at,
                "path_step_seconds": STEP_SECONDS,
                "path_levels": _LEVELS,
                "path_values": array_literal([float(f"{value:.6g}") for value in path.ravel().tolist()]),
            }
        yield out
