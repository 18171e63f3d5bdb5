"""Watches many series at once: what is ordinary for each is kept, and each new bin costs what is new.

One `Watch` is one metric of all subjects of one kind (the CPU of every workload). `scan` compares the newest bin with
what explains it; `scores_of` brings the metrics of a kind together with the forest's verdict. The same functions
serve one bin of ten thousand workloads and a replay of months.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.arrays import Rows, row_mean
from ai4k8s_forecaster.domain.experts import DAY_STEPS
from ai4k8s_forecaster.domain.surprise import (
    DAYS,
    SCALES,
    WEEK_STEPS,
    Deviation,
    deviations,
    ordinary_error,
    unit_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray, IntArray
    from ai4k8s_forecaster.domain.forest import PooledForest

#: Ratios at which a deviation is told, by width. Chosen on traces without labels so that each width alone would raise
#: about as many alarms (`benchmarks/anomalies.py`); wider means deviate more rarely.
LIMITS = (1.4, 1.2, 0.75)
#: What else is measured beside the first metric gets a higher bar: more looks find more by chance.
FURTHER_METRIC = 1.25
#: The forest's word: a state as rare as this needs less of a deviation.
RARE_SHARE, RARE_FACTOR = 0.005, 1.5
#: Fewer samples than this and nothing is said at all.
LEAST_SAMPLES = 20
#: The 98th percentiles of one series in twelve are renewed in each bin: all within the hour.
_RENEWED_IN = 12
#: Features of one metric: a distance and a signed error at each width.
FEATURES = 2 * len(SCALES)
#: Series whose past is looked at in one go: bounds the memory of the first look at a large cluster.
_AT_ONCE = 250
#: Series whose past the forest learns from.
_FOREST_SERIES = 300


@dataclass
class Watch:
    """What is ordinary for one metric of many subjects. Changed in place by `follow`.

    Attributes:
        floor: smallest change worth a word, in the metric's unit.
        residuals: ``[widths, series, week]`` size of the forecast's errors, by bin number modulo a week.
        ordinary: ``[widths, series]`` their 98th percentile.
        usual: ``[series]`` mean size of the values over the last week.
        samples: ``[series]`` bins measured so far.
    """

    floor: float
    residuals: NDArray[np.float32]  # a quarter of the memory of a large cluster
    ordinary: FloatArray
    usual: FloatArray
    samples: FloatArray


@dataclass(frozen=True)
class Scan:
    """The newest bin of one metric.

    Attributes:
        ratio: ``[widths, series]`` distance to the nearest explanation relative to what is told at this width and age;
            1 or more is remarkable. 0 where nothing can be said.
        deviation: the numbers behind, a width each, with one moment.
        features: ``[series, 2 x widths]`` for the forest.
    """

    ratio: FloatArray
    deviation: tuple[Deviation, ...]
    features: FloatArray


def begin_watch(values: FloatArray, last_bin: int, floor: float) -> Watch:
    """Learn what is ordinary from history ``[series, bins]``, the last bin included.

    Args:
        values: five-minute means, NaN where not measured.
        last_bin: number of the last bin since the epoch.
        floor: see `Watch`.
    """
    size = values.shape[1]
    residuals = np.full((len(SCALES), values.shape[0], WEEK_STEPS), np.nan, dtype=np.float32)
    rows = Rows(max(size - WEEK_STEPS, 0), size)
    places = (last_bin - size + 1 + np.arange(rows.start, rows.stop)) % WEEK_STEPS
    for begin in range(0, values.shape[0], _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        for index, width in enumerate(SCALES):
            residuals[index][some][:, places] = deviations(values[some], width, rows).residual
    return Watch(
        floor=floor,
        residuals=residuals,
        ordinary=np.stack([ordinary_error(past) for past in residuals]),
        usual=_usual(values),
        samples=np.isfinite(values).sum(axis=1).astype(np.float64),
    )


def selected(watch: Watch, rows: IntArray) -> Watch:
    """The watch of some of the series, in this order."""
    return Watch(watch.floor, watch.residuals[:, rows], watch.ordinary[:, rows], watch.usual[rows], watch.samples[rows])


def joined(one: Watch, other: Watch) -> Watch:
    """The watch of the series of both."""
    return Watch(
        floor=one.floor,
        residuals=np.concatenate([one.residuals, other.residuals], axis=1),
        ordinary=np.concatenate([one.ordinary, other.ordinary], axis=1),
        usual=np.concatenate([one.usual, other.usual]),
        samples=np.concatenate([one.samples, other.samples]),
    )


def scan(watch: Watch, values: FloatArray) -> Scan:
    """Compare the last bin of ``values`` with what the watch, which has not seen it yet, holds for ordinary."""
    rows = Rows(values.shape[1] - 1, values.shape[1])
    found = tuple(deviations(values, width, rows) for width in SCALES)
    nearest = np.stack([each.nearest[:, 0] for each in found])
    residual = np.stack([each.value[:, 0] - each.expected[:, 0] for each in found])
    unit = _units(watch)
    # With n days of history a bin is the record of n days: the younger, the more often by chance.
    young = np.sqrt(np.maximum(DAYS * DAY_STEPS / np.maximum(watch.samples, 1.0), 1.0))
    ratio = nearest / unit / np.array(LIMITS)[:, None] / young
    # A mean that deviates only for what is over by now is no news: the newest bin must still be on its way.
    newest = np.stack([found[0].value[:, 0] - each.expected[:, 0] for each in found])
    with np.errstate(invalid="ignore"):
        lasts = newest * np.sign(residual) >= 0.5 * np.abs(residual)
    usable = lasts & np.isfinite(ratio) & (watch.samples >= LEAST_SAMPLES) & np.isfinite(values[:, -1])
    return Scan(np.where(usable, ratio, 0.0), found, _features(nearest / unit, residual / unit))


def follow(watch: Watch, seen: Scan, values: FloatArray, last_bin: int) -> None:
    """Let the watch see the bin that was scanned."""
    place = last_bin % WEEK_STEPS
    for index, deviation in enumerate(seen.deviation):
        watch.residuals[index, :, place] = deviation.residual[:, 0]
    watch.samples += np.isfinite(values[:, -1])
    turn = slice(last_bin % _RENEWED_IN, None, _RENEWED_IN)
    watch.usual[turn] = _usual(values[turn])
    young = bool((watch.samples < DAY_STEPS).any())
    for index in range(len(SCALES)):
        chosen = slice(None) if young else turn
        watch.ordinary[index][chosen] = ordinary_error(watch.residuals[index][chosen])


def past_features(watch: Watch, values: FloatArray) -> FloatArray:
    """Features ``[series, moments, 2 x widths]`` of the last week, of some evenly chosen series."""
    step = -(-values.shape[0] // _FOREST_SERIES)
    chosen = slice(None, None, step)
    rows = Rows(max(values.shape[1] - WEEK_STEPS, 0), values.shape[1])
    found = [deviations(values[chosen], width, rows) for width in SCALES]
    unit = _units(watch)[:, chosen, None]
    nearest = np.stack([each.nearest for each in found]) / unit
    residual = np.stack([each.value - each.expected for each in found]) / unit
    return _features(nearest, residual)


def scores_of(scans: list[Scan], explained: list[FloatArray], forest: PooledForest | None) -> FloatArray:
    """``[series]`` how remarkable each subject's newest bin is; 1 or more is an anomaly unless too many were lately.

    Args:
        scans: a metric each, the first one counts most.
        explained: ``[widths, series]`` per metric, 0 where something known (a deploy, a restart) explains it, else 1.
        forest: of the cluster, if there is one yet.
    """
    strongest = strongest_ratio(scans, explained)
    if forest is None:
        return strongest
    # Which moment is rare matters only where something deviates at all.
    near: BoolArray = strongest * RARE_FACTOR >= 1.0
    share = np.ones(strongest.size)
    if near.any():
        share[near] = forest.share_as_isolated(joint_features([each.features[near] for each in scans]))
    return strongest * np.where(share <= RARE_SHARE, RARE_FACTOR, 1.0)


def strongest_ratio(scans: list[Scan], explained: list[FloatArray]) -> FloatArray:
    """``[series]`` largest ratio over metrics and widths."""
    weighted = [
        (each.ratio * told).max(axis=0) / (FURTHER_METRIC if index else 1.0)
        for index, (each, told) in enumerate(zip(scans, explained, strict=True))
    ]
    strongest: FloatArray = np.max(np.stack(weighted), axis=0)
    return strongest


def joint_features(by_metric: list[FloatArray]) -> FloatArray:
    """Metrics side by side on the last axis; what was not measured surprises nobody."""
    joined = np.concatenate(by_metric, axis=-1)
    return np.where(np.isfinite(joined), joined, 0.0)


def _features(nearest: FloatArray, residual: FloatArray) -> FloatArray:
    """Logarithms of distances and of signed errors, ``[widths, series, ...]`` to ``[series, ..., 2 x widths]``."""
    parts: FloatArray = np.concatenate([np.log1p(nearest), np.sign(residual) * np.log1p(np.abs(residual))])
    moved: FloatArray = np.moveaxis(parts, 0, -1)
    return moved


def _units(watch: Watch) -> FloatArray:
    return np.stack([unit_of(ordinary, watch.usual, watch.floor) for ordinary in watch.ordinary])


def _usual(values: FloatArray) -> FloatArray:
    return row_mean(np.abs(values[:, -WEEK_STEPS:]))
