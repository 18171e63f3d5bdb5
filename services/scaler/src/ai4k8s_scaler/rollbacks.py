"""Watches what changes did: our own that made things worse is taken back, a new revision that did is spoken of."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_common.contracts.advisor import Advise
from ai4k8s_common.contracts.scaler import ApplyDecision
from ai4k8s_common.store.gateway import PolicyMode
from ai4k8s_common.store.scaler import Actuator, DecisionAction, DecisionOutcome, Engine
from ai4k8s_scaler import repository
from ai4k8s_scaler.domain import rollback
from ai4k8s_scaler.domain.guards import GuardName, Room
from ai4k8s_scaler.domain.rollback import Lowered
from ai4k8s_scaler.ledger import decision_event
from ai4k8s_scaler.revisions import ROLLED_BACK, by_hand

if TYPE_CHECKING:
    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_scaler.domain.policy import Observed
    from ai4k8s_scaler.domain.situation import Situation
    from ai4k8s_scaler.memory import Memory
    from ai4k8s_scaler.policies import EffectivePolicy
    from ai4k8s_scaler.service import Cycle

ONE_ROLL_BACK_WITHIN = timedelta(hours=24)

log = structlog.stdlib.get_logger(__name__)


def watched(cycle: Cycle, row: Row[Any], observed: Observed, memory: Memory, *, short: bool) -> Memory:
    """One more observation since the changes that are watched."""
    now = cycle.at.timestamp()
    lowered = _lowered(cycle, row)
    if lowered is not None:
        rolling = observed.rollout_in_progress
        counts = short and rollback.helped(lowered, observed.ready, now, rollout=rolling)
        memory = replace(memory, lowered=memory.lowered.counted(lowered.at, short=counts))
    if row.revision_at is not None and not observed.rollout_in_progress and row.revision_at <= cycle.at:
        memory = replace(memory, rollout=memory.rollout.counted(row.revision_at.timestamp(), short=short))
    return memory


def with_what_comes_back(
    cycle: Cycle, row: Row[Any], policy: EffectivePolicy, memory: Memory, situation: Situation
) -> Situation:
    """What must come back now, and what came back lately and is kept. A schedule's most stands above both."""
    most = situation.schedule.maximum if situation.schedule is not None else None
    rest = rollback.rest_of(cycle.around.taken_back.get(row.id, ()))
    kept = None
    if rest is not None and cycle.at.timestamp() < rest.until:
        until = datetime.fromtimestamp(rest.until, tz=UTC)
        detail = f"fewer than {rest.replicas} was too few; not lowered below it until {until:%H:%M} UTC"
        kept = Room(GuardName.ROLLED_BACK, _at_most(rest.replicas, most), detail)
    lowered = _lowered(cycle, row)
    reason = None if lowered is None else rollback.worsened(lowered, memory.lowered, policy.limits.slo_short_share)
    back = None
    if lowered is not None and reason is not None:
        back = Room(GuardName.ROLLBACK, _at_most(lowered.from_replicas, most), reason)
    return replace(situation, rest=kept, restore=back)


def taken_back(cycle: Cycle, row: Row[Any]) -> uuid.UUID | None:
    """The decision that is taken back, if one is."""
    lowered = cycle.around.lowered.get(row.id)
    return None if lowered is None else lowered.id


def _at_most(replicas: int, most: int | None) -> int:
    return replicas if most is None else min(replicas, most)


def _lowered(cycle: Cycle, row: Row[Any]) -> Lowered | None:
    found = cycle.around.lowered.get(row.id)
    if found is None:
        return None
    risks = [option["risk"] for option in found.alternatives or () if option["replicas"] <= found.to_replicas]
    risk = min(risks, default=None)
    return Lowered(found.outcome_at.timestamp(), found.from_replicas, found.to_replicas, risk)


def watch_rollout(tx: Transaction, cycle: Cycle, row: Row[Any], policy: EffectivePolicy, memory: Memory) -> Memory:
    """Tell, once a revision, that it made things worse; where the policy says so, order the one before it back."""
    revision, slo = row.revision, policy.limits.slo_short_share
    if revision and revision != memory.revision:
        memory = replace(memory, revision=revision, revision_before=memory.revision)
    if not revision or memory.revision_told == revision:
        return memory
    before = memory.budget.short_share()
    if not rollback.rollout_worsened(memory.rollout, before, slo, cycle.at.timestamp()):
        return memory
    memory = replace(memory, revision_told=revision)
    # A StatefulSet's first revision that we saw is told by no deploy.
    earlier = repository.revision_before(tx.connection, row.id, revision) or memory.revision_before
    if not earlier or repository.rolled_back_since(tx.connection, row.id, cycle.at - ONE_ROLL_BACK_WITHIN):
        # Back and forth between two that are both short helps nobody.
        return memory
    decision_id = uuid.uuid4()
    # What a StatefulSet keeps may have been brought to its new revision's form: there a person decides.
    ordered = policy.rolls_back_rollouts and policy.mode is PolicyMode.AUTO and row.kind == "Deployment"
    # Only what one click can do waits for one.
    told = DecisionOutcome.OBSERVED if row.kind in ROLLED_BACK else DecisionOutcome.HELD
    outcome = DecisionOutcome.PLANNED if ordered else told
    usual = "" if before is None else f", {100 * before:.2g} % of the days before"
    reason = (
        f"Short of capacity in {memory.rollout.short} of {memory.rollout.ticks} looks since revision {revision} came at"
        f" {row.revision_at:%H:%M} UTC{usual}: back to revision {earlier}."
    )
    if row.kind not in ROLLED_BACK:
        reason += f" A {row.kind} keeps its revisions elsewhere: {by_hand(row.kind)[0].lower()}{by_hand(row.kind)[1:]}"
    repository.insert_decision(
        tx.connection,
        {
            "id": decision_id,
            "cluster_id": cycle.cluster_id,
            "workload_id": row.id,
            # The cycle's own decision about the replicas has the cycle's number.
            "cycle_id": uuid.uuid5(cycle.cycle_id, f"revision {row.id}"),
            "decided_at": cycle.at,
            "mode": policy.mode.value,
            "action": DecisionAction.MAINTAIN.value,
            "from_replicas": row.desired_replicas,
            "to_replicas": row.desired_replicas,
            "planned_resource_version": row.resource_version,
            "reason": reason,
            "inputs": {
                "looks": memory.rollout.ticks,
                "short_looks": memory.rollout.short,
                "short_share_before": before,
                "slo_short_share": slo,
            },
            "outcome": outcome.value,
            "outcome_at": None if ordered else cycle.at,
            "engine": Engine.ROLLBACK.value,
            "actuator": Actuator.REVISION.value,
            "plan": {"object": row.name, "from_revision": revision, "to_revision": earlier},
        },
    )
    tx.send(ApplyDecision(decision_id=decision_id) if ordered else Advise(decision_id=decision_id))
    tx.emit(decision_event(cycle.cluster_id, row.id, decision_id, outcome, row.desired_replicas, reason))
    log.info("rollout_made_it_worse", workload=f"{row.namespace}/{row.name}", revision=revision, ordered=ordered)
    return memory
