"""Windows looked at for a few rows are the windows looked at for all."""

from __future__ import annotations

import numpy as np
import pytest

from ai4k8s_forecaster.domain.arrays import Rows, lagged, trailing_max, trailing_max_at


@pytest.mark.parametrize("length", [10, 50, 200])
@pytest.mark.parametrize("width", [5, 30, 120])
def test_a_trailing_maximum_at_some_rows_is_that_of_all_rows_there(length, width):
    rng = np.random.default_rng(length * width)
    values = rng.normal(size=(2, length))
    values[rng.random(values.shape) < 0.3] = np.nan
    whole = trailing_max(values, width)
    for start in range(0, length, 7):
        for stop in (start + 1, start + 4, length):
            rows = Rows(start, min(stop, length))
            np.testing.assert_array_equal(trailing_max_at(values, width, rows), lagged(whole, 0, rows))
