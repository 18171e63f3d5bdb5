"""The rhythm of cycles: a fixed grid, short leases, patient retries."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai4k8s_collector.domain.schedule import Rhythm

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
intervals = st.integers(5, 3600).map(lambda seconds: timedelta(seconds=seconds))
rhythms = st.builds(Rhythm.of, st.uuids(), intervals)


@given(rhythms, st.floats(0, 1))
def test_steady_cycles_stand_exactly_one_interval_apart(rhythm: Rhythm, share: float) -> None:
    due = rhythm.next_after(NOW, NOW)
    # However long reading and writing took, within the lease.
    finished = due + min(rhythm.lease, rhythm.interval * 0.94) * share
    assert rhythm.next_after(due, finished) == due + rhythm.interval


@given(rhythms, st.integers(0, 100_000))
def test_the_next_cycle_is_in_the_future_and_on_the_grid(rhythm: Rhythm, late_seconds: int) -> None:
    due = rhythm.next_after(NOW, NOW)
    finished = due + timedelta(seconds=late_seconds)
    following = rhythm.next_after(due, finished)
    assert following > finished
    assert (following - due) % rhythm.interval == timedelta(0)
    assert following - finished <= rhythm.interval * 1.5


@given(rhythms)
def test_after_the_first_look_the_second_is_neither_at_once_nor_far(rhythm: Rhythm) -> None:
    second = rhythm.next_after(NOW, NOW + timedelta(milliseconds=200))
    assert rhythm.interval / 2 < second - NOW <= rhythm.interval * 1.5


@given(rhythms)
def test_a_dead_workers_lease_is_over_before_the_next_cycle(rhythm: Rhythm) -> None:
    assert rhythm.deadline < rhythm.lease < rhythm.interval
    assert rhythm.lease <= timedelta(seconds=50)


@pytest.mark.parametrize(("failures", "seconds"), [(1, 15), (8, 15), (9, 30), (17, 45), (25, 60), (1000, 60)])
def test_a_failing_cluster_is_tried_often_at_first_and_then_less(failures: int, seconds: int) -> None:
    rhythm = Rhythm.of(uuid.uuid4(), timedelta(seconds=60))
    assert rhythm.retry_after(failures, NOW, 1.0) == NOW + timedelta(seconds=seconds)
    assert rhythm.retry_after(failures, NOW, 0.0) == NOW + timedelta(seconds=seconds * 0.85)


def test_clusters_do_not_all_come_due_together() -> None:
    due = {Rhythm.of(uuid.uuid4(), timedelta(seconds=60)).next_after(NOW, NOW) for _ in range(100)}
    assert len(due) > 50
