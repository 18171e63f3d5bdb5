"""Which pods of lower priority have to go so that one of higher priority gets a place."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ai4k8s_simcluster.controllers.scheduling.filters import Refusal, Request, refusal
from ai4k8s_simcluster.controllers.scheduling.rooms import Room
from ai4k8s_simcluster.types import Obj

_NO_HELP = "Preemption is not helpful for scheduling"
_NO_VICTIMS = "No preemption victims found for incoming pod"


@dataclass(frozen=True, slots=True)
class Plan:
    """A node, and the pods that must leave it."""

    node: str
    victims: tuple[Obj, ...]


def priority(pod: Obj) -> int:
    """Return a pod's priority."""
    return int(pod["spec"].get("priority") or 0)


def plan_preemption(request: Request, refusals: Mapping[str, Refusal]) -> Plan | str:
    """Return what to preempt: on the node where the least important and the fewest go; or why nothing helps."""
    if request.spec.get("preemptionPolicy") == "Never":
        return "not eligible due to preemptionPolicy=Never."
    plans: list[Plan] = []
    why: Counter[str] = Counter()
    for name, found in refusals.items():
        if not found.resolvable:
            why[_NO_HELP] += 1
            continue
        plan = _plan(request, request.rooms[name])
        if plan is None:
            why[_NO_VICTIMS] += 1
        else:
            plans.append(plan)
    if plans:
        return min(plans, key=_cost)
    listed = ", ".join(sorted(f"{number} {reason}" for reason, number in why.items()))
    return f"0/{len(refusals)} nodes are available: {listed}."


def _cost(plan: Plan) -> tuple[int, int, int, str]:
    priorities = [priority(victim) for victim in plan.victims]
    return max(priorities), sum(priorities), len(priorities), plan.node


def _key(pod: Obj) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["name"]


def _fits(request: Request, room: Room) -> bool:
    rooms = {**request.rooms, room.name: room}
    changed = replace(request, rooms=rooms, _spread={}, _near={}, _shunned=None)
    return refusal(changed, room) is None


def _plan(request: Request, room: Room) -> Plan | None:
    lower = [pod for pod in room.pods.values() if priority(pod) < priority(request.pod)]
    if not lower or not _fits(request, room.without(_key(pod) for pod in lower)):
        return None
    lower.sort(key=lambda pod: (-priority(pod), pod["metadata"]["creationTimestamp"]))
    victims = list(lower)
    for pod in lower:  # the most important ones are spared first
        fewer = [victim for victim in victims if victim is not pod]
        if _fits(request, room.without(_key(victim) for victim in fewer)):
            victims = fewer
    return Plan(room.name, tuple(victims)) if victims else None
