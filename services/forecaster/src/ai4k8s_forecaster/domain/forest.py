"""One Isolation Forest for all workloads and nodes of a cluster, on what is the same for all of them.

A forest per series costs a tenth of a second each and knows nothing of joint states. This one sees, per moment, how
surprising each metric is at each width, and learns which combinations are rare in this cluster. Its score becomes a
share: how many of the moments of the past week looked at least as isolated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import FloatArray

TREES = 100
#: A forest sees this many moments at most; more do not change it.
MOST_ROWS = 20_000
LEAST_ROWS = 256


@dataclass(frozen=True)
class PooledForest:
    """A fitted forest with the scores of the moments it was fitted on.

    Attributes:
        model: scikit-learn's.
        scores: sorted, higher is more isolated.
    """

    model: Any
    scores: FloatArray

    def share_as_isolated(self, features: FloatArray) -> FloatArray:
        """``[series]`` share of past moments at least as isolated as these ``[series, features]``; 1 where unknown."""
        known = np.isfinite(features).all(axis=1)
        share = np.ones(features.shape[0])
        if known.any():
            isolation = -self.model.score_samples(features[known])
            share[known] = 1 - np.searchsorted(self.scores, isolation, side="left") / self.scores.size
        return share


def fit_forest(features: FloatArray, seed: int) -> PooledForest | None:
    """Fit on past moments ``[moments, features]``; None while there are too few to learn from.

    Args:
        features: rows with a missing value are left out.
        seed: decides which moments the trees see, and nothing else; the same seed gives the same forest.
    """
    rows = features[np.isfinite(features).all(axis=1)]
    if rows.shape[0] < LEAST_ROWS:
        return None
    if rows.shape[0] > MOST_ROWS:
        rows = rows[np.random.default_rng(seed).choice(rows.shape[0], MOST_ROWS, replace=False)]
    # Not at the top: half of the forecaster's start, and most processes never look for anomalies.
    from sklearn.ensemble import IsolationForest  # noqa: PLC0415

    model = IsolationForest(n_estimators=TREES, random_state=seed).fit(rows)
    return PooledForest(model, np.sort(-model.score_samples(rows)))
