"""Histograms of use: percentiles to 5 %, sums of parts, one convention for writer and readers."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai4k8s_collector.digests import BUCKETS
from ai4k8s_collector.domain.digests import Gathered
from ai4k8s_collector.domain.observed import UsageReading, WorkloadKey
from ai4k8s_collector.domain.summary import Known, summarize
from ai4k8s_common.store.digests import (
    CPU_SMALLEST_MILLICORES,
    LAST_BUCKET,
    MEMORY_SMALLEST_BYTES,
    Histogram,
    bucket_of,
    upper_edge,
)
from tests.unit.collector.test_summary import INTERVAL, NOW, WEB, pod, snapshot

VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=60)


@given(VALUES)
def test_the_collector_and_its_readers_put_a_value_into_the_same_bucket(values: list[float]) -> None:
    numbers = BUCKETS.numbers(np.array(values), CPU_SMALLEST_MILLICORES)
    assert numbers.tolist() == [bucket_of(value, CPU_SMALLEST_MILLICORES) for value in values]
    for value, number in zip(values, numbers.tolist(), strict=True):
        assert value <= upper_edge(number, CPU_SMALLEST_MILLICORES) * (1 + 1e-6) or number == LAST_BUCKET


@given(VALUES, VALUES, st.sampled_from([0.5, 0.9, 0.99]))
def test_a_quantile_of_a_sum_is_that_of_all_values(one: list[float], other: list[float], share: float) -> None:
    both = Histogram(CPU_SMALLEST_MILLICORES)
    for values in (one, other):
        part = Histogram(CPU_SMALLEST_MILLICORES)
        part.add(values)
        both.merge(Histogram.of(CPU_SMALLEST_MILLICORES, *part.stored()))
    exact = float(np.quantile(one + other, share, method="inverted_cdf"))
    found = both.quantile(share)
    assert found is not None
    assert exact * (1 - 1e-6) <= found <= max(exact * 1.05, CPU_SMALLEST_MILLICORES) * (1 + 1e-6)


def test_nothing_has_no_quantile_and_different_quantities_do_not_add_up() -> None:
    empty = Histogram(CPU_SMALLEST_MILLICORES)
    assert empty.quantile(0.5) is None
    with pytest.raises(ValueError, match="different quantities"):
        empty.merge(Histogram(MEMORY_SMALLEST_BYTES))


def test_each_believed_reading_counts_once_and_bad_ones_not_at_all() -> None:
    containers = (("app", 200.0, 3e8), ("proxy", 10.0, 2e7))
    readings = [
        UsageReading("shop", "web-0", NOW, 210.0, 3.2e8, containers),
        UsageReading("shop", "web-1", NOW - timedelta(hours=1), 210.0, 3.2e8, containers),
    ]
    seen = summarize(snapshot([pod(0, uid="u0", oom_at=NOW, oom_container="app"), pod(1)], readings), known(), INTERVAL)
    gathered = Gathered()
    for _ in range(2):
        gathered.add(seen, {("shop", "web-0"): 0.25}, NOW, BUCKETS)
    assert set(gathered.by_container) == {(WEB, "app"), (WEB, "proxy")}
    app = gathered.by_container[WEB, "app"]
    assert (app.samples, app.cpu_max_millicores, app.memory_max_bytes, app.oom_kills) == (2, 200, 3e8, 2)
    assert app.cpu == {bucket_of(200, CPU_SMALLEST_MILLICORES): 2}
    assert app.throttled_share_max == 0.25


def known() -> dict[WorkloadKey, Known]:
    return {WEB: Known(NOW - timedelta(minutes=1), [])}


def test_what_was_gathered_is_due_after_ten_minutes_and_at_midnight() -> None:
    gathered = Gathered()
    assert not gathered.is_due(NOW)
    gathered.since = NOW
    assert not gathered.is_due(NOW + timedelta(minutes=9))
    assert gathered.is_due(NOW + timedelta(minutes=10))
    gathered.since = NOW.replace(hour=23, minute=58)
    assert gathered.is_due(NOW.replace(hour=0, minute=1) + timedelta(days=1))
