"""When a number that the advisor prefers may count: never before a decision, never less, never outside its envelope."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decided:
    """A decision that was advised on.

    Attributes:
        mode, action, outcome: as the ledger names them.
        to_replicas: what was decided.
        age_seconds: since then.
        envelope: numbers that every guard would have left as they are.
    """

    mode: str
    action: str
    outcome: str
    to_replicas: int
    age_seconds: float
    envelope: frozenset[int]


def why_not(decided: Decided, replicas: int, *, allowed: bool, within_seconds: float) -> str:
    """Why a number that the advisor prefers does not count; an empty string where it may."""
    if replicas not in decided.envelope:
        return f"Dropped: {replicas} is not in the envelope of this decision."
    if not allowed:
        return "Only shown: the advisor may not refine decisions here."
    if decided.mode != "auto":
        return f"Only shown: the policy's mode is {decided.mode}."
    if decided.action != "scale_up" or replicas <= decided.to_replicas:
        return "Only shown: the advisor may add to a scale-up, and nothing else."
    if decided.outcome != "applied":
        return f"Only shown: the decision itself is {decided.outcome}."
    if decided.age_seconds > within_seconds:
        return f"Dropped: it came {decided.age_seconds:.0f} s after the decision, and what it speaks of is over."
    return ""
