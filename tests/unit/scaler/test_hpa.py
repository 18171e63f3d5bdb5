"""HPA's arithmetic against cases worked out by hand from Kubernetes' documented algorithm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai4k8s_scaler.domain.hpa import (
    Behavior,
    Direction,
    HpaMemory,
    HpaSpec,
    LimitKind,
    PodGroup,
    PodSample,
    RateLimit,
    Select,
    Tolerance,
    Usage,
    desired_replicas,
    group_of,
    rate_limited,
    stabilised,
    step,
    summarised,
)


def usage(percent: float, pods: int, *, unready: int = 0, missing: int = 0) -> Usage:
    return Usage(percent * pods, 100.0, pods, unready, missing)


@pytest.mark.parametrize(
    ("seen", "current", "target", "wanted"),
    [
        (usage(100, 4), 4, 50, 8),
        (usage(90, 3), 3, 60, 5),  # 1.5 x 3 = 4.5, rounded up
        (usage(20, 10), 10, 50, 4),
        (usage(55, 4), 4, 50, 4),  # 1.1 is within tolerance
        (usage(56, 4), 4, 50, 5),  # 1.12 is not
        (usage(45, 4), 4, 50, 4),
        (usage(44, 4), 4, 50, 4),  # .88 x 4 = 3.52, rounded up: no change
        (usage(55.99, 4), 4, 50, 4),  # percent is truncated to 55 first
        (usage(0, 5), 5, 50, 0),
    ],
)
def test_without_special_pods(seen, current, target, wanted):
    assert desired_replicas(seen, current, target) == wanted


@pytest.mark.parametrize(
    ("seen", "current", "wanted"),
    [
        # Scale up, 3 measured at 200 % of target 50: with 2 unready at 0, ratio (300 / 500) / .5 = 1.2 over 5 pods.
        (usage(100, 3, unready=2), 5, 6),
        # Unready pods damp the rise until nothing is left of it.
        (usage(60, 2, unready=1), 3, 3),
        # Scale down ignores unready pods: ratio .4 over 5 measured pods.
        (usage(20, 5, unready=2), 7, 2),
        # Missing pods count 100 % on scale-down: (4 x 20 + 100) / 5 = 36 %, ratio .72 over 5.
        (usage(20, 4, missing=1), 5, 4),
        # Missing pods count nothing on scale-up: 4 x 100 / 5 = 80 %, ratio 1.6 over 5.
        (usage(100, 4, missing=1), 5, 8),
        # Assuming 100 % would turn the decrease into an increase: hold.
        (usage(40, 1, missing=3), 4, 4),
    ],
)
def test_with_unready_or_missing_pods(seen, current, wanted):
    assert desired_replicas(seen, current, 50) == wanted


def test_without_any_metric_there_is_no_recommendation():
    assert desired_replicas(Usage(0, 100, 0, unready=3), 3, 50) is None


def test_tolerance_may_differ_by_direction():
    assert desired_replicas(usage(60, 4), 4, 50, Tolerance(up=0.3, down=0.0)) == 4
    assert desired_replicas(usage(49, 100), 100, 50, Tolerance(up=0.3, down=0.0)) == 98


@pytest.mark.parametrize(
    ("pod", "group"),
    [
        (PodSample(50, 100), PodGroup.READY),
        (PodSample(None, 100), PodGroup.MISSING),
        (PodSample(50, 100, pending=True), PodGroup.UNREADY),
        (PodSample(50, 100, dropped=True), PodGroup.DROPPED),
        (PodSample(50, 100, ready=False, started_seconds_ago=60, ready_changed_seconds_ago=60), PodGroup.UNREADY),
        # Ready for 20 s, the sample is 15 s old and spans 30 s: it began before the pod was ready.
        (PodSample(50, 100, started_seconds_ago=80, ready_changed_seconds_ago=20), PodGroup.UNREADY),
        (PodSample(50, 100, started_seconds_ago=120, ready_changed_seconds_ago=60), PodGroup.READY),
        # Later than five minutes only pods that were never ready are set aside.
        (PodSample(50, 100, ready=False, started_seconds_ago=600, ready_changed_seconds_ago=590), PodGroup.UNREADY),
        (PodSample(50, 100, ready=False, started_seconds_ago=600, ready_changed_seconds_ago=100), PodGroup.READY),
    ],
)
def test_pods_are_grouped_as_hpa_does(pod, group):
    assert group_of(pod) is group


def test_pods_are_summed_by_group():
    pods = [PodSample(50, 100), PodSample(70, 100), PodSample(None, 100), PodSample(9, 100, pending=True)]
    assert summarised(pods) == Usage(120, 100, 2, unready=1, missing=1)
    assert summarised([]) == Usage(0, 0, 0)


def test_scale_down_waits_for_the_highest_of_five_minutes():
    memory = HpaMemory(recommendations=((0.0, 9), (250.0, 4)))
    assert stabilised(memory, 299.0, 3, 9, Behavior()) == 9
    assert stabilised(memory, 301.0, 3, 9, Behavior()) == 4


def test_scale_up_may_be_stabilised_too():
    behavior = Behavior(up=Direction(60.0, ()))
    memory = HpaMemory(recommendations=((0.0, 5), (30.0, 8)))
    assert stabilised(memory, 45.0, 10, 4, behavior) == 5


@pytest.mark.parametrize(("current", "wanted", "reached"), [(1, 50, 5), (4, 50, 8), (10, 50, 20), (10, 12, 12)])
def test_default_rise_is_four_pods_or_double(current, wanted, reached):
    assert rate_limited(HpaMemory(), 0.0, wanted, current, Behavior()) == reached


def test_changes_within_the_period_count_against_the_limit():
    memory = HpaMemory(changes=((0.0, 4),))
    assert rate_limited(memory, 10.0, 50, 8, Behavior()) == 8
    assert rate_limited(memory, 15.0, 50, 8, Behavior()) == 16


def test_percent_rounds_up_when_rising_and_truncates_when_falling():
    third = RateLimit(LimitKind.PERCENT, 33, 60.0)
    behavior = Behavior(up=Direction(0.0, (third,)), down=Direction(0.0, (third,)))
    assert rate_limited(HpaMemory(), 0.0, 100, 5, behavior) == 7  # 6.65
    assert rate_limited(HpaMemory(), 0.0, 1, 5, behavior) == 3  # 3.35


def test_select_policy_min_and_disabled():
    limits = (RateLimit(LimitKind.PODS, 1, 60.0), RateLimit(LimitKind.PERCENT, 100, 60.0))
    slow = Behavior(up=Direction(0.0, limits, Select.MIN), down=Direction(0.0, limits, Select.DISABLED))
    assert rate_limited(HpaMemory(), 0.0, 20, 5, slow) == 6
    assert rate_limited(HpaMemory(), 0.0, 1, 5, slow) == 5


def test_bounds_come_last():
    spec = HpaSpec(50, min_replicas=2, max_replicas=6)
    assert step(spec, HpaMemory(), 0.0, usage(100, 4), 4)[0] == 6
    assert step(spec, HpaMemory(), 0.0, usage(0, 4), 4)[0] == 2
    assert step(spec, HpaMemory(), 0.0, Usage(0, 100, 0), 1)[0] == 2


@given(st.floats(0, 1000), st.integers(1, 200), st.integers(0, 50), st.integers(0, 50), st.integers(1, 100))
def test_special_pods_never_flip_the_direction(percent, measured, unready, missing, target):
    current = measured + unready + missing
    plain = desired_replicas(usage(percent, measured), current, target)
    wanted = desired_replicas(usage(percent, measured, unready=unready, missing=missing), current, target)
    assert plain is not None
    assert wanted is not None
    assert wanted >= 0
    if int(percent) > target:
        assert wanted >= min(current, plain)
