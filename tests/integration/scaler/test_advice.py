"""What comes back from the advisor: kept beside the decision, and taken up only where somebody allows it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_common.contracts.advisor import Advice, AdvisedAction, ModelWord, RiskLevel
from ai4k8s_common.contracts.scaler import EvaluatePolicies, RecordAdvice
from ai4k8s_scaler.advising import record_advice
from ai4k8s_scaler.service import evaluate_policies
from ai4k8s_scaler.settings import ScalerSettings
from tests.support.observed import REQUEST_MILLICORES
from tests.support.scaler_bench import LEVELS, NOW, WEB, Bench, make_bench

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.stores import Database, Valkey

WORD = ModelWord(
    provider="fake",
    model="fake-1",
    action=AdvisedAction.SCALE_UP,
    target_replicas=10,
    confidence=0.9,
    reasoning="Safer.",
    risk_assessment=RiskLevel.LOW,
    cost_impact="",
    recommended_timing="",
)
ALLOWED = ScalerSettings(advisor_may_refine=True)
SPREAD = [7.2, 7.9, 8.4, 8.8, 9.6, 11.0]


@pytest.fixture
def bench(database: Database, valkey: Valkey) -> Iterator[Bench]:
    yield from _bench(database, valkey)


def _bench(database: Database, valkey: Valkey) -> Iterator[Bench]:
    with make_bench(database, valkey) as bench:
        yield bench


def cycle(bench: Bench, seconds: float, settings: ScalerSettings = ALLOWED) -> None:
    """Observe, foresee with some spread, evaluate."""
    at = NOW + timedelta(seconds=seconds)
    bench.observe(at)
    bench.cluster.execute(
        "INSERT INTO forecaster.forecasts (workload_id, metric, made_at, cluster_id, cycle_id, status, history_hours,"
        " window_status, lead_time_seconds, window_levels, window_values)"
        " VALUES (%s, 'cpu', %s, %s, gen_random_uuid(), 'ready', 100, 'ready', 240, %s, %s)",
        bench.workload_id,
        at,
        bench.cluster.cluster_id,
        LEVELS,
        [pods * REQUEST_MILLICORES for pods in SPREAD],
    )
    message = EvaluatePolicies(cluster_id=bench.cluster.cluster_id, cycle_id=_uuid(), cycle_at=at)
    with bench.bus.transaction() as tx:
        evaluate_policies(tx, message, settings)


def _uuid() -> Any:
    import uuid

    return uuid.uuid4()


def advise(bench: Bench, refine_to: int | None, seconds: float = 5, settings: ScalerSettings = ALLOWED, **extra: Any):
    """Let the advisor's word on the first decision arrive."""
    advice = Advice(
        action=AdvisedAction.SCALE_UP,
        target_replicas=refine_to or 9,
        confidence=0.9,
        reasoning="Safer.",
        risk_assessment=RiskLevel.LOW,
        cost_impact="",
        recommended_timing="",
        text="Safer.",
        **{"word": WORD, **extra},
    )
    message = RecordAdvice(
        decision_id=bench.decisions()[0]["id"],
        provider="fake",
        text="Safer.",
        cached=False,
        advice=advice,
        refine_to=refine_to,
    )
    with bench.bus.transaction() as tx:
        record_advice(tx, message, settings, NOW + timedelta(seconds=seconds))
    return bench.decisions()[0]["advice"]


def decided(bench: Bench) -> dict[str, Any]:
    """A decision that was carried out."""
    cycle(bench, 0)
    decision = bench.decision()
    bench.apply(decision["id"])
    bench.cluster.execute("UPDATE collector.workloads SET desired_replicas = %s", decision["to_replicas"])
    bench.cluster.execute(
        "UPDATE collector.workloads SET resource_version = %s", bench.kube.workloads[WEB].resource_version
    )
    return decision


def test_a_change_is_kept_with_its_envelope(bench: Bench) -> None:
    decision = decided(bench)
    within = [option["replicas"] for option in decision["alternatives"] if option["within"]]
    assert decision["to_replicas"] in within
    assert len(within) > 1
    assert decision["inputs"]["chosen"]["replicas"] == decision["to_replicas"]


def test_a_grounded_wish_is_taken_up_by_the_next_evaluation_and_ends(bench: Bench) -> None:
    decision = decided(bench)
    wish = max(option["replicas"] for option in decision["alternatives"] if option["within"])
    assert wish > decision["to_replicas"]
    assert advise(bench, wish)["refine"] == {"to": wish, "taken": True, "reason": ""}
    cycle(bench, 15)
    refined = bench.decisions()[-1]
    assert refined["to_replicas"] == wish
    assert "the advisor prefers" in refined["reason"]
    bench.apply(refined["id"], NOW + timedelta(seconds=16))
    assert bench.kube.workloads[WEB].replicas == wish


@pytest.mark.parametrize(
    ("to", "seconds", "settings", "reason"),
    [
        (None, 5, ScalerSettings(), "Only shown: the advisor may not refine"),
        (10_000, 5, ALLOWED, "Dropped: 10000 is not in the envelope"),
        (None, 600, ALLOWED, "Dropped: it came 600 s after"),
    ],
)
def test_what_is_not_allowed_late_or_outside_is_kept_with_its_reason_and_changes_nothing(
    bench: Bench, to: int | None, seconds: float, settings: ScalerSettings, reason: str
) -> None:
    decision = decided(bench)
    wish = to or max(option["replicas"] for option in decision["alternatives"] if option["within"])
    refinement = advise(bench, wish, seconds, settings)["refine"]
    assert refinement["taken"] is False
    assert refinement["reason"].startswith(reason)
    cycle(bench, 15)
    assert bench.kube.workloads[WEB].replicas == decision["to_replicas"]
    assert len(bench.decisions()) == 1


def test_a_models_word_is_not_lost_to_the_rules_that_come_late(bench: Bench) -> None:
    decided(bench)
    advise(bench, None)
    assert advise(bench, None, word=None)["word"]["model"] == "fake-1"
