"""Autoscalers, quotas, claims and events of one look, in the collector's own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ObservedHpa:
    """A HorizontalPodAutoscaler. `managed_by` names its maker, as in 'ScaledObject web'."""

    namespace: str
    name: str
    target_kind: str
    target_name: str
    min_replicas: int
    max_replicas: int
    cpu_target_percent: int | None
    managed_by: str | None


@dataclass(frozen=True, slots=True)
class ObservedVpa:
    """A VerticalPodAutoscaler. `target`: container -> {cpu_millicores, memory_bytes}; None before it has learnt."""

    namespace: str
    name: str
    target_kind: str
    target_name: str
    update_mode: str
    target: Mapping[str, Mapping[str, float]] | None


@dataclass(frozen=True, slots=True)
class ObservedQuota:
    """A ResourceQuota, in cores, bytes and counts."""

    namespace: str
    name: str
    hard: Mapping[str, float]
    used: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ObservedClaim:
    """A PersistentVolumeClaim."""

    namespace: str
    name: str
    phase: str
    storage_class: str | None
    volume: str
    requested_bytes: float | None
    capacity_bytes: float | None
    created_at: datetime | None
    used_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class ObservedEvent:
    """An Event as it stands now. `count` is its own; `uid` tells it from its namesakes."""

    uid: str
    namespace: str
    kind: str
    name: str
    type: str
    reason: str
    message: str
    component: str
    count: int
    first_at: datetime
    last_at: datetime
