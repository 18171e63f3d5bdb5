"""Paths know when a workload was deployed: a jump that began then is believed at once."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import numpy as np

from ai4k8s_forecaster.domain.grid import MINUTE_SECONDS, Grid
from ai4k8s_forecaster.paths import PathCache

DAYS = 12
NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)


def minutes_with_a_jump_an_hour_ago() -> Grid:
    rng = np.random.default_rng(4)
    values = 500 + 5 * rng.standard_normal((2, DAYS * 1440))
    values[:, -61:] += 400
    last = int(NOW.timestamp() // MINUTE_SECONDS)
    return Grid(last - values.shape[1] + 1, MINUTE_SECONDS, values, np.zeros(values.shape, np.bool_))


def test_a_jump_that_began_with_a_deploy_is_believed_and_another_waits_for_proof() -> None:
    deployed = {7: NOW - timedelta(hours=1)}
    paths = PathCache().of(uuid.uuid4(), (7, 8), minutes_with_a_jump_an_hour_ago(), "", deployed)
    assert paths.forecast.shifts.age_hours.tolist() == [1, 0]
    assert paths.forecast.shifts.trusted[0] == 1.0
