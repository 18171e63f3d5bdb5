"""How a model is asked for advice: what it may answer, and what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_advisor.domain.facts import facts_of
from ai4k8s_advisor.domain.scores import score_all
from ai4k8s_advisor.domain.situation import Autoscaler, Direction, Level

if TYPE_CHECKING:
    from ai4k8s_advisor.domain.situation import Situation

INSTRUCTIONS = (
    "You advise on how many pods a Kubernetes workload should have. Rules have computed the only numbers that may be "
    "chosen; you choose one of them and say why in one or two short sentences. Use only the facts that are given, "
    "write their numbers exactly as they are written, and name the facts you rest on."
)


def schema_for(s: Situation) -> dict[str, Any]:
    """The form of an answer: choices are enumerated, so that a model that keeps to it cannot leave the envelope."""
    names = sorted({fact.name for fact in facts_of(s, score_all(s))})
    return {
        "type": "object",
        "properties": {
            "action": {"type": "string", "enum": [direction.value for direction in Direction]},
            "target_replicas": {"type": "integer", "enum": [candidate.replicas for candidate in s.envelope]},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "reasoning": {"type": "string", "minLength": 1, "maxLength": 300},
            "risk_assessment": {"type": "string", "enum": [level.value for level in Level]},
            "cost_impact": {"type": "string", "maxLength": 80},
            "recommended_timing": {"type": "string", "maxLength": 80},
            "autoscaler": {"type": "string", "enum": [autoscaler.value for autoscaler in Autoscaler]},
            "facts": {"type": "array", "items": {"type": "string", "enum": names}, "maxItems": 6},
        },
        "required": [
            "action", "target_replicas", "confidence", "reasoning", "risk_assessment", "cost_impact",
            "recommended_timing", "autoscaler", "facts",
        ],
        "additionalProperties": False,
    }  # fmt: skip


def facts_text(s: Situation) -> str:
    """What it is told, a fact a line."""
    return "\n".join(f"{fact.name}: {fact.text}" for fact in facts_of(s, score_all(s)))
