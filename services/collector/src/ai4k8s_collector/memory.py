"""What a worker remembers of the clusters it looked at, so that a look costs what changed.

All of it is a copy: of what the cluster said (told apart by resourceVersion) and of what the store holds (told apart
by the cycle that wrote it). A worker that remembers nothing, or the wrong cycle, reads it anew.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

from ai4k8s_collector.domain.digests import Gathered

if TYPE_CHECKING:
    from uuid import UUID

    from ai4k8s_collector.domain.counters import NetworkReading
    from ai4k8s_collector.domain.observed import ObservedPod
    from ai4k8s_collector.domain.pods import PodRow
    from ai4k8s_common.kube.discovery import ScalableKind

MOST_PODS = 400_000


@dataclass
class ClusterMemory:
    """One cluster's: pods as they were read, by uid, and as they are stored."""

    pods: dict[str, ObservedPod] = field(default_factory=dict)
    kinds: list[ScalableKind] | None = None
    kinds_until: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    stored: dict[str, PodRow] | None = None
    stored_by: UUID | None = None
    gathered: Gathered = field(default_factory=Gathered)
    counters: dict[tuple[str, str], NetworkReading] = field(default_factory=dict)


class Memories:
    """Those of all clusters, the least recently used ones dropped when there are too many pods."""

    def __init__(self, most_pods: int = MOST_PODS) -> None:
        self._held: OrderedDict[UUID, ClusterMemory] = OrderedDict()
        self._most_pods = most_pods
        # Asked for by the loop and by the threads that write.
        self._lock = Lock()

    def of(self, cluster_id: UUID) -> ClusterMemory:
        """Return a cluster's memory, an empty one at first."""
        with self._lock:
            memory = self._held.setdefault(cluster_id, ClusterMemory())
            self._held.move_to_end(cluster_id)
            while len(self._held) > 1 and sum(len(one.pods) for one in self._held.values()) > self._most_pods:
                self._held.popitem(last=False)
            return memory

    def forget(self, cluster_id: UUID) -> None:
        """Drop what is remembered of a cluster."""
        with self._lock:
            self._held.pop(cluster_id, None)
