"""What bounds a decision beside the workload itself: people's switches, the clock, budgets, quotas, other owners."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_scaler.domain.guards import GuardName, Room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ai4k8s_scaler.domain.guards import GuardVerdict


@dataclass(frozen=True)
class ScheduleBounds:
    """What the rules of the clock that hold now ask for together."""

    minimum: int | None
    maximum: int | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class Situation:
    """Around one workload, now.

    Attributes:
        block: the first reason for which people or other controllers do not want it changed.
        predictive: whether somebody asked for prediction; without, only the clock decides.
        reactive: whether HPA's formula is ours to run; not where an HPA runs it.
        schedule: rules of the clock that hold.
        baseline: replicas when no engine wants any: what was there before us.
        rooms: what budgets, quotas and nodes leave room for.
        keep: what a disruption budget keeps.
        rest: what was restored after a change of ours that went wrong, and is kept for a while.
        restore: what a change of ours took away and must come back now.
        since_up_seconds, since_down_seconds: since our latest change in each direction; None: none is known.
        advised: what the advisor prefers, where somebody lets it refine and it spoke lately.
    """

    block: GuardVerdict | None = None
    predictive: bool = True
    reactive: bool = True
    schedule: ScheduleBounds | None = None
    baseline: int | None = None
    rooms: tuple[Room, ...] = ()
    keep: Room | None = None
    rest: Room | None = None
    restore: Room | None = None
    since_up_seconds: float | None = None
    since_down_seconds: float | None = None
    advised: int | None = None


@dataclass(frozen=True)
class PodRequest:
    """What one pod asks for; None where it asks for nothing."""

    cpu_millicores: float | None
    memory_bytes: float | None


@dataclass(frozen=True)
class Quota:
    """A ResourceQuota: what is left of each resource that we know how to count."""

    name: str
    left: dict[str, float]


def budget_room(namespace: str, others: int, most: int) -> Room:
    """What a namespace's budget of replicas leaves to one workload.

    Args:
        namespace: its name.
        others: replicas of the namespace's other workloads, as they should be.
        most: the budget.
    """
    room = max(most - others, 0)
    return Room(GuardName.BUDGET, room, f"the budget of {namespace} is {most} pods, {others} are others'")


@dataclass(frozen=True)
class CostBudget:
    """What a namespace's workloads may cost together by the hour, and how that was said."""

    most_hour: float
    said: str


def cost_room(namespace: str, others_hour: float, pod_hour: float, budget: CostBudget, least: int) -> Room:
    """How many pods of one workload a namespace's budget pays for; never fewer than the policy's least.

    Args:
        namespace: its name.
        others_hour: what the namespace's other workloads cost by the hour.
        pod_hour: what an hour of one of its pods costs.
        budget: of the namespace.
        least: the policy's minimum.
    """
    left = max(budget.most_hour - others_hour, 0.0)
    affordable = math.floor(left / pod_hour + 1e-9)
    detail = f"the budget of {namespace} is {budget.said}, which pays for {affordable}"
    return Room(GuardName.COST, max(affordable, least), detail)


def quota_room(quotas: Sequence[Quota], current: int, request: PodRequest) -> Room | None:
    """What the tightest ResourceQuota leaves room for; None when none counts what a pod asks for."""
    asks = {
        "requests.cpu": request.cpu_millicores,
        "cpu": request.cpu_millicores,
        "requests.memory": request.memory_bytes,
        "memory": request.memory_bytes,
        "pods": 1.0,
        "count/pods": 1.0,
    }
    tightest: Room | None = None
    for quota in quotas:
        for resource, left in quota.left.items():
            ask = asks.get(resource)
            if not ask:
                continue
            room = current + max(int(left // ask), 0)
            if tightest is None or room < tightest.replicas:
                detail = f"quota {quota.name} leaves {resource} for {room - current} pods more"
                tightest = Room(GuardName.QUOTA, room, detail)
    return tightest


def node_room(current: int, free_millicores: float, request_millicores: float) -> Room | None:
    """What the nodes' free CPU leaves room for; None without a request to count with."""
    if request_millicores <= 0:
        return None
    more = max(int(free_millicores // request_millicores), 0)
    return Room(GuardName.NODE_CAPACITY, current + more, f"the nodes have CPU for {more} pods more")
