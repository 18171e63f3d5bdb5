"""Counterfactuals and hindsight."""

from __future__ import annotations

import numpy as np

from ai4k8s_scaler.domain.hpa import HpaSpec
from ai4k8s_scaler.domain.judgement import Verdict, counterfactual, judge
from ai4k8s_scaler.domain.replay import TICK_SECONDS, hpa_controller, replay

STARTUP = [60.0]
MINUTE = 60 // TICK_SECONDS


def jump(before: float, after: float, minutes: int = 30) -> np.ndarray:
    demand = np.full(minutes * MINUTE, before)
    demand[5 * MINUTE :] = after
    return demand


def test_pods_serve_only_after_their_start_up_time():
    outcome = replay(jump(2, 2), lambda _: 5, start_replicas=2, startup_seconds=STARTUP)
    assert outcome.specified[0] == 5
    assert outcome.ready[MINUTE - 1] == 2
    assert outcome.ready[MINUTE] == 5


def test_hpa_settles_where_its_target_says():
    outcome = replay(np.full(240, 5.0), hpa_controller(HpaSpec(50)), start_replicas=10, startup_seconds=STARTUP)
    assert set(outcome.specified.tolist()) == {10}


def test_hpa_reacts_late_to_a_jump_and_waits_five_minutes_to_come_down():
    demand = jump(3.0, 9.0)
    demand[15 * MINUTE :] = 3.0
    outcome = replay(demand, hpa_controller(HpaSpec(80)), start_replicas=4, startup_seconds=STARTUP)
    assert outcome.ready[6 * MINUTE] < 9
    assert outcome.ready[12 * MINUTE] >= 9
    assert outcome.specified[19 * MINUTE] >= 9
    assert outcome.specified[22 * MINUTE] < 9


def test_a_replay_is_repeatable():
    runs = [
        replay(jump(3, 9), hpa_controller(HpaSpec(70)), start_replicas=5, startup_seconds=[20.0, 90.0]).specified
        for _ in range(2)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])


def test_the_counterfactual_is_the_cheapest_target_short_no_more_often():
    never = counterfactual(jump(3.0, 6.0), 0.0, STARTUP, 50)
    sometimes = counterfactual(jump(3.0, 6.0), 0.2, STARTUP, 50)
    assert never.target_percent is not None
    assert sometimes.target_percent is not None
    assert never.short_share == 0.0
    assert sometimes.pod_minutes < never.pod_minutes
    assert counterfactual(jump(1.0, 40.0), 0.0, STARTUP, 50).target_percent is None


def verdict_of(demand, ready) -> Verdict:
    ready = np.asarray(ready, dtype=np.int64)
    return judge(demand, ready, ready, startup_seconds=STARTUP, max_replicas=50, lead_time_seconds=240.0).verdict


def test_verdicts():
    demand = jump(3.0, 8.5)
    size = demand.size
    assert verdict_of(demand, np.full(size, 9)) is Verdict.IN_TIME
    assert verdict_of(demand, np.full(size, 20)) is Verdict.TOO_MUCH
    assert verdict_of(demand, np.full(size, 5)) is Verdict.NOT_ENOUGH
    early_demand = np.full(size, 8.5)
    assert verdict_of(early_demand, np.where(np.arange(size) < 4, 6, 9)) is Verdict.LATE
    assert verdict_of(np.full(size, np.nan), np.full(size, 5)) is Verdict.UNKNOWN
    assert verdict_of(np.array([]), np.array([])) is Verdict.UNKNOWN


def test_the_judgement_compares_with_hpa_in_a_sentence():
    demand = jump(3.0, 8.5)
    ready = np.where(np.arange(demand.size) < 4 * MINUTE, 4, 9)
    judgement = judge(demand, ready, ready, startup_seconds=STARTUP, max_replicas=50, lead_time_seconds=240.0)
    assert judgement.short_share == 0.0
    assert judgement.pod_minutes < judgement.hpa.pod_minutes
    assert judgement.sentence.startswith("Ready in time: demand reached 8.5 pods, short 0.0 % of the time")
    assert "HPA" in judgement.sentence
