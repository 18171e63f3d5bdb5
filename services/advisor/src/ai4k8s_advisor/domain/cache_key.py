"""When two situations are so alike that the same answer of a model fits both.

Usage is rounded roughly, CPU to 25 % and memory to 5 %: without that, noise would ask anew in every cycle. What the
scaler decided is no part of it: an answer is held against the envelope of the decision it is used for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ai4k8s_advisor.domain.situation import Situation

VERSION = 2
CPU_BUCKET_PERCENT = 25
MEMORY_BUCKET_PERCENT = 5


def cache_key(model: str, situation: Situation) -> str:
    """Return the key under which a model's answer to this situation is kept."""
    s = situation
    parts = (
        "ai4k8s:advice",
        f"v{VERSION}",
        model,
        str(s.workload_id),
        f"{s.min_replicas}-{s.max_replicas}",
        f"cpu{_bucket(s.cpu_percent, CPU_BUCKET_PERCENT)}",
        f"memory{_bucket(s.memory_percent, MEMORY_BUCKET_PERCENT)}",
        s.trend,
    )
    return ":".join(parts)


def _bucket(percent: float | None, width: int) -> str:
    return "unknown" if percent is None else str(round(percent / width) * width)
