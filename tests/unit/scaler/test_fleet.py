"""The simulator of many lanes against its scalar twins, and against cases worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ai4k8s_scaler.domain.contenders import Foreseen, HpaLanes, PredictiveLanes
from ai4k8s_scaler.domain.fleet import FleetView, Group, World, replay_fleet
from ai4k8s_scaler.domain.hpa import Behavior, Direction, HpaSpec, LimitKind, RateLimit
from ai4k8s_scaler.domain.policy import Foresight, Limits, Observed, PolicyMemory, decide
from ai4k8s_scaler.domain.price import QuantileFunction
from ai4k8s_scaler.domain.replay import TICK_SECONDS, FloatArray, IntArray, View, hpa_controller, replay
from ai4k8s_simcluster.controllers.autoscaling.behavior import Bounds, History
from ai4k8s_simcluster.controllers.autoscaling.behavior import decide as decide_of_cluster
from ai4k8s_simcluster.controllers.autoscaling.replicas import Pod, Sample, Tolerances, utilization_replicas

STARTUP = (60.0, 118.0, 75.0, 101.0, 88.0)
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998)


def wild_demand(seed: int, ticks: int) -> FloatArray:
    """Steps, noise, spikes and idle stretches."""
    random = np.random.default_rng(seed)
    level = np.repeat(random.choice([0.2, 3.0, 8.0, 20.0, 45.0], ticks // 40 + 1), 40)[:ticks]
    noise = np.repeat(random.lognormal(0.0, 0.15, ticks // 4 + 1), 4)[:ticks]
    demand: FloatArray = level * noise
    demand[random.random(ticks) < 0.01] *= 3
    return demand


@pytest.mark.parametrize("window", [300.0, 60.0])
def test_every_lane_is_the_hpa_that_one_lane_is(window: float) -> None:
    """Twelve targets on three demands: the same replicas at every tick as the scalar controller in the scalar fleet."""
    demands = np.stack([wild_demand(seed, 1200) for seed in range(3)])
    targets = np.array([30, 50, 70, 90])
    lanes = np.repeat(np.arange(3), targets.size)
    group = Group(lanes, HpaLanes(np.tile(targets, 3).astype(float), 1, 60, window), np.full(lanes.size, 7))
    together = replay_fleet(World(demands, STARTUP), [group], log=True)
    assert together.specified is not None
    assert together.ready is not None
    down = Direction(window, (RateLimit(LimitKind.PERCENT, 100, 15.0),))
    for lane, demand in enumerate(lanes):
        spec = HpaSpec(int(targets[lane % targets.size]), 1, 60, Behavior(down=down))
        alone = replay(demands[demand], hpa_controller(spec), start_replicas=7, startup_seconds=STARTUP)
        assert together.specified[:, lane].tolist() == alone.specified.tolist()
        assert together.ready[:, lane].tolist() == alone.ready.tolist()
        assert together.short_share[lane] == pytest.approx(alone.short(demands[demand]))
        assert together.pod_hours[lane] * 60 == pytest.approx(alone.pod_minutes())


def test_the_lanes_are_the_hpa_of_the_simulated_cluster() -> None:
    """The simulated cluster's own controller arithmetic, put in charge of the same fleet, takes the same numbers."""
    demand = wild_demand(11, 600)[None]
    bounds, behavior = Bounds(1, 60), {"scaleDown": {"stabilizationWindowSeconds": 300}}
    history = History()
    unit = 10**9

    def of_cluster(view: FleetView) -> IntArray:
        now, current = float(view.tick * TICK_SECONDS), int(view.current[0])
        measured, unready = int(view.measured[0]), int(view.unready[0])
        request = (("app", unit),)
        pods = [Pod(f"m{i}", "Running", deleted=False, started_at=now - 900, ready=True, ready_changed_at=now - 800,
                    requests=request) for i in range(measured)]  # fmt: skip
        pods += [Pod(f"u{i}", "Running", deleted=False, started_at=now - 10, ready=False, ready_changed_at=now - 10,
                     requests=request) for i in range(unready)]  # fmt: skip
        sample = Sample(round(float(view.per_pod[0]) * unit), now - 15, 30.0)
        samples = {pod.name: sample for pod in pods}
        wanted = utilization_replicas(current, 70, "cpu", pods, samples, Tolerances(), now).replicas
        decision = decide_of_cluster(current, wanted, bounds, behavior, history, now)
        if decision.replicas != current:
            history.note_change(current, decision.replicas, now, behavior)
        return np.array([decision.replicas])

    world = World(demand, STARTUP)
    lane, start = np.zeros(1, np.int64), np.array([7])
    outcomes = [
        replay_fleet(world, [Group(lane, controller, start)], log=True).specified
        for controller in (of_cluster, HpaLanes(np.array([70.0]), 1, 60))
    ]
    assert outcomes[0] is not None
    assert outcomes[1] is not None
    assert outcomes[0][:, 0].tolist() == outcomes[1][:, 0].tolist()
    assert len(set(outcomes[0][:, 0].tolist())) > 10


@pytest.mark.parametrize("slo_leads", [True, False])
def test_every_lane_of_ours_decides_what_the_product_decides(slo_leads: bool) -> None:
    """The lanes and ``policy.decide`` in the scalar fleet take the same numbers, with and without a floor."""
    ticks = 1200
    demand = wild_demand(7, ticks)
    per_minute = demand.reshape(-1, 4).max(axis=1)
    pods = np.maximum.accumulate(per_minute[:, None] * np.linspace(0.7, 1.6, len(LEVELS)) + 0.1, axis=1)
    usable = np.arange(pods.shape[0]) % 100 < 60
    foreseen = Foreseen.of(LEVELS, pods[None], usable[None], np.zeros((1, pods.shape[0])))
    lanes = PredictiveLanes(foreseen, np.zeros(1, np.int64), slo_leads=slo_leads, max_replicas=60)
    price = float(lanes.price[0])
    group = Group(np.zeros(1, np.int64), lanes, np.full(1, 7))
    together = replay_fleet(World(demand[None, :240], STARTUP), [group], log=True)
    assert together.specified is not None
    memory = PolicyMemory(price)
    began = datetime(2026, 1, 1, tzinfo=UTC)

    def control(view: View) -> int:
        nonlocal memory
        if view.tick % 2:
            return view.current
        minute = (view.tick - 2) // 4 - 1
        told = (
            QuantileFunction(LEVELS, tuple(pods[minute].tolist()))
            if minute >= 0 and (slo_leads or usable[minute])
            else None
        )
        decision = decide(
            Observed(view.usage, view.current, view.ready, 30.0),
            Foresight(told, 240.0),
            Limits(1, 60, slo_leads=slo_leads),
            memory,
            began + timedelta(seconds=TICK_SECONDS * view.tick),
        )
        memory = decision.memory
        return decision.to_replicas

    alone = replay(demand[:240], control, start_replicas=7, startup_seconds=STARTUP)
    assert together.specified[:, 0].tolist() == alone.specified.tolist()


def test_an_hpa_by_hand() -> None:
    """4 pods at 90 % of their requests, target 60 %: ceil(4 x 1.5) = 6; down again only after five minutes.

    At 20 % the ratio is a third: 2 pods, but the highest recommendation of the last 300 s stands until it has left.
    """
    demand = np.concatenate([np.full(20, 3.6), np.full(60, 1.2)])[None]
    group = Group(np.zeros(1, np.int64), HpaLanes(np.array([60.0])), np.array([4]))
    outcome = replay_fleet(World(demand, (15.0,)), [group], log=True)
    assert outcome.specified is not None
    replicas = outcome.specified[:, 0]
    assert replicas[0] == 6
    assert set(replicas[:20]) == {6}
    # The fall at tick 20 is wholly in the metrics at tick 22: the last wish for 6 is of tick 21, and leaves at 41.
    assert int(np.argmax(replicas < 6)) == 41
    assert replicas[-1] == 2


def test_a_rise_is_limited_to_twice_or_four_more_a_sync() -> None:
    demand = np.full((1, 12), 60.0)
    group = Group(np.zeros(1, np.int64), HpaLanes(np.array([50.0])), np.array([1]))
    outcome = replay_fleet(World(demand, (15.0,)), [group], log=True)
    assert outcome.specified is not None
    # One pod at its limit of 150 %: wants 3, then what is measured of the ready ones; never more than max(4 more, x2).
    steps = outcome.specified[:, 0]
    before = np.concatenate([[1], steps[:-1]])
    assert (steps <= np.maximum(before + 4, 2 * before)).all()
    assert steps[0] == 3


def test_failed_scrapes_leave_the_last_sample_and_then_none() -> None:
    """Through a gap of ten minutes the HPA holds what it had, though demand has gone."""
    demand = np.concatenate([np.full(40, 8.0), np.full(60, 0.5)])[None]
    failed = np.zeros((1, 100), np.bool_)
    failed[0, 38:80] = True
    group = Group(np.zeros(1, np.int64), HpaLanes(np.array([80.0]), down_window_seconds=15.0), np.array([10]))
    outcome = replay_fleet(World(demand, STARTUP, failed), [group], log=True)
    assert outcome.specified is not None
    assert set(outcome.specified[:80, 0]) == {10}
    assert outcome.specified[-1, 0] == 1


def test_unknown_demand_counts_for_nothing() -> None:
    demand = np.full((1, 40), 4.0)
    demand[0, 10:20] = np.nan
    group = Group(np.zeros(1, np.int64), HpaLanes(np.array([80.0])), np.array([5]))
    outcome = replay_fleet(World(demand, STARTUP), [group])
    assert outcome.hours[0] == pytest.approx(30 * TICK_SECONDS / 3600)
    assert outcome.pod_hours[0] == pytest.approx(5 * 30 * TICK_SECONDS / 3600)
