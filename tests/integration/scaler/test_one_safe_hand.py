"""Floors, switches, undoing and orders, from the store to a cluster and back."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_common.contracts.advisor import Advice, AdvisedAction, RiskLevel
from ai4k8s_common.contracts.scaler import (
    DeleteAutoscaler,
    EnablePredictive,
    RecordAdvice,
    ReleaseWorkload,
    ScaleWorkload,
    Settlement,
    SettleRecommendation,
    SurveyCluster,
    UndoDecision,
    WithdrawFloor,
    WriteAutoscaler,
)
from ai4k8s_common.errors import ConflictError
from ai4k8s_common.kube.errors import KubeGoneError, KubeProtocolError, KubeThrottledError, KubeUnavailableError
from ai4k8s_scaler.advising import record_advice
from ai4k8s_scaler.autoscalers import delete_autoscaler, write_autoscaler
from ai4k8s_scaler.enabling import enable_predictive, release_workload
from ai4k8s_scaler.floors import withdraw_floor
from ai4k8s_scaler.manual import scale_workload
from ai4k8s_scaler.settings import ScalerSettings
from ai4k8s_scaler.settling import settle_recommendation, undo_decision
from ai4k8s_scaler.survey import survey_cluster
from ai4k8s_scaler.watching import watch_cycles
from tests.support.scaler_bench import NOW, WEB, Bench, make_bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.stores import Database, Valkey

HPA = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web"
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
METRIC = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
SPEC = {"scaleTargetRef": TARGET, "minReplicas": 2, "maxReplicas": 10, "metrics": [METRIC]}
SOMEBODY = uuid.UUID(int=1)


@pytest.fixture
def bench(database: Database, valkey: Valkey) -> Iterator[Bench]:
    with make_bench(database, valkey) as bench:
        yield bench


def run(bench: Bench, handler: Callable[..., None], message: Any, now: Any = NOW) -> None:
    with bench.bus.transaction() as tx:
        handler(tx, bench.at(now), message)


def survey(bench: Bench, now: Any = NOW) -> None:
    run(bench, survey_cluster, SurveyCluster(cluster_id=bench.cluster.cluster_id), now)


def latest(bench: Bench) -> dict[str, Any]:
    return bench.decisions()[-1]


def job(bench: Bench) -> dict[str, Any]:
    return bench.cluster.row("SELECT * FROM scaler.job_states ORDER BY updated_at DESC LIMIT 1")


def policy(bench: Bench, mode: str = "auto", **values: Any) -> None:
    row = {"cluster_id": bench.cluster.cluster_id, "namespace": "shop", "kind": "Deployment", "name": "web"}
    row |= {"mode": mode, "min_replicas": 2, "max_replicas": 20, **values}
    names, holders = ", ".join(row), ", ".join(["%s"] * len(row))
    bench.cluster.execute(f"INSERT INTO gateway.policies ({names}) VALUES ({holders})", *row.values())


def under_an_hpa(bench: Bench) -> None:
    """An HPA of somebody's, a floor of ours under it."""
    bench.kube.put(HPA, {"spec": SPEC})
    survey(bench, NOW - timedelta(seconds=5))
    bench.cycle()
    bench.apply(latest(bench)["id"], NOW + timedelta(seconds=1))


def test_where_an_hpa_owns_the_replicas_a_floor_is_held_under_it_and_withdrawn_when_we_fall_silent(bench):
    under_an_hpa(bench)
    decision = latest(bench)
    assert (decision["actuator"], decision["outcome"]) == ("hpa_floor", "applied")
    assert (decision["from_replicas"], decision["to_replicas"]) == (2, 9)
    assert bench.kube.read(HPA)["spec"]["minReplicas"] == 9
    assert bench.kube.patches == []
    silent = NOW + timedelta(seconds=700)
    with bench.bus.transaction() as tx:
        watch_cycles(tx, bench.at(silent))
    assert bench.sent("scaler.withdraw_floor.v1") == [{"workload_id": bench.workload_id}]
    run(bench, withdraw_floor, WithdrawFloor(workload_id=bench.workload_id), silent)
    back = bench.kube.read(HPA)
    assert back["spec"] == SPEC
    assert back["metadata"]["annotations"] == {}
    assert bench.cluster.rows("SELECT 1 FROM scaler.claims") == []


def test_a_floor_that_is_not_needed_any_more_is_lowered_once(bench):
    under_an_hpa(bench)
    later = NOW + timedelta(seconds=400)
    for number in range(6):
        at = later + timedelta(seconds=15 * number)
        bench.cycle(at, usage=100.0, pods=1.0)
        if latest(bench)["outcome"] == "planned":
            bench.apply(latest(bench)["id"], at + timedelta(seconds=1))
    steps = [(row["from_replicas"], row["to_replicas"]) for row in bench.decisions()]
    assert steps == [(2, 9), (9, 5), (5, 3), (3, 2)]
    assert bench.kube.read(HPA)["metadata"]["annotations"] == {}


def test_a_second_delivery_after_a_floors_patch_but_before_its_record_writes_nothing(bench):
    under_an_hpa(bench)
    bench.cluster.execute("UPDATE scaler.decisions SET outcome = 'planned', outcome_at = NULL")  # ... it died there
    bench.cluster.execute("DELETE FROM scaler.claims")
    writes = bench.kube.writes
    bench.apply(latest(bench)["id"], NOW + timedelta(seconds=20))
    assert bench.kube.writes == writes
    assert (latest(bench)["outcome"], latest(bench)["outcome_detail"]) == ("applied", "It was in place already.")
    assert bench.cluster.row("SELECT original FROM scaler.claims")["original"] == {
        "min_replicas": 2,
        "max_replicas": 10,
    }


def test_a_floor_is_renewed_while_we_live(bench):
    under_an_hpa(bench)
    survey(bench, NOW + timedelta(seconds=2))
    bench.cycle(NOW + timedelta(seconds=400))
    assert bench.sent("scaler.renew_floor.v1") == [{"workload_id": bench.workload_id}]


def test_an_hpa_that_nobody_had_seen_yet_is_found_before_its_replicas_are_touched(bench):
    bench.kube.put(HPA, {"spec": SPEC})
    bench.cycle()
    bench.apply(bench.decision()["id"])
    assert bench.kube.patches == []
    assert "HPA web owns the replicas" in bench.decision()["outcome_detail"]
    assert bench.sent("scaler.survey_cluster.v1")


def test_whoever_keeps_setting_our_floor_back_is_named_and_left_alone(bench):
    bench.kube.put(HPA, {"spec": SPEC})
    fields = {"manager": "argocd", "fieldsV1": {"f:spec": {"f:minReplicas": {}}}}
    for number in range(4):
        at = NOW + timedelta(seconds=60 * number)
        bench.kube.put(HPA, {"metadata": {"managedFields": [fields]}, "spec": SPEC})
        survey(bench, at - timedelta(seconds=5))
        bench.cycle(at)
        if latest(bench)["outcome"] == "planned":
            bench.apply(latest(bench)["id"], at + timedelta(seconds=1))
    assert latest(bench)["outcome"] == "held"
    assert "argocd set it back 3 times within 30 min" in latest(bench)["reason"]


@pytest.mark.parametrize("scope", ["everything", "cluster", "namespace", "workload"])
def test_a_freeze_stops_changes_and_lifting_it_lets_them_go_on(bench, scope):
    parts = [bench.cluster.cluster_id, "shop", "Deployment", "web"]
    deep = {"everything": 0, "cluster": 1, "namespace": 2, "workload": 4}[scope]
    values = [part if number < deep else None for number, part in enumerate(parts)]
    bench.cluster.execute(
        "INSERT INTO gateway.freezes (cluster_id, namespace, kind, name, reason) VALUES (%s, %s, %s, %s, 'release')",
        *values,
    )
    bench.cycle()
    assert latest(bench)["reason"] == "Nothing is changed: frozen: release."
    bench.cluster.execute("DELETE FROM gateway.freezes")
    bench.cycle(NOW + timedelta(seconds=15))
    assert latest(bench)["outcome"] == "planned"


def test_rules_of_the_clock_and_budgets_bound_the_plan(bench):
    at = f"{NOW.minute} {NOW.hour} * * *"
    bench.cluster.execute(
        "INSERT INTO gateway.schedules (cluster_id, effect, namespace, kind, name, title, cron, duration_minutes, "
        "time_zone, min_replicas) VALUES (%s, 'bounds', 'shop', 'Deployment', 'web', 'office', %s, 60, 'UTC', 12)",
        bench.cluster.cluster_id,
        at,
    )
    bench.cluster.execute(
        "INSERT INTO gateway.namespace_budgets (cluster_id, namespace, max_replicas) VALUES (%s, 'shop', 11)",
        bench.cluster.cluster_id,
    )
    bench.cycle(usage=290.0, pods=3.9)
    decision = bench.decision()
    assert (decision["to_replicas"], decision["engine"]) == (11, "scheduled")
    assert [guard["name"] for guard in decision["guards"]] == ["schedule", "namespace_budget"]


@pytest.mark.parametrize(("most", "affordable"), [(0.06, 6), (0.01, 4)])
def test_a_budget_in_money_binds_to_what_it_pays_for_and_takes_nothing_away(bench, most, affordable):
    bench.cluster.execute("INSERT INTO gateway.prices (core_hour, gib_hour, currency) VALUES (0.1, 0, 'EUR')")
    bench.cluster.execute(
        "INSERT INTO gateway.namespace_budgets (cluster_id, namespace, max_cost, cost_period) VALUES (%s, 'shop', %s, "
        "'day')",
        bench.cluster.cluster_id,
        most * 24,
    )
    bench.cycle()
    assert bench.state()["wanted_replicas"] == affordable
    assert "which pays for" in bench.state()["reason"]


def test_two_workloads_of_one_cycle_share_what_a_budget_leaves(bench):
    bench.cluster.execute(
        "INSERT INTO gateway.namespace_budgets (cluster_id, namespace, max_replicas) VALUES (%s, 'shop', 13)",
        bench.cluster.cluster_id,
    )
    annotations = bench.cluster.row("SELECT annotations FROM collector.workloads")["annotations"]
    other = bench.cluster.workload("api", annotations=annotations)
    first, bench.workload_id = bench.workload_id, other
    bench.observe()
    bench.foresee()
    bench.workload_id = first
    bench.cycle()
    assert sum(row["to_replicas"] for row in bench.decisions()) == 13


def test_undo_restores_what_was_there_and_leaves_the_workload_alone_for_a_while(bench):
    under_an_hpa(bench)
    message = UndoDecision(job_id=uuid.uuid4(), decision_id=latest(bench)["id"], requested_by=SOMEBODY)
    undone_at = NOW + timedelta(seconds=10)
    run(bench, undo_decision, message, undone_at)
    assert bench.kube.read(HPA)["spec"] == SPEC
    assert (latest(bench)["engine"], latest(bench)["undo_of"]) == ("manual", message.decision_id)
    bench.cycle(NOW + timedelta(seconds=30))
    assert "a person undid a change; left alone until" in latest(bench)["reason"]
    with pytest.raises(ConflictError, match="is at 2 now"):
        run(bench, undo_decision, replace_job(message), undone_at)


def replace_job(message: UndoDecision) -> UndoDecision:
    return message.model_copy(update={"job_id": uuid.uuid4()})


def test_a_recommendation_is_applied_or_dismissed_with_one_click(bench):
    policy(bench, "recommend")
    bench.cycle()
    decision_id = bench.decision()["id"]
    apply = SettleRecommendation(
        job_id=uuid.uuid4(), decision_id=decision_id, settlement=Settlement.APPLY, requested_by=SOMEBODY
    )
    run(bench, settle_recommendation, apply)
    assert bench.kube.workloads[WEB].replicas == 9
    assert job(bench)["status"] == "completed"
    with pytest.raises(ConflictError, match="superseded already"):
        run(bench, settle_recommendation, apply.model_copy(update={"job_id": uuid.uuid4()}))


def test_enabling_tells_each_step_and_disabling_gives_the_owners_number_back(bench):
    policy(bench)
    bench.observe()
    bench.foresee()
    ask = {"cluster_id": bench.cluster.cluster_id, "workload_id": bench.workload_id, "requested_by": SOMEBODY}
    run(bench, enable_predictive, EnablePredictive(job_id=uuid.uuid4(), **ask))
    assert bench.kube.workloads[WEB].replicas == 9
    assert job(bench)["progress"] == 100
    assert job(bench)["result"]["outcome"] == "applied"
    bench.cluster.execute("UPDATE collector.workloads SET desired_replicas = 9, ready_replicas = 9")
    run(bench, release_workload, ReleaseWorkload(job_id=uuid.uuid4(), **ask), NOW + timedelta(minutes=5))
    assert bench.kube.workloads[WEB].replicas == 4
    assert bench.cluster.rows("SELECT 1 FROM scaler.claims") == []


def test_a_floor_served_as_a_metric_writes_nothing_into_the_cluster(bench):
    policy(bench, actuator="external_metric")
    bench.cycle()
    bench.apply(bench.decision()["id"])
    claim = bench.cluster.row("SELECT * FROM scaler.claims")
    assert (claim["held_replicas"], claim["expires_at"]) == (9, NOW + timedelta(seconds=600))
    assert bench.kube.patches == []
    assert bench.kube.writes == 0


def test_hpas_are_written_for_people_and_two_autoscalers_on_one_resource_are_refused(bench):
    ask: dict[str, Any] = {
        "cluster_id": bench.cluster.cluster_id,
        "namespace": "shop",
        "object_name": "web",
        "requested_by": SOMEBODY,
    }
    write = {**ask, "autoscaler": "hpa", "spec": SPEC, "seen_spec": None}
    run(bench, write_autoscaler, WriteAutoscaler(job_id=uuid.uuid4(), **write))
    survey(bench)
    seen = bench.cluster.row("SELECT * FROM scaler.autoscalers")
    assert (seen["name"], seen["spec"]) == ("web", SPEC)
    vpa = {**write, "autoscaler": "vpa", "spec": {"targetRef": TARGET, "updatePolicy": {"updateMode": "Auto"}}}
    with pytest.raises(ConflictError, match="HPA web is on cpu of Deployment web"):
        run(bench, write_autoscaler, WriteAutoscaler(job_id=uuid.uuid4(), **vpa))
    wider = {**write, "spec": {**SPEC, "maxReplicas": 12}, "seen_spec": seen["spec"]}
    run(bench, write_autoscaler, WriteAutoscaler(job_id=uuid.uuid4(), **wider))
    assert bench.kube.read(HPA)["spec"]["maxReplicas"] == 12
    with pytest.raises(ConflictError, match="was changed since you opened it"):
        run(bench, write_autoscaler, WriteAutoscaler(job_id=uuid.uuid4(), **wider))
    run(bench, delete_autoscaler, DeleteAutoscaler(job_id=uuid.uuid4(), autoscaler="hpa", uid=seen["uid"], **ask))
    assert bench.kube.objects == {}


def test_an_event_on_the_workload_tells_what_was_done(bench):
    bench.context = replace(bench.context, settings=ScalerSettings(annotate=True))
    bench.cycle()
    bench.apply(bench.decision()["id"])
    (event,) = bench.kube.read("/api/v1/namespaces/shop/events")["items"]
    assert (event["involvedObject"]["name"], event["involvedObject"]["uid"]) == ("web", "uid")
    assert event["message"].startswith("4 -> 9: Forecast .95")


def test_a_number_that_a_person_asked_for_stands_for_a_while(bench):
    ask = {"cluster_id": bench.cluster.cluster_id, "workload_id": bench.workload_id, "requested_by": SOMEBODY}
    run(bench, scale_workload, ScaleWorkload(job_id=uuid.uuid4(), replicas=7, **ask))
    bench.cluster.execute("UPDATE collector.workloads SET desired_replicas = 7, ready_replicas = 7")
    bench.cycle(NOW + timedelta(seconds=600), usage=100.0, pods=1.0)
    assert "by schedule of a person until" in bench.state()["reason"]
    assert bench.state()["wanted_replicas"] == 7
    bench.cycle(NOW + timedelta(seconds=1900), usage=100.0, pods=1.0)
    assert bench.state()["wanted_replicas"] < 7


@pytest.mark.parametrize(
    "failure",
    [
        KubeThrottledError("too many requests"),
        KubeGoneError("the snapshot expired"),
        KubeProtocolError("cut off"),
        KubeUnavailableError("500"),
    ],
)
def test_a_list_that_fails_keeps_what_was_seen_and_takes_nothing_away(bench, failure):
    under_an_hpa(bench)
    survey(bench, NOW + timedelta(seconds=2))
    bench.kube.failure = failure
    survey(bench, NOW + timedelta(seconds=40))
    assert bench.cluster.row("SELECT spec FROM scaler.autoscalers")["spec"]["minReplicas"] == 9
    bench.cycle(NOW + timedelta(seconds=45), pods=9.6)
    bench.apply(latest(bench)["id"], NOW + timedelta(seconds=46))
    bench.kube.failure = None
    assert bench.kube.read(HPA)["spec"]["minReplicas"] == 9
    assert latest(bench)["outcome"] == "failed"


@pytest.mark.parametrize("target", [0, 10_000])
def test_whatever_is_advised_the_decision_stands(bench, target):
    bench.cycle()
    decision = bench.decision()
    advice = Advice(
        action=AdvisedAction.SCALE_UP,
        target_replicas=target,
        confidence=1.0,
        reasoning="ignore all rules",
        risk_assessment=RiskLevel.LOW,
        cost_impact="none",
        recommended_timing="now",
        text="Scale now.",
    )
    message = RecordAdvice(decision_id=decision["id"], provider="llm", text="Scale now.", cached=False, advice=advice)
    with bench.bus.transaction() as tx:
        record_advice(tx, message)
    bench.apply(decision["id"])
    assert bench.kube.workloads[WEB].replicas == decision["to_replicas"] == 9
