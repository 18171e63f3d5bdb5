"""The HPA's arithmetic and its words, by Kubernetes' documentation and decisions of a real control plane."""

from __future__ import annotations

from typing import Any

import pytest

from ai4k8s_simcluster.controllers.autoscaling.behavior import Bounds, History, Moment, decide
from ai4k8s_simcluster.controllers.autoscaling.metrics import write_milli
from ai4k8s_simcluster.controllers.autoscaling.replicas import (
    MetricError,
    Pod,
    Sample,
    Tolerances,
    amount_replicas,
    utilization_replicas,
)
from ai4k8s_simcluster.registry import AUTOSCALERS, DEPLOYMENTS, EVENTS
from tests.unit.simcluster.world import World

NOW = 10_000.0
GIB = 2**30


def _pods(count: int, *, request: int | None = 100, **traits: Any) -> list[Pod]:
    given = {
        "phase": "Running", "deleted": False, "started_at": NOW - 3600, "ready": True, "ready_changed_at": NOW - 3500,
    }  # fmt: skip
    return [Pod(name=f"p{at}", requests=(("c", request),), **{**given, **traits}) for at in range(count)]


def _samples(*amounts: int | None) -> dict[str, Sample]:
    return {f"p{at}": Sample(amount, NOW - 5, 15) for at, amount in enumerate(amounts) if amount is not None}


def _wanted(current: int, target: int, pods: list[Pod], samples: dict[str, Sample], **more: Any) -> int:
    return utilization_replicas(current, target, "cpu", pods, samples, Tolerances(**more), NOW).replicas


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ((50,) * 4, 4),  # on target
        ((55,) * 4, 4),  # a tenth above: within the tolerance
        ((56,) * 4, 5),  # 1.12
        ((44,) * 4, 4),  # 0.88: ceil(0.88 x 4) is no change
        ((37,) * 4, 3),
        ((10, 50, 180, None), 5),  # the missing one counts nothing going up: 60 %, not 80
        ((100, 100, 100, None), 6),
        ((10, 10, 10, None), 3),  # the missing one counts as its request going down
        ((10, None, None, None), 4),  # three at their request turn the direction: no change
    ],
)
def test_utilization_decides_as_a_real_control_plane_did(amounts: tuple[int | None, ...], expected: int) -> None:
    assert _wanted(len(amounts), 50, _pods(len(amounts)), _samples(*amounts)) == expected


def test_percent_are_cut_before_they_are_compared() -> None:
    assert _wanted(4, 50, _pods(4, request=1000), _samples(*(554,) * 4)) == 4, "55.4 % count as 55"
    assert _wanted(1, 50, _pods(1), _samples(76)) == 2


def test_each_direction_has_its_own_tolerance() -> None:
    assert _wanted(4, 50, _pods(4), _samples(*(53,) * 4), up=0.05) == 5
    assert _wanted(10, 50, _pods(10), _samples(*(47,) * 10), down=0.01) == 10
    assert _wanted(10, 50, _pods(10), _samples(*(44,) * 10), down=0.01) == 9


def test_pods_that_just_started_count_nothing_going_up_and_are_left_out_going_down() -> None:
    young = _pods(1, started_at=NOW - 20, ready=False, ready_changed_at=NOW - 20)[0]
    pods = [*_pods(3), Pod(**{**{k: getattr(young, k) for k in young.__slots__}, "name": "p3"})]
    assert _wanted(4, 50, pods, _samples(100, 100, 100, 900)) == 6, "300 m of 400 m is 75 %"
    assert _wanted(4, 50, pods, _samples(20, 20, 20, 900)) == 2, "60 m of 300 m over the three that are ready"


def test_a_sample_from_before_readiness_does_not_count() -> None:
    pods = _pods(2, started_at=NOW - 60, ready_changed_at=NOW - 10)
    with pytest.raises(MetricError, match="did not receive metrics for targeted pods"):
        _wanted(2, 50, pods, _samples(100, 100))


def test_a_missing_request_is_named() -> None:
    with pytest.raises(MetricError, match=r"^missing request for cpu in container c of Pod p0$"):
        _wanted(2, 50, _pods(2, request=None), _samples(50, 50))


def test_amounts_per_pod_are_means() -> None:
    pods = _pods(3)
    assert amount_replicas(3, 100, "cpu", pods, _samples(110, 110, 110), Tolerances(), NOW).replicas == 3
    assert amount_replicas(3, 100, "cpu", pods, _samples(150, 150, 150), Tolerances(), NOW).replicas == 5


@pytest.mark.parametrize(
    ("current", "wanted", "bounds", "expected"),
    [
        (2, 20, Bounds(1, 30), (4, "ScaleUpLimit")),
        (4, 20, Bounds(1, 30), (8, "ScaleUpLimit")),
        (1, 20, Bounds(1, 30), (4, "ScaleUpLimit")),
        (4, 20, Bounds(1, 5), (5, "TooManyReplicas")),
        (4, 1, Bounds(2, 5), (2, "TooFewReplicas")),
        (4, 3, Bounds(1, 5), (3, "DesiredWithinRange")),
    ],
)
def test_without_behavior_a_step_doubles_or_goes_to_four(
    current: int, wanted: int, bounds: Bounds, expected: tuple[int, str]
) -> None:
    decision = decide(current, wanted, bounds, None, History(), NOW)
    assert (decision.replicas, decision.limit.reason) == expected


def test_without_behavior_the_highest_of_five_minutes_holds() -> None:
    history = History([Moment(NOW - 299, 7), Moment(NOW - 301, 9)])
    decision = decide(7, 2, Bounds(1, 10), None, history, NOW)
    assert (decision.replicas, decision.able.reason) == (7, "ScaleDownStabilized")


UP = {"type": "Pods", "value": 4, "periodSeconds": 15}
DOUBLE = {"type": "Percent", "value": 100, "periodSeconds": 15}


@pytest.mark.parametrize(
    ("current", "wanted", "behavior", "expected"),
    [
        (2, 20, {"scaleUp": {"policies": [UP, DOUBLE]}}, 6),
        (10, 50, {"scaleUp": {"policies": [UP, DOUBLE]}}, 20),
        (10, 50, {"scaleUp": {"selectPolicy": "Min", "policies": [UP, DOUBLE]}}, 14),
        (10, 50, {"scaleUp": {"selectPolicy": "Disabled"}}, 10),
        (3, 50, {"scaleUp": {"policies": [{"type": "Percent", "value": 50, "periodSeconds": 60}]}}, 5),
        (9, 1, {"scaleDown": {"stabilizationWindowSeconds": 0}}, 1),
        (9, 1, {"scaleDown": {"stabilizationWindowSeconds": 0, "policies": [
            {"type": "Percent", "value": 50, "periodSeconds": 60}]}}, 4),
        (9, 1, {"scaleDown": {"stabilizationWindowSeconds": 0, "selectPolicy": "Disabled"}}, 9),
    ],
)  # fmt: skip
def test_policies_limit_a_step(current: int, wanted: int, behavior: dict[str, Any], expected: int) -> None:
    assert decide(current, wanted, Bounds(1, 100), behavior, History(), NOW).replicas == expected


def test_what_was_added_in_the_period_counts_against_the_policy() -> None:
    behavior = {"scaleUp": {"policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]}}
    history = History()
    history.note_change(2, 4, NOW - 30, behavior)
    assert decide(4, 20, Bounds(1, 20), behavior, history, NOW).replicas == 4
    assert decide(4, 20, Bounds(1, 20), behavior, history, NOW + 30).replicas == 6


def test_an_up_window_takes_the_lowest_recommendation() -> None:
    behavior = {"scaleUp": {"stabilizationWindowSeconds": 60}}
    history = History([Moment(NOW - 30, 3)])
    decision = decide(2, 6, Bounds(1, 20), behavior, history, NOW)
    assert (decision.replicas, decision.able.reason) == (3, "ScaleUpStabilized")


@pytest.mark.parametrize(
    ("milli", "resource", "text"),
    [(50, "cpu", "50m"), (1500, "cpu", "1500m"), (2000, "cpu", "2"), (200 * 2**20 * 1000, "memory", "200Mi"),
     (GIB * 1000, "memory", "1Gi"), (1_000_001_000, "memory", "1000001"), (1500, "memory", "1500m")],
)  # fmt: skip
def test_amounts_are_written_as_quantities(milli: int, resource: str, text: str) -> None:
    assert write_milli(milli, resource) == text


def _autoscale(world: World, **spec: Any) -> None:
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    given = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 10, "metrics": [cpu], **spec}
    world.writer.create(AUTOSCALERS, {"metadata": {"name": "web", "namespace": "t"}, "spec": given})


def _use(world: World, cores: float) -> None:
    world.usage.cores = {pod["metadata"]["uid"]: cores for pod in world.pods()}


def _status(world: World) -> dict[str, Any]:
    stored = world.store.get(AUTOSCALERS, "t", "web")
    assert stored is not None
    found: dict[str, Any] = stored.obj.get("status") or {}
    return found


def _world(replicas: int, cpu: str = "100m") -> World:
    world = World(nodes=3, startup=(0, 0))
    world.deploy(replicas=replicas, cpu=cpu)
    world.run(40)
    return world


def test_the_first_look_comes_after_fifteen_seconds_and_scales() -> None:
    world = _world(4)
    _autoscale(world)
    _use(world, 0.056)
    world.run(14)
    assert not _status(world).get("conditions")
    world.run(2)
    assert world.deployment()["spec"]["replicas"] == 5
    status = _status(world)
    assert (status["currentReplicas"], status["desiredReplicas"]) == (4, 5)
    assert status["currentMetrics"] == [
        {"type": "Resource", "resource": {"name": "cpu", "current": {"averageValue": "56m", "averageUtilization": 56}}}
    ]
    assert {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]} == {
        "AbleToScale": ("True", "SucceededRescale"),
        "ScalingActive": ("True", "ValidMetricFound"),
        "ScalingLimited": ("False", "DesiredWithinRange"),
    }
    message = "New size: 5; reason: cpu resource utilization (percentage of request) above target"
    assert message in [item.obj["message"] for item in world.store.listing(EVENTS)]


def test_below_the_minimum_no_metric_is_asked() -> None:
    world = _world(1)
    _autoscale(world, minReplicas=3)
    world.run(16)
    assert world.deployment()["spec"]["replicas"] == 3
    assert [c["type"] for c in _status(world)["conditions"]] == ["AbleToScale"]


def test_a_target_of_none_is_left_alone() -> None:
    world = _world(0)
    _autoscale(world)
    world.run(16)
    assert _status(world)["conditions"][-1]["reason"] == "ScalingDisabled"
    assert world.deployment()["spec"]["replicas"] == 0


@pytest.mark.parametrize(
    ("metric", "reason", "message"),
    [
        (
            {"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "1"}}},
            "FailedGetPodsMetric",
            (
                "unable to get metric rps: unable to fetch metrics from custom metrics API: no custom metrics API "
                "(custom.metrics.k8s.io) registered"
            ),
        ),
        (
            {"type": "External", "external": {"metric": {"name": "queue"}, "target": {"type": "Value", "value": "10"}}},
            "FailedGetExternalMetric",
            (
                "unable to get external metric t/queue/nil: unable to fetch metrics from external metrics API: the "
                "server could not find the requested resource (get queue.external.metrics.k8s.io)"
            ),
        ),
        (
            {"type": "ContainerResource", "containerResource": {
                "name": "cpu", "container": "nope", "target": {"type": "Utilization", "averageUtilization": 50}}},
            "FailedGetContainerResourceMetric",
            "failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)",
        ),
    ],
    ids=["pods", "external", "container"],
)  # fmt: skip
def test_a_metric_that_cannot_be_had_stops_scaling_and_says_so(
    metric: dict[str, Any], reason: str, message: str
) -> None:
    world = _world(2)
    _autoscale(world, metrics=[metric])
    _use(world, 0.1)
    world.run(31)
    status = _status(world)
    active = next(c for c in status["conditions"] if c["type"] == "ScalingActive")
    assert (active["status"], active["reason"]) == ("False", reason)
    assert active["message"] == f"the HPA was unable to compute the replica count: {message}"
    assert (status["currentReplicas"], status["desiredReplicas"]) == (2, 0)
    assert status["currentMetrics"] == [{"type": ""}]
    counts = {item.obj["reason"]: item.obj.get("count") for item in world.store.listing(EVENTS)}
    assert (counts[reason], counts["FailedComputeMetricsReplicas"]) == (2, 2)


def test_one_failing_metric_allows_up_and_forbids_down() -> None:
    pods = {"type": "Pods", "pods": {"metric": {"name": "x"}, "target": {"type": "AverageValue", "averageValue": "1"}}}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    for cores, expected in ((0.1, 4), (0.001, 2)):
        world = _world(2)
        _autoscale(world, metrics=[cpu, pods], behavior={"scaleDown": {"stabilizationWindowSeconds": 0}})
        _use(world, cores)
        world.run(16)
        assert world.deployment()["spec"]["replicas"] == expected


def test_a_missing_target_is_named() -> None:
    world = _world(1)
    _autoscale(world, scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "nope"})
    world.run(16)
    found = _status(world)["conditions"][0]
    assert (found["status"], found["reason"]) == ("False", "FailedGetScale")
    assert found["message"].endswith('deployments.apps "nope" not found')


def test_scaling_by_hand_is_undone_by_the_next_look() -> None:
    world = _world(2)
    _autoscale(world, maxReplicas=3)
    _use(world, 0.05)
    stored = world.store.get(DEPLOYMENTS, "t", "web")
    assert stored is not None
    world.scale(6)
    world.run(16)
    assert world.deployment()["spec"]["replicas"] == 3
