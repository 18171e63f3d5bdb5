"""From rows to what people read: each thing that scales in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_common.rights import Permission
from ai4k8s_common.schedule import Bounded, Rule
from ai4k8s_common.store.pricing import PERIOD_HOURS
from ai4k8s_common.store.scaler import Actuator
from ai4k8s_gateway.autoscaling.schemas import (
    AutoscalerView,
    BudgetView,
    ClaimView,
    Evidence,
    FightView,
    FreezeView,
    LagView,
    ScheduleView,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from ai4k8s_gateway.accounts.service import Principal

WEEK = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
EVERY_DAY = 7
NEAR_SHARE = 0.8


def freeze_view(row: Row[Any], principal: Principal) -> FreezeView:
    """A switch that is on."""
    names = ("cluster_id", "namespace", "name")
    depth = sum(getattr(row, name) is not None for name in names)
    return FreezeView(
        id=row.id,
        scope=("everything", "cluster", "namespace", "workload")[depth],
        cluster_id=row.cluster_id,
        cluster_name=row.cluster_name,
        namespace=row.namespace,
        kind=row.kind,
        name=row.name,
        reason=row.reason,
        created_at=row.created_at,
        until=row.until,
        may_lift=principal.rights.may(Permission.WORKLOAD_SCALE, row.cluster_id, row.namespace),
    )


def budget_view(row: Row[Any]) -> BudgetView:
    """A namespace's budget."""
    shares, parts = [], []
    if row.max_replicas is not None:
        shares.append(row.used / row.max_replicas)
        parts.append(f"uses {row.used} of {row.max_replicas} pods")
    cost = None if row.max_cost is None or row.cost_hour is None else row.cost_hour * PERIOD_HOURS[row.cost_period]
    if cost is not None:
        shares.append(cost / row.max_cost)
        parts.append(f"costs {cost:.3g} of {row.max_cost:.6g} {row.currency} a {row.cost_period}")
    elif row.max_cost is not None:
        parts.append(f"may cost {row.max_cost:.6g} a {row.cost_period}, and no prices are set to count by")
    used = max(shares, default=0.0)
    return BudgetView(
        namespace=row.namespace,
        max_replicas=row.max_replicas,
        used_replicas=row.used,
        max_cost=row.max_cost,
        cost_period=row.cost_period,
        used_cost=cost,
        currency=row.currency,
        level="over" if used >= 1 else "near" if used >= NEAR_SHARE else "calm",
        text=f"{row.namespace} {', and '.join(parts)}",
    )


def lag_view(row: Row[Any]) -> LagView:
    """How old a cluster's metrics are when decisions are made."""
    return LagView(median_seconds=row.median_seconds, p95_seconds=row.p95_seconds, measured_at=row.measured_at)


def rule_of(row: Row[Any]) -> Rule:
    """The rule of a row. Raises ValueError."""
    return Rule.parse(
        row.cron, row.duration_minutes, row.time_zone, frozenset(row.skip_dates), frozenset(row.only_dates)
    )


def bounded_of(row: Row[Any]) -> Bounded:
    """The rule with its bounds. Raises ValueError."""
    return Bounded(row.title, rule_of(row), row.min_replicas, row.max_replicas)


def schedule_view(row: Row[Any], now: datetime) -> ScheduleView:
    """A rule, whether it holds, and when it begins next."""
    until, following, problem = None, None, ""
    try:
        rule = rule_of(row)
    except ValueError as error:
        problem = str(error)
    else:
        until, following = rule.active_until(now), rule.next_start(now)
    return ScheduleView(
        **{name: getattr(row, name) for name in _COPIED},
        holds_until=until,
        next_start=following,
        problem=problem,
        text=problem or schedule_text(row),
    )


_COPIED = (
    "id", "cluster_id", "effect", "namespace", "kind", "name", "title", "cron", "duration_minutes", "time_zone",
    "skip_dates", "only_dates", "min_replicas", "max_replicas", "enabled",
)  # fmt: skip


def schedule_text(row: Row[Any]) -> str:
    """A rule in a sentence."""
    bounds = [
        f"{word} {value}" for word, value in (("min", row.min_replicas), ("max", row.max_replicas)) if value is not None
    ]
    what = " and ".join(bounds) or "nothing is changed"
    return f"{row.title}: {what}, {times_text(row.cron, row.duration_minutes)} ({row.time_zone})"


def times_text(cron: str, minutes: int) -> str:
    """When a rule holds, in words where it is one of the usual ones."""
    hours, rest = divmod(minutes, 60)
    length = " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)
    fields = cron.split()
    plain = len(fields) == 5 and fields[0].isdecimal() and fields[1].isdecimal() and fields[2:4] == ["*", "*"]
    if not plain:
        return f"from '{cron}' for {length}"
    return f"from {int(fields[1]):02d}:{int(fields[0]):02d} for {length}, {_days_text(fields[4])}"


def _days_text(field: str) -> str:
    if field == "*":
        return "every day"
    first, dash, last = field.partition("-")
    if dash and first.isdecimal() and last.isdecimal():
        return f"{WEEK[int(first) % EVERY_DAY]} to {WEEK[int(last) % EVERY_DAY]}"
    days = field.split(",")
    if all(day.isdecimal() for day in days):
        return ", ".join(WEEK[int(day) % EVERY_DAY] for day in days)
    return f"on '{field}'"


def claim_view(row: Row[Any]) -> ClaimView:
    """What we hold."""
    name, original = f"{row.namespace}/{row.name}", row.original
    until = "" if row.expires_at is None else f" until {row.expires_at:%H:%M} UTC unless renewed"
    if row.actuator == Actuator.HPA_FLOOR.value:
        own = f"{original.get('min_replicas')} to {original.get('max_replicas')}"
        text = f"floor of {row.held_replicas} under HPA {row.object_name} (its own: {own}){until}"
    elif row.actuator == Actuator.EXTERNAL_METRIC.value:
        text = f"floor of {row.held_replicas} served as a metric{until}"
    else:
        word = "replica" if row.held_replicas == 1 else "replicas"
        text = f"{row.held_replicas} {word} set by us ({original.get('replicas')} before us)"
    return ClaimView(
        workload_id=row.workload_id,
        workload=name,
        actuator=row.actuator,
        object_name=row.object_name,
        held_replicas=row.held_replicas,
        original=original,
        held_at=row.held_at,
        expires_at=row.expires_at,
        text=text,
    )


def fight_view(row: Row[Any]) -> FightView:
    """Somebody else's changes."""
    return FightView(
        workload_id=row.workload_id,
        workload=f"{row.namespace}/{row.name}",
        until=row.backed_off_until,
        reason=row.reason,
    )


def autoscaler_view(row: Row[Any]) -> AutoscalerView:
    """An HPA or VPA."""
    return AutoscalerView(
        kind=row.kind,
        namespace=row.namespace,
        name=row.name,
        uid=row.uid,
        target_kind=row.target_kind,
        target_name=row.target_name,
        sentence=row.sentence,
        managed_by=row.status.get("owner"),
        managers=row.managers,
        floor=row.floor,
        spec=row.spec,
        status=row.status,
        seen_at=row.seen_at,
    )


def evidence_view(counts: Row[Any], short: float | None, inside: float | None, days: int) -> Evidence:
    """What speaks for or against more trust."""
    parts = [f"In the last {days} days it proposed {counts.proposals} changes and made {counts.applied}"]
    if counts.judged:
        parts.append(f"{counts.in_time} of {counts.judged} judged ones were in time")
    if inside is not None:
        parts.append(f"demand lay in the forecast's 80 % band {100 * inside:.0f} % of the time")
    parts.append("nothing was measured" if short is None else f"short of capacity {100 * short:.1f} % of the time")
    return Evidence(
        days=days,
        proposals=counts.proposals,
        ups=counts.ups,
        downs=counts.downs,
        applied=counts.applied,
        judged=counts.judged,
        in_time=counts.in_time,
        short_share=short,
        inside_80_share=inside,
        text="; ".join(parts) + ".",
    )
