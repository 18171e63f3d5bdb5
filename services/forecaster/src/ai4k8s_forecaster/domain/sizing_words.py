"""What sizes mean, in findings and one sentence a container, with numbers and units."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan

from ai4k8s_forecaster.domain.rightsizing import AT_LIMIT_SHARE, THROTTLED_SHARE, Held

GIB = 2.0**30
IDLE_MILLICORES = 5.0
OVER_SHARE, UNDER_SHARE = 0.8, 1.1
OOM_RISK_SHARE = 0.9
NOISY_SHARE = 1.5


@dataclass(frozen=True)
class Sizes:
    """One container: what is, what would fit, what was used. NaN: not set or not known."""

    name: str
    replicas: int
    history_days: float
    cpu_request: float
    cpu_target: float
    cpu_limit: float
    cpu_limit_target: float
    cpu_busy: float
    cpu_peak: float
    cpu_held: Held
    memory_request: float
    memory_target: float
    memory_limit: float
    memory_limit_target: float
    memory_peak: float
    memory_held: Held
    throttled: float
    killed: bool
    hpa_target: float
    hpa_target_now: float
    busy_node: str = ""
    busy_share: float = nan


def findings_of(one: Sizes) -> list[str]:
    """Return what is worth knowing, the most pressing first."""
    under = _is(one.cpu_target > UNDER_SHARE * one.cpu_request) or _is(
        one.memory_target > UNDER_SHARE * one.memory_request
    )
    over = _is(one.cpu_target < OVER_SHARE * one.cpu_request) or _is(
        one.memory_target < OVER_SHARE * one.memory_request
    )
    noisy = one.busy_node and _is(one.cpu_busy > NOISY_SHARE * one.cpu_request)
    checks = {
        "oom_killed": one.killed,
        "oom_risk": not one.killed and _is(one.memory_peak >= OOM_RISK_SHARE * one.memory_limit),
        "throttled": _is(one.throttled >= THROTTLED_SHARE) or _is(one.cpu_busy >= AT_LIMIT_SHARE * one.cpu_limit),
        "noisy_neighbour": noisy,
        "under_provisioned": under,
        "no_request": not (isfinite(one.cpu_request) and isfinite(one.memory_request)),
        "idle": one.replicas > 0 and one.cpu_peak <= IDLE_MILLICORES and one.history_days >= 1,
        "over_provisioned": over,
    }
    return [name for name, holds in checks.items() if holds]


def _is(comparison: bool) -> bool:  # comparisons with NaN are false, which is what is meant
    return bool(comparison)


def sentence_of(one: Sizes, findings: list[str]) -> str:
    """Say what was used, what would fit, and what that changes."""
    parts = [_pressing(one, findings), _cpu(one), _memory(one)]
    if "idle" in findings:
        parts.insert(
            0, f"{one.name} is idle: never more than {cpu_text(one.cpu_peak)} in {days_text(one.history_days)}."
        )
    return " ".join(part for part in parts if part)


def _pressing(one: Sizes, findings: list[str]) -> str:
    if "oom_killed" in findings:
        return f"{one.name} ran out of memory and was killed."
    if "oom_risk" in findings:
        return (
            f"{one.name} has used {memory_text(one.memory_peak)} of its limit of {memory_text(one.memory_limit)}: "
            "a little more and it is killed."
        )
    if "throttled" in findings:
        slowed = f" in {one.throttled:.0%} of its periods" if one.throttled >= THROTTLED_SHARE else ""
        return f"{one.name} is slowed down by its CPU limit of {cpu_text(one.cpu_limit)}{slowed}."
    if "noisy_neighbour" in findings:
        return (
            f"{one.name} uses {one.cpu_busy / one.cpu_request:.1f} times its CPU request on {one.busy_node}, which is "
            f"{one.busy_share:.0%} busy: its neighbours go short."
        )
    return ""


def _cpu(one: Sizes) -> str:
    used = f"CPU: {cpu_text(one.cpu_busy)} in the busiest 5 % of the time"
    if not isfinite(one.cpu_request):
        return f"{used}, nothing requested: {cpu_text(one.cpu_target)} would fit."
    if one.cpu_target == one.cpu_request and one.cpu_held is not Held.FREE:
        return f"{used}, {cpu_text(one.cpu_request)} requested, which stays."
    if one.cpu_target == one.cpu_request:
        return f"{used}, {cpu_text(one.cpu_request)} requested: it fits."
    change = f"{used}, {cpu_text(one.cpu_request)} requested: {cpu_text(one.cpu_target)} would fit"
    if isfinite(one.hpa_target):
        change += f", with the HPA's target at {one.hpa_target:.0f} % instead of {one.hpa_target_now:.0f} %"
    return change + "."


def _memory(one: Sizes) -> str:
    used = f"Memory: {memory_text(one.memory_peak)} at most"
    if not isfinite(one.memory_request):
        return f"{used}, nothing requested: {memory_text(one.memory_target)} would fit."
    if one.memory_target == one.memory_request:
        return f"{used}, {memory_text(one.memory_request)} requested: it fits."
    return f"{used}, {memory_text(one.memory_request)} requested: {memory_text(one.memory_target)} would fit."


_REASONS = {
    Held.AT_CPU_LIMIT: "The CPU request is not lowered: at its limit a container shows no more than the limit.",
    Held.HPA_FIXED: "The CPU request is not lowered: the HPA measures use against it and would add pods; its target "
    "cannot be moved along, because something else writes it or several containers share it.",
    Held.HPA_BOUND: "The CPU request is lowered only as far as the HPA's target can follow (90 %).",
    Held.MEMORY_HPA: "The memory request is not lowered: an HPA measures memory against it.",
    Held.KILLED: "The memory request is 1.2 times the amount at which it was killed.",
}


def reasons_of(one: Sizes) -> list[str]:
    """Say why something is not what use alone would make it."""
    reasons = [_REASONS[held] for held in (one.cpu_held, one.memory_held) if held is not Held.FREE]
    guaranteed = one.cpu_request == one.cpu_limit and one.memory_request == one.memory_limit
    if guaranteed and (one.cpu_target != one.cpu_limit_target or one.memory_target != one.memory_limit_target):
        reasons.append(
            "Its pods would be Burstable, not Guaranteed, any more: the CPU limit stays, so that nothing is slowed."
        )
    if one.history_days < 7:
        reasons.append(
            f"{days_text(one.history_days)} of history stand behind it; with less than a week the margin is wider."
        )
    return reasons


def cpu_text(millicores: float) -> str:
    """Millicores as people write them."""
    if millicores < 1000:
        return f"{millicores:.0f} m"
    number = f"{millicores / 1000:.3g}"
    return f"{number} core" if number == "1" else f"{number} cores"


def memory_text(size: float) -> str:
    """Bytes as people write them."""
    return f"{size / GIB:.3g} GiB" if size >= GIB else f"{size / 2**20:.0f} MiB"


def days_text(days: float) -> str:
    """A length of history."""
    return f"{days * 24:.0f} h" if days < 2 else f"{days:.0f} days"
