"""Traces, shapes, demand, and what becomes of demand that cannot be served."""

from __future__ import annotations

import gzip
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ai4k8s_simcluster.load.demand import ShapeDemand, TraceDemand
from ai4k8s_simcluster.load.model import LoadModel
from ai4k8s_simcluster.load.queueing import WorkQueue
from ai4k8s_simcluster.load.shapes import Shape, ShapeError, ShapeKind, parse_shape
from ai4k8s_simcluster.load.traces import Trace, TraceError, read_trace
from ai4k8s_simcluster.load.workload import LoadedWorkload, WorkloadKey, replicas_for
from ai4k8s_simcluster.registry import DEPLOYMENTS
from tests.unit.simcluster.world import START, World

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400.0
KEY = WorkloadKey("t", "web")


def test_a_trace_is_read_plain_or_compressed_with_or_without_a_zone(tmp_path: Path) -> None:
    text = "timestamp,value\n2024-01-01 00:00:00,1\n2024-01-01T00:01:00Z,2.5\n2024-01-01T02:02:00+02:00,-3\n"
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(text.encode()))
    plain, packed = read_trace(tmp_path / "a.csv"), read_trace(tmp_path / "b.csv.gz")
    assert plain.values.tolist() == packed.values.tolist() == [1.0, 2.5, 0.0]
    assert np.diff(plain.times).tolist() == [60.0, 60.0]


@pytest.mark.parametrize("text", ["", "timestamp,value\n", "timestamp,value\n2024-01-01,1\nyesterday,2\n"])
def test_a_file_that_is_no_trace_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(TraceError):
        read_trace(tmp_path / "x.csv")


def _demand(values: list[float], times: list[float] | None = None, offset: float = 0.0) -> TraceDemand:
    moments = np.array(times if times is not None else [60.0 * i for i in range(len(values))])
    return TraceDemand(Trace(moments, np.array(values), 60.0), offset, 2.0)


def test_demand_is_scaled_moved_and_straight_between_rows() -> None:
    demand = _demand([1.0, 3.0, 3.0], offset=1000.0)
    assert demand.at(np.array([1000.0, 1030.0, 1060.0])).tolist() == [2.0, 4.0, 6.0]


def test_before_the_first_row_and_in_gaps_nothing_is_known() -> None:
    demand = _demand([1.0, 1.0, 5.0, 5.0], times=[0.0, 60.0, 600.0, 660.0])
    assert np.isnan(demand.at(np.array([-1.0, 130.0, 300.0, 599.0]))).all()
    assert demand.at(np.array([30.0, 100.0, 600.0, 630.0])).tolist() == [2.0, pytest.approx(2.0, abs=0.8), 10.0, 10.0]


def test_after_its_end_the_last_day_of_a_trace_is_repeated() -> None:
    times = np.arange(0.0, 3 * DAY, 60.0)
    trace = Trace(times, times, 60.0)
    demand = TraceDemand(trace, 0.0, 1.0)
    assert demand.ends_at == 3 * DAY
    assert demand.at(np.array([3 * DAY + 3600.0]))[0] == pytest.approx(2 * DAY + 3600.0)
    assert demand.at(np.array([5 * DAY + 3600.0]))[0] == pytest.approx(2 * DAY + 3600.0)


def test_a_shape_is_the_same_on_every_machine_and_differs_by_seed() -> None:
    times = np.array([START, START + 60, START + 12345])
    shape = Shape(ShapeKind.BURSTS, 1.0, 2.0, seed=4)
    assert shape.cores_at(times).tolist() == Shape(ShapeKind.BURSTS, 1.0, 2.0, seed=4).cores_at(times).tolist()
    assert shape.cores_at(times).tolist() != Shape(ShapeKind.BURSTS, 1.0, 2.0, seed=5).cores_at(times).tolist()
    assert shape.cores_at(times)[1] == pytest.approx(shape.cores_at(times[1:2])[0])


@pytest.mark.parametrize("kind", [ShapeKind.HOURLY, ShapeKind.RUSH])
def test_a_recurring_shape_rises_at_its_phase_every_hour(kind: ShapeKind) -> None:
    shape = Shape(kind, 1.0, 2.0, noise=0.0, phase_at=START)
    for hours in (-48, -5, 0, 7):
        before, after = shape.cores_at(np.array([START - 30, START + 120]) + hours * 3600)
        assert after > before + 0.4


def test_the_demonstration_s_main_shape_rises_most_at_the_same_time_of_day() -> None:
    shape = Shape(ShapeKind.RUSH, 1.0, 2.0, noise=0.0, phase_at=START)
    for days in (-13, -1, 0, 1):
        before, after = shape.cores_at(np.array([START - 60, START + 300]) + days * DAY)
        assert after > 2.0 * before


def test_all_shapes_are_never_negative_and_bounded() -> None:
    times = np.arange(START - 2 * DAY, START + DAY, 97.0)
    for kind in ShapeKind:
        values = Shape(kind, 0.5, 1.5, noise=0.3, phase_at=START).cores_at(times)
        assert (values >= 0).all()
        assert values.max() < 6


def test_a_shape_s_history_begins_fourteen_days_before_its_start() -> None:
    demand = ShapeDemand(Shape(ShapeKind.NOISE), START)
    assert np.isnan(demand.at(np.array([START - 14 * DAY - 1]))[0])
    assert not np.isnan(demand.at(np.array([START - 14 * DAY, START + 400 * DAY]))).any()


@pytest.mark.parametrize(
    ("kind", "parameters"), [("square", {}), ("hourly", {"hight": "2"}), ("hourly", {"base": "x"})]
)
def test_an_unknown_shape_or_parameter_is_refused(kind: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ShapeError):
        parse_shape(kind, parameters)


def test_work_waits_its_turn_and_is_given_up_after_a_minute() -> None:
    queue = WorkQueue()
    assert queue.serve(0.0, 5.0, 2.0) == 2.0
    assert queue.waiting_core_seconds == 3.0
    assert queue.serve(1.0, 0.0, 1.0) == 1.0
    assert queue.serve(61.5, 1.0, 0.0) == 0.0
    assert (queue.waiting_core_seconds, queue.dropped_core_seconds) == (1.0, 2.0)


def test_no_work_is_lost_or_made_up() -> None:
    queue, rng = WorkQueue(), np.random.default_rng(1)
    arrived = served = 0.0
    for second in range(500):
        work = float(rng.uniform(0, 4))
        arrived += work
        served += queue.serve(float(second), work, 2.0)
    assert served + queue.waiting_core_seconds + queue.dropped_core_seconds == pytest.approx(arrived)


@pytest.mark.parametrize(("demand", "expected"), [(0.0, 2), (0.8, 2), (0.81, 3), (4.0, 10), (99.0, 12)])
def test_initial_replicas_serve_the_demand_at_80_percent_of_request(demand: float, expected: int) -> None:
    assert replicas_for(demand, 2, 12) == expected


class _Constant:
    begins_at = 0.0
    ends_at = None

    def __init__(self, cores: float) -> None:
        self.cores = cores

    def at(self, times):
        return np.full(len(times), self.cores)


def _loaded(cores: float, replicas: int, limit: str = "750m") -> tuple[World, LoadModel, _Constant]:
    world = World(nodes=4, startup=(0, 0))
    world.deploy(replicas=replicas)
    world.change(lambda spec: spec["template"]["spec"]["containers"][0]["resources"].update(limits={"cpu": limit}))
    world.run(20)
    source = _Constant(cores)
    workload = LoadedWorkload(KEY, source, START, 1, 9, "test")
    return world, LoadModel(world.store, [workload], world.clock.now()), source


def _advance(world: World, model: LoadModel, seconds: int) -> None:
    for _ in range(seconds):
        world.run(1)
        model.tick(world.clock.now())


def test_ready_pods_share_the_demand_evenly() -> None:
    world, model, _ = _loaded(1.2, 3)
    _advance(world, model, 40)
    usage = [model.pod_usage(uid) for uid in model.table.rows]
    assert [sample and sample.cpu_cores for sample in usage] == [pytest.approx(0.4)] * 3


def test_a_pod_never_uses_more_than_its_limit_and_the_rest_waits() -> None:
    world, model, source = _loaded(3.0, 2)
    _advance(world, model, 40)
    samples = [model.pod_usage(uid) for uid in model.table.rows]
    assert [sample and sample.cpu_cores for sample in samples] == [pytest.approx(0.75)] * 2
    queue = model.states[KEY].queue
    assert queue.waiting_core_seconds == pytest.approx(40 * 1.5, abs=3)
    source.cores = 0.1
    world.scale(6)
    _advance(world, model, 60)
    assert queue.waiting_core_seconds == 0.0, "new pods work the queue off"


def test_pods_that_are_not_ready_take_no_load() -> None:
    world, model, _ = _loaded(0.5, 1)
    old = {pod["metadata"]["uid"] for pod in world.pods()}
    stored = world.store.get(DEPLOYMENTS, "t", "web")
    assert stored is not None
    slow = {**stored.obj["metadata"], "annotations": {"sim.ai4k8s.io/startup-seconds": "100"}}
    world.store.put(DEPLOYMENTS, {**stored.obj, "metadata": slow})
    world.scale(2)
    _advance(world, model, 60)
    shares = {uid: sample.cpu_cores for uid in model.table.rows if (sample := model.pod_usage(uid))}
    assert len(shares) == 2
    assert all(cores == pytest.approx(0.5 if uid in old else 0.001) for uid, cores in shares.items())


def test_without_ready_pods_everything_waits() -> None:
    world, model, _ = _loaded(1.0, 1)
    world.scale(0)
    _advance(world, model, 30)
    assert model.states[KEY].queue.waiting_core_seconds == pytest.approx(30, abs=2)


def test_a_young_pod_has_no_metrics_before_two_scrapes() -> None:
    world, model, _ = _loaded(1.0, 1)
    _advance(world, model, 16)
    assert all(model.pod_usage(uid) is None for uid in model.table.rows)
    _advance(world, model, 15)
    assert all(model.pod_usage(uid) is not None for uid in model.table.rows)


def test_metrics_have_a_window_and_a_lag_of_fifteen_seconds() -> None:
    world, model, source = _loaded(0.5, 1)
    _advance(world, model, 45)
    uid = next(iter(model.table.rows))
    source.cores = 0.7
    _advance(world, model, 1)
    sample = model.pod_usage(uid)
    assert sample is not None
    assert sample.window_seconds == 15.0
    assert sample.cpu_cores < 0.6
    _advance(world, model, 30)
    sample = model.pod_usage(uid)
    assert sample is not None
    assert sample.cpu_cores == pytest.approx(0.7)


def test_in_a_gap_of_the_trace_nothing_is_measured_and_no_work_comes() -> None:
    world, model, source = _loaded(0.5, 1)
    source.cores = math.nan
    _advance(world, model, 60)
    assert model.states[KEY].gap
    assert all(model.pod_usage(uid) is None for uid in model.table.rows)
    assert model.states[KEY].queue.waiting_core_seconds == 0.0


def test_time_that_passed_while_the_process_stood_still_is_caught_up() -> None:
    world, model, _ = _loaded(0.5, 1)
    _advance(world, model, 5)
    before = sum(model.cpu_counters().values())
    world.clock.advance(60)
    model.tick(world.clock.now())
    after = sum(model.cpu_counters().values())
    assert after - before == pytest.approx(30, abs=1)


def test_node_usage_is_the_sum_of_its_pods_and_the_system() -> None:
    world, model, _ = _loaded(1.2, 3)
    _advance(world, model, 40)
    total = sum(
        sample.cpu_cores for name in ("node-1", "node-2", "node-3", "node-4") if (sample := model.node_usage(name))
    )
    assert total == pytest.approx(1.2 + 4 * 0.08, abs=0.01)
