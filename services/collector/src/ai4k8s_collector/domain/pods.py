"""The table of pods, kept by difference: of 150,000 pods a few hundred change between two looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ai4k8s_collector.domain.observed import ObservedPod

LONGEST_MESSAGE = 400


class PodRow(NamedTuple):
    """A pod as the store has it."""

    uid: str
    namespace: str
    name: str
    workload_id: int | None
    node: str
    phase: str
    ready: bool
    terminating: bool
    reason: str
    message: str
    restarts: int
    last_oom_at: datetime | None
    created_at: datetime | None
    ready_at: datetime | None


def row_of(pod: ObservedPod, workload_id: int | None) -> PodRow:
    """What is stored of a pod."""
    return PodRow(
        pod.uid,
        pod.namespace,
        pod.name,
        workload_id,
        pod.node,
        pod.phase,
        pod.ready,
        pod.terminating,
        pod.reason,
        pod.message[:LONGEST_MESSAGE].replace("\x00", ""),
        pod.restarts,
        pod.oom_at,
        pod.created_at,
        pod.ready_at,
    )


def difference(before: Mapping[str, PodRow], now: Mapping[str, PodRow]) -> tuple[list[PodRow], list[str]]:
    """Return (rows that are new or changed, uids that are gone)."""
    changed = [row for uid, row in now.items() if before.get(uid) != row]
    gone = [uid for uid in before if uid not in now]
    return changed, gone
