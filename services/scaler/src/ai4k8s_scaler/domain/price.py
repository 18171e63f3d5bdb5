"""What being short costs, and how many replicas that makes worth paying for.

A quantile fixed in advance is wrong twice: it buys pods nobody needs where demand is noisy, and saves pods where one
more would settle the matter. A price per unit of risk weighs the next pod against the risk that it removes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Price of risk that a new workload starts with, for an SLO of 1 %. On recurring rises of real traces 40 buys a tenth
#: more pods for half the shortage, 10 rises too late on a third of them; the hourly feedback moves it from here.
START_PRICE = 20.0
LOWEST_PRICE = 2.0
HIGHEST_PRICE = 4000.0
#: Weight of the expected missing pods beside the probability of any being missing.
DEPTH_WEIGHT = 0.2
_GAIN = 0.07
_TARGET_SHARE_OF_SLO = 0.8


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


def candidates(demand: QuantileFunction, price: float) -> tuple[Candidate, ...]:
    """Every whole number of pods between the median and the highest quantile, with what it costs."""
    low, high = math.ceil(demand.pods[0]), math.ceil(demand.pods[-1])
    stride = max(1, (high - low) // 64)
    numbers = sorted({*range(low, high + 1, stride), high})
    return tuple(_weighed(demand, price, number) for number in numbers)


def cheapest(options: tuple[Candidate, ...]) -> Candidate:
    """The floor: least total, the smaller number on a tie."""
    return min(options, key=lambda option: (option.total, option.replicas))


def start_price(slo_short_share: float) -> float:
    """Price to begin with: risk is dearer where the SLO is tighter."""
    return float(np.clip(START_PRICE * 0.01 / max(slo_short_share, 1e-6), LOWEST_PRICE, HIGHEST_PRICE))


def updated_price(price: float, short_share: float, slo_short_share: float) -> float:
    """Hourly feedback that spends the SLO's budget and no more.

    Args:
        price: price of the hour that passed.
        short_share: share of that hour during which ready pods did not suffice.
        slo_short_share: the share that the SLO allows.
    """
    excess = float(np.clip(short_share / (_TARGET_SHARE_OF_SLO * slo_short_share) - 1.0, -1.0, 20.0))
    return float(np.clip(price * math.exp(_GAIN * excess), LOWEST_PRICE, HIGHEST_PRICE))


def _weighed(demand: QuantileFunction, price: float, replicas: int) -> Candidate:
    risk, missing = demand.exceedance(replicas), demand.missing_pods(replicas)
    return Candidate(replicas, risk, missing, replicas + price * (risk + DEPTH_WEIGHT * missing))
