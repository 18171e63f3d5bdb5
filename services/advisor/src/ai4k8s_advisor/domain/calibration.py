"""What a model's confidence is worth here: how often such a number came true in the decisions of this installation.

With few outcomes a logistic curve (Platt 1999), with many a rising step function (isotonic regression by pooling
adjacent violators, Zadrozny and Elkan 2002). Before there are FEWEST outcomes nothing is shown, and that is said.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST = 50
#: From here on the curve may have any rising form.
ISOTONIC_FROM = 200
_NEWTON_STEPS = 50
_RIDGE = 1e-6
_CLOSE_ENOUGH = 1e-9
#: Pods beyond the highest demand that still count as right: one, or a quarter of the need (as hindsight has it).
_SPARE_PODS = 1
_SPARE_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model was how sure of, and whether it was right."""

    confidence: float
    right: bool


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibrated confidence, or None, and what it rests on."""

    value: float | None
    sentence: str


def was_right(replicas: int, highest_demand_pods: float, verdict: str, *, carried_out: bool) -> bool:
    """Whether a number of pods fitted the demand that came.

    Args:
        replicas: what the model chose.
        highest_demand_pods: what came.
        verdict: hindsight's on what was done.
        carried_out: whether that was the same number.
    """
    needed = math.ceil(highest_demand_pods - 1e-9)
    fits = needed <= replicas <= needed + max(_SPARE_PODS, _SPARE_SHARE * needed)
    return fits and not (carried_out and verdict in {"late", "not_enough"})


class Calibration:
    """Fitted once to the outcomes so far."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.count = len(outcomes)
        self._steps: list[tuple[float, float]] = []
        self._line: tuple[float, float] | None = None
        if self.count >= ISOTONIC_FROM:
            self._steps = isotonic(outcomes)
        elif self.count >= FEWEST:
            self._line = platt(outcomes)

    def of(self, confidence: float) -> Calibrated:
        """How often such a confidence came true."""
        if self._steps:
            value = _between(self._steps, confidence)
            return Calibrated(value, f"isotonic, from {self.count} judged decisions")
        if self._line is not None:
            slope, offset = self._line
            value = _sigmoid(slope * confidence + offset)
            return Calibrated(value, f"logistic curve, from {self.count} judged decisions")
        return Calibrated(None, f"not calibrated yet: {self.count} of {FEWEST}")


def isotonic(outcomes: Sequence[Outcome]) -> list[tuple[float, float]]:
    """Fit a rising function by pooling adjacent violators.

    Returns:
        (confidence, share that came true), both rising; linear in between.
    """
    groups: dict[float, list[bool]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.confidence].append(outcome.right)
    blocks: list[tuple[float, int, list[float]]] = []  # mean, weight, confidences
    for confidence in sorted(groups):
        right = groups[confidence]
        mean, weight, levels = sum(right) / len(right), len(right), [confidence]
        while blocks and blocks[-1][0] > mean:
            before, before_weight, before_levels = blocks.pop()
            mean = (before * before_weight + mean * weight) / (before_weight + weight)
            weight, levels = before_weight + weight, before_levels + levels
        blocks.append((mean, weight, levels))
    return [(confidence, mean) for mean, _, levels in blocks for confidence in levels]


def platt(outcomes: Sequence[Outcome]) -> tuple[float, float]:
    """Fit P(right) = sigmoid(slope x confidence + offset) to targets that are drawn in from 0 and 1 (Platt's own).

    Returns:
        Slope and offset. A falling curve would say that doubt is the better sign; it is flattened.
    """
    right = sum(outcome.right for outcome in outcomes)
    yes, no = (right + 1) / (right + 2), 1 / (len(outcomes) - right + 2)
    points = [(outcome.confidence, yes if outcome.right else no) for outcome in outcomes]
    slope = offset = 0.0
    for _ in range(_NEWTON_STEPS):
        step_slope, step_offset = _newton_step(points, slope, offset)
        slope, offset = slope - step_slope, offset - step_offset
        if max(abs(step_slope), abs(step_offset)) < _CLOSE_ENOUGH:
            break
    if slope < 0:
        mean = sum(target for _, target in points) / len(points)
        return 0.0, math.log(mean / (1 - mean))
    return slope, offset


def _newton_step(points: Sequence[tuple[float, float]], slope: float, offset: float) -> tuple[float, float]:
    gradient_slope, gradient_offset = _RIDGE * slope, _RIDGE * offset
    a, b, d = _RIDGE, 0.0, _RIDGE  # the Hessian, [[a, b], [b, d]]
    for x, target in points:
        predicted = _sigmoid(slope * x + offset)
        error, weight = predicted - target, predicted * (1 - predicted)
        gradient_slope, gradient_offset = gradient_slope + error * x, gradient_offset + error
        a, b, d = a + weight * x * x, b + weight * x, d + weight
    determinant = a * d - b * b
    return (
        (d * gradient_slope - b * gradient_offset) / determinant,
        (a * gradient_offset - b * gradient_slope) / determinant,
    )


def _between(steps: Sequence[tuple[float, float]], x: float) -> float:
    place = bisect_right(steps, (x, math.inf))
    if place == 0:
        return steps[0][1]
    if place == len(steps):
        return steps[-1][1]
    (left, low), (right, high) = steps[place - 1], steps[place]
    return low + (high - low) * (x - left) / (right - left)


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-min(max(value, -30.0), 30.0)))
