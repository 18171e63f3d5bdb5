"""How late metrics are is measured, and a backtest reckons with it."""

from __future__ import annotations

import math

import numpy as np

from ai4k8s_scaler.domain.hpa import HpaSpec
from ai4k8s_scaler.domain.lag import KEPT, Lag
from ai4k8s_scaler.domain.replay import hpa_controller, replay


def test_the_last_ages_count_and_what_makes_no_sense_does_not() -> None:
    lag = Lag()
    for age in (4.0, math.nan, -3.0, 9.0, 1e6, 5.0):
        lag = lag.seen(age)
    assert lag.ages == (4.0, 9.0, 5.0)
    assert (lag.at(0.5), lag.at(0.95)) == (5.0, 9.0)
    assert Lag().at(0.5) == 0.0
    for _ in range(KEPT):
        lag = lag.seen(7.0)
    assert set(lag.ages) == {7.0}


def test_whoever_sees_metrics_later_is_short_for_longer() -> None:
    demand = np.where(np.arange(400) > 200, 9.0, 3.0)

    def short(late_ticks: int) -> float:
        controller = hpa_controller(HpaSpec(70, 1, 20))
        outcome = replay(demand, controller, start_replicas=5, startup_seconds=[30.0], late_ticks=late_ticks)
        return outcome.short(demand)

    assert 0 < short(0) < short(4) < short(8)
