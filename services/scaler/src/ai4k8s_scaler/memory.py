"""What the scaler remembers of a workload between cycles, as JSON in its state row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from ai4k8s_scaler.domain.budget import Budget, start_price, steered_after_hour
from ai4k8s_scaler.domain.policy import PolicyMemory
from ai4k8s_scaler.domain.rollback import NOTHING_SEEN, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ai4k8s_scaler.domain.policy import Limits

HOUR_SECONDS = 3600.0


@dataclass(frozen=True)
class Memory:
    """A workload's memory.

    Attributes:
        policy: the domain's own: the price of risk and what was wanted lately.
        budget: the SLO's account of the last days; the price of risk follows it.
        steered_percent: the reactive formula's target where nothing is foreseen and the SLO leads; None: the policy's.
        hour_began: epoch second at which the running hour of the SLO's account began.
        ticks, short_ticks: evaluations in it, and those with too few ready pods.
        told: names of the guards that the ledger last heard of.
        last_proposal: (from, to) last written while only observing.
        lowered: what was seen since our latest change that took pods away.
        rollout: what was seen since the present revision came.
        revision, revision_before: the present one, and the one that was there when we looked before it came.
        revision_told: the revision of which the ledger was told that it made things worse.
    """

    policy: PolicyMemory
    budget: Budget
    steered_percent: float | None = None
    hour_began: float = 0.0
    ticks: int = 0
    short_ticks: int = 0
    told: tuple[str, ...] = ()
    last_proposal: tuple[int, int] | None = None
    lowered: Tally = NOTHING_SEEN
    rollout: Tally = NOTHING_SEEN
    revision: str = ""
    revision_before: str = ""
    revision_told: str = ""

    @classmethod
    def of(cls, price: float | None, stored: Mapping[str, Any] | None, slo_short_share: float) -> Self:
        """Read; what is missing starts afresh."""
        stored = stored or {}
        proposal = stored.get("last_proposal")
        risk_price = start_price(slo_short_share) if price is None else price
        return cls(
            budget=Budget(
                price=float(stored.get("learnt_price", risk_price)),
                spent_hours=float(stored.get("spent_hours", 0.0)),
                counted_hours=float(stored.get("counted_hours", 0.0)),
            ),
            policy=PolicyMemory(
                price=risk_price,
                wanted=tuple((float(at), int(replicas)) for at, replicas in stored.get("wanted", ())),
            ),
            steered_percent=stored.get("steered_percent"),
            hour_began=float(stored.get("hour_began", 0.0)),
            ticks=int(stored.get("ticks", 0)),
            short_ticks=int(stored.get("short_ticks", 0)),
            told=tuple(stored.get("told", ())),
            last_proposal=(int(proposal[0]), int(proposal[1])) if proposal else None,
            lowered=Tally(*stored.get("lowered", ())),
            rollout=Tally(*stored.get("rollout", ())),
            revision=str(stored.get("revision", "")),
            revision_before=str(stored.get("revision_before", "")),
            revision_told=str(stored.get("revision_told", "")),
        )

    def to_json(self) -> dict[str, Any]:
        """Everything but the price of risk, which has a column of its own."""
        return {
            "learnt_price": self.budget.price,
            "spent_hours": self.budget.spent_hours,
            "counted_hours": self.budget.counted_hours,
            "steered_percent": self.steered_percent,
            "wanted": [list(entry) for entry in self.policy.wanted],
            "hour_began": self.hour_began,
            "ticks": self.ticks,
            "short_ticks": self.short_ticks,
            "told": list(self.told),
            "last_proposal": list(self.last_proposal) if self.last_proposal else None,
            "lowered": [self.lowered.since, self.lowered.ticks, self.lowered.short],
            "rollout": [self.rollout.since, self.rollout.ticks, self.rollout.short],
            "revision": self.revision,
            "revision_before": self.revision_before,
            "revision_told": self.revision_told,
        }

    def counted(self, at: float, *, short: bool, foreseen: bool, limits: Limits) -> Memory:
        """One more evaluation on the SLO's account; when its hour is over, what it can turn follows.

        Args:
            at: epoch second.
            short: whether ready pods did not suffice.
            foreseen: whether a forecast set the floor: then it is the price of risk that follows, else the target.
            limits: the policy.
        """
        counted = replace(self, ticks=self.ticks + 1, short_ticks=self.short_ticks + short)
        if self.hour_began <= 0.0:
            return replace(counted, hour_began=at)
        if at - self.hour_began < HOUR_SECONDS:
            return counted
        share, slo = counted.short_ticks / counted.ticks, limits.slo_short_share
        budget, steered = self.budget.after_hour(share, slo), self.steered_percent
        if not foreseen:
            budget = replace(budget, price=self.budget.price)
            steered = (
                steered_after_hour(steered or float(limits.target_percent), share, slo) if limits.slo_leads else None
            )
        policy = replace(self.policy, price=budget.risk_price(slo))
        return replace(
            counted, policy=policy, budget=budget, steered_percent=steered, hour_began=at, ticks=0, short_ticks=0
        )

    def steering(self, limits: Limits) -> Limits:
        """The policy with the target that the SLO's account has come to, where it leads."""
        if not limits.slo_leads or self.steered_percent is None:
            return limits
        return replace(limits, target_percent=round(self.steered_percent))
