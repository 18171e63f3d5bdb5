"""Was it right, in hindsight? A decision is judged when what it prepared for has come.

Beside the plain facts (in time, too late, too much), the same demand is replayed under plain HPA at every target from
30 to 90 %: the cheapest one that was short no more often is what the same service would have cost without foresight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_scaler.domain.hpa import HpaSpec
from ai4k8s_scaler.domain.replay import TICK_SECONDS, BoolArray, FloatArray, IntArray, Outcome, hpa_controller, replay

if TYPE_CHECKING:
    from collections.abc import Sequence

TARGET_PERCENTS = tuple(range(30, 95, 5))
#: Pods beyond the highest demand that count as too many: one, or a quarter of the need.
_SPARE_PODS = 1
_SPARE_SHARE = 0.25
_EQUAL_SHORT_SHARE = 1e-4


class Verdict(Enum):
    """What hindsight says."""

    IN_TIME = "in_time"
    LATE = "late"
    NOT_ENOUGH = "not_enough"
    TOO_MUCH = "too_much"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Counterfactual:
    """Plain HPA on the same demand.

    Attributes:
        target_percent: the cheapest target that was short no more often than we were; None when none was.
        short_share: its share of time short of capacity.
        pod_minutes: what it would have used.
        replicas: ``[ticks]`` its replicas.
    """

    target_percent: int | None
    short_share: float
    pod_minutes: float
    replicas: tuple[int, ...]


@dataclass(frozen=True)
class Judgement:
    """Hindsight on one decision.

    Attributes:
        verdict: in one word.
        sentence: in one sentence.
        highest_demand_pods: highest demand that came, in pods.
        short_share: share of the time that ready pods did not suffice.
        first_short_seconds: when they first did not, after the decision; None when they always did.
        pod_minutes: what was used.
        hpa: what plain HPA would have done.
    """

    verdict: Verdict
    sentence: str
    highest_demand_pods: float
    short_share: float
    first_short_seconds: float | None
    pod_minutes: float
    hpa: Counterfactual


def counterfactual(
    demand: FloatArray, short_share: float, startup_seconds: Sequence[float], max_replicas: int
) -> Counterfactual:
    """Sweep HPA's target and choose the cheapest that is short no more often; the least short when none is.

    Args:
        demand: ``[ticks]`` of 15 s in pods, NaN where not measured.
        short_share: share to be matched.
        startup_seconds: the workload's measured start-up times.
        max_replicas: upper bound, the same for both.
    """
    outcomes: dict[int, Outcome] = {}
    known = demand[np.isfinite(demand)]
    first = float(known[0]) if known.size else 1.0
    for target in TARGET_PERCENTS:
        start = min(max(1, math.ceil(first / (target / 100))), max_replicas)
        controller = hpa_controller(HpaSpec(target, 1, max_replicas))
        outcomes[target] = replay(
            demand, controller, start_replicas=start, startup_seconds=list(startup_seconds) or [60.0]
        )
    matching = [t for t, outcome in outcomes.items() if outcome.short(demand) <= short_share + _EQUAL_SHORT_SHARE]
    if matching:
        best = min(matching, key=lambda target: outcomes[target].pod_minutes())
    else:
        best = min(outcomes, key=lambda target: (outcomes[target].short(demand), outcomes[target].pod_minutes()))
    chosen = outcomes[best]
    return Counterfactual(
        target_percent=best if matching else None,
        short_share=chosen.short(demand),
        pod_minutes=chosen.pod_minutes(),
        replicas=tuple(int(value) for value in chosen.specified),
    )


def judge(
    demand: FloatArray,
    ready: IntArray,
    specified: IntArray,
    *,
    startup_seconds: Sequence[float],
    max_replicas: int,
    lead_time_seconds: float,
) -> Judgement:
    """Judge a decision by what followed it.

    Args:
        demand: ``[ticks]`` of 15 s from the decision on, in pods, NaN where not measured.
        ready: ``[ticks]`` ready pods.
        specified: ``[ticks]`` ``spec.replicas``.
        startup_seconds: measured start-up times.
        max_replicas: the policy's upper bound.
        lead_time_seconds: how far ahead the decision looked.
    """
    outcome = Outcome(ready, specified)
    known = np.isfinite(demand)
    if not known.size or known.mean() < 0.5:
        nothing = Counterfactual(None, 0.0, 0.0, ())
        return Judgement(Verdict.UNKNOWN, "Too little was measured to judge.", 0.0, 0.0, None, 0.0, nothing)
    highest, short = float(np.nanmax(demand)), outcome.short(demand)
    missing = known & (ready < np.where(known, demand, 0.0) - 1e-9)
    first_short = float(np.argmax(missing) * TICK_SECONDS) if missing.any() else None
    hpa = counterfactual(demand, short, startup_seconds, max_replicas)
    verdict = _verdict(ready, missing, highest, lead_time_seconds)
    minutes = outcome.pod_minutes()
    return Judgement(
        verdict, _sentence(verdict, highest, short, minutes, hpa), highest, short, first_short, minutes, hpa
    )


def _verdict(ready: IntArray, missing: BoolArray, highest: float, lead: float) -> Verdict:
    if missing.any():
        after = slice(round(lead / TICK_SECONDS) + 1, None)
        return Verdict.NOT_ENOUGH if missing[after].any() else Verdict.LATE
    needed = math.ceil(highest)
    spare = int(ready.max()) - needed
    return Verdict.TOO_MUCH if spare > max(_SPARE_PODS, _SPARE_SHARE * needed) else Verdict.IN_TIME


def _sentence(verdict: Verdict, highest: float, short: float, minutes: float, hpa: Counterfactual) -> str:
    words = {
        Verdict.IN_TIME: "Ready in time",
        Verdict.LATE: "Too late at first",
        Verdict.NOT_ENOUGH: "Not enough",
        Verdict.TOO_MUCH: "More than was needed",
    }[verdict]
    facts = f"demand reached {highest:.1f} pods, short {100 * short:.1f} % of the time, {minutes:.0f} pod-minutes"
    if hpa.target_percent is None:
        other = f"no HPA target would have been short so seldom (best: {100 * hpa.short_share:.1f} %)"
    else:
        other = f"HPA at {hpa.target_percent} % would have needed {hpa.pod_minutes:.0f}"
    return f"{words}: {facts}; {other}."
