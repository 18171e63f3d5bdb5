"""Takes a workload up as soon as somebody wants it scaled, telling each step; and gives it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.scaler import EnablePredictive, ReleaseWorkload
from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.store.scaler import Actuator, DecisionOutcome
from ai4k8s_scaler import commands, floors, repository, surroundings
from ai4k8s_scaler.applying import settle
from ai4k8s_scaler.domain.hpa import Usage, desired_replicas
from ai4k8s_scaler.policies import ONLY_SCHEDULED, effective_policy
from ai4k8s_scaler.service import CHANGES_WITHIN, SAMPLES_WITHIN, Cycle, evaluate

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import JsonValue
    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_scaler.context import Context

COLLECTING, FORECASTING, ADVISING, APPLYING = 10, 40, 70, 90


def enable_predictive(tx: Transaction, context: Context, message: EnablePredictive) -> None:
    """Decide for one workload on what is known now, and carry it out in mode auto.

    Raises NotFoundError, and InvalidInputError where no policy holds.
    """
    step = _Steps(tx, message.job_id, EnablePredictive.name)
    now = context.clock()
    step(COLLECTING, "looking at what was measured")
    rows = repository.present_workloads(tx.connection, message.cluster_id)
    row = next((found for found in rows if found.id == message.workload_id), None)
    facts = repository.cluster_facts(tx.connection, message.cluster_id)
    commands.workload(tx, message.cluster_id, message.workload_id)
    policy = None if row is None else effective_policy(row)
    if row is None or facts is None or policy is None:
        raise InvalidInputError("no policy holds for this workload", hint="Set one, and ask again.")
    samples = repository.latest_samples(tx.connection, message.cluster_id, now - SAMPLES_WITHIN, now)
    sample = samples.get(row.id)
    step(FORECASTING, _foresight(row))
    around = surroundings.load(tx.connection, message.cluster_id, now, now - CHANGES_WITHIN)
    for other in rows:
        around.count(other, other.desired_replicas)
    cycle = Cycle(message.cluster_id, message.job_id, now, around, context.settings, facts.reachable, facts.paused)
    state = evaluate(tx, cycle, row, policy, sample)
    repository.upsert_states(tx.connection, [state])
    step(ADVISING, str(state["reason"]))
    decision = repository.decision_of_cycle(tx.connection, row.id, message.job_id)
    result: dict[str, JsonValue] = {"mode": policy.mode.value, "reason": str(state["reason"])}
    if decision is not None:
        result |= {"decision_id": str(decision.id), "to_replicas": decision.to_replicas}
        if decision.outcome == DecisionOutcome.PLANNED.value:
            step(APPLYING, f"setting {decision.to_replicas}")
            locked = repository.lock_decision(tx.connection, decision.id)
            done = settle(tx, context, locked) if locked is not None else None
            result["outcome"] = done.outcome.value if done else None
    step.done(f"{row.namespace}/{row.name} is in mode {policy.mode.value}: {state['reason']}", result)


def release_workload(tx: Transaction, context: Context, message: ReleaseWorkload) -> None:
    """Give back what was there before us. Raises NotFoundError and KubeError."""
    step = _Steps(tx, message.job_id, ReleaseWorkload.name)
    row = commands.workload(tx, message.cluster_id, message.workload_id)
    repository.supersede(tx.connection, row.id, context.clock(), "Scaling by us was switched off.")
    claim = surroundings.claim_of(tx.connection, row.id)
    name = f"{row.namespace}/{row.name}"
    if claim is None:
        step.done(f"{name} is left as it is: nothing of ours was in it", {})
        return
    step(APPLYING, "giving back what was there before")
    if claim.actuator == Actuator.REPLICAS.value:
        _give_replicas_back(tx, context, message, row, claim, step)
        return
    floors.give_back(tx, context, row, claim)
    original = claim.original
    if claim.actuator == Actuator.HPA_FLOOR.value:
        bounds = f"{original.get('min_replicas')} to {original.get('max_replicas')}"
        step.done(f"HPA {claim.object_name} has its own bounds back: {bounds}", {"original": original})
    else:
        step.done(f"{name}: the metric is served no more", {})


def _give_replicas_back(
    tx: Transaction, context: Context, message: ReleaseWorkload, row: Row[Any], claim: Row[Any], step: _Steps
) -> None:
    """The number from before us, unless the load of now would not fit into it."""
    original = int(claim.original["replicas"])
    needed = _needed(tx, context, row)
    replicas = max(original, needed)
    target = replace(commands.present_target(tx, context, row), actuator=Actuator.REPLICAS)
    if target.current != replicas:
        reason = f"Scaling by us was switched off: back to {original}, as before us."
        if replicas != original:
            reason = f"Scaling by us was switched off: {original} as before us would be short, {needed} are needed now."
        carried = commands.Ask(replicas, reason, message.job_id, message.requested_by)
        commands.carry_out(tx, context, row, target, carried)
    surroundings.drop_claim(tx.connection, row.id)
    more = "" if replicas == original else f" ({original} before us; the load of now needs {needed})"
    step.done(f"{row.namespace}/{row.name} is at {replicas}{more}", {"to_replicas": replicas, "original": original})


def _needed(tx: Transaction, context: Context, row: Row[Any]) -> int:
    """What HPA's formula asks for now; 0 when it cannot tell."""
    now = context.clock()
    sample = repository.latest_samples(tx.connection, row.cluster_id, now - timedelta(minutes=2), now).get(row.id)
    if sample is None or not row.cpu_request_millicores:
        return 0
    measured = min(sample.pods_with_metrics or 0, sample.ready_replicas or 0)
    usage = Usage(sample.cpu_usage_millicores, row.cpu_request_millicores, measured)
    limits = (effective_policy(row) or ONLY_SCHEDULED).limits
    return desired_replicas(usage, row.desired_replicas, limits.target_percent) or 0


def _foresight(row: Row[Any]) -> str:
    if row.made_at is None:
        return "no forecast yet: it needs some hours of history"
    return "the forecast is ready" if row.window_status == "ready" else f"no forecast yet: {row.window_detail}"


class _Steps:
    """Tells the person who waits."""

    def __init__(self, tx: Transaction, job_id: UUID, kind: str) -> None:
        self._tx, self._job_id, self._kind = tx, job_id, kind

    def __call__(self, percent: int, message: str) -> None:
        self._tx.report_job(JobReport(self._job_id, self._kind, JobStatus.PROCESSING, percent, message))

    def done(self, message: str, result: dict[str, JsonValue]) -> None:
        self._tx.report_job(JobReport(self._job_id, self._kind, JobStatus.COMPLETED, 100, message, result))
