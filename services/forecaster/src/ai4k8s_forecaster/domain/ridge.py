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
        row_weights: ``[rows]`` or ``[series, rows]``, for example the recency of each row.
        limit: ``[inputs]`` largest standardised input.
        penalty: strength of the shrinkage.
    """
    usable = np.isfinite(target)
    weight = np.where(usable, np.broadcast_to(row_weights, target.shape), 0.0)
    total = np.maximum(weight.sum(axis=1), 1e-9)
    present = np.isfinite(inputs)
    filled = np.where(present, inputs, 0.0)
    cell_weight = np.where(present, weight[:, None, :], 0.0)
    cell_total = np.maximum(cell_weight.sum(axis=2), 1e-9)
    centre = (filled * cell_weight).sum(axis=2) / cell_total
    variance = (np.where(present, filled - centre[:, :, None], 0.0) ** 2 * cell_weight).sum(axis=2) / cell_total
    spread = np.where(variance > 1e-12, np.sqrt(variance), 1.0)
    standard = _standardised(inputs, centre, spread, limit)
    goal = np.where(usable, target, 0.0)
    goal_mean = (goal * weight).sum(axis=1) / total
    scaled = standard * weight[:, None, :]
    standard_mean = scaled.sum(axis=2) / total[:, None]
    gram = scaled @ standard.transpose(0, 2, 1) - total[:, None, None] * (
        standard_mean[:, :, None] * standard_mean[:, None, :]
    )
    moment = (scaled @ (goal - goal_mean[:, None])[:, :, None])[:, :, 0]
    moment -= standard_mean * ((goal - goal_mean[:, None]) * weight).sum(axis=1)[:, None]
    gram += np.eye(inputs.shape[1]) * (penalty * total)[:, None, None]
    weights = np.linalg.solve(gram, moment[:, :, None])[:, :, 0]
    intercept = goal_mean - (weights * standard_mean).sum(axis=1)
    return Ridge(centre=centre, spread=spread, limit=limit, weights=weights, intercept=intercept)


def _standardised(inputs: FloatArray, centre: FloatArray, spread: FloatArray, limit: FloatArray) -> FloatArray:
    standard = (inputs - centre[:, :, None]) / spread[:, :, None]
    clipped = np.clip(standard, -limit[None, :, None], limit[None, :, None])
    return np.where(np.isfinite(clipped), clipped, 0.0)
