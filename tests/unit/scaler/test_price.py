"""What the next pod is worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai4k8s_scaler.domain.budget import SENSIBLE_FACTOR, START_PRICE, Budget, start_price
from ai4k8s_scaler.domain.price import QuantileFunction, candidates, cheapest

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.998)


def test_certain_demand_is_rounded_up_at_any_price():
    for price in (2.0, 40.0, 4000.0):
        assert cheapest(candidates(QuantileFunction(LEVELS, (4.2,) * 6), price)).replicas == 5


def test_a_dearer_risk_buys_more_pods():
    demand = QuantileFunction(LEVELS, (4.0, 5.0, 6.0, 7.0, 9.0, 12.0))
    floors = [cheapest(candidates(demand, price)).replicas for price in (2.0, 40.0, 400.0, 4000.0)]
    assert floors == sorted(floors)
    assert floors[0] < floors[-1] == 12


def test_risk_is_the_share_that_the_quantiles_leave_open():
    demand = QuantileFunction(LEVELS, (4.0, 5.0, 6.0, 7.0, 9.0, 12.0))
    assert demand.exceedance(7) == pytest.approx(0.05)
    assert demand.missing_pods(12) == 0.0
    assert demand.missing_pods(9) < demand.missing_pods(5)


def test_an_hour_without_shortage_lowers_the_price_and_a_short_one_raises_it():
    account = Budget(40.0)
    assert account.after_hour(0.0, 0.01).price < 40.0 < account.after_hour(0.05, 0.01).price
    assert account.after_hour(0.008, 0.01).price == pytest.approx(40.0)
    assert start_price(0.01) == START_PRICE
    assert start_price(0.001) == pytest.approx(10 * START_PRICE)


def test_what_was_overspent_lately_makes_risk_dearer_until_it_is_paid_back():
    account = Budget(40.0).after_hour(0.5, 0.01)
    at_once = account.risk_price(0.01) / account.price
    for _ in range(60):
        account = account.after_hour(0.0, 0.01)
    left = account.left(0.01)
    assert at_once > account.risk_price(0.01) / account.price
    assert left is not None
    assert -1 < left < 1


def test_an_slo_that_no_sensible_price_reaches_is_told():
    account = Budget(start_price(0.01))
    assert account.left(0.01) is None
    assert not account.beyond_sense(0.01)
    for _ in range(72):
        account = account.after_hour(0.3, 0.01)
    assert account.risk_price(0.01) > SENSIBLE_FACTOR * start_price(0.01)
    assert account.beyond_sense(0.01)


@given(st.lists(st.floats(0, 1000), min_size=6, max_size=6), st.floats(2, 4000))
def test_the_floor_lies_between_the_median_and_the_highest_quantile(values, price):
    pods = tuple(sorted(values))
    floor = cheapest(candidates(QuantileFunction(LEVELS, pods), price))
    assert pods[0] - 1e-6 <= floor.replicas < pods[-1] + 1
    assert 0 <= floor.risk <= 1
    assert floor.missing_pods >= 0
