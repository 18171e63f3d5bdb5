"""Keeps what the advisor said beside a decision, and says whether a number that it prefers counts.

Nothing waits for it. What counts is taken up by the next evaluation as one more wish, before all guards.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select, update

from ai4k8s_common.clock import utc_now
from ai4k8s_common.store.scaler import decisions
from ai4k8s_scaler.domain.policy import HOLD_SECONDS
from ai4k8s_scaler.domain.refining import Decided, why_not
from ai4k8s_scaler.settings import ScalerSettings

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.scaler import RecordAdvice

#: How long a number that the advisor prefers counts, from the decision on.
REFINED_FOR = timedelta(seconds=HOLD_SECONDS)

log = structlog.stdlib.get_logger(__name__)


def record_advice(
    tx: Transaction, message: RecordAdvice, settings: ScalerSettings | None = None, now: datetime | None = None
) -> None:
    """Keep the advisor's words; a model's stay where the rules' come late."""
    decision = _decision(tx.connection, message.decision_id)
    if decision is None:
        log.warning("advice_dropped", decision_id=str(message.decision_id), reason="no such decision")
        return
    if message.advice.word is None and (decision.advice or {}).get("word"):
        log.info("advice_dropped", decision_id=str(message.decision_id), reason="a model spoke already")
        return
    advice: dict[str, Any] = {
        **message.advice.model_dump(mode="json"),
        "provider": message.provider,
        "text": message.text,
        "cached": message.cached,
    }
    if message.refine_to is not None:
        refusal = _refusal(decision, message.refine_to, settings or ScalerSettings(), now or utc_now())
        advice["refine"] = {"to": message.refine_to, "taken": not refusal, "reason": refusal}
        log.info("refinement_judged", decision_id=str(message.decision_id), to=message.refine_to, refusal=refusal)
    _write(tx.connection, message.decision_id, advice)


def _refusal(decision: Row[Any], replicas: int, settings: ScalerSettings, now: datetime) -> str:
    decided = Decided(
        mode=decision.mode,
        action=decision.action,
        outcome=decision.outcome,
        to_replicas=decision.to_replicas,
        age_seconds=(now - decision.decided_at).total_seconds(),
        envelope=frozenset(option["replicas"] for option in decision.alternatives or () if option.get("within")),
    )
    within = REFINED_FOR.total_seconds()
    return why_not(decided, replicas, allowed=settings.advisor_may_refine, within_seconds=within)


def wishes(connection: Connection, cluster_id: UUID, since: datetime) -> dict[int, int]:
    """What the advisor prefers for each workload, where that was taken up since then."""
    refinement = decisions.c.advice["refine"]
    query = (
        select(decisions.c.workload_id, refinement["to"].as_integer())
        .where(
            decisions.c.cluster_id == cluster_id,
            decisions.c.decided_at > since,
            refinement["taken"].as_boolean(),
        )
        .order_by(decisions.c.decided_at)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _decision(connection: Connection, decision_id: UUID) -> Any:
    """Return what advice is held against, locked."""
    d = decisions.c
    query = select(d.mode, d.action, d.outcome, d.to_replicas, d.decided_at, d.alternatives, d.advice)
    return connection.execute(query.where(d.id == decision_id).with_for_update()).one_or_none()


def _write(connection: Connection, decision_id: UUID, advice: dict[str, Any]) -> None:
    """Keep the advisor's words."""
    connection.execute(update(decisions).where(decisions.c.id == decision_id).values(advice=advice))
