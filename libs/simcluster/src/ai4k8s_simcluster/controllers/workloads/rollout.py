"""The arithmetic of rollouts, by the documentation of Deployments: how far over and under, and who gets what share."""

import math
from dataclasses import dataclass
from typing import Any

from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj

DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a rollout may go over and under the wanted replicas."""

    surge: int
    unavailable: int


def amount(value: Any, total: int, *, up: bool) -> int:
    """Return a number given as such or as a percentage of a total, rounded up or down."""
    if isinstance(value, str):
        share = int(value.rstrip("%")) * total
        return math.ceil(share / 100) if up else share // 100
    return int(value or 0)


def limits_of(spec: Obj) -> Limits:
    """Return a Deployment's limits: surge rounds up, unavailability down, and never are both zero."""
    strategy = spec.get("strategy") or {}
    rolling = strategy.get("rollingUpdate")
    if rolling is None or strategy.get("type") == "Recreate":
        return Limits(0, 0)
    replicas = spec.get("replicas", 1)
    surge = amount(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = amount(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Limits(surge, min(unavailable, replicas))


def wanted(item: Stored) -> int:
    """Return how many pods a ReplicaSet is asked for."""
    return int(item.obj["spec"].get("replicas", 1))


def available(item: Stored) -> int:
    """Return how many of a ReplicaSet's pods are available."""
    return int((item.obj.get("status") or {}).get("availableReplicas", 0))


def annotated(item: Stored, name: str) -> int | None:
    """Return a number that a ReplicaSet was annotated with."""
    text = (item.obj["metadata"].get("annotations") or {}).get(name, "")
    return int(text) if text.isdigit() else None


def is_scaling(deployment: Obj, owned: list[Stored]) -> bool:
    """Say whether the replicas of a Deployment changed since its ReplicaSets were last sized."""
    replicas = deployment["spec"].get("replicas", 1)
    return any(annotated(item, DESIRED) not in {None, replicas} for item in owned if wanted(item) > 0)


def is_saturated(deployment: Obj, item: Stored | None) -> bool:
    """Say whether a ReplicaSet alone serves all that a Deployment asks for."""
    replicas = deployment["spec"].get("replicas", 1)
    return item is not None and annotated(item, DESIRED) == wanted(item) == available(item) == replicas


def proportional_sizes(deployment: Obj, active: list[Stored]) -> dict[str, int]:
    """Return the sizes of ReplicaSets when a Deployment is scaled in the middle of a rollout, by name.

    Each gets its share of what is to be added or taken; the largest also gets what rounding leaves over.
    """
    replicas = deployment["spec"].get("replicas", 1)
    ceiling = replicas + limits_of(deployment["spec"]).surge
    left = (ceiling if replicas > 0 else 0) - sum(wanted(item) for item in active)
    newer_first = left > 0
    active = sorted(active, key=_age_key, reverse=newer_first)
    active.sort(key=lambda item: -wanted(item))
    sizes: dict[str, int] = {}
    added = 0
    for item in active:
        share = _share(item, replicas, ceiling, left, added) if left else 0
        sizes[item.name] = wanted(item) + share
        added += share
    if active and left:
        sizes[active[0].name] = sizes[active[0].name] + left - added
    return {name: max(size, 0) for name, size in sizes.items()}


def _age_key(item: Stored) -> tuple[str, int]:
    return item.obj["metadata"]["creationTimestamp"], item.version


def _share(item: Stored, replicas: int, ceiling: int, left: int, added: int) -> int:
    if wanted(item) == 0 or left == added:
        return 0
    allowed = left - added
    if replicas == 0:
        share = -wanted(item)
    else:
        basis = annotated(item, MAXIMUM) or ceiling
        share = math.floor(wanted(item) * ceiling / basis + 0.5) - wanted(item)
    return min(share, allowed) if left > 0 else max(share, allowed)
