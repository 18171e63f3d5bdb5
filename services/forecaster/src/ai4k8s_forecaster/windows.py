"""Maxima over the next minutes for the workloads of a cluster: fit what is due, evaluate all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_common.store.forecaster import ForecastStatus
from ai4k8s_forecaster.domain.window_batch import fit_windows, follow_windows
from ai4k8s_forecaster.domain.window_features import DAY_MINUTES
from ai4k8s_forecaster.domain.window_maximum import MINIMUM_HISTORY_DAYS, WindowForecast, horizon_minutes
from ai4k8s_forecaster.models import FIXED_HORIZONS, WorkloadModels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ai4k8s_forecaster.domain.arrays import FloatArray
    from ai4k8s_forecaster.domain.grid import Grid
    from ai4k8s_forecaster.repository import ForecastWorkload
    from ai4k8s_forecaster.settings import ForecasterSettings

#: Assumed at least until enough starts have been seen: the slowest of three is no 95th percentile.
DEFAULT_STARTUP_SECONDS = 90.0
ENOUGH_STARTUPS = 10
#: Longest lead time the models are made for.
LONGEST_HORIZON_MINUTES = 20
#: A week of lags, the judged days, and some room.
_PREDICTION_MINUTES = 8 * DAY_MINUTES
#: Workloads at a time, so that a huge cluster does not need as many copies of its past.
_BLOCK, _FIT_BLOCK = 256, 32


@dataclass(frozen=True)
class Windows:
    """What is said about one workload's next minutes, in millicores.

    Attributes:
        status, detail: whether it may set a floor, and why not.
        lead_time_seconds: length of the first window; None without one.
        lead, quarter, hour: quantiles of the maximum at ``window_maximum.LEVELS``; None where nothing is said.
    """

    status: ForecastStatus
    detail: str
    lead_time_seconds: float | None = None
    lead: FloatArray | None = None
    quarter: FloatArray | None = None
    hour: FloatArray | None = None


@dataclass(frozen=True)
class Fitted:
    """Models that were fitted in this cycle and have to be stored."""

    workload_id: int
    models: WorkloadModels


def foresee(
    workloads: Sequence[ForecastWorkload],
    minutes: Grid,
    now: datetime,
    models: dict[int, WorkloadModels],
    settings: ForecasterSettings,
) -> tuple[list[Windows], list[Fitted]]:
    """Evaluate the models of all workloads, after fitting those that are due.

    Args:
        workloads: in the order of the grid's rows.
        minutes: demand in millicores.
        now: the cycle's time.
        models: of the cluster; changed in place.
        settings: how often and how much to fit.
    """
    observed_days = np.isfinite(minutes.values).sum(axis=1) / DAY_MINUTES
    answers = [_refused(workload, float(days)) for workload, days in zip(workloads, observed_days, strict=True)]
    rows = [index for index, answer in enumerate(answers) if answer is None]
    fitted = _fit_due(workloads, rows, minutes, observed_days, now, models, settings)
    ready = [row for row in rows if workloads[row].workload_id in models]
    for start in range(0, len(ready), _BLOCK):
        for row, windows in _followed(workloads, ready[start : start + _BLOCK], minutes, models):
            answers[row] = windows
    waiting = Windows(ForecastStatus.NOT_READY, "waiting for its turn to be fitted")
    return [answer or waiting for answer in answers], fitted


def _followed(
    workloads: Sequence[ForecastWorkload], rows: list[int], minutes: Grid, models: dict[int, WorkloadModels]
) -> Iterator[tuple[int, Windows]]:
    """What the models say now; they themselves move on in ``models``."""
    requests = np.array([_request(workloads[row]) for row in rows])
    recent = minutes.values[rows, -_PREDICTION_MINUTES:] / requests[:, None]
    chosen = [models[workloads[row].workload_id] for row in rows]
    kinds = [[model.lead for model in chosen], *([model.fixed[place] for model in chosen] for place in (0, 1))]
    by_horizon = [follow_windows(kind, recent, minutes.last_bin) for kind in kinds]
    for index, row in enumerate(rows):
        (lead, quarter, hour), (followed, *fixed) = zip(
            *((forecasts[index], after[index]) for forecasts, after in by_horizon), strict=True
        )
        models[workloads[row].workload_id] = replace(chosen[index], lead=followed, fixed=tuple(fixed))
        yield row, _said(lead, quarter, hour, float(requests[index]), chosen[index])


def _fit_due(
    workloads: Sequence[ForecastWorkload],
    rows: list[int],
    minutes: Grid,
    observed_days: FloatArray,
    now: datetime,
    models: dict[int, WorkloadModels],
    settings: ForecasterSettings,
) -> list[Fitted]:
    oldest = timedelta(hours=settings.refit_hours)
    due = []
    for row in rows:
        workload = workloads[row]
        model = models.get(workload.workload_id)
        if model is None or not model.suits(
            now, oldest, float(observed_days[row]), lead_minutes(workload), _request(workload)
        ):
            due.append((model.fitted_at.timestamp() if model else 0.0, row))
    chosen = [row for _, row in sorted(due)[: settings.fits_per_cycle]]
    fitted: list[Fitted] = []
    for start in range(0, len(chosen), _FIT_BLOCK):
        fitted += _fit(
            [workloads[row] for row in chosen[start : start + _FIT_BLOCK]],
            chosen[start : start + _FIT_BLOCK],
            minutes,
            now,
        )
    models |= {each.workload_id: each.models for each in fitted}
    return fitted


def _fit(workloads: Sequence[ForecastWorkload], rows: list[int], minutes: Grid, now: datetime) -> list[Fitted]:
    requests = np.array([_request(workload) for workload in workloads])
    history = minutes.values[rows] / requests[:, None]
    leads = fit_windows(history, minutes.last_bin, [lead_minutes(workload) for workload in workloads])
    fixed = [fit_windows(history, minutes.last_bin, [horizon] * len(rows)) for horizon in FIXED_HORIZONS]
    return [
        Fitted(
            workload.workload_id,
            WorkloadModels(now, float(requests[index]), leads[index], tuple(of[index] for of in fixed)),
        )
        for index, workload in enumerate(workloads)
    ]


def _request(workload: ForecastWorkload) -> float:
    return workload.cpu_request_millicores or 1.0


def lead_minutes(workload: ForecastWorkload) -> int:
    """Whole minutes ahead that a pod started now needs, for a workload of these start-up times."""
    startup = workload.startup_p95_seconds or 0.0
    if workload.startups_seen < ENOUGH_STARTUPS:
        startup = max(startup, DEFAULT_STARTUP_SECONDS)
    return min(horizon_minutes(startup), LONGEST_HORIZON_MINUTES)


def _refused(workload: ForecastWorkload, observed_days: float) -> Windows | None:
    if not workload.cpu_request_millicores or workload.cpu_request_millicores <= 0:
        return Windows(ForecastStatus.NOT_READY, "its pods have no CPU request to measure demand by")
    if observed_days < MINIMUM_HISTORY_DAYS:
        hours, needed = observed_days * 24, MINIMUM_HISTORY_DAYS * 24
        return Windows(ForecastStatus.NOT_READY, f"{hours:.0f} h of {needed:.0f} h collected")
    return None


def _said(
    lead: WindowForecast, quarter: WindowForecast, hour: WindowForecast, request: float, models: WorkloadModels
) -> Windows:
    seconds = lead.horizon_minutes * 60.0
    if not np.isfinite(lead.values).all():
        return Windows(ForecastStatus.GAP, "no measurements in the last minutes", seconds)
    status, detail = ForecastStatus.READY, ""
    if not lead.usable[0]:
        status = ForecastStatus.NO_SKILL
        detail = f"no skill over naive ({100 * float(models.lead.skill[0]):.0f} %)"
    millicores = [
        forecast.values[0] * request if np.isfinite(forecast.values).all() else None for forecast in (quarter, hour)
    ]
    return Windows(status, detail, seconds, lead.values[0] * request, millicores[0], millicores[1])
