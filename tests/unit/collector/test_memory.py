"""What a worker remembers is bounded, and what was used last stays."""

from __future__ import annotations

import uuid

from ai4k8s_collector.memory import Memories
from tests.unit.collector.test_summary import pod


def test_the_least_recently_used_cluster_is_forgotten_when_there_are_too_many_pods() -> None:
    first, second, third = (uuid.uuid4() for _ in range(3))
    memories = Memories(most_pods=4)
    for cluster_id in (first, second, third):
        memories.of(cluster_id).pods = {str(number): pod(number) for number in range(2)}
    memories.of(first)
    memories.of(uuid.uuid4())
    assert len(memories.of(first).pods) == 2
    assert memories.of(second).pods == {}
