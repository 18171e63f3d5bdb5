"""Two autoscalers on the same resource fight: which pairs are refused, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BOTH = frozenset({"cpu", "memory"})


def conflict(kind: str, spec: Mapping[str, Any], others: Iterable[tuple[str, str, Mapping[str, Any]]]) -> str | None:
    """Why an HPA or VPA cannot be written beside the others of its namespace; None when it can.

    Args:
        kind: `hpa` or `vpa`.
        spec: of the one to be written.
        others: kind, name and spec of those that are there.
    """
    target, resources = target_of(kind, spec), resources_of(kind, spec)
    for other_kind, name, other in others:
        if target_of(other_kind, other) != target:
            continue
        if other_kind == kind:
            return f"{_word(kind)} {name} scales {target[0]} {target[1]} already; two of them would fight"
        shared = sorted(resources & resources_of(other_kind, other))
        if shared:
            return (
                f"{_word(other_kind)} {name} is on {' and '.join(shared)} of {target[0]} {target[1]}: "
                f"an HPA measures use against the request that a VPA moves, so they would chase each other"
            )
    return None


def target_of(kind: str, spec: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and name of what is scaled."""
    reference = spec.get("scaleTargetRef" if kind == "hpa" else "targetRef") or {}
    return str(reference.get("kind", "")), str(reference.get("name", ""))


def resources_of(kind: str, spec: Mapping[str, Any]) -> frozenset[str]:
    """The resources that one goes by (HPA) or moves (VPA)."""
    if kind == "hpa":
        return frozenset(_measured(metric) for metric in spec.get("metrics") or ()) & BOTH
    if (spec.get("updatePolicy") or {}).get("updateMode", "Auto") == "Off":
        return frozenset()
    policies = (spec.get("resourcePolicy") or {}).get("containerPolicies") or ()
    controlled = [frozenset(policy.get("controlledResources") or BOTH) for policy in policies if _moves(policy)]
    if not policies:
        return BOTH
    return frozenset().union(*controlled) & BOTH


def _measured(metric: Mapping[str, Any]) -> str:
    for kind in ("resource", "containerResource"):
        if kind in metric:
            return str(metric[kind].get("name", ""))
    return ""


def _moves(policy: Mapping[str, Any]) -> bool:
    return str(policy.get("mode", "Auto")) != "Off"


def _word(kind: str) -> str:
    return kind.upper()
