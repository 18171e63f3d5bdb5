"""Advises on one decision: rules, a cache in front of them, and the answer to the scaler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from ai4k8s_advisor import repository
from ai4k8s_advisor.domain.cache_key import cache_key
from ai4k8s_advisor.domain.rules import advise, sentences
from ai4k8s_common.contracts.advisor import Advice, AdvisedAction, RiskLevel
from ai4k8s_common.contracts.scaler import RecordAdvice

if TYPE_CHECKING:
    from uuid import UUID

    from ai4k8s_advisor.adapters.cache import AdviceCache
    from ai4k8s_common.bus.transaction import Transaction

PROVIDER = "rules"

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Context:
    """What the advisor's tasks are wired with."""

    cache: AdviceCache


def advise_on(tx: Transaction, context: Context, decision_id: UUID) -> None:
    """Give advice on a decision, once."""
    situation = repository.read_situation(tx.connection, decision_id)
    if situation is None:
        # Deleted together with its workload: there is nobody left to advise.
        log.info("advice_not_given", decision_id=str(decision_id), reason="the decision is gone")
        return
    if repository.has_advice(tx.connection, decision_id):
        return
    key = cache_key(PROVIDER, situation)
    advice = context.cache.get(key)
    cached = advice is not None
    if advice is None:
        ruled = advise(situation)
        advice = Advice(
            action=AdvisedAction(ruled.action.value),
            target_replicas=ruled.target_replicas,
            confidence=ruled.confidence,
            reasoning=ruled.reasoning,
            risk_assessment=RiskLevel(ruled.risk_assessment.value),
            cost_impact=ruled.cost_impact,
            recommended_timing=ruled.recommended_timing,
            text=sentences(ruled),
        )
        context.cache.put(key, advice)
    repository.add_advice(tx.connection, decision_id, PROVIDER, advice.text, advice, cached=cached)
    tx.send(RecordAdvice(decision_id=decision_id, provider=PROVIDER, text=advice.text, cached=cached, advice=advice))
    log.info("advice_given", decision_id=str(decision_id), provider=PROVIDER, cached=cached)
