"""The past on a grid of minutes."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ai4k8s_collector.domain.history import QUESTIONS, STEP, Day, DayGrid, Quantity, days, workload_of
from ai4k8s_collector.domain.observed import WorkloadKey

START = datetime(2026, 5, 1, tzinfo=UTC)
CPU, MEMORY, READY, DESIRED, *_ = QUESTIONS
WEB = {"namespace": "shop", "workload": "web", "workload_type": "deployment"}
KUBE_WEB = {"namespace": "shop", "deployment": "web"}
IDS = {WorkloadKey("shop", "Deployment", "web"): 7}


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis wants them naive
def test_days_cover_two_weeks_once_newest_first_and_end_before_the_end(end: datetime) -> None:
    stretches = days(end)
    assert len(stretches) == 14
    assert end - timedelta(minutes=2) < stretches[0].end < end
    assert 0 <= sum(day.points for day in stretches) - 14 * 24 * 60 < 5
    assert all(day.start.minute % 5 == 0 for day in stretches)
    for newer, older in pairwise(stretches):
        assert newer.start - older.end == STEP
    assert all(day.start.second == 0 and day.points <= 11_000 for day in stretches)


def test_series_of_all_quantities_meet_in_one_sample() -> None:
    grid = DayGrid(Day(START, START + 3 * STEP), IDS)
    at = [START.timestamp() + 60 * n for n in range(4)]
    grid.add(CPU, WEB, at, [0.5, math.nan, -1.0, math.inf])
    grid.add(MEMORY, WEB, at[:1], [1e8])
    grid.add(READY, KUBE_WEB, at[:2], [2.0, 3.0])
    grid.add(DESIRED, KUBE_WEB, at[1:2], [4.0])
    samples = grid.samples()
    columns = (Quantity.CPU_MILLICORES, Quantity.MEMORY_BYTES, Quantity.READY_REPLICAS, Quantity.DESIRED_REPLICAS)
    rows = np.stack([samples.at - START.timestamp(), *(samples.values[column] for column in columns)], axis=1)
    # The third and fourth minute have no value that could be believed, so they are no rows.
    np.testing.assert_equal(rows, [[0, 500.0, 1e8, 2, math.nan], [60, math.nan, math.nan, 3, 4]])
    assert samples.workload_id.tolist() == [7, 7]
    assert grid.dropped == 3


def test_series_of_workloads_nobody_knows_are_left_out() -> None:
    grid = DayGrid(Day(START, START + STEP), IDS)
    for labels in ({}, {**WEB, "workload": "other"}, {**WEB, "workload_type": "job"}, {"workload": "web"}):
        grid.add(CPU, labels, [START.timestamp()], [1.0])
    assert grid.samples().at.tolist() == []
    assert grid.dropped == 0


def test_points_off_the_stretch_are_dropped() -> None:
    grid = DayGrid(Day(START, START + STEP), IDS)
    grid.add(CPU, WEB, [START.timestamp() - 60, START.timestamp(), START.timestamp() + 120], [1.0, 2.0, 3.0])
    assert grid.samples().values[Quantity.CPU_MILLICORES].tolist() == [2000.0]


def test_a_stateful_sets_series_are_its_own() -> None:
    assert workload_of(CPU, {**WEB, "workload_type": "statefulset"}) == WorkloadKey("shop", "StatefulSet", "web")
    ready = next(q for q in QUESTIONS if q.kind == "StatefulSet")
    assert workload_of(ready, {"namespace": "shop", "statefulset": "db"}) == WorkloadKey("shop", "StatefulSet", "db")
