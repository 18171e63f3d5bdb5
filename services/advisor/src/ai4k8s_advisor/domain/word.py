"""A model's answer, read with suspicion: whatever it is, it becomes a word in our form or a reason why it is none."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from ai4k8s_advisor.domain.situation import Autoscaler, Direction, Level

E = TypeVar("E", bound=StrEnum)

MOST_REASONING = 600
MOST_SHORT = 120
MOST_FACTS = 12
#: Nobody runs more pods in one workload; a number beyond it is noise and not a wish.
MOST_REPLICAS = 1_000_000


@dataclass(frozen=True, slots=True)
class Word:
    """What a model said, in our form. `confidence` is its own number."""

    action: Direction
    target_replicas: int
    confidence: float
    reasoning: str
    risk_assessment: Level
    cost_impact: str
    recommended_timing: str
    autoscaler: Autoscaler | None
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an answer is none."""

    reason: str


def read_word(value: object) -> Word | Refusal:
    """Read an answer's object. Never raises, whatever it holds."""
    if not isinstance(value, Mapping):
        return Refusal("it is not an object")
    target = _whole(value.get("target_replicas"))
    if target is None:
        return Refusal("target_replicas is not a whole number")
    confidence = _share(value.get("confidence"))
    if confidence is None:
        return Refusal("confidence is not a number between 0 and 1")
    action, risk = _one_of(Direction, value.get("action")), _one_of(Level, value.get("risk_assessment"))
    if action is None or risk is None:
        return Refusal("action or risk_assessment is none of the words that were asked for")
    reasoning = clean_text(value.get("reasoning"), MOST_REASONING)
    if not reasoning:
        return Refusal("it gives no reasoning")
    return Word(
        action=action,
        target_replicas=target,
        confidence=confidence,
        reasoning=reasoning,
        risk_assessment=risk,
        cost_impact=clean_text(value.get("cost_impact"), MOST_SHORT),
        recommended_timing=clean_text(value.get("recommended_timing"), MOST_SHORT),
        autoscaler=_one_of(Autoscaler, value.get("autoscaler")),
        facts=_names(value.get("facts")),
    )


def clean_text(value: object, most: int) -> str:
    """A text on one line without anything that a store, a terminal or a page stumbles over."""
    if not isinstance(value, str):
        return ""
    # Cut first: a megabyte of noise is not worth looking through.
    kept = (c if unicodedata.category(c)[0] != "C" else " " for c in value[: 4 * most])
    text = " ".join("".join(kept).split())
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
        return None
    return int(value) if 0 <= value <= MOST_REPLICAS else None


def _share(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared before it is made a float: a whole number may be too large for one. NaN is within nothing.
    return float(value) if 0 <= value <= 1 else None


def _one_of(kind: type[E], value: object) -> E | None:
    return next((member for member in kind if member.value == value), None)


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    names = (clean_text(name, MOST_SHORT) for name in value[:MOST_FACTS])
    return tuple(dict.fromkeys(name for name in names if name))
