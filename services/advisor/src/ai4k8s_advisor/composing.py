"""Puts advice together: the rules' words, a model's word if there is one, and whose counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ai4k8s_advisor.domain.rules import advise, sentences
from ai4k8s_advisor.domain.settling import Settled, settle, settle_by_rules
from ai4k8s_advisor.domain.situation import Autoscaler, Direction, Level, Situation
from ai4k8s_advisor.domain.stateful import autoscaler_for
from ai4k8s_advisor.domain.word import Word
from ai4k8s_advisor.domain.words import pods
from ai4k8s_common.contracts.advisor import Advice, AdvisedAction, CandidateScore, ModelWord, RiskLevel, SettledBy

if TYPE_CHECKING:
    from ai4k8s_advisor.adapters.cache import Kept
    from ai4k8s_advisor.domain.calibration import Calibrated

RULES = "rules"
NO_MODEL = "No model is configured: this is by rules alone."


def by_rules(s: Situation, note: str = "", fallbacks: tuple[str, ...] = ()) -> Advice:
    """Advice without a model."""
    settled = settle_by_rules(s)
    return _advice(s, settled, note=note, fallbacks=fallbacks)


def with_word(s: Situation, kept: Kept, calibrated: Calibrated) -> tuple[Advice, Settled]:
    """Advice with a model's word, followed or not."""
    word = kept.word
    settled = settle(s, word_of(word), word.strange_numbers, frozenset(kept.known_facts))
    advice = _advice(s, settled, note=settled.note)
    extra = {
        "word": word,
        "fallbacks": kept.fallbacks,
        "calibrated_confidence": calibrated.value,
        "calibration": calibrated.sentence,
    }
    if settled.by_model:
        extra |= {
            "confidence": word.confidence if calibrated.value is None else calibrated.value,
            "reasoning": word.reasoning,
            "risk_assessment": word.risk_assessment,
            "cost_impact": word.cost_impact or advice.cost_impact,
            "recommended_timing": word.recommended_timing or advice.recommended_timing,
            "text": f"{word.reasoning} ({pods(settled.replicas)}, by {word.provider})",
        }
    return advice.model_copy(update=extra), settled


def word_of(word: ModelWord) -> Word:
    """The domain's form of a word that was kept."""
    return Word(
        action=Direction(word.action.value),
        target_replicas=word.target_replicas,
        confidence=word.confidence,
        reasoning=word.reasoning,
        risk_assessment=Level(word.risk_assessment.value),
        cost_impact=word.cost_impact,
        recommended_timing=word.recommended_timing,
        autoscaler=Autoscaler(word.autoscaler) if word.autoscaler else None,
        facts=word.facts,
    )


def _advice(s: Situation, settled: Settled, note: str = "", fallbacks: tuple[str, ...] = ()) -> Advice:
    """What the rules say of the advised number."""
    direction = Direction.between(s.from_replicas, settled.replicas)
    advised = s if not settled.refines else replace(s, to_replicas=settled.replicas, direction=direction)
    ruled = advise(advised)
    kind, why = autoscaler_for(s)
    return Advice(
        action=AdvisedAction(ruled.action.value),
        target_replicas=ruled.target_replicas,
        confidence=ruled.confidence,
        reasoning=ruled.reasoning,
        risk_assessment=RiskLevel(ruled.risk_assessment.value),
        cost_impact=ruled.cost_impact,
        recommended_timing=ruled.recommended_timing,
        text=sentences(ruled),
        settled_by=SettledBy.MODEL if settled.by_model else SettledBy.RULES,
        scores=tuple(
            CandidateScore(
                replicas=score.replicas,
                risk=score.risk,
                performance=round(score.performance, 3),
                cost=round(score.cost, 3),
                stability=round(score.stability, 3),
                forecast_fit=round(score.forecast_fit, 3),
                timing=round(score.timing, 3),
                total=round(score.total, 3),
            )
            for score in settled.scores
        ),
        clamp=settled.clamp,
        note=note,
        fallbacks=fallbacks,
        autoscaler=kind.value,
        autoscaler_reason=why,
    )
