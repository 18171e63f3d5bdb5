"""Advice by rules: what is expected, what it risks, what it costs, and when to act.

The advice never changes a decision; it says in one or two sentences what a person would ask about it.
"""

from __future__ import annotations

from ai4k8s_advisor.domain.situation import Advice, Direction, Level, Situation
from ai4k8s_advisor.domain.words import cores, duration, pod_word, pods

CROWDED_PERCENT = 90.0


def advise(situation: Situation) -> Advice:
    """Say what a decision means."""
    return Advice(
        action=situation.direction,
        target_replicas=situation.to_replicas,
        confidence=_confidence(situation),
        reasoning=_reasoning(situation),
        risk_assessment=_risk(situation),
        cost_impact=_cost(situation),
        recommended_timing=_timing(situation),
    )


def sentences(advice: Advice) -> str:
    """The advice as a person reads it."""
    return f"{advice.reasoning} {advice.cost_impact}, risk {advice.risk_assessment.value}: {advice.recommended_timing}."


def _confidence(s: Situation) -> float:
    if s.cpu_usage_millicores is None:
        return 0.3
    if s.expected_millicores is None:
        return 0.6
    return 0.7 if s.saturated else 0.9


def _reasoning(s: Situation) -> str:
    now = f"now {cores(s.cpu_usage_millicores)}" if s.cpu_usage_millicores is not None else "usage now unknown"
    if s.expected_millicores is None or s.lead_time_seconds is None:
        expected = f"There is no forecast for {s.name} yet ({now})"
    else:
        expected = (
            f"{s.name} is expected to need up to {cores(s.expected_millicores)} "
            f"within {duration(s.lead_time_seconds)} ({now})"
        )
    return f"{expected}; {_consequence(s)}."


def _consequence(s: Situation) -> str:
    wanted = pods(s.to_replicas)
    if s.direction is Direction.MAINTAIN:
        if s.held:
            return f"a guard keeps it at {wanted} for now"
        if s.at_maximum and (s.cpu_percent or 0) >= CROWDED_PERCENT:
            return f"it is at its maximum of {wanted} and nearly full: raise the maximum"
        return f"{wanted} carry that"
    if s.saturated and s.direction is Direction.SCALE_UP:
        limited = "its pods run against their CPU limit, so that real demand is higher"
        return f"{limited}: {wanted} instead of {s.from_replicas}"
    verb = "are wanted before then" if s.direction is Direction.SCALE_UP else "are enough"
    return f"{wanted} {verb} instead of {s.from_replicas}"


def _risk(s: Situation) -> Level:
    crowded = s.saturated or (s.cpu_percent or 0.0) >= CROWDED_PERCENT
    if s.direction is Direction.SCALE_DOWN:
        if crowded or s.cpu_usage_millicores is None:
            return Level.HIGH
        return Level.MEDIUM if s.keeps_state or s.expected_millicores is None else Level.LOW
    if crowded and s.at_maximum:
        return Level.HIGH
    if s.held or (s.at_maximum and s.direction is Direction.SCALE_UP) or (crowded and not s.carried_out):
        return Level.MEDIUM
    return Level.LOW


def _cost(s: Situation) -> str:
    change = s.to_replicas - s.from_replicas
    if change == 0:
        return "No change of cost"
    change_of_pods = f"{abs(change)} {'more' if change > 0 else 'fewer'} {pod_word(abs(change))}"
    if not s.cpu_request_millicores:
        return change_of_pods
    return (
        f"{change_of_pods}, {cores(abs(change) * s.cpu_request_millicores)} {'more' if change > 0 else 'less'} reserved"
    )


def _timing(s: Situation) -> str:
    if s.direction is Direction.SCALE_UP:
        ready = f", its pods need about {duration(s.startup_seconds)} to be ready" if s.startup_seconds else ""
        return f"{'done' if s.carried_out else 'at once'}{ready}"
    if s.direction is Direction.SCALE_DOWN:
        return "done" if s.carried_out else "when it has stayed this low for a few minutes"
    return "nothing to do" if not s.held else "when the guard lets go"
