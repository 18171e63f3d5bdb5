"""The sentence about what a workload will need."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ai4k8s_gateway.domain.outlook import Foreseen, OutlookKind, Path, Situation, look_ahead, needed_replicas

NOW = datetime(2030, 1, 1, 14, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)
WEB = Situation(
    name="web",
    ready_replicas=6,
    desired_replicas=6,
    cpu_request_millicores=500,
    min_replicas=1,
    max_replicas=20,
    mode="auto",
    lead_time_seconds=240,
    wanted_replicas=None,
    blind_since=None,
    is_blind=False,
)


def foreseen(*pods: float) -> Foreseen:
    """A forecast whose 0.95 quantile is so many pods, a step each, from the next one on."""
    upper = tuple(count * 500 for count in pods)
    path = Path(NOW + STEP, STEP, (0.5, 0.95), (tuple(value / 2 for value in upper), upper))
    return Foreseen(NOW, "ready", "", 336.0, path)


def test_a_rise_is_told_with_count_time_and_when_it_is_acted_upon():
    outlook = look_ahead(WEB, foreseen(8.4, 8.4, 3), NOW)

    assert outlook.text == "web will need 9 pods at 14:05 UTC (6 now). Scaling at 14:01 UTC."
    assert (outlook.needed_replicas, outlook.needed_at) == (9, NOW + STEP)
    assert outlook.acts_at == NOW + timedelta(minutes=1)


def test_a_rise_that_goes_on_is_told_with_its_height():
    outlook = look_ahead(WEB, foreseen(6, 7, 8, 9, 20), NOW)

    assert (outlook.needed_replicas, outlook.needed_at) == (9, NOW + 4 * STEP)
    assert outlook.acts_at == NOW + 2 * STEP - timedelta(seconds=240)


def test_pods_that_are_on_their_way_are_told():
    outlook = look_ahead(replace(WEB, desired_replicas=9), foreseen(9), NOW)

    assert outlook.kind is OutlookKind.SCALING
    assert outlook.text.endswith("Scaling: 6 of 9 ready.")


def test_what_the_scaler_wants_already_comes_before_the_coarser_path():
    outlook = look_ahead(replace(WEB, wanted_replicas=8), foreseen(6), NOW)

    assert outlook.text == "web will need 8 pods at 14:04 UTC (6 now). Scaling now."


@pytest.mark.parametrize(("mode", "end"), [("observe", "Only observed, not scaled."), ("recommend", "not done.")])
def test_other_modes_do_not_promise_to_act(mode: str, end: str):
    outlook = look_ahead(replace(WEB, mode=mode), foreseen(9), NOW)

    assert outlook.text.endswith(end)
    assert outlook.acts_at is None


def test_lower_demand_is_told():
    assert look_ahead(WEB, foreseen(3, 4), NOW).text == "web will need 4 pods at most within the hour (6 now)."


def test_enough_is_told():
    assert look_ahead(WEB, foreseen(5, 6), NOW).kind is OutlookKind.STEADY


def test_what_lies_beyond_the_hour_is_not_of_the_sentence():
    assert look_ahead(WEB, foreseen(*[6] * 12, 20), NOW).kind is OutlookKind.STEADY


def test_bounds_of_the_policy_hold():
    path = foreseen(0, 99).path

    assert path is not None
    assert needed_replicas(path, 500, 2, 10) == [2, 10]


@pytest.mark.parametrize(
    ("situation", "forecast", "kind", "words"),
    [
        (replace(WEB, is_blind=True, blind_since=NOW), foreseen(9), OutlookKind.BLIND, "Nothing is scaled meanwhile"),
        (WEB, None, OutlookKind.UNFORESEEN, "no forecast yet"),
        (WEB, Foreseen(NOW, "not_ready", "", 3.04, None), OutlookKind.NOT_READY, "3.04 of 24 h collected"),
        (WEB, Foreseen(NOW, "gap", "20 min missing", 99, None), OutlookKind.UNFORESEEN, "20 min missing"),
        (WEB, replace(foreseen(9), made_at=NOW - timedelta(hours=1)), OutlookKind.UNFORESEEN, "13:00 UTC"),
        (replace(WEB, cpu_request_millicores=None), foreseen(9), OutlookKind.NO_REQUEST, "no CPU request"),
    ],
)
def test_what_is_not_known_is_said_and_never_guessed(
    situation: Situation, forecast: Foreseen | None, kind: OutlookKind, words: str
):
    outlook = look_ahead(situation, forecast, NOW)

    assert outlook.kind is kind
    assert words in outlook.text
    assert outlook.needed_replicas is None
