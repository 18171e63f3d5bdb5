"""A decision of the ledger in plain words: what, why, what else, how it turned out; from the ledger's facts only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_advisor.domain.facts import Fact
from ai4k8s_advisor.domain.words import clock, cores, duration, percent, pods

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

UPPER_LEVEL = 0.95
MOST_ALTERNATIVES = 4

INSTRUCTIONS = (
    "Explain a scaling decision of a Kubernetes autoscaler to somebody who does not know Kubernetes well, in three to "
    "five plain sentences. Use only the facts that are given and write every number exactly as it is written there; "
    "add no number, no cause and no advice of your own."
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"explanation": {"type": "string", "minLength": 20, "maxLength": 900}},
    "required": ["explanation"],
    "additionalProperties": False,
}
_BY = {
    "predictive": "the forecast",
    "reactive": "what was used at that moment",
    "scheduled": "a rule of the clock",
    "manual": "a person",
    "hpa": "the HPA",
    "vpa": "the VPA",
}
_OUTCOMES = {
    "planned": "It is on its way.",
    "applied": "It was carried out.",
    "observed": "It was only told, not carried out.",
    "held": "Nothing was changed.",
    "conflict": "It was not carried out, for the workload had changed meanwhile.",
    "superseded": "It was overtaken before it was carried out.",
    "dismissed": "A person dismissed it.",
    "failed": "It failed.",
}


def facts_of_decision(row: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Everything the ledger holds of a decision that people would ask about.

    Args:
        row: the ledger's columns by name, and `workload` as namespace/name.
    """
    return tuple(fact for fact in _facts(row) if fact.text.strip())


def by_rules(facts: Sequence[Fact]) -> str:
    """The explanation as the rules give it: the facts in their order."""
    return " ".join(_sentence(fact.text) for fact in facts)


def _facts(row: Mapping[str, Any]) -> Iterator[Fact]:
    inputs, forecast = row.get("inputs") or {}, row.get("forecast") or {}
    yield Fact("what", _what(row))
    yield Fact("now", _measured(inputs))
    yield Fact("forecast", _forecast(forecast, inputs))
    yield Fact("reason", str(row.get("reason") or ""))
    yield Fact("risk", _risk(inputs, row))
    for option in [other for other in row.get("alternatives") or () if other.get("replicas") != row["to_replicas"]][
        :MOST_ALTERNATIVES
    ]:
        yield Fact("alternative", _alternative(option))
    for guard in row.get("guards") or ():
        yield Fact("guard", f"A guard spoke: {guard.get('detail', '')}")
    yield Fact("bounds", _bounds(inputs))
    yield Fact("outcome", f"{_OUTCOMES.get(str(row['outcome']), '')} {row.get('outcome_detail') or ''}".strip())
    yield Fact("hindsight", _hindsight(row.get("judgement")))


def _what(row: Mapping[str, Any]) -> str:
    at: datetime = row["decided_at"]
    by = _BY.get(str(row.get("engine")), str(row.get("engine")))
    start, end = row["from_replicas"], row["to_replicas"]
    if start == end:
        return f"At {clock(at)} {row['workload']} was left at {pods(end)}"
    verb = "raised" if end > start else "lowered"
    return f"At {clock(at)} {row['workload']} was to be {verb} from {start} to {pods(end)}, because of {by}"


def _measured(inputs: Mapping[str, Any]) -> str:
    used, ready = inputs.get("cpu_usage_millicores"), inputs.get("ready_replicas")
    if used is None or ready is None:
        return ""
    request = inputs.get("cpu_request_millicores")
    each = f", each of which asks for {cores(request)}" if request else ""
    return f"{_pods_were(int(ready))} ready{each}, and together they used {cores(used)}"


def _forecast(forecast: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    levels, values = forecast.get("levels"), forecast.get("values_millicores")
    lead = forecast.get("lead_time_seconds")
    if not levels or not values or lead is None:
        return "There was no forecast to go by" if "cpu_usage_millicores" in inputs else ""
    level, value = min(zip(levels, values, strict=False), key=lambda pair: abs(pair[0] - UPPER_LEVEL))
    if value is None:
        return ""
    request = inputs.get("cpu_request_millicores")
    worth = f", as much as {value / request:.1f} pods ask for" if request else ""
    return (
        f"Within {duration(lead)} demand was expected to stay below {cores(value)} in {percent(level)} of cases{worth}"
    )


def _risk(inputs: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    chosen = inputs.get("chosen") or {}
    if chosen.get("risk") is None or row["from_replicas"] == row["to_replicas"]:
        return ""
    return f"With {pods(row['to_replicas'])} the chance of being short of capacity was {percent(chosen['risk'])}"


def _alternative(option: Mapping[str, Any]) -> str:
    risk = option.get("risk")
    if risk is None:
        return ""
    barred = str(option.get("barred_by") or "").replace("_", " ")
    why = f", and was ruled out ({barred})" if barred else ""
    return f"{pods(int(option['replicas']))} would have been short with a chance of {percent(risk)}{why}"


def _bounds(inputs: Mapping[str, Any]) -> str:
    low, high = inputs.get("min_replicas"), inputs.get("max_replicas")
    return "" if low is None or high is None else f"Between {low} and {high} pods were allowed"


def _hindsight(judgement: Mapping[str, Any] | None) -> str:
    if not judgement or not judgement.get("sentence"):
        return ""
    return f"In hindsight: {judgement['sentence']}"


def _pods_were(count: int) -> str:
    return f"{pods(count)} {'was' if count == 1 else 'were'}"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
