"""From a cycle to a changed replica count, and what is written on the way."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ai4k8s_common.contracts.advisor import Advice, AdvisedAction, RiskLevel
from ai4k8s_common.contracts.scaler import EvaluatePolicies, RecordAdvice, ScaleWorkload
from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.errors import KubeUnavailableError
from ai4k8s_scaler.advising import record_advice
from ai4k8s_scaler.hands import LAST_DECISION
from ai4k8s_scaler.hindsight import judge_decisions
from ai4k8s_scaler.manual import scale_workload
from ai4k8s_scaler.service import evaluate_policies
from ai4k8s_scaler.settings import ScalerSettings
from ai4k8s_scaler.watching import watch_cycles
from tests.support.scaler_bench import LEVELS, NOW, WEB, Bench, make_bench

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.stores import Database, Valkey


@pytest.fixture
def bench(database: Database, valkey: Valkey) -> Iterator[Bench]:
    with make_bench(database, valkey) as bench:
        yield bench


def test_a_foreseen_rise_becomes_a_planned_decision_that_explains_itself(bench):
    bench.cycle()
    decision = bench.decision()
    assert (decision["action"], decision["outcome"], decision["mode"]) == ("scale_up", "planned", "auto")
    assert (decision["from_replicas"], decision["to_replicas"]) == (4, 9)
    assert decision["reason"].startswith("Forecast .95 of the 4-min maximum is 8.4 pods; 4 ready. Scaling to 9 before")
    assert decision["inputs"]["cpu_usage_millicores"] == 240
    assert decision["inputs"]["predictive_floor"]["replicas"] == 9
    assert decision["forecast"]["levels"] == LEVELS
    assert decision["alternatives"]
    assert bench.sent("scaler.apply_decision.v1") == [{"decision_id": str(decision["id"])}]
    assert bench.state()["wanted_replicas"] == 9


def test_applying_changes_the_cluster_and_says_so(bench):
    bench.cycle()
    bench.apply(bench.decision()["id"])
    assert bench.kube.workloads[WEB].replicas == 9
    assert bench.decision()["outcome"] == "applied"
    assert bench.state()["last_applied_at"] == NOW
    assert bench.sent("advisor.advise.v1") == [{"decision_id": str(bench.decision()["id"])}]


def test_a_second_delivery_after_the_patch_but_before_the_record_is_a_no_op(bench):
    bench.cycle()
    decision_id = bench.decision()["id"]
    bench.kube.patch_scale(WEB, 9, resource_version="1")  # ... and the worker died here
    bench.kube.patches.clear()
    bench.apply(decision_id)
    bench.apply(decision_id)
    assert bench.kube.patches == []
    assert bench.decision()["outcome"] == "applied"
    assert bench.decision()["outcome_detail"] == "It was in place already."
    assert len(bench.sent("advisor.advise.v1")) == 1


def test_an_object_that_changed_since_the_plan_is_not_overwritten_but_planned_again(bench):
    bench.cycle()
    bench.kube.touch(WEB)
    bench.apply(bench.decision()["id"])
    assert bench.kube.workloads[WEB].replicas == 4
    assert bench.decision()["outcome"] == "conflict"
    bench.cluster.execute("UPDATE collector.workloads SET resource_version = '2'")
    later = NOW + timedelta(seconds=15)
    bench.cycle(later)
    bench.apply(bench.decisions()[1]["id"], later)
    assert bench.kube.workloads[WEB].replicas == 9
    assert [row["outcome"] for row in bench.decisions()] == ["conflict", "applied"]


def test_a_change_on_its_way_is_not_planned_again_until_more_is_needed(bench):
    bench.cycle()
    first = bench.decision()["id"]
    bench.cycle(NOW + timedelta(seconds=15))
    assert [row["id"] for row in bench.decisions()] == [first]
    bench.cycle(NOW + timedelta(seconds=30), pods=12.2)
    assert [(row["to_replicas"], row["outcome"]) for row in bench.decisions()] == [(9, "superseded"), (13, "planned")]
    bench.apply(first, NOW + timedelta(seconds=30))
    assert bench.kube.patches == []


def test_a_change_that_was_carried_out_is_not_planned_again_before_it_can_be_seen(bench):
    bench.cycle()
    bench.apply(bench.decision()["id"], NOW + timedelta(seconds=20))
    bench.cycle(NOW + timedelta(seconds=15))  # observed before the patch: still four pods
    assert len(bench.decisions()) == 1


def test_a_decision_that_nobody_carried_out_is_void_after_a_while(bench):
    bench.cycle()
    bench.apply(bench.decision()["id"], NOW + timedelta(seconds=300))
    assert bench.kube.patches == []
    assert bench.decision()["outcome"] == "superseded"


def test_a_cluster_that_does_not_answer_is_recorded_and_left_to_the_next_cycle(bench):
    bench.cycle()
    bench.kube.failure = KubeUnavailableError("connection refused")
    bench.apply(bench.decision()["id"])
    assert bench.decision()["outcome"] == "failed"
    assert "connection refused" in bench.decision()["outcome_detail"]


@pytest.mark.parametrize(
    ("usage", "guard"), [(None, "stale_metrics"), (float("nan"), "invalid_metrics"), (-5.0, "invalid_metrics")]
)
def test_bad_metrics_lead_to_no_action_and_one_row_with_the_reason(bench, usage, guard):
    for number in range(3):
        bench.cycle(NOW + timedelta(seconds=15 * number), usage=usage)
    decision = bench.decision()
    assert (decision["action"], decision["outcome"]) == ("maintain", "held")
    assert [entry["name"] for entry in decision["guards"]] == [guard]
    assert decision["reason"].startswith("Nothing is changed: ")
    assert bench.state()["evaluated_at"] == NOW + timedelta(seconds=30)


def test_stale_metrics_lead_to_no_action(bench):
    bench.observe(NOW - timedelta(seconds=300))
    bench.foresee()
    bench.evaluate()
    assert bench.decision()["guards"][0]["detail"] == "the newest metrics are 300 s old"


def test_idle_cycles_leave_no_rows_in_the_ledger(bench):
    for number in range(4):
        bench.cycle(NOW + timedelta(seconds=15 * number), usage=290.0, pods=3.9)
    assert bench.decisions() == []
    assert bench.state()["reason"].endswith("Staying at 4.")


def test_an_unskilled_forecast_sets_no_floor_and_is_told_once(bench):
    for number in range(2):
        at = NOW + timedelta(seconds=15 * number)
        bench.observe(at, 310.0)
        bench.foresee(at, status="no_skill", detail="no skill over naive")
        bench.evaluate(at)
    decision = bench.decision()
    assert (decision["outcome"], decision["inputs"]["predictive_floor"]) == ("held", None)
    assert "no skill over naive" in decision["reason"]


def test_observing_records_a_proposal_once_and_touches_nothing(bench):
    bench.cluster.execute(
        "INSERT INTO gateway.policies (cluster_id, namespace, kind, name, mode, min_replicas, max_replicas) "
        "VALUES (%s, 'shop', 'Deployment', 'web', 'observe', 1, 6)",
        bench.cluster.cluster_id,
    )
    for number in range(3):
        bench.cycle(NOW + timedelta(seconds=15 * number))
    decision = bench.decision()
    assert (decision["outcome"], decision["mode"], decision["to_replicas"]) == ("observed", "observe", 6)
    assert bench.sent("scaler.apply_decision.v1") == []


def test_a_workload_without_policy_is_left_alone(bench):
    bench.cluster.execute("UPDATE collector.workloads SET annotations = '{}'")
    bench.cycle()
    assert bench.decisions() == []
    assert bench.cluster.rows("SELECT 1 FROM scaler.workload_states") == []


def test_annotations_that_make_no_sense_pause_the_workload_and_say_why(bench):
    bench.cluster.execute(
        'UPDATE collector.workloads SET annotations = annotations || \'{"ai4k8s.io/max-replicas": "many"}\''
    )
    bench.cycle()
    assert "annotations make no sense" in bench.decision()["reason"]


def test_a_cycle_older_than_the_last_one_decides_nothing(bench):
    bench.cycle(usage=290.0, pods=3.9)
    bench.evaluate(NOW - timedelta(seconds=15))
    assert bench.state()["evaluated_at"] == NOW


def test_the_price_of_risk_follows_the_slo_by_the_hour(bench):
    bench.cycle(usage=290.0, pods=3.9)
    before = bench.state()["slo_price"]
    bench.cluster.execute("UPDATE scaler.workload_states SET memory = memory || '{\"hour_began\": 1}'")
    bench.cycle(NOW + timedelta(seconds=15), usage=290.0, pods=3.9)
    assert bench.state()["slo_price"] < before


def test_advice_is_kept_beside_the_decision(bench):
    bench.cycle()
    decision_id = bench.decision()["id"]
    advice = Advice(
        action=AdvisedAction.SCALE_UP,
        target_replicas=9,
        confidence=0.9,
        reasoning="Demand rises.",
        risk_assessment=RiskLevel.LOW,
        cost_impact="5 pods more",
        recommended_timing="now",
        text="Fine.",
    )
    message = RecordAdvice(decision_id=decision_id, provider="rules", text="Fine.", cached=False, advice=advice)
    with bench.bus.transaction() as tx:
        record_advice(tx, message)
    kept = bench.decision()["advice"]
    assert (kept["provider"], kept["text"], kept["target_replicas"]) == ("rules", "Fine.", 9)


def test_hindsight_compares_with_hpa_and_becomes_final(bench):
    bench.cycle()
    bench.apply(bench.decision()["id"])
    bench.cluster.samples(
        bench.workload_id,
        (
            {
                "at": NOW + timedelta(seconds=15 * tick),
                "cpu_usage_millicores": 240.0 if tick < 16 else 840.0,
                "ready_replicas": 4 if tick < 6 else 9,
                "desired_replicas": 9,
            }
            for tick in range(1, 90)
        ),
    )
    with bench.bus.transaction() as tx:
        judge_decisions(tx, bench.at(NOW + timedelta(minutes=8)))
    young = bench.decision()
    assert young["judged_at"] is None
    assert young["judgement"]["final"] is False
    with bench.bus.transaction() as tx:
        judge_decisions(tx, bench.at(NOW + timedelta(minutes=25)))
    judgement = bench.decision()["judgement"]
    assert bench.decision()["judged_at"] is not None
    assert (judgement["verdict"], judgement["short_share"]) == ("in_time", 0.0)
    assert judgement["pod_minutes"] <= judgement["hpa"]["pod_minutes"]
    assert len(judgement["hpa"]["replicas"]) == 80


def test_a_silent_cluster_is_held_and_released_by_its_next_cycle(bench):
    bench.cluster.execute(
        "UPDATE collector.cluster_states SET last_success_at = %s, reason = 'connection refused'", NOW
    )
    with bench.bus.transaction() as tx:
        watch_cycles(tx, bench.at(NOW + timedelta(seconds=30)))
    assert bench.cluster.rows("SELECT 1 FROM scaler.cluster_holds") == []
    with bench.bus.transaction() as tx:
        watch_cycles(tx, bench.at(NOW + timedelta(seconds=70)))
    hold = bench.cluster.row("SELECT * FROM scaler.cluster_holds")
    assert hold["since"] == NOW
    assert "connection refused" in hold["reason"]
    bench.cycle(NOW + timedelta(seconds=75), usage=290.0, pods=3.9)
    assert bench.cluster.rows("SELECT 1 FROM scaler.cluster_holds") == []


def test_a_person_scales_within_bounds_through_the_same_ledger(bench):
    def ask(replicas: int) -> None:
        message = ScaleWorkload(
            job_id=uuid.uuid4(),
            cluster_id=bench.cluster.cluster_id,
            workload_id=bench.workload_id,
            replicas=replicas,
            requested_by=uuid.uuid4(),
        )
        with bench.bus.transaction() as tx:
            scale_workload(tx, bench.context, message)

    ask(7)
    assert bench.kube.workloads[WEB].replicas == 7
    assert (bench.decision()["outcome"], bench.decision()["to_replicas"]) == ("applied", 7)
    assert bench.cluster.row("SELECT status FROM scaler.job_states")["status"] == "completed"
    with pytest.raises(InvalidInputError, match="outside of the policy's bounds 2 to 20"):
        ask(50)


def test_the_last_decision_is_written_onto_the_workload(bench):
    bench.context = replace(bench.context, settings=ScalerSettings(annotate=True))
    bench.cycle()
    bench.apply(bench.decision()["id"])
    assert "Scaling to 9" in bench.kube.workloads[WEB].annotations[LAST_DECISION]


def test_how_old_the_newest_sample_is_at_a_decision_is_remembered_per_cluster(bench):
    for number, seconds in enumerate((4, 9, 5)):
        at = NOW + timedelta(seconds=15 * number)
        bench.observe(at)
        message = EvaluatePolicies(cluster_id=bench.cluster.cluster_id, cycle_id=uuid.uuid4(), cycle_at=at)
        with bench.bus.transaction() as tx:
            evaluate_policies(tx, message, decided_at=at + timedelta(seconds=seconds))
    lag = bench.cluster.row("SELECT * FROM scaler.metric_lags")
    assert (lag["ages_seconds"], lag["median_seconds"], lag["p95_seconds"]) == ([4.0, 9.0, 5.0], 5.0, 9.0)
