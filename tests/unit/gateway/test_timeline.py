"""Resolution and gaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ai4k8s_gateway.domain.timeline import MAX_POINTS, Bin, step_seconds, with_gaps

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def at(*seconds: float, source: int = 0) -> list[Bin]:
    return [Bin(NOW + timedelta(seconds=second), source, 1.0) for second in seconds]


@pytest.mark.parametrize("hours", [0.1, 1, 6, 24, 24 * 7, 24 * 15])
def test_a_range_never_has_too_many_points(hours: float):
    step = step_seconds(NOW, NOW + timedelta(hours=hours))

    assert hours * 3600 / step <= MAX_POINTS


def test_an_hour_is_shown_as_fine_as_it_is_measured():
    assert step_seconds(NOW, NOW + timedelta(hours=1)) == 15


def gaps(bins: list[Bin], step: float, end: float) -> list[float]:
    filled = with_gaps(bins, timedelta(seconds=step), NOW + timedelta(seconds=end))
    return [(item.at - NOW).total_seconds() for item in filled if item.cpu_demand_millicores is None]


def test_one_late_sample_is_no_gap():
    assert gaps(at(0, 15, 30, 60, 75), 15, 75) == []


def test_missing_samples_are_a_gap():
    assert gaps(at(0, 15, 30, 90, 105, 120), 15, 120) == [45]


def test_a_slower_pace_than_the_picture_is_no_gap():
    assert gaps(at(0, 60, 120, 180), 15, 180) == []


def test_each_source_has_its_own_pace():
    past, live = at(0, 300, 600, 900, source=1), at(960, 975, 990, 1005)

    assert gaps(past + live, 15, 1005) == []
    assert gaps(past[:2] + past[3:] + live[:1] + live[3:], 15, 1005) == []
    assert gaps(past + live + at(1080), 15, 1080) == [1020]


def test_samples_that_stopped_end_in_a_gap():
    assert gaps(at(0, 15, 30), 15, 600) == [45]


def test_nothing_stays_nothing():
    assert with_gaps([], timedelta(seconds=15), NOW) == []
