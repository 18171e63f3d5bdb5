"""Requests and limits that fit what containers used, for a whole cluster at once.

CPU: the 95th percentile of the last seven days, times 1.5. The VerticalPodAutoscaler's recommender takes the 90th
percentile of a histogram whose samples lose half their weight each day and count by what they are, times 1.15
(autoscaler, `vertical-pod-autoscaler/pkg/recommender`), so after a weekend it has forgotten the week, and one burst
weighs as much as hours of calm; Goldilocks shows that same number. KRR takes the 95th percentile of two weeks and no
margin. A week of equal weights and a wide margin is measured to leave less later use above the request for fewer
reserved cores than the VPA (`benchmarks/rightsizing.py`, which also chose the window on one half of the traces). With
less than a week the margin grows: one day needs about 1.4 times as much to be as safe as seven.

Memory is not shared by waiting: the request is the highest use of the days looked at plus 15 %, and what was killed
gets at least 1.2 times what it was killed at, as the VPA does; unlike there, that floor does not decay within a day.

An HPA on CPU utilisation measures use against the request. A recommender that lowers the request to what pods use makes
the HPA add pods, which then use less each, which lowers the request again. Here request and target move together,
so that the HPA still acts at the same use per pod, and the target never passes 90 %: the steps end there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ai4k8s_forecaster.domain.arrays import BoolArray, FloatArray
    from ai4k8s_forecaster.domain.usage import Use

DAYS_LOOKED_AT = 7
CPU_MARGIN = 1.5
MEMORY_MARGIN = 1.15
#: What one day's margin is multiplied by; from `DAYS_LOOKED_AT` days on nothing is added.
ONE_DAY_FACTOR = 1.4
LEAST_CPU_MILLICORES = 10.0
LEAST_MEMORY_BYTES = 32.0 * 2**20
AFTER_A_KILL = 1.2
#: A smaller change is not worth restarting pods for.
WORTHWHILE_SHARE = 0.1
THROTTLED_SHARE = 0.1
AT_LIMIT_SHARE = 0.95
HIGHEST_HPA_TARGET = 90.0


class Held(IntEnum):
    """Why a request is not lowered as far as use would allow."""

    FREE = 0
    AT_CPU_LIMIT = 1
    HPA_FIXED = 2
    HPA_BOUND = 3
    MEMORY_HPA = 4
    KILLED = 5


@dataclass(frozen=True)
class Containers:
    """Containers as they are now, ``[containers]`` each; NaN where an amount is not set or not known.

    Attributes:
        history_days: days between the first and the last reading, fractions included.
        killed_at: bytes at which the memory ran out; NaN without a kill that is remembered.
        throttled: share of CPU periods.
        hpa_target: percent of the CPU request; NaN without an HPA on CPU utilisation.
        hpa_fixed: whether that target cannot be changed along, because something else writes the HPA.
        memory_hpa: whether an HPA measures memory against its request.
    """

    cpu_request: FloatArray
    cpu_limit: FloatArray
    memory_request: FloatArray
    memory_limit: FloatArray
    history_days: FloatArray
    killed_at: FloatArray
    throttled: FloatArray
    hpa_target: FloatArray
    hpa_fixed: BoolArray
    memory_hpa: BoolArray


@dataclass(frozen=True)
class Size:
    """What one resource should be, ``[containers]`` each.

    Attributes:
        target: the request; equal to the present one where a change is not worthwhile.
        lower: less than this is too little.
        upper: more than this is too much.
        limit: NaN where there is no limit today: none is proposed then.
        held: values of `Held`.
    """

    target: FloatArray
    lower: FloatArray
    upper: FloatArray
    limit: FloatArray
    held: FloatArray


def margin_for(history_days: FloatArray, week: float) -> FloatArray:
    """Return what use is multiplied by, ``[containers]``, by how much history stands behind it and a week's margin."""
    days = np.clip(history_days, 1.0, DAYS_LOOKED_AT)
    return week * (1 + (ONE_DAY_FACTOR - 1) * (DAYS_LOOKED_AT / days - 1) / (DAYS_LOOKED_AT - 1))


def size_cpu(now: Containers, use: Use) -> tuple[Size, FloatArray]:
    """Return sizes in millicores, and the HPA targets that belong to them in percent (NaN: nothing to change)."""
    throttled = is_throttled(now, use)
    margin = margin_for(now.history_days, CPU_MARGIN)
    wanted = round_cpu(np.fmax(use.busy * margin, LEAST_CPU_MILLICORES))
    has_hpa = np.isfinite(now.hpa_target)
    # An HPA's target is the headroom: it adds pods. Only what passes the request itself is a reason to raise it.
    raised = has_hpa & (wanted > now.cpu_request)
    wanted = np.where(raised, np.fmax(round_cpu(use.busy), now.cpu_request), wanted)
    held = np.full(wanted.shape, float(Held.FREE))
    lowered = wanted < now.cpu_request
    # Against its limit a container shows the limit and not what it wants.
    held[lowered & throttled] = Held.AT_CPU_LIMIT
    held[lowered & has_hpa & now.hpa_fixed & (held == Held.FREE)] = Held.HPA_FIXED
    least = round_cpu(now.cpu_request * now.hpa_target / HIGHEST_HPA_TARGET)
    bound = lowered & has_hpa & (held == Held.FREE) & (wanted < least)
    held[bound] = Held.HPA_BOUND
    wanted = np.where(bound, np.fmin(least, now.cpu_request), wanted)
    wanted = np.where((held == Held.AT_CPU_LIMIT) | (held == Held.HPA_FIXED), now.cpu_request, wanted)
    target = _if_worthwhile(wanted, now.cpu_request)
    limit = np.where(throttled, np.fmax(1.5 * now.cpu_limit, CPU_MARGIN * use.peak), now.cpu_limit)
    limit = np.where(np.isfinite(now.cpu_limit), round_cpu(np.fmax(limit, target)), np.nan)
    upper = np.fmax(np.fmax(use.busy * margin * 1.3, use.peak), target)
    size = Size(target, np.fmin(use.quiet, target), upper, limit, held)
    return size, _hpa_target(now, target)


def is_throttled(now: Containers, use: Use) -> BoolArray:
    """Whether use says less than what is asked: throttled, or busy at the limit."""
    at_limit = use.busy >= AT_LIMIT_SHARE * now.cpu_limit
    return at_limit | (np.isfinite(now.cpu_limit) & (np.nan_to_num(now.throttled) >= THROTTLED_SHARE))


def _hpa_target(now: Containers, target: FloatArray) -> FloatArray:
    """Keep the use per pod at which the HPA acts: target percent x request stays what it is (rounded down: sooner)."""
    moved = np.floor(now.hpa_target * now.cpu_request / target + 1e-9)
    changes = np.isfinite(moved) & (target != now.cpu_request) & ~now.hpa_fixed
    return np.where(changes & (moved != now.hpa_target), np.maximum(moved, 1.0), np.nan)


def size_memory(now: Containers, use: Use) -> Size:
    """Return sizes in bytes."""
    least = np.fmax(use.peak * margin_for(now.history_days, MEMORY_MARGIN), LEAST_MEMORY_BYTES)
    after_kill = AFTER_A_KILL * now.killed_at
    wanted = round_memory(np.fmax(least, after_kill))
    held = np.full(wanted.shape, float(Held.FREE))
    held[np.isfinite(after_kill) & (after_kill > least)] = Held.KILLED
    refused = (wanted < now.memory_request) & now.memory_hpa
    held[refused] = Held.MEMORY_HPA
    wanted = np.where(refused, now.memory_request, wanted)
    # The dead band must not leave a container below what it was killed at.
    killed_now = after_kill > now.memory_request
    target = np.where(killed_now, wanted, _if_worthwhile(wanted, now.memory_request))
    # Proportions of limit and request stay, as with the VPA: equal ones keep a pod's class of service.
    ratio = np.fmax(np.where(np.isfinite(now.memory_request), now.memory_limit / now.memory_request, AFTER_A_KILL), 1.0)
    limit = round_memory(np.fmax(np.fmax(target * ratio, after_kill), use.peak * MEMORY_MARGIN))
    limit = np.where((target == now.memory_request) & (limit < now.memory_limit), now.memory_limit, limit)
    return Size(
        target=target,
        lower=np.fmin(np.fmax(use.peak, after_kill), target),
        upper=np.fmax(least * 1.3, target),
        limit=np.where(np.isfinite(now.memory_limit), limit, np.nan),
        held=held,
    )


def _if_worthwhile(wanted: FloatArray, current: FloatArray) -> FloatArray:
    stays = np.abs(wanted - current) < WORTHWHILE_SHARE * current
    return np.where(stays, current, wanted)


def round_cpu(millicores: FloatArray) -> FloatArray:
    """Round up to what a person would write: 5 m below 100 m, 10 m below a core, 50 m above."""
    step = np.where(millicores < 100, 5.0, np.where(millicores < 1000, 10.0, 50.0))
    return np.ceil(millicores / step - 1e-9) * step


def round_memory(size: FloatArray) -> FloatArray:
    """Round up to whole MiB below 256 MiB, to 16 MiB above."""
    mebibytes = size / 2**20
    step = np.where(mebibytes < 256, 1.0, 16.0)
    return np.ceil(mebibytes / step - 1e-9) * step * 2**20
