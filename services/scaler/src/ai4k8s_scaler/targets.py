"""What is moved for a workload: its own replicas, the minimum of its HPA, or a number that KEDA asks for.

One owner of `spec.replicas`: where an HPA is there, it stays the owner and we hold a floor under it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai4k8s_common.store.gateway import ActuatorChoice
from ai4k8s_common.store.scaler import Actuator

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from ai4k8s_scaler.policies import EffectivePolicy

ORIGINAL_MINIMUM = "ai4k8s.io/original-min-replicas"
ORIGINAL_MAXIMUM = "ai4k8s.io/original-max-replicas"
DEFAULT_MINIMUM = 1


@dataclass(frozen=True)
class Target:
    """What a decision moves.

    Attributes:
        actuator: how.
        object_name: the HPA's, or the workload's own.
        current: the number that we move, as it is.
        current_maximum: the HPA's maximum, as it is.
        baseline: that number as its owner set it; None when it is not known.
        owner_maximum: the HPA's maximum as its owner set it.
        ceiling: maximum that a schedule asks for now.
        resource_version: the object's, as it was seen.
        settling: our latest change is newer than what was seen.
        problem: why it cannot be moved, or an empty string.
    """

    actuator: Actuator
    object_name: str
    current: int
    resource_version: str
    baseline: int | None = None
    current_maximum: int | None = None
    owner_maximum: int | None = None
    ceiling: int | None = None
    settling: bool = False
    problem: str = ""

    @property
    def wanted_maximum(self) -> int | None:
        """The HPA's maximum as it should be now; a schedule may only lower its owner's."""
        if self.owner_maximum is None or self.ceiling is None:
            return self.owner_maximum
        return min(self.owner_maximum, max(self.ceiling, DEFAULT_MINIMUM))

    @property
    def maximum_differs(self) -> bool:
        """Whether the HPA's maximum must be moved."""
        return self.actuator is Actuator.HPA_FLOOR and self.wanted_maximum != self.current_maximum

    def plan(self, replicas: int) -> dict[str, Any]:
        """What is written where, and what was there before, as the ledger keeps it."""
        plan: dict[str, Any] = {"object": self.object_name, "from": self.current, "to": replicas}
        if self.actuator is Actuator.HPA_FLOOR:
            wanted = self.wanted_maximum
            maximum = None if wanted is None else max(wanted, replicas)
            plan |= {"from_maximum": self.current_maximum, "to_maximum": maximum, "owner_minimum": self.baseline}
            plan["owner_maximum"] = self.owner_maximum
        return plan


def target_of(
    row: Row[Any], policy: EffectivePolicy, hpa: Row[Any] | None, claim: Row[Any] | None, at: datetime
) -> Target:
    """Choose how this workload is moved. `at` is when it was observed."""
    actuator, problem = _choice(policy.actuator, hpa)
    own = claim if claim is not None and claim.actuator == actuator.value else None
    if actuator is Actuator.HPA_FLOOR and hpa is not None:
        return _floor(hpa, own, problem)
    if actuator is Actuator.EXTERNAL_METRIC:
        lowest = policy.limits.min_replicas
        held = lowest if own is None or own.expires_at < at else own.held_replicas
        return Target(actuator, row.name, held, "", baseline=lowest, problem=problem)
    settling = own is not None and own.held_at >= at
    return Target(
        Actuator.REPLICAS,
        row.name,
        own.held_replicas if own is not None and settling else row.desired_replicas,
        row.resource_version,
        baseline=None if own is None else int(own.original["replicas"]),
        settling=settling,
        problem=problem,
    )


def _choice(choice: ActuatorChoice, hpa: Row[Any] | None) -> tuple[Actuator, str]:
    if choice is ActuatorChoice.AUTOMATIC:
        if hpa is None:
            return Actuator.REPLICAS, ""
        return (Actuator.EXTERNAL_METRIC if hpa.status.get("owner") else Actuator.HPA_FLOOR), ""
    if choice is ActuatorChoice.REPLICAS and hpa is not None:
        reason = f"HPA {hpa.name} owns the replicas, and two owners would fight: choose a floor under it"
        return Actuator.REPLICAS, reason
    if choice is ActuatorChoice.HPA_FLOOR and hpa is None:
        return Actuator.REPLICAS, "a floor was asked for, and no HPA scales this workload"
    return Actuator(choice.value), ""


def _floor(hpa: Row[Any], claim: Row[Any] | None, problem: str) -> Target:
    spec, notes = hpa.spec, hpa.annotations
    minimum, maximum = int(spec.get("minReplicas") or DEFAULT_MINIMUM), int(spec["maxReplicas"])
    original = claim.original if claim is not None else {}
    owner_minimum = int(original.get("min_replicas", notes.get(ORIGINAL_MINIMUM) or minimum))
    owner_maximum = int(original.get("max_replicas", notes.get(ORIGINAL_MAXIMUM) or maximum))
    settling = claim is not None and claim.held_at > hpa.seen_at
    if claim is not None and settling:
        minimum, maximum = claim.held_replicas, claim.held_maximum or maximum
    return Target(
        Actuator.HPA_FLOOR,
        hpa.name,
        minimum,
        hpa.resource_version,
        baseline=owner_minimum,
        current_maximum=maximum,
        owner_maximum=owner_maximum,
        settling=settling,
        problem=problem,
    )
