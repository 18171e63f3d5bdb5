"""What is known of a decision, as sentences with a name each: what a model is told, and what it may rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_advisor.domain.words import amount_of_memory, cores, duration, pods

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_advisor.domain.scores import Score
    from ai4k8s_advisor.domain.situation import Past, Situation

MOST_PAST = 5


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known."""

    name: str
    text: str


def facts_of(s: Situation, scores: tuple[Score, ...]) -> tuple[Fact, ...]:
    """Return what is known; what is not is left out."""
    return tuple(_facts(s, scores))


def _facts(s: Situation, scores: tuple[Score, ...]) -> Iterator[Fact]:
    yield Fact("workload", f"{s.kind} {s.name}, {pods(s.from_replicas)} now")
    yield Fact("bounds", f"between {_known(s.min_replicas)} and {_known(s.max_replicas)} pods are allowed")
    yield Fact("state", f"it keeps state: {s.state_reason}" if s.keeps_state else "it keeps no state that is known of")
    yield from _usage(s)
    yield from _forecast(s)
    if s.startup_seconds is not None:
        yield Fact("startup", f"a new pod needs about {duration(s.startup_seconds)} to be ready")
    yield Fact("decision", f"the rules of the scaler chose {pods(s.to_replicas)}")
    for past in s.recent[:MOST_PAST]:
        yield Fact("recent_decisions", _past(past))
    for score in scores:
        yield Fact("candidates", candidate_line(score))


def candidate_line(score: Score) -> str:
    """One candidate as a model reads it."""
    risk = "" if score.risk is None else f"{100 * score.risk:.1f} % risk of being short, "
    return f"{pods(score.replicas)}: {risk}score {score.total:.2f}"


def _usage(s: Situation) -> Iterator[Fact]:
    if s.cpu_usage_millicores is not None:
        percent = "" if s.cpu_percent is None else f", {s.cpu_percent:.0f} % of what its ready pods request"
        yield Fact("cpu_now", f"CPU in use now: {cores(s.cpu_usage_millicores)}{percent}")
    if s.memory_bytes is not None:
        percent = "" if s.memory_percent is None else f", {s.memory_percent:.0f} % of what its ready pods request"
        yield Fact("memory_now", f"memory in use now: {amount_of_memory(s.memory_bytes)}{percent}")
    if s.saturated:
        yield Fact("saturated", "its pods run against their CPU limit: real demand is higher than what is used")


def _forecast(s: Situation) -> Iterator[Fact]:
    if s.expected_millicores is not None and s.lead_time_seconds is not None:
        median = "" if s.median_millicores is None else f"median {cores(s.median_millicores)}, "
        need = "" if s.expected_pods is None else f", {s.expected_pods:.1f} pods"
        within = duration(s.lead_time_seconds)
        yield Fact("forecast", f"highest CPU within {within}: {median}95 % upper {cores(s.expected_millicores)}{need}")
    if s.trend != "unknown":
        yield Fact("trend", f"the next hours are {s.trend}")
    if s.peak_millicores is not None and s.peak_in_minutes is not None:
        yield Fact("peak", f"the next peak is {cores(s.peak_millicores)} in {duration(60 * s.peak_in_minutes)}")


def _past(past: Past) -> str:
    verdict = f", which was {past.verdict.replace('_', ' ')}" if past.verdict else ""
    return f"{duration(60 * past.minutes_ago)} ago {past.from_replicas} -> {past.to_replicas}{verdict}"


def _known(number: int | None) -> str:
    return "any number" if number is None else str(number)
