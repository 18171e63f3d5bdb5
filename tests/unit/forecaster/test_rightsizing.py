"""Sizes: what use says, how much history adds, and what forbids to lower a request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ai4k8s_forecaster.domain.kills import MEMORY, Kill, remembered
from ai4k8s_forecaster.domain.rightsizing import Containers, Held, size_cpu, size_memory
from ai4k8s_forecaster.domain.sizing_words import Sizes, findings_of, reasons_of, sentence_of
from ai4k8s_forecaster.domain.usage import Use, quantile_of, use_of

MIB = 2.0**20
NOW = datetime(2030, 5, 6, 12, tzinfo=UTC)
EDGES = 1.05 ** np.arange(291.0)


def containers(**values: float | bool) -> Containers:
    nothing = {"hpa_fixed": False, "memory_hpa": False, "history_days": 7.0}
    names = Containers.__dataclass_fields__
    return Containers(**{name: np.array([values.get(name, nothing.get(name, np.nan))]) for name in names})


def use(busy: float, peak: float | None = None) -> Use:
    one, many = np.array([busy]), np.array([7])
    return Use(one / 2, one, one / 3, np.array([busy * 1.2 if peak is None else peak]), many, many * 1440)


def test_percentiles_are_at_most_a_bucket_above_the_truth_and_never_below():
    values = np.random.default_rng(3).lognormal(5, 1, (3, 7, 1440))
    buckets = np.clip(np.ceil(np.log(values) / np.log(1.05)), 0, 290).astype(np.int64)
    counts = np.apply_along_axis(np.bincount, 2, buckets, minlength=291)
    found = quantile_of(counts, EDGES, 0.95)
    true = np.quantile(values, 0.95, axis=2, method="inverted_cdf")
    assert (found >= true * (1 - 1e-9)).all()
    assert (found <= true * 1.05 * (1 + 1e-9)).all()


def test_a_container_is_sized_the_same_whoever_stands_beside_it():
    counts = np.random.default_rng(5).integers(0, 9, (4, 7, 291))
    peaks = np.full((4, 7), 1e9)
    together, alone = use_of(counts, EDGES, peaks), use_of(counts[2:3], EDGES, peaks[2:3])
    assert together.busy[2] == alone.busy[0]
    assert together.typical[2] == alone.typical[0]


def test_a_day_hardly_seen_and_a_day_not_seen_say_nothing():
    counts = np.zeros((2, 7, 291), np.int64)
    counts[0, 2, 100], counts[0, 3, 200] = 500, 11
    found = use_of(counts, EDGES, np.full((2, 7), np.nan))
    assert found.busy[0] == pytest.approx(EDGES[100])
    assert np.isnan(found.busy[1])
    assert found.days.tolist() == [1, 0]


def test_less_than_a_week_adds_margin():
    size, _ = size_cpu(containers(cpu_request=1000.0), use(200.0))
    young, _ = size_cpu(containers(cpu_request=1000.0, history_days=1.0), use(200.0))
    assert size.target[0] == 300
    assert young.target[0] == pytest.approx(200 * 1.5 * 1.4, abs=10)


def test_a_small_change_is_not_worth_a_restart():
    size, _ = size_cpu(containers(cpu_request=320.0), use(200.0))
    assert size.target[0] == 320


def test_lowering_under_an_hpa_never_spirals():
    """Pods use what the HPA lets them: a request that follows use alone would shrink for ever."""
    request, target = 1000.0, 60.0
    steps = []
    for _ in range(10):
        threshold = request * target / 100
        now = containers(cpu_request=request, hpa_target=target)
        size, moved = size_cpu(now, use(threshold * 0.5))
        if np.isfinite(moved[0]):
            # The use per pod at which the HPA acts stays, or comes a little sooner.
            assert threshold * 0.97 <= size.target[0] * moved[0] / 100 <= threshold
            target = float(moved[0])
        request = float(size.target[0])
        steps.append(request)
    assert steps[1:] == [steps[0]] * 9
    assert request >= 600 / 0.9


def test_an_hpa_is_the_headroom_and_only_what_passes_the_request_raises_it():
    size, _ = size_cpu(containers(cpu_request=1000.0, hpa_target=80.0), use(800.0))
    assert size.target[0] == 1000
    size, moved = size_cpu(containers(cpu_request=1000.0, hpa_target=80.0), use(1300.0))
    assert (size.target[0], moved[0]) == (1300, 61)


def test_under_an_hpa_whose_target_cannot_move_the_request_is_not_lowered():
    size, moved = size_cpu(containers(cpu_request=1000.0, hpa_target=60.0, hpa_fixed=True), use(200.0))
    assert (size.target[0], size.held[0]) == (1000, Held.HPA_FIXED)
    assert np.isnan(moved[0])


def test_what_runs_against_its_limit_is_not_lowered_and_gets_a_higher_limit():
    size, _ = size_cpu(containers(cpu_request=1000.0, cpu_limit=500.0, throttled=0.3), use(300.0))
    assert (size.target[0], size.held[0]) == (1000, Held.AT_CPU_LIMIT)
    assert size.limit[0] >= 1000
    free, _ = size_cpu(containers(cpu_request=1000.0, cpu_limit=2000.0), use(300.0))
    assert (free.target[0], free.limit[0]) == (450, 2000)


def test_never_below_what_it_was_killed_at():
    now = containers(memory_request=256 * MIB, memory_limit=256 * MIB, killed_at=256 * MIB)
    size = size_memory(now, use(180 * MIB, 200 * MIB))
    assert size.target[0] >= 256 * 1.2 * MIB
    assert size.limit[0] >= size.target[0]
    assert size.held[0] == Held.KILLED
    without = size_memory(containers(memory_request=256 * MIB, memory_limit=256 * MIB), use(90 * MIB, 100 * MIB))
    assert without.target[0] == without.limit[0] == 115 * MIB


def test_a_limit_that_was_raised_is_not_raised_again_for_the_same_kill():
    at = NOW - timedelta(hours=2)
    first = remembered(None, at, 256 * MIB, NOW)
    assert first == Kill(256 * MIB, at)
    assert remembered(first, at, 512 * MIB, NOW + timedelta(hours=1)) == first
    assert remembered(first, NOW, 512 * MIB, NOW) == Kill(512 * MIB, NOW)
    assert remembered(first, NOW, 64 * MIB, NOW) == Kill(256 * MIB, NOW)
    assert remembered(first, at, 256 * MIB, at + MEMORY + timedelta(minutes=1)) is None


def test_memory_that_an_hpa_measures_is_not_lowered():
    size = size_memory(containers(memory_request=1024 * MIB, memory_hpa=True), use(100 * MIB, 100 * MIB))
    assert (size.target[0], size.held[0]) == (1024 * MIB, Held.MEMORY_HPA)


def test_what_is_not_known_stays_unknown():
    size, moved = size_cpu(containers(), use(np.nan, np.nan))
    assert np.isnan(size.limit[0])
    assert np.isnan(moved[0])
    assert np.isnan(size_memory(containers(), use(np.nan, np.nan)).limit[0])


def said(**values: object) -> Sizes:
    usual: dict[str, object] = dict.fromkeys(Sizes.__dataclass_fields__, np.nan)
    usual |= {"name": "api", "replicas": 3, "history_days": 7.0, "cpu_held": Held.FREE, "memory_held": Held.FREE}
    usual |= {"killed": False, "busy_node": "", "cpu_busy": 180.0, "cpu_peak": 220.0, "memory_peak": 300 * MIB}
    return Sizes(**{**usual, **values})  # type: ignore[arg-type]


def test_the_sentence_has_the_numbers_and_the_reasons_say_what_is_held_back():
    one = said(cpu_request=1000.0, cpu_target=210.0, memory_request=512 * MIB, memory_target=352 * MIB)
    assert findings_of(one) == ["over_provisioned"]
    assert sentence_of(one, []) == (
        "CPU: 180 m in the busiest 5 % of the time, 1 core requested: 210 m would fit. "
        "Memory: 300 MiB at most, 512 MiB requested: 352 MiB would fit."
    )
    assert "HPA" in reasons_of(said(cpu_held=Held.HPA_FIXED))[0]
    assert "26 h of history" in reasons_of(said(history_days=1.1))[0]


@pytest.mark.parametrize(
    ("values", "finding"),
    [
        ({"killed": True}, "oom_killed"),
        ({"memory_limit": 310 * MIB}, "oom_risk"),
        ({"throttled": 0.2}, "throttled"),
        ({"cpu_peak": 3.0}, "idle"),
        ({"cpu_request": 100.0, "busy_node": "node-2", "busy_share": 0.9}, "noisy_neighbour"),
        ({"cpu_request": 100.0, "cpu_target": 210.0}, "under_provisioned"),
        ({}, "no_request"),
    ],
)
def test_findings_name_what_is_worth_knowing(values: dict[str, object], finding: str):
    one = said(**values)
    assert finding in findings_of(one)
    assert sentence_of(one, findings_of(one))
