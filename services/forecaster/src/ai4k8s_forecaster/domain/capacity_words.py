"""When something runs out, in one sentence, with what stands behind it."""

from __future__ import annotations

from dataclasses import dataclass

from ai4k8s_forecaster.domain.sizing_words import cpu_text, memory_text

_NAMES = {
    "cpu": "CPU use",
    "memory": "memory use",
    "cpu_requests": "CPU requests",
    "memory_requests": "memory requests",
    "pods": "pods",
    "storage": "storage",
    "requests.cpu": "CPU requests",
    "requests.memory": "memory requests",
    "limits.cpu": "CPU limits",
    "limits.memory": "memory limits",
}


@dataclass(frozen=True)
class Outlook:
    """One thing that can run out. Days from now; None: not within what may be said."""

    scope: str
    name: str
    resource: str
    used: float | None
    limit: float | None
    days: int
    growth: float | None
    expected: float | None
    earliest: float | None
    latest: float | None
    reach: float


def outlook_sentence(one: Outlook, detail: str) -> str:
    """Say how full it is, whether that grows, and when it is full."""
    what = f"{_NAMES.get(one.resource, one.resource)} of {_place(one)}"
    if one.used is None or one.limit is None:
        return f"{what[0].upper()}{what[1:]}: not known ({detail or 'no limit'})."
    share = f" ({one.used / one.limit:.0%})" if one.limit else ""
    full = f"{what[0].upper()}{what[1:]}: {_amount(one, one.used)} of {_amount(one, one.limit)}{share}"
    if one.used >= one.limit:
        return f"{full}. There is no room left."
    if detail:
        return f"{full}. Too early for a trend ({detail})."
    if one.growth is None:
        return f"{full}. No growth beyond chance in {one.days} days."
    change = f"{full}, {'growing' if one.growth > 0 else 'falling'} by {_amount(one, abs(one.growth))} a day"
    if one.earliest is None and one.expected is None:
        return (
            f"{change}. It does not run out within the {one.reach:.0f} days that {one.days} days of history can tell."
        )
    return f"{change}. {_when(one)}"


def _when(one: Outlook) -> str:
    first = "now" if one.earliest is None or one.earliest < 1 else f"{one.earliest:.0f} days"
    if one.expected is None:
        return (
            f"It may run out in {first} at the earliest (80 % interval), more likely later than {one.reach:.0f} days."
        )
    last = f"{one.latest:.0f} days" if one.latest is not None else "later than can be told"
    if first == last:
        return f"It runs out in {first} (80 % confidence)."
    return f"It runs out in {one.expected:.0f} days; between {first} and {last} with 80 % confidence."


def _place(one: Outlook) -> str:
    if one.scope == "cluster":
        return "the cluster"
    return {"pool": "node pool", "quota": "quota", "claim": "volume claim"}[one.scope] + f" {one.name}"


def _amount(one: Outlook, value: float) -> str:
    resource = one.resource.removeprefix("requests.").removeprefix("limits.")
    if one.scope == "quota" and resource == "cpu":
        return f"{value:.3g} cores"
    if resource in {"cpu", "cpu_requests"}:
        return cpu_text(value)
    if resource in {"memory", "memory_requests", "storage", "ephemeral-storage"}:
        return memory_text(value)
    return f"{value:.3g}"
