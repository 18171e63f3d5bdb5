"""What somebody did explains what follows: deploys, restarts and changes of scale are no anomalies.

A cause explains a width of mean for as long as its window, or the hour that it is compared with, contains the moment.
A change of scale explains what is spread over pods (memory of each, connections, disks), and that less is used after a
scale-down; it never explains that demand rose: whoever scaled up did so because of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster.domain.surprise import LEVEL_STEPS, SCALES

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray
    from ai4k8s_forecaster.domain.watch import Scan

#: Bins of the recent past in which a cause can lie.
RECENT_STEPS = max(SCALES) + LEVEL_STEPS + 1
#: Summed over pods: how many there are does not matter.
_DEMAND = frozenset({"cpu", "requests"})
_RELATIVE_CHANGE = 0.1


def bins_since(happened: BoolArray) -> FloatArray:
    """``[series]`` age in bins of the newest true value of ``[series, bins]``; infinite where there is none."""
    reversed_ = happened[:, ::-1]
    return np.where(reversed_.any(axis=1), np.argmax(reversed_, axis=1).astype(np.float64), np.inf)


def rises(counts: FloatArray) -> BoolArray:
    """``[series, bins]`` where a counter is higher than in the bin before."""
    with np.errstate(invalid="ignore"):
        higher = counts[:, 1:] > counts[:, :-1]
    return np.pad(higher, ((0, 0), (1, 0)))


def steps(counts: FloatArray, least: float = 1.0) -> FloatArray:
    """``[series, bins]`` change of a number of pods that is worth the name, signed; else 0."""
    change = np.diff(counts, axis=1, prepend=counts[:, :1])
    with np.errstate(invalid="ignore"):
        worth = np.abs(change) >= np.maximum(_RELATIVE_CHANGE * np.abs(counts), least)
    return np.where(worth, change, 0.0)


def told(metric: str, seen: Scan, restarted: FloatArray, rescaled: FloatArray, scaled_down: FloatArray) -> FloatArray:
    """``[widths, series]`` 0 where a known cause explains the metric's deviation, else 1.

    Args:
        metric: its name.
        seen: the newest bin.
        restarted: ``[series]`` bins since the newest deploy, restart or rollout.
        rescaled: bins since the number of pods last changed.
        scaled_down: bins since it was last lowered.
    """
    out = np.ones(seen.ratio.shape)
    for index, width in enumerate(SCALES):
        reach = width + LEVEL_STEPS
        explained = restarted < reach
        if metric in _DEMAND:
            with np.errstate(invalid="ignore"):
                less = seen.deviation[index].value[:, 0] < seen.deviation[index].expected[:, 0]
            explained |= less & (scaled_down < reach)
        else:
            explained |= rescaled < reach
        out[index, explained] = 0.0
    return out
