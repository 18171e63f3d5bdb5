"""The past: what the demand had, nothing more."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ai4k8s_simcluster.load.demand import TraceDemand
from ai4k8s_simcluster.load.traces import Trace
from ai4k8s_simcluster.load.workload import LoadedWorkload, WorkloadKey
from ai4k8s_simcluster.prom.engine import Engine, Sources
from ai4k8s_simcluster.prom.history import HistorySeries, WorkloadHistory, past_replicas
from ai4k8s_simcluster.prom.labels import Slot
from ai4k8s_simcluster.prom.live import LiveSeries
from ai4k8s_simcluster.prom.series import NAME
from ai4k8s_simcluster.prom.syntax import parse
from tests.unit.simcluster.test_promql import MAIN_QUERY

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400.0
NOW = 20_000 * DAY
KEY = WorkloadKey("shop", "web")


def _history(values, times, *, slots: int = 12) -> WorkloadHistory:
    source = TraceDemand(Trace(times, values, 60.0), 0.0, 1.0)
    workload = LoadedWorkload(KEY, source, NOW, 1, 12, "test")
    return WorkloadHistory(workload, tuple(Slot("shop", f"web-{i}", "app", "node-1") for i in range(slots)))


def _range(history: WorkloadHistory, query: str, start: float, end: float, step: float = 60.0):
    at = np.arange(start * 1000, end * 1000 + 1, step * 1000).astype(np.int64)
    rows = Engine(Sources(HistorySeries([history]))).evaluate(parse(query), at)
    assert isinstance(rows, list)
    return at / 1000.0, rows


def test_the_main_query_gives_back_the_demand_of_the_trace() -> None:
    times = np.arange(NOW - 3 * DAY, NOW, 60.0)
    values = 1.5 + np.sin(times / 5000.0)
    at, rows = _range(_history(values, times), MAIN_QUERY, NOW - DAY, NOW - 3600)
    assert len(rows) == 1
    assert dict(rows[0].labels) == {"namespace": "shop", "workload": "web", "workload_type": "deployment"}
    assert rows[0].present.all()
    expected = np.interp(at - 60.0, times, values)  # the middle of the two minutes
    assert np.median(np.abs(rows[0].values - expected) / expected) < 0.02


def test_where_the_trace_has_a_gap_there_are_no_samples() -> None:
    times = np.arange(NOW - 2 * DAY, NOW, 60.0)
    times = times[(times < NOW - DAY) | (times > NOW - DAY + 7200)]
    at, rows = _range(_history(np.ones(len(times)), times), MAIN_QUERY, NOW - DAY - 3600, NOW - DAY + 10800)
    inside = (at > NOW - DAY + 300) & (at < NOW - DAY + 7000)
    assert not rows[0].present[inside].any()
    assert rows[0].present[at < NOW - DAY - 60].all()
    _, replicas = _range(
        _history(np.ones(len(times)), times), "kube_deployment_spec_replicas", NOW - DAY, NOW - DAY + 7000
    )
    assert not replicas[0].present[5:].any()


def test_before_the_trace_begins_there_is_nothing() -> None:
    times = np.arange(NOW - DAY, NOW, 60.0)
    at, rows = _range(_history(np.ones(len(times)), times), MAIN_QUERY, NOW - 2 * DAY, NOW)
    assert not rows[0].present[at < NOW - DAY].any()


def test_no_more_than_fourteen_days_are_kept() -> None:
    times = np.arange(NOW - 20 * DAY, NOW, 60.0)
    history = _history(np.ones(len(times)), times)
    assert history.times[0] == pytest.approx(NOW - 14 * DAY, abs=30)
    assert history.times[-1] < NOW


def test_past_replicas_follow_demand_late_up_and_later_down() -> None:
    demand = np.concatenate([np.full(30, 0.4), np.full(30, 2.0), np.full(30, 0.4)])
    replicas = past_replicas(demand, 1, 12)
    assert replicas[30] == 1
    assert replicas[33] == 5
    assert replicas[65] == 5
    assert replicas[80] == 1


def test_past_replicas_are_unknown_where_demand_is() -> None:
    replicas = past_replicas(np.array([1.0, math.nan, 1.0]), 1, 12)
    assert np.isnan(replicas).tolist() == [False, True, False]


def test_pods_of_the_past_use_no_more_than_their_limit() -> None:
    times = np.arange(NOW - DAY, NOW, 60.0)
    values = np.where(np.mod(times, 3600) < 120, 8.0, 0.4)
    history = _history(values, times)
    assert np.nanmax(history.usage) <= 0.75


def test_requests_limits_and_owners_exist_wherever_the_pod_did() -> None:
    times = np.arange(NOW - DAY, NOW, 60.0)
    history = _history(np.full(len(times), 1.0), times)
    names = HistorySeries([history]).names()
    assert {"kube_pod_container_resource_requests", "kube_pod_container_resource_limits"} <= names
    requests = history.series("kube_pod_container_resource_requests")
    assert {(s.labels["resource"], s.labels["unit"], float(s.values[0])) for s in requests} == {
        ("cpu", "core", 0.5), ("memory", "byte", 256 * 2**20),
    }  # fmt: skip


def test_recorded_samples_survive_on_disk_and_a_torn_line_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    live = LiveSeries(path)
    labels = {NAME: "g", "pod": "a"}
    live.append(1000, [(labels, 1.0), ({NAME: "h"}, 5.0)])
    live.append(2000, [(labels, 2.0)])
    live.close()
    with path.open("ab") as file:
        file.write(b'{"t":3000,"v":[[0,')
    again = LiveSeries(path)
    assert again.names() == {"g", "h"}
    assert again.series("g")[0].values.tolist() == [1.0, 2.0]
    assert math.isnan(again.series("h")[0].values[-1]), "a series that ended is marked"
    again.append(3000, [(labels, 3.0)])
    again.close()
    last = LiveSeries(path)
    last.close()
    assert last.series("g")[0].times.tolist() == [1000, 2000, 3000]


def test_past_and_live_samples_meet_in_one_series(tmp_path: Path) -> None:
    times = np.arange(NOW - DAY, NOW, 60.0)
    history = _history(np.full(len(times), 0.3), times)
    live = LiveSeries(None)
    labels = history.series("container_cpu_usage_seconds_total")[0].labels
    last = history.final_cpu_seconds(0)
    for i in range(1, 20):
        live.append(round((NOW + 15 * i) * 1000), [(labels, last + 0.3 * 15 * i)])
    engine = Engine(Sources(HistorySeries([history]), live))
    at = np.array([round((NOW + 60) * 1000)], dtype=np.int64)
    rows = engine.evaluate(parse("rate(container_cpu_usage_seconds_total[5m])"), at)
    assert isinstance(rows, list)
    assert len(rows) == 1
    assert rows[0].values[0] == pytest.approx(0.3, rel=0.06)
