"""Recommended sizes by one click: in place or by the template, refused beside an HPA, undone, and kept on new pods."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_common.contracts.scaler import ResizeWorkload, SurveyCluster, UndoDecision
from ai4k8s_common.errors import ConflictError, InvalidInputError
from ai4k8s_scaler.resizes import ORIGINAL_REQUESTS
from ai4k8s_scaler.settling import undo_decision
from ai4k8s_scaler.sizing import resize_workload
from ai4k8s_scaler.survey import survey_cluster
from tests.support.scaler_bench import Bench, make_bench

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.stores import Database, Valkey

APPS = "/apis/apps/v1/namespaces/shop"
WEB = f"{APPS}/deployments/web"
PODS = "/api/v1/namespaces/shop/pods"
HPA = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web"
HAS = {"requests": {"cpu": "500m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}}
WANTED = {"web": {"requests": {"cpu": "200m"}}}
SOMEBODY = uuid.UUID(int=1)


@pytest.fixture
def bench(database: Database, valkey: Valkey) -> Iterator[Bench]:
    with make_bench(database, valkey) as bench:
        spec = {"containers": [{"name": "web", "image": "web:6", "resources": HAS}, {"name": "proxy", "image": "p"}]}
        bench.kube.put(WEB, {"metadata": {"uid": "d"}, "spec": {"template": {"spec": spec}}})
        bench.kube.put(f"{APPS}/replicasets/web-1", {"metadata": {"uid": "r", "ownerReferences": [{"uid": "d"}]}})
        for name, owner in (("web-1-a", "r"), ("web-1-b", "r"), ("other", "x")):
            add_pod(bench, name, owner)
        yield bench


def add_pod(bench: Bench, name: str, owner: str = "r") -> None:
    template = bench.kube.read(WEB)["spec"]["template"]
    bench.kube.put(f"{PODS}/{name}", {"metadata": {"ownerReferences": [{"uid": owner}]}, "spec": template["spec"]})


def cpu(bench: Bench, name: str) -> str:
    return str(bench.kube.read(f"{PODS}/{name}")["spec"]["containers"][0]["resources"]["requests"]["cpu"])


def of_template(bench: Bench) -> dict[str, Any]:
    resources: dict[str, Any] = bench.kube.read(WEB)["spec"]["template"]["spec"]["containers"][0]["resources"]
    return resources


def apply(bench: Bench, changes: Any = None, *, rolls: bool = False) -> None:
    message = ResizeWorkload(
        job_id=uuid.uuid4(),
        cluster_id=bench.cluster.cluster_id,
        workload_id=bench.workload_id,
        changes=changes or WANTED,
        rolls=rolls,
        requested_by=SOMEBODY,
    )
    with bench.bus.transaction() as tx:
        resize_workload(tx, bench.context, message)


def undo(bench: Bench) -> None:
    latest = bench.decisions()[-1]
    message = UndoDecision(job_id=uuid.uuid4(), decision_id=latest["id"], requested_by=SOMEBODY)
    with bench.bus.transaction() as tx:
        undo_decision(tx, bench.context, message)


def survey(bench: Bench) -> None:
    with bench.bus.transaction() as tx:
        survey_cluster(tx, bench.context, SurveyCluster(cluster_id=bench.cluster.cluster_id))


def test_running_pods_are_resized_in_place_new_ones_follow_and_it_is_undone(bench: Bench) -> None:
    apply(bench)
    assert [cpu(bench, name) for name in ("web-1-a", "web-1-b", "other")] == ["200m", "200m", "500m"]
    assert of_template(bench) == HAS
    decision = bench.decision()
    assert (decision["actuator"], decision["engine"], decision["outcome"]) == ("requests", "manual", "applied")
    assert "web cpu 500m -> 200m, in place, no pod is restarted" in decision["reason"]
    add_pod(bench, "web-1-c")
    survey(bench)
    assert cpu(bench, "web-1-c") == "200m"
    undo(bench)
    assert {cpu(bench, f"web-1-{letter}") for letter in "abc"} == {"500m"}
    assert bench.cluster.rows("SELECT 1 FROM scaler.held_requests") == []


def test_a_template_that_its_owner_changes_ends_what_is_held(bench: Bench) -> None:
    apply(bench)
    spec = bench.kube.read(WEB)["spec"]["template"]["spec"]
    spec["containers"][0]["resources"] = {"requests": {"cpu": "300m"}}
    bench.kube.patch(WEB, {"spec": {"template": {"spec": spec}}})
    add_pod(bench, "web-2-a")
    survey(bench)
    assert cpu(bench, "web-2-a") == "300m"
    assert bench.cluster.rows("SELECT 1 FROM scaler.held_requests") == []


def test_where_pods_cannot_be_resized_rolling_them_must_be_asked_for(bench: Bench) -> None:
    bench.kube.resizes = False
    with pytest.raises(InvalidInputError, match="cannot resize running pods"):
        apply(bench)
    apply(bench, rolls=True)
    assert of_template(bench) == {**HAS, "requests": {"cpu": "200m", "memory": "256Mi"}}
    assert cpu(bench, "web-1-a") == "500m"
    assert ORIGINAL_REQUESTS in bench.kube.read(WEB)["metadata"]["annotations"]
    assert "which rolls the pods" in bench.decision()["reason"]
    undo(bench)
    assert of_template(bench) == HAS
    assert bench.kube.read(WEB)["metadata"]["annotations"] == {}


def test_a_resource_that_an_hpa_measures_is_refused_with_the_reason_and_the_other_is_not(bench: Bench) -> None:
    metric = {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "web"}}
    target = {"kind": "Deployment", "name": "web"}
    bench.kube.put(HPA, {"spec": {"scaleTargetRef": target, "maxReplicas": 5, "metrics": [metric]}})
    with pytest.raises(ConflictError, match="HPA web is on cpu of Deployment web"):
        apply(bench)
    assert bench.decisions() == []
    apply(bench, {"web": {"requests": {"memory": "128Mi"}}})
    pod = bench.kube.read(f"{PODS}/web-1-a")["spec"]["containers"][0]["resources"]
    assert pod["requests"] == {"cpu": "500m", "memory": "128Mi"}


def test_a_second_delivery_after_the_patch_changes_nothing(bench: Bench) -> None:
    apply(bench)
    writes = bench.kube.writes
    bench.cluster.execute("UPDATE scaler.decisions SET outcome = 'planned', outcome_at = NULL")
    bench.apply(bench.decision()["id"])
    assert bench.kube.writes == writes
    assert bench.decision()["outcome"] == "applied"
