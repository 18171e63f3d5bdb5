"""Our policy in one fleet, on plain numbers: for one workload over weeks, faster than arrays of one.

The same decisions as ``contenders.PredictiveLanes``, which serves many demands at once; a test holds them equal.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ai4k8s_scaler.domain import budget, guards
from ai4k8s_scaler.domain.contenders import CYCLE_TICKS, Foreseen
from ai4k8s_scaler.domain.hpa import desired_replicas
from ai4k8s_scaler.domain.policy import HOLD_SECONDS, REACTIVE_HOLD_SECONDS
from ai4k8s_scaler.domain.price import DEPTH_WEIGHT
from ai4k8s_scaler.domain.replay import TICK_SECONDS

if TYPE_CHECKING:
    from ai4k8s_scaler.domain.replay import View

_CYCLE_SECONDS = CYCLE_TICKS * TICK_SECONDS
_TICKS_A_MINUTE = 60 // TICK_SECONDS
_TICKS_AN_HOUR = 3600 // TICK_SECONDS
_SHORT_HOLD = round(HOLD_SECONDS / _CYCLE_SECONDS) - 1
_LONG_HOLD = round(REACTIVE_HOLD_SECONDS / _CYCLE_SECONDS) - 1


class PredictiveLane:
    """A ``replay`` controller for the first demand of ``foreseen``; arguments as for ``PredictiveLanes``."""

    def __init__(
        self,
        foreseen: Foreseen,
        slo_short_share: float,
        bounds: tuple[int, int],
        *,
        slo_leads: bool,
        user_target_percent: int,
    ) -> None:
        weighed, self.told = foreseen.weighed, foreseen.told[0] if slo_leads else foreseen.usable[0]
        self.replicas = weighed.replicas[0].tolist()
        self.risks = (weighed.risk[0] + DEPTH_WEIGHT * weighed.missing_pods[0]).tolist()
        self.truth, self.told_late = foreseen.truth[0].tolist(), foreseen.told_late_ticks
        self.slo, self.bounds, self.slo_leads = slo_short_share, bounds, slo_leads
        self.target = float(user_target_percent)
        self.floored_target = (
            max(user_target_percent, budget.FLOORED_TARGET_PERCENT) if slo_leads else user_target_percent
        )
        self.account = budget.Budget(budget.start_price(slo_short_share))
        self.price = self.account.price
        self.short = self.seen = 0
        self.wanted = [0] * _LONG_HOLD

    def __call__(self, view: View) -> int:
        """One cycle every 30 s."""
        if view.tick % CYCLE_TICKS:
            return view.current
        usage = view.usage
        per_pod = usage.total_millicores / max(usage.measured, 1)
        floor = self._floor(view, per_pod)
        self._count(view.tick, short=per_pod > 1.0, told=floor is not None)
        target = round(self.target) if floor is None else self.floored_target
        reactive = desired_replicas(usage, view.current, target) or 0
        wanted = max(floor or 0, reactive)
        held = max(self.wanted[-(_LONG_HOLD if floor is None else _SHORT_HOLD) :])
        self.wanted.append(wanted)
        del self.wanted[0]
        return self._guarded(wanted, view.current, held)

    def _floor(self, view: View, per_pod: float) -> int | None:
        minute = (view.tick - self.told_late) // _TICKS_A_MINUTE - 1
        if minute < 0 or not self.told[minute]:
            return None
        replicas, price = self.replicas[minute], self.price
        totals = [pods + price * risk for pods, risk in zip(replicas, self.risks[minute], strict=True)]
        floor = replicas[totals.index(min(totals))]
        if per_pod >= 1.5 - 1e-9 and math.isfinite(self.truth[minute]):
            share = min(1.5 * view.ready / max(self.truth[minute], 1e-9), 1.0)
            floor = math.ceil(floor * share)
        return int(floor)

    def _count(self, tick: int, *, short: bool, told: bool) -> None:
        self.short += short
        self.seen += 1
        if tick == 0 or tick % _TICKS_AN_HOUR:
            return
        share, learnt = self.short / self.seen, self.account.price
        self.short = self.seen = 0
        after = self.account.after_hour(share, self.slo)
        # Without a floor the hour says nothing about the price.
        self.account = after if told else budget.Budget(learnt, after.spent_hours, after.counted_hours)
        self.price = self.account.risk_price(self.slo)
        if self.slo_leads and not told:
            self.target = budget.steered_after_hour(self.target, share, self.slo)

    def _guarded(self, wanted: int, current: int, held: int) -> int:
        plan = wanted
        kept = min(held, current)
        if wanted < current and wanted < kept:
            plan = kept
        if 0 < current - plan < guards.SMALL_DECREASE_SHARE * current:
            plan = current
        highest = max(math.floor(current * guards.STEP_UP_FACTOR), current + guards.STEP_UP_PODS)
        plan = min(max(plan, math.ceil(current * guards.STEP_DOWN_SHARE)), highest)
        return min(max(plan, self.bounds[0]), self.bounds[1])
