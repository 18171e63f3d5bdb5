"""Each hand writes on what was planned on, keeps what was there before, and gives it back."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ai4k8s_common.kube.errors import KubeConflictError
from ai4k8s_common.kube.types import WorkloadRef
from ai4k8s_scaler.domain.conflicts import conflict
from ai4k8s_scaler.domain.hpawords import sentence
from ai4k8s_scaler.hands import FLOOR_EXPIRES, LAST_DECISION, FloorHand, Hand, MetricHand, Order, ReplicasHand
from ai4k8s_scaler.janitor import expired, withdraw_expired
from ai4k8s_scaler.targets import ORIGINAL_MINIMUM
from tests.support.fake_kube import FakeKube

WEB = WorkloadRef("Deployment", "shop", "web")
PATH = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web"
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
EXPIRES = datetime(2026, 11, 2, 14, 11, tzinfo=UTC)
ORIGINAL = {"min_replicas": 2, "max_replicas": 10}
ORDER = Order(uuid.UUID(int=7), "a rise", 6, 10, 2, 10, "1", ORIGINAL, EXPIRES)


def hpa(minimum: int = 2, maximum: int = 10) -> dict[str, object]:
    return {"spec": {"scaleTargetRef": TARGET, "minReplicas": minimum, "maxReplicas": maximum}}


@pytest.fixture
def kube() -> FakeKube:
    kube = FakeKube()
    kube.add(WEB, 4)
    kube.put(PATH, hpa())
    return kube


def test_all_hands_fit_one_protocol(kube):
    hands: list[Hand] = [ReplicasHand(kube, WEB, annotate=True), FloorHand(kube, "shop", "web"), MetricHand(3)]
    assert [hand.standing().replicas for hand in hands] == [4, 2, 3]


def test_a_floor_keeps_the_owners_bounds_and_its_end_in_annotations_and_gives_all_back(kube):
    hand = FloorHand(kube, "shop", "web")
    hand.carry_out(ORDER)
    written = kube.read(PATH)
    assert written["spec"]["minReplicas"] == 6
    assert written["metadata"]["annotations"][ORIGINAL_MINIMUM] == "2"
    assert written["metadata"]["annotations"][FLOOR_EXPIRES] == EXPIRES.isoformat()
    hand.give_back(ORIGINAL)
    back = kube.read(PATH)
    assert back["spec"] == hpa()["spec"]
    assert back["metadata"]["annotations"] == {}


def test_an_hpas_status_moves_its_version_and_is_no_conflict_but_other_bounds_are(kube):
    hand = FloorHand(kube, "shop", "web")
    kube.put(PATH, {**hpa(), "status": {"currentReplicas": 4}})
    hand.carry_out(ORDER)
    kube.put(PATH, hpa(minimum=3))
    with pytest.raises(KubeConflictError, match="bounds 3 to 10"):
        hand.carry_out(ORDER)
    assert kube.read(PATH)["spec"]["minReplicas"] == 3


def test_replicas_are_set_on_the_version_planned_on_only(kube):
    hand = ReplicasHand(kube, WEB, annotate=True)
    order = replace(ORDER, original={"replicas": 4}, maximum=None)
    hand.carry_out(order)
    assert kube.workloads[WEB].annotations["ai4k8s.io/original-replicas"] == "4"
    with pytest.raises(KubeConflictError):
        hand.carry_out(order)
    assert hand.give_back({"replicas": 4}).replicas == 4
    assert LAST_DECISION not in kube.workloads[WEB].annotations


CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}


def status(utilization: int | None, current: int, **more: object) -> dict[str, object]:
    metric = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": utilization}}}
    return {"currentReplicas": current, "desiredReplicas": current, "currentMetrics": [metric], **more}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (status(96, 10), "Wants 12, capped at 10 by max (CPU 96 % of 80 %)."),
        (status(10, 2), "Wants 1, kept at 2 by min (CPU 10 % of 80 %)."),
        (status(78, 5), "Holds 5 pods (CPU 78 % of 80 %)."),
        (status(40, 8), "Wants 4, holds 8 for now: its behaviour limits the change (CPU 40 % of 80 %)."),
        (status(None, 5), "Holds 5 pods: its metrics are missing."),
        ({}, "Nothing was reported yet."),
        (
            {"conditions": [{"type": "ScalingActive", "status": "False", "message": "no metrics"}]},
            "Does not scale: no metrics.",
        ),
    ],
)
def test_an_hpas_status_in_words(found, words):
    assert sentence({"minReplicas": 2, "maxReplicas": 10, "metrics": [CPU]}, found) == words


def test_an_hpa_and_a_vpa_on_the_same_resource_are_refused_with_the_reason():
    spec = {"scaleTargetRef": TARGET, "metrics": [CPU]}
    vpa = {"targetRef": TARGET, "updatePolicy": {"updateMode": "Auto"}}
    assert "VPA sizes is on cpu of Deployment web" in str(conflict("hpa", spec, [("vpa", "sizes", vpa)]))
    assert "HPA web is on cpu" in str(conflict("vpa", vpa, [("hpa", "web", spec)]))
    memory = {**vpa, "resourcePolicy": {"containerPolicies": [{"controlledResources": ["memory"]}]}}
    only_told = {**vpa, "updatePolicy": {"updateMode": "Off"}}
    other = {**vpa, "targetRef": {**TARGET, "name": "api"}}
    for fine in (memory, only_told, other):
        assert conflict("hpa", spec, [("vpa", "sizes", fine)]) is None
    assert "two of them would fight" in str(conflict("hpa", spec, [("hpa", "old", spec)]))


def test_the_janitor_gives_back_what_has_ended_and_nothing_else(kube):
    FloorHand(kube, "shop", "web").carry_out(ORDER)
    assert withdraw_expired(kube, EXPIRES) == (0, 0)
    assert withdraw_expired(kube, EXPIRES + timedelta(minutes=5)) == (1, 0)
    assert kube.read(PATH)["spec"] == hpa()["spec"]
    assert withdraw_expired(kube, EXPIRES + timedelta(minutes=5)) == (0, 0)
    assert expired({FLOOR_EXPIRES: "soon"}, EXPIRES) is None
