"""Amounts as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

GIB = 2**30
MIB = 2**20


def pods(count: int) -> str:
    """'1 pod', '2 pods'."""
    return f"{count} {pod_word(count)}"


def pod_word(count: int) -> str:
    """'pod' or 'pods'."""
    return "pod" if count == 1 else "pods"


def cores(millicores: float | None) -> str:
    """'1.9 cores' or '900m CPU'."""
    if millicores is None:
        return "unknown"
    return f"{millicores / 1000:.1f} cores" if millicores >= 1000 else f"{millicores:.0f}m CPU"


def amount_of_memory(count: float) -> str:
    """'1.2 GiB' or '300 MiB'."""
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count / MIB:.0f} MiB"


def duration(seconds: float) -> str:
    """'90 s', '12 min' or '3.5 h'."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def percent(share: float) -> str:
    """'4.2 %'."""
    return f"{100 * share:.1f} %"


def clock(at: datetime) -> str:
    """'14:05 UTC'."""
    return f"{at:%H:%M} UTC"
