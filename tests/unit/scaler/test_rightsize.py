"""Recommended requests follow the recommender's rules."""

from __future__ import annotations

import numpy as np

from ai4k8s_scaler.domain.rightsize import MARGIN, recommended_cpu, recommended_memory

DAY = 86_400.0
AT = np.arange(0.0, 8 * DAY, 60.0)
NOW = float(AT[-1])


def test_cpu_is_the_ninetieth_percentile_with_a_margin_within_a_bucket():
    found = recommended_cpu(AT, np.where(np.arange(AT.size) % 20 == 0, 400.0, 200.0), NOW)
    assert found is not None
    # High samples weigh more; 5 % of them are still below the last tenth.
    assert 200.0 * MARGIN <= found.target <= 200.0 * MARGIN * 1.1
    assert found.lower <= found.target <= found.upper


def test_yesterday_counts_half_of_today():
    rising = recommended_cpu(AT, np.where(AT > NOW - 2 * DAY, 500.0, 100.0), NOW)
    assert rising is not None
    assert rising.target > 500.0


def test_memory_is_by_the_days_peaks_and_never_below_the_least():
    peaks = np.full(AT.size, 300e6)
    peaks[:: 24 * 60] = 900e6
    found = recommended_memory(AT, peaks, NOW)
    assert found is not None
    assert found.target == 900e6 * MARGIN
    small = recommended_memory(AT, np.full(AT.size, 1e6), NOW)
    assert small is not None
    assert small.target == 250 * 1024 * 1024


def test_little_history_widens_the_bounds_and_nothing_measured_gives_nothing():
    young = recommended_cpu(AT[:60], np.full(60, 200.0), float(AT[59]))
    old = recommended_cpu(AT, np.full(AT.size, 200.0), NOW)
    assert young is not None
    assert old is not None
    assert young.upper > 10 * old.upper
    assert recommended_cpu(AT, np.full(AT.size, np.nan), NOW) is None
