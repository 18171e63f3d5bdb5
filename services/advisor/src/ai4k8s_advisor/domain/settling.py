"""Whose word counts: the model's where it agrees or has grounds, within the envelope; else the rules'.

Grounds can be checked, so nobody has to believe a model: it names at least two of the facts it was given, brings no
number of its own, and its choice is, by the rules' own scores, nearly as good as theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_advisor.domain.facts import facts_of
from ai4k8s_advisor.domain.numbers import strangers
from ai4k8s_advisor.domain.scores import Score, preferred, score_all
from ai4k8s_advisor.domain.situation import Direction
from ai4k8s_advisor.domain.words import pods

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_advisor.domain.situation import Situation
    from ai4k8s_advisor.domain.word import Word

#: How much worse than the rules' choice a model's may score and still have grounds.
SCORE_MARGIN = 0.10
FEWEST_FACTS = 2


@dataclass(frozen=True, slots=True)
class Settled:
    """What is advised.

    Attributes:
        replicas: the advised number, always one of the envelope's.
        by_model: whether the model's word is followed.
        scores: the envelope as the rules score it.
        clamp: what was made of a choice outside the envelope.
        note: why the model's word is not followed.
        refines: whether it is another number than the decided one.
    """

    replicas: int
    by_model: bool
    scores: tuple[Score, ...]
    clamp: str
    note: str
    refines: bool


def settle_by_rules(s: Situation) -> Settled:
    """What the rules advise by themselves."""
    scores = score_all(s)
    choice = preferred(s, scores).replicas
    return Settled(choice, False, scores, "", "", choice != s.to_replicas)


def settle(s: Situation, word: Word, strange_numbers: tuple[str, ...], known_facts: frozenset[str]) -> Settled:
    """Weigh a model's word against the rules.

    Args:
        s: the situation now, which decides what may be chosen.
        word: what the model said, possibly of a situation alike some minutes ago.
        strange_numbers: numbers in its reasoning that no fact of its question held.
        known_facts: names of the facts of its question.
    """
    scores = score_all(s)
    by_rules = preferred(s, scores)
    target, clamp = clamped(s, word)
    doubts = list(_doubts(s, word, strange_numbers, known_facts, scores, target))
    if clamp:
        doubts.insert(0, "what it chose is not on offer")
    elif target == by_rules.replicas:
        # It agrees: all that can be wrong is how it says so.
        doubts = [_strange(strange_numbers)] if strange_numbers else []
    choice = by_rules.replicas if doubts else target
    note = ""
    if doubts:
        stand = f"The rules decide ({pods(by_rules.replicas)})"
        note = f"{stand}: of the model's word, {'; '.join(doubts)}."
    return Settled(choice, not doubts, scores, clamp, note, choice != s.to_replicas)


def clamped(s: Situation, word: Word) -> tuple[int, str]:
    """The envelope's number nearest to what a model chose, and what was done to it in words."""
    offered = [candidate.replicas for candidate in s.envelope]
    target = min(offered, key=lambda replicas: (abs(replicas - word.target_replicas), abs(replicas - s.to_replicas)))
    if target != word.target_replicas:
        choices = ", ".join(str(replicas) for replicas in offered)
        return target, f"It chose {word.target_replicas}; kept to {target}, for only {choices} may be chosen."
    direction = Direction.between(s.from_replicas, target)
    if word.action is not direction:
        return target, f"It said {word.action.value} to {target}, which from {s.from_replicas} is {direction.value}."
    return target, ""


def question_facts(s: Situation) -> tuple[frozenset[str], tuple[str, ...]]:
    """Names and texts of what a model is told."""
    facts = facts_of(s, score_all(s))
    return frozenset(fact.name for fact in facts), tuple(fact.text for fact in facts)


def strange_numbers_of(s: Situation, word: Word) -> tuple[str, ...]:
    """Numbers in a model's reasoning that no fact of its question holds."""
    return strangers(word.reasoning, (*question_facts(s)[1], s.name))


def _doubts(
    s: Situation,
    word: Word,
    strange_numbers: tuple[str, ...],
    known_facts: frozenset[str],
    scores: tuple[Score, ...],
    target: int,
) -> Iterator[str]:
    named = [name for name in word.facts if name in known_facts]
    if len(named) < FEWEST_FACTS:
        yield f"it names {len(named) or 'none'} of the facts it was given, {FEWEST_FACTS} are needed"
    if strange_numbers:
        yield _strange(strange_numbers)
    best = preferred(s, scores)
    chosen = next(score for score in scores if score.replicas == target)
    if chosen.total < best.total - SCORE_MARGIN:
        yield f"{target} scores {chosen.total:.2f} against {best.total:.2f}"


def _strange(numbers: tuple[str, ...]) -> str:
    return f"it names {', '.join(numbers[:3])}, which no fact holds"
