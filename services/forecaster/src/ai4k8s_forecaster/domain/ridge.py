"""Penalised least squares for many series at once.

One small linear system per series: a batched solve is exact, fast, and gives a series the same answer in any company.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray


@dataclass(frozen=True)
class Ridge:
    """A fitted model per series: standardise, clip, multiply.

    Attributes:
        centre: ``[series, inputs]`` weighted means.
        spread: ``[series, inputs]`` weighted standard deviations (1 where an input never varies).
        limit: ``[inputs]`` clipping of standardised inputs.
        weights: ``[series, inputs]``.
        intercept: ``[series]``.
    """

    centre: FloatArray
    spread: FloatArray
    limit: FloatArray
    weights: FloatArray
    intercept: FloatArray

    def predict(self, inputs: FloatArray) -> FloatArray:
        """``[series, rows]`` for inputs ``[series, inputs, rows]``; a missing input counts as its mean."""
        standard = _standardised(inputs, self.centre, self.spread, self.limit)
        out: FloatArray = (self.weights[:, None, :] @ standard)[:, 0, :] + self.intercept[:, None]
        return out


def fit_ridge(
    inputs: FloatArray, target: FloatArray, row_weights: FloatArray, limit: FloatArray, penalty: float = 0.02
) -> Ridge:
    """Fit by weighted ridge regression; the penalty is ``penalty`` times the sum of weights on standardised inputs.

    Args:
        inputs: ``[series, inputs, rows]``, NaN where missing.
        target: ``[series, rows]``, NaN where the row must not be used.
        row_weights: ``[rows]``, for example the recency of each row.
        limit: ``[inputs]`` largest standardised input.
        penalty: strength of the shrinkage.
    """
    return fit_growing_ridges(inputs, [target], row_weights, limit, penalty)[0]


def fit_growing_ridges(
    inputs: FloatArray, targets: list[FloatArray], row_weights: FloatArray, limit: FloatArray, penalty: float = 0.02
) -> list[Ridge]:
    """``fit_ridge`` for several targets, each known on at least the rows of the one before, the last on all.

    Inputs are standardised once, by the rows of the last target, and each pair of inputs is multiplied once.
    """
    scale = _Scale.of(inputs, np.where(np.isfinite(targets[-1]), row_weights, 0.0), limit)
    standard = scale.applied(inputs)
    done = np.zeros(targets[0].shape, np.bool_)
    sums = _Sums.none(*inputs.shape[:2])
    ridges = []
    for target in targets:
        known = np.isfinite(target)
        rows = np.flatnonzero((known & ~done).any(axis=0))
        if rows.size:
            part = slice(int(rows[0]), int(rows[-1]) + 1)
            sums.add(standard[:, :, part], np.where(known & ~done, row_weights, 0.0)[:, part])
        done = known
        last = int(np.flatnonzero(known.any(axis=0))[-1]) + 1 if known.any() else 0
        weighted = np.where(known, row_weights, 0.0)[:, :last]
        ridges.append(_solved(scale, sums, standard[:, :, :last], target[:, :last], weighted, penalty))
    return ridges


@dataclass(frozen=True)
class _Scale:
    """How inputs are standardised."""

    centre: FloatArray
    spread: FloatArray
    limit: FloatArray

    @classmethod
    def of(cls, inputs: FloatArray, weight: FloatArray, limit: FloatArray) -> _Scale:
        present = np.isfinite(inputs)
        filled = np.where(present, inputs, 0.0)
        total = np.maximum(_weighed(present.astype(np.float64), weight), 1e-9)
        centre = _weighed(filled, weight) / total
        filled -= centre[:, :, None]
        filled *= present
        variance = _weighed(np.square(filled, out=filled), weight) / total
        return cls(centre, np.where(variance > 1e-12, np.sqrt(variance), 1.0), limit)

    def applied(self, inputs: FloatArray) -> FloatArray:
        return _standardised(inputs, self.centre, self.spread, self.limit)


@dataclass
class _Sums:
    """Weighted sums over rows, of each input and of each pair."""

    total: FloatArray
    single: FloatArray
    pair: FloatArray

    @classmethod
    def none(cls, series: int, inputs: int) -> _Sums:
        return cls(np.zeros(series), np.zeros((series, inputs)), np.zeros((series, inputs, inputs)))

    def add(self, standard: FloatArray, weight: FloatArray) -> None:
        scaled = standard * weight[:, None, :]
        self.total += weight.sum(axis=1)
        self.single += scaled.sum(axis=2)
        self.pair += scaled @ standard.transpose(0, 2, 1)


def _solved(
    scale: _Scale, sums: _Sums, standard: FloatArray, target: FloatArray, weight: FloatArray, penalty: float
) -> Ridge:
    total = np.maximum(sums.total, 1e-9)
    goal = np.where(np.isfinite(target), target, 0.0)
    goal_mean = (goal * weight).sum(axis=1) / total
    mean = sums.single / total[:, None]
    gram = sums.pair - total[:, None, None] * (mean[:, :, None] * mean[:, None, :])
    off = (goal - goal_mean[:, None]) * weight
    moment = _weighed(standard, off) - mean * off.sum(axis=1)[:, None]
    gram += np.eye(mean.shape[1]) * (penalty * total)[:, None, None]
    weights = np.linalg.solve(gram, moment[:, :, None])[:, :, 0]
    intercept = goal_mean - (weights * mean).sum(axis=1)
    return Ridge(scale.centre, scale.spread, scale.limit, weights, intercept)


def _weighed(values: FloatArray, weight: FloatArray) -> FloatArray:
    """``[series, inputs]``: sums of ``[series, inputs, rows]`` over rows, each with its weight."""
    out: FloatArray = (values @ weight[:, :, None])[:, :, 0]
    return out


def _standardised(inputs: FloatArray, centre: FloatArray, spread: FloatArray, limit: FloatArray) -> FloatArray:
    standard = inputs - centre[:, :, None]
    standard /= spread[:, :, None]
    np.clip(standard, -limit[None, :, None], limit[None, :, None], out=standard)
    np.copyto(standard, 0.0, where=np.isnan(standard))
    return standard
