"""The upper quantiles of the highest demand over the next minutes: what scaling ahead of demand needs.

A pod started now serves in a minute or two, so the question is not "how much at 14:05" but "how much at most until a
pod started now can help". Location by ridge regression on rises that recur, scale by a second one on past errors, and
quantiles from the standardised errors the model really made in its last three days, each day foreseen by a model that
had not seen it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np

from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray, Rows, single_precision
from ai4k8s_forecaster.domain.course import Course, Measured
from ai4k8s_forecaster.domain.ridge import Ridge, fit_growing_ridges, fit_ridge
from ai4k8s_forecaster.domain.window_features import (
    DAY_MINUTES,
    JITTER_MINUTES,
    RARE_INPUTS,
    demand_features,
    error_features,
    log_demand_of,
    rise_of,
)

#: Levels at which F_q is published; dense in the tail, where the price of a pod is weighed against being short.
LEVELS: FloatArray = np.array(
    [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.975, 0.98, 0.985, 0.99, 0.993, 0.995, 0.997, 0.998]
)
MINIMUM_HISTORY_DAYS = 1.75
TRAINING_DAYS = 7
JUDGED_DAYS = 3
MINIMUM_SKILL = 0.02
REACTION_SECONDS = 60.0
HISTORY_LAG_SECONDS = 60.0
HEADROOM_OVER_HIGHEST = 1.2
#: "Three days ago, give or take two minutes" must still be held.
_KEPT_ERRORS = JUDGED_DAYS * DAY_MINUTES + JITTER_MINUTES + 1
#: The newest minutes may still get samples: errors that rest on them are made anew in the next cycle.
_UNSETTLED_MINUTES = 3
_RECENCY_MINUTES = 4.0 * DAY_MINUTES
_RARE_LIMIT = 12.0
_COMMON_LIMIT = 4.0
_ERROR_OFFSET = 0.02


@dataclass(frozen=True)
class WindowModel:
    """Fitted state for a batch of series: small arrays, so that each cycle only evaluates it.

    Attributes:
        horizon_minutes: length of the window.
        fit_minute: minute since the epoch of the newest bin that was learnt from.
        error_minute: minute since the epoch of the newest of ``abs_errors``.
        location, scale: the two regressions.
        error_quantiles: ``[series, levels]`` of standardised errors.
        abs_errors: ``[series, minutes]`` of the last three days, ending at ``error_minute``; NaN where not known.
        highest: ``[series]`` highest ln(demand + 1) seen.
        observed_days: ``[series]`` days of history.
        skill: ``[series]`` share by which the pinball loss is below that of a constant rise, on days not learnt from.
    """

    horizon_minutes: int
    fit_minute: int
    error_minute: int
    location: Ridge
    scale: Ridge
    error_quantiles: FloatArray
    abs_errors: FloatArray
    highest: FloatArray
    observed_days: FloatArray
    skill: FloatArray

    def to_arrays(self) -> dict[str, FloatArray]:
        """Plain arrays by name, for storage."""
        out = {
            "horizon_minutes": np.array(float(self.horizon_minutes)),
            "fit_minute": np.array(float(self.fit_minute)),
            "error_minute": np.array(float(self.error_minute)),
        }
        for name in ("error_quantiles", "abs_errors", "highest", "observed_days", "skill"):
            out[name] = getattr(self, name)
        for part in ("location", "scale"):
            ridge = getattr(self, part)
            out |= {f"{part}.{field.name}": getattr(ridge, field.name) for field in fields(Ridge)}
        return out

    @classmethod
    def from_arrays(cls, arrays: dict[str, FloatArray]) -> WindowModel:
        """The inverse of ``to_arrays``."""
        ridges = {
            part: Ridge(**{field.name: arrays[f"{part}.{field.name}"] for field in fields(Ridge)})
            for part in ("location", "scale")
        }
        return cls(
            horizon_minutes=int(arrays["horizon_minutes"]),
            fit_minute=int(arrays["fit_minute"]),
            error_minute=int(arrays["error_minute"]),
            location=ridges["location"],
            scale=ridges["scale"],
            error_quantiles=arrays["error_quantiles"],
            abs_errors=arrays["abs_errors"],
            highest=arrays["highest"],
            observed_days=arrays["observed_days"],
            skill=arrays["skill"],
        )


@dataclass(frozen=True)
class WindowForecast:
    """F_q of the maximum over the next ``horizon_minutes``, in the units of the demand given.

    Attributes:
        horizon_minutes: length of the window.
        levels: the q.
        values: ``[series, levels]``; NaN where nothing may be said.
        usable: ``[series]`` false where history or skill does not suffice: then there is no predictive floor.
    """

    horizon_minutes: int
    levels: FloatArray
    values: FloatArray
    usable: BoolArray


def horizon_minutes(startup_seconds: float) -> int:
    """Whole minutes to look ahead: until a pod started now serves, a minute to notice and act, a minute of lag.

    The lag is that of the past: rates over two minutes and sums over pods that were themselves late show a rise about
    a minute after it came, so that "at this time yesterday" is read a minute late.
    """
    return math.ceil((startup_seconds + REACTION_SECONDS + HISTORY_LAG_SECONDS) / 60.0)


def fit_window_model(demand: FloatArray, last_minute: int, horizon_minutes: int) -> WindowModel:
    """Learn from ``demand`` ``[series, minutes]`` (units of one pod's request, NaN where not measured).

    Args:
        demand: history, the newest minute last.
        last_minute: minute since the epoch of the newest bin.
        horizon_minutes: length of the window whose maximum is foreseen.
    """
    minutes = demand.shape[1]
    rows = Rows(max(0, minutes - TRAINING_DAYS * DAY_MINUTES), minutes)
    course = Measured(demand, rows)
    log_demand = log_demand_of(course)
    rise = rise_of(log_demand, horizon_minutes).at(0, rows)
    inputs = demand_features(course, horizon_minutes, rows)
    recency = np.exp((np.arange(rows.size) - rows.size) / _RECENCY_MINUTES)
    limit = _limits(inputs.shape[1])
    known = [_winsorised(_before(rise, start - horizon_minutes)) for start, _ in _folds(rows.size)]
    *folds, location = fit_growing_ridges(inputs, [*known, _winsorised(rise)], recency, limit)
    predicted = np.full_like(rise, np.nan)
    for number, (fold, (start, stop)) in enumerate(zip(folds, _folds(rows.size), strict=True)):
        judged_rows = slice(start if number else 0, stop)
        predicted[:, judged_rows] = fold.predict(inputs[:, :, judged_rows])
    error = rise - predicted
    scale, spread = _fit_scale(np.abs(error), log_demand, predicted, horizon_minutes, rows)
    judged = slice(_folds(rows.size)[0][0], rows.size)
    standardised = (error / spread)[:, judged]
    keep = min(rows.size, _KEPT_ERRORS)
    kept = np.pad(np.abs(error)[:, -keep:], ((0, 0), (_KEPT_ERRORS - keep, 0)), constant_values=np.nan)
    kept[:, -horizon_minutes - _UNSETTLED_MINUTES :] = np.nan
    return WindowModel(
        horizon_minutes=horizon_minutes,
        fit_minute=last_minute,
        error_minute=last_minute,
        location=location,
        scale=scale,
        error_quantiles=_quantiles(standardised, LEVELS),
        abs_errors=single_precision(kept),
        highest=np.log1p(np.fmax.reduce(demand, axis=1)),
        observed_days=np.isfinite(demand).sum(axis=1) / DAY_MINUTES,
        skill=_skill(rise[:, judged], predicted[:, judged], spread[:, judged]),
    )


def predict_window(model: WindowModel, demand: FloatArray, last_minute: int) -> WindowForecast:
    """F_q at the newest minute of ``demand``; the same series in the same order as the model was fitted on.

    Args:
        model: fitted earlier, on history that ends at or before ``last_minute``.
        demand: ``[series, minutes]``, at least eight days where they exist.
        last_minute: minute since the epoch of the newest bin.
    """
    return follow_window(model, demand, last_minute)[0]


def skilled(model: WindowModel) -> BoolArray:
    """``[series]``: whether history and skill allow a predictive floor."""
    out: BoolArray = (model.observed_days >= MINIMUM_HISTORY_DAYS) & (model.skill >= MINIMUM_SKILL)
    return out


def predict_minutes(model: WindowModel, demand: FloatArray, last_minute: int, count: int) -> FloatArray:
    """F_q ``[series, count, levels]`` as it was said at each of the newest ``count`` minutes, all after the fit.

    What is said at a minute rests on nothing that came after it. Arguments as for ``predict_window``.
    """
    return _foreseen(model, demand, last_minute, count)[0]


def follow_window(model: WindowModel, demand: FloatArray, last_minute: int) -> tuple[WindowForecast, WindowModel]:
    """``predict_window``, and the model with the errors that became known since it was last asked.

    A cycle that goes on from there looks at the minutes since the last one, not since the fit.
    """
    values, errors = _foreseen(model, demand, last_minute, 1)
    usable = np.isfinite(values[:, 0]).all(axis=1) & skilled(model)
    kept = errors[:, -model.abs_errors.shape[1] :].copy()
    kept[:, -model.horizon_minutes - _UNSETTLED_MINUTES :] = np.nan
    forecast = WindowForecast(model.horizon_minutes, LEVELS, values[:, 0], usable)
    return forecast, replace(model, error_minute=last_minute, abs_errors=kept)


def _foreseen(model: WindowModel, demand: FloatArray, last_minute: int, count: int) -> tuple[FloatArray, FloatArray]:
    """F_q at the newest ``count`` minutes, and all errors known by now, the newest minute last."""
    minutes, since = demand.shape[1], last_minute - model.error_minute
    # Errors of the last horizon were not known then; they are now.
    unknown = model.horizon_minutes + _UNSETTLED_MINUTES
    tail = Rows(max(0, minutes - max(since, count) - unknown - 1), minutes)
    course = Measured(demand, tail)
    log_demand = log_demand_of(course)
    predicted = model.location.predict(demand_features(course, model.horizon_minutes, tail))
    error = np.abs(rise_of(log_demand, model.horizon_minutes).at(0, tail) - predicted)
    errors = _went_on(model.abs_errors, error, since)
    last = Rows(minutes - count, minutes)
    rises, own = predicted[:, -count:], Rows(errors.shape[1] - count, errors.shape[1])
    scale_inputs, sigma2 = error_features(Measured(errors, own), own, log_demand, rises, model.horizon_minutes, last)
    spread = _spread(model.scale, scale_inputs, sigma2)
    now = log_demand.at(0, last)
    highest = np.fmax(model.highest[:, None], np.fmax.accumulate(now, axis=1))
    ceiling = np.log1p(HEADROOM_OVER_HIGHEST * np.expm1(highest))
    error_quantiles = model.error_quantiles[:, None, :]
    log_maximum = ((now + rises)[:, :, None] + spread[:, :, None] * error_quantiles).clip(min=0.0)
    values = np.expm1(np.minimum(log_maximum, ceiling[:, :, None]))
    return np.maximum.accumulate(values, axis=2), errors


def _went_on(stored: FloatArray, fresh: FloatArray, since: int) -> FloatArray:
    """Errors ``since`` minutes later; ``fresh`` ones end now and fill only what was not known.

    Where ``since`` is negative, those that were not known yet are left out.
    """
    new = single_precision(np.full((stored.shape[0], max(since, 0)), np.nan))
    out = np.concatenate([stored, new], axis=1) if since >= 0 else stored[:, :since].copy()
    newest = min(fresh.shape[1], out.shape[1])
    known = out[:, out.shape[1] - newest :]
    out[:, out.shape[1] - newest :] = np.where(np.isnan(known), fresh[:, fresh.shape[1] - newest :], known)
    return out


def _limits(inputs: int) -> FloatArray:
    limit = np.full(inputs, _COMMON_LIMIT)
    limit[RARE_INPUTS] = _RARE_LIMIT
    return limit


def _folds(rows: int) -> list[tuple[int, int]]:
    """Judged blocks: the last three days one by one, or the last two fifths of a shorter history in halves."""
    days = rows // DAY_MINUTES - 1
    if days >= 2:
        block, count = DAY_MINUTES, min(days, JUDGED_DAYS)
    else:
        block, count = max(rows // 5, 1), 2
    first = rows - block * count
    return [(first + index * block, first + (index + 1) * block) for index in range(count)]


def _before(values: FloatArray, stop: int) -> FloatArray:
    """Only what lies before a row; the rest is NaN."""
    out = values.copy()
    out[:, max(stop, 0) :] = np.nan
    return out


def _winsorised(values: FloatArray) -> FloatArray:
    """Clip to the outermost half per mille: a daily three-minute rise (2 per mille of a day) must stay whole."""
    low, high = _quantiles(values, np.array([0.0005, 0.9995])).T
    return np.clip(values, low[:, None], high[:, None])


def _fit_scale(
    abs_error: FloatArray, log_demand: Course, predicted: FloatArray, horizon: int, rows: Rows
) -> tuple[Ridge, FloatArray]:
    own = Rows(0, rows.size)
    inputs, sigma2 = error_features(Measured(abs_error, own), own, log_demand, predicted, horizon, rows)
    weights = np.exp((np.arange(rows.size) - rows.size) / _RECENCY_MINUTES)
    scale = fit_ridge(inputs, np.log(abs_error + _ERROR_OFFSET), weights, np.full(inputs.shape[1], _COMMON_LIMIT))
    return scale, _spread(scale, inputs, sigma2)


def _spread(scale: Ridge, inputs: FloatArray, sigma2: FloatArray) -> FloatArray:
    spread: FloatArray = 0.5 * np.sqrt(sigma2) + 0.65 * np.exp(scale.predict(inputs))
    return spread


def _quantiles(values: FloatArray, levels: FloatArray) -> FloatArray:
    """Empirical quantiles along the last axis, missing values left out; NaN for a series without values."""
    ordered = np.sort(values, axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    position = levels[None, :] * np.maximum(count - 1, 0)[:, None]
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0)[:, None])
    below = np.take_along_axis(ordered, low, axis=1)
    above = np.take_along_axis(ordered, high, axis=1)
    out: FloatArray = below + (above - below) * (position - low)
    return out


def _skill(rise: FloatArray, predicted: FloatArray, spread: FloatArray) -> FloatArray:
    """1 - pinball loss relative to the unconditional quantiles of the rise, over the levels that cost money."""
    levels = np.array([0.8, 0.9, 0.95, 0.99])
    standardised = (rise - predicted) / spread
    ours, naive = np.zeros(rise.shape[0]), np.zeros(rise.shape[0])
    for index, level in enumerate(levels):
        conditional = predicted + spread * _quantiles(standardised, levels)[:, index, None]
        constant = _quantiles(rise, levels)[:, index, None]
        ours += _pinball(rise - conditional, level)
        naive += _pinball(rise - constant, level)
    return np.where(naive > 1e-12, 1.0 - ours / np.maximum(naive, 1e-12), 0.0)


def _pinball(error: FloatArray, level: float) -> FloatArray:
    loss = np.where(np.isfinite(error), np.maximum(level * error, (level - 1.0) * error), 0.0)
    out: FloatArray = loss.sum(axis=1) / np.maximum(np.isfinite(error).sum(axis=1), 1)
    return out
