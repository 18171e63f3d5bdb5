"""When two situations are so alike that the same advice fits both.

Usage is rounded roughly, CPU to 25 % and memory to 5 %: without that, noise would ask anew in every cycle, which
is nothing to rules and money to a language model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ai4k8s_advisor.domain.situation import Situation

VERSION = 1
CPU_BUCKET_PERCENT = 25
MEMORY_BUCKET_PERCENT = 5


def cache_key(provider: str, situation: Situation) -> str:
    """Return the key under which advice on this situation is kept."""
    s = situation
    parts = (
        "ai4k8s:advice",
        f"v{VERSION}",
        provider,
        str(s.workload_id),
        s.direction.value,
        f"{s.from_replicas}-{s.to_replicas}",
        f"cpu{_bucket(s.cpu_percent, CPU_BUCKET_PERCENT)}",
        f"memory{_bucket(s.memory_percent, MEMORY_BUCKET_PERCENT)}",
        f"expected{_bucket(_expected_percent(s), CPU_BUCKET_PERCENT)}",
        "".join("01"[flag] for flag in (s.held, s.carried_out, s.saturated)),
    )
    return ":".join(parts)


def _expected_percent(s: Situation) -> float | None:
    """What is expected, in percent of one pod's request."""
    if s.expected_millicores is None or not s.cpu_request_millicores:
        return None
    return 100.0 * s.expected_millicores / s.cpu_request_millicores


def _bucket(percent: float | None, width: int) -> str:
    return "unknown" if percent is None else str(round(percent / width) * width)
