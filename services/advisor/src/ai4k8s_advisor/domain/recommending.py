"""What is worth doing in a cluster: the few things that matter most, each with what shows it and what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_ITEMS = 8

INSTRUCTIONS = (
    "You are given findings about a Kubernetes cluster, one a line, each with a key. Say each of them to its operator "
    "in one short, plain sentence: what is the matter and what to do. Use only what the line says and write every "
    "number exactly as it is written there; add no number and no finding of your own."
)


class Weight(IntEnum):
    """How much it matters; rising."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class EvidenceKind(StrEnum):
    """What shows it."""

    INCIDENT = "incident"
    SIZE = "size"
    CAPACITY = "capacity"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Item:
    """One recommendation.

    Attributes:
        weight: how much it matters.
        title: what it is about, in a few words.
        sentence: what is the matter.
        action: what to do.
        evidence, evidence_id: what shows it.
        workload_id: whom it is about, where that is a workload.
        worded_by: whose sentence it is.
    """

    weight: Weight
    title: str
    sentence: str
    action: str
    evidence: EvidenceKind
    evidence_id: str
    workload_id: int | None = None
    worded_by: str = "rules"

    @property
    def facts(self) -> tuple[str, ...]:
        """What a model may say of it."""
        return self.title, self.sentence, self.action


def short_list(items: Iterable[Item]) -> tuple[Item, ...]:
    """The few that matter most; of what one thing shows, the weightiest."""
    best: dict[tuple[EvidenceKind, str], Item] = {}
    for item in items:
        key = (item.evidence, item.evidence_id)
        if key not in best or item.weight > best[key].weight:
            best[key] = item
    ranked = sorted(best.values(), key=lambda item: (-item.weight, list(EvidenceKind).index(item.evidence)))
    return tuple(ranked[:MOST_ITEMS])


def schema_for(items: Sequence[Item]) -> dict[str, Any]:
    """The form of a model's answer: a sentence for each key."""
    return {
        "type": "object",
        "properties": {f"item{place}": {"type": "string", "maxLength": 300} for place in range(1, len(items) + 1)},
        "required": [f"item{place}" for place in range(1, len(items) + 1)],
        "additionalProperties": False,
    }


def lines_of(items: Sequence[Item]) -> str:
    """What a model is told."""
    return "\n".join(
        f"item{place}: {item.title}: {item.sentence} What to do: {item.action}" for place, item in enumerate(items, 1)
    )


def worded(item: Item, sentence: str, provider: str) -> Item:
    """The same in a model's words."""
    return replace(item, sentence=sentence, worded_by=provider)
