"""What being short costs, and how many replicas that makes worth paying for.

A quantile fixed in advance is wrong twice: it buys pods nobody needs where demand is noisy, and saves pods where one
more would settle the matter. A price per unit of risk weighs the next pod against the risk that it removes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ai4k8s_scaler.domain.replay import FloatArray, IntArray

#: Weight of the expected missing pods beside the probability of any being missing.
DEPTH_WEIGHT = 0.2
_ROUNDING = 1e-9
_BATCH = 2048


@dataclass(frozen=True)
class QuantileFunction:
    """F_q of the highest demand over the lead time, in pods.

    Attributes:
        levels: increasing q.
        pods: demand at each level, in units of one pod's request, not decreasing.
    """

    levels: tuple[float, ...]
    pods: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.levels) != len(self.pods) or not self.levels:
            raise ValueError("levels and pods differ in length or are empty")

    @property
    def finite(self) -> bool:
        """Whether every quantile is a number that a decision may rest on."""
        return all(math.isfinite(value) and value >= 0 for value in self.pods)

    def at(self, level: float) -> float:
        """Demand at a level, linear in between."""
        return float(np.interp(level, self.levels, self.pods))

    def exceedance(self, replicas: int) -> float:
        """Probability that demand exceeds ``replicas`` pods; never below what the highest level leaves open."""
        if replicas < self.pods[0]:
            return 1.0 - self.levels[0] * max(replicas, 0) / max(self.pods[0], 1e-9)
        return 1.0 - float(np.interp(replicas, self.pods, self.levels))

    def missing_pods(self, replicas: int) -> float:
        """Expected demand beyond ``replicas`` pods."""
        levels: NDArray[np.float64] = np.array([0.0, *self.levels, 1.0])
        pods = np.array([0.0, *self.pods, self.pods[-1]])
        return float(np.trapezoid(np.maximum(pods - replicas, 0.0), levels))


@dataclass(frozen=True)
class Candidate:
    """A number of replicas that was weighed.

    Attributes:
        replicas: the number.
        risk: probability of being short within the lead time.
        missing_pods: expected pods missing.
        total: replicas + price x (risk + 0.2 x missing pods), in pods.
    """

    replicas: int
    risk: float
    missing_pods: float
    total: float


@dataclass(frozen=True)
class Weighed:
    """Candidates of many forecasts at once: every level's demand, rounded up to whole pods.

    Attributes:
        replicas, risk, missing_pods: ``[..., candidates]`` as in ``Candidate``.
    """

    replicas: FloatArray
    risk: FloatArray
    missing_pods: FloatArray

    @classmethod
    def of(cls, levels: FloatArray, pods: FloatArray) -> Weighed:
        """Weigh ``pods`` ``[..., levels]``, which do not decrease along the last axis."""
        flat = pods.reshape(-1, levels.size)
        replicas = np.ceil(flat - _ROUNDING)
        risk, missing = np.empty_like(flat), np.empty_like(flat)
        below = np.diff(levels, prepend=0.0)
        above = np.diff(levels, append=1.0)
        weights = 0.5 * (below + above)
        weights[-1] += 0.5 * above[-1]  # beyond the highest level demand is taken to be what it is there
        for start in range(0, flat.shape[0], _BATCH):
            part = slice(start, start + _BATCH)
            known, number = flat[part, None, :], replicas[part, :, None]
            missing[part] = np.maximum(known - number, 0.0) @ weights
            width = np.maximum(np.diff(known, axis=2), _ROUNDING)
            reached = np.clip((number - known[:, :, :-1]) / width, 0.0, 1.0)
            risk[part] = 1.0 - levels[0] - reached @ np.diff(levels)
        return cls(*(array.reshape(pods.shape) for array in (replicas, risk, missing)))

    def total(self, price: float | FloatArray) -> FloatArray:
        """Replicas + price x (risk + 0.2 x missing pods), in pods."""
        out: FloatArray = self.replicas + price * (self.risk + DEPTH_WEIGHT * self.missing_pods)
        return out

    def cheapest(self, demands: IntArray, minute: int, price: FloatArray) -> FloatArray:
        """Least total for some demands ``[n]`` at one minute of ``[demands, minutes, candidates]`` arrays."""
        now = Weighed(*(array[demands, minute] for array in (self.replicas, self.risk, self.missing_pods)))
        best = np.argmin(now.total(price[:, None]), axis=1)
        out: FloatArray = np.take_along_axis(now.replicas, best[:, None], axis=1)[:, 0]
        return out


#: What weighing a forecast gives, before a price is put on it: (replicas, risk, missing pods), ascending.
Options: TypeAlias = tuple[tuple[int, float, float], ...]
#: Alternatives that a decision tells.
MOST_TOLD = 5


def weigh(demands: Sequence[QuantileFunction]) -> list[Options]:
    """Weigh many forecasts at once: a cluster's in a fraction of the time that one by one takes."""
    by_levels: dict[tuple[float, ...], list[int]] = defaultdict(list)
    for index, demand in enumerate(demands):
        by_levels[demand.levels].append(index)
    found: list[Options] = [()] * len(demands)
    for levels, members in by_levels.items():
        weighed = Weighed.of(np.asarray(levels), np.array([demands[index].pods for index in members]))
        columns = (weighed.replicas.astype(np.int64), weighed.risk, weighed.missing_pods)
        for index, *rows in zip(members, *(column.tolist() for column in columns), strict=True):
            found[index] = tuple(zip(*rows, strict=True))
    return found


def candidates(demand: QuantileFunction, price: float, options: Options | None = None) -> tuple[Candidate, ...]:
    """The cheapest numbers of pods, with what each costs; cheapest first, the smaller number on a tie.

    Args:
        demand: the forecast.
        price: of risk, in pods.
        options: what ``weigh`` gave for this forecast, where many were weighed together.
    """
    weighed = {replicas: (risk, missing) for replicas, risk, missing in options or weigh([demand])[0]}
    totals = sorted(
        (replicas + price * (risk + DEPTH_WEIGHT * missing), replicas) for replicas, (risk, missing) in weighed.items()
    )
    return tuple(Candidate(replicas, *weighed[replicas], total) for total, replicas in totals[:MOST_TOLD])


def cheapest(options: tuple[Candidate, ...]) -> Candidate:
    """The floor: least total, the smaller number on a tie."""
    return min(options, key=lambda option: (option.total, option.replicas))


def weighed(replicas: int, demand: QuantileFunction, price: float, options: tuple[Candidate, ...]) -> Candidate:
    """What a number of pods risks and costs, also where a guard and not the price chose it."""
    known = next((option for option in options if option.replicas == replicas), None)
    if known is not None:
        return known
    risk, missing = demand.exceedance(replicas), demand.missing_pods(replicas)
    return Candidate(replicas, risk, missing, replicas + price * (risk + DEPTH_WEIGHT * missing))
