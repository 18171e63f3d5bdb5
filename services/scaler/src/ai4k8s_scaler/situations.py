"""Puts together what bounds one workload's decision, from what one cycle read for the whole cluster."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ai4k8s_common.schedule import holding
from ai4k8s_common.store.scaler import Actuator
from ai4k8s_scaler import surroundings
from ai4k8s_scaler.domain.fights import Fight, Reset, noticed
from ai4k8s_scaler.domain.guards import GuardName, GuardVerdict, Room
from ai4k8s_scaler.domain.situation import (
    PodRequest,
    Quota,
    ScheduleBounds,
    Situation,
    budget_room,
    cost_room,
    node_room,
    quota_room,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from ai4k8s_scaler.domain.policy import Decision
    from ai4k8s_scaler.policies import EffectivePolicy
    from ai4k8s_scaler.settings import ScalerSettings
    from ai4k8s_scaler.surroundings import Around, Key
    from ai4k8s_scaler.targets import Target


def key_of(row: Row[Any]) -> Key:
    """Namespace, kind, name."""
    return row.namespace, row.kind, row.name


def situation_of(
    row: Row[Any], policy: EffectivePolicy, target: Target, around: Around, now: datetime, settings: ScalerSettings
) -> Situation:
    """What bounds this workload now."""
    schedule = _schedule(row, around, now, settings)
    changed = around.changed.get(row.id, {})
    return Situation(
        block=block_of(row, target, around, now, settings),
        predictive=policy.predictive,
        reactive=target.actuator is Actuator.REPLICAS,
        schedule=schedule,
        baseline=target.baseline if target.actuator is not Actuator.REPLICAS or not policy.predictive else None,
        rooms=_rooms(row, policy, around, settings),
        keep=_keep(row, around),
        since_up_seconds=_since(changed.get("scale_up"), now),
        since_down_seconds=_since(changed.get("scale_down"), now),
        advised=around.advised.get(row.id),
    )


def _schedule(row: Row[Any], around: Around, now: datetime, settings: ScalerSettings) -> ScheduleBounds | None:
    """Rules that hold now, and for a while the number that a person asked for: at least that many."""
    held = holding(around.rules.get(key_of(row), ()), now)
    rules = None if held is None else ScheduleBounds(held.minimum, held.maximum, held.names)
    asked, at = around.asked.get(row.id, (0, now))
    until = at + timedelta(seconds=settings.asked_stands_seconds)
    if row.id not in around.asked or now >= until:
        return rules
    name = f"of a person until {until:%H:%M} UTC"
    if rules is None:
        return ScheduleBounds(asked, None, (name,))
    least = max(asked, rules.minimum or 0)
    most = None if rules.maximum is None else max(rules.maximum, least)
    return ScheduleBounds(least, most, (*rules.names, name))


def block_of(
    row: Row[Any], target: Target, around: Around, now: datetime, settings: ScalerSettings
) -> GuardVerdict | None:
    """The first of the switches that stop everything for this workload, in order of who set them."""
    key = key_of(row)
    freeze = next((freeze for freeze in around.freezes if freeze.covers(key)), None)
    if freeze is not None:
        return GuardVerdict(GuardName.FROZEN, f"frozen: {freeze.reason or 'no reason given'}")
    if target.problem or key in around.problems:
        return GuardVerdict(GuardName.PAUSED, target.problem or around.problems[key])
    for window in around.windows:
        until = window.rule.active_until(now) if window.namespace in {None, row.namespace} else None
        if until is not None:
            return GuardVerdict(GuardName.MAINTENANCE, f"maintenance {window.title} until {until:%H:%M} UTC")
    undone = around.undone.get(row.id)
    rest = timedelta(seconds=settings.rest_after_undo_seconds)
    if undone is not None and now < undone + rest:
        return GuardVerdict(GuardName.UNDONE, f"a person undid a change; left alone until {undone + rest:%H:%M} UTC")
    fight = around.fights.get(row.id)
    if fight is not None and fight.backed_off_until is not None and now < fight.backed_off_until:
        return GuardVerdict(GuardName.FIGHT, f"{fight.reason}, until {fight.backed_off_until:%H:%M} UTC")
    return None


def _rooms(row: Row[Any], policy: EffectivePolicy, around: Around, settings: ScalerSettings) -> tuple[Room, ...]:
    found: list[Room | None] = []
    most = around.budgets.get(row.namespace)
    if most is not None:
        others = around.namespace_totals.get(row.namespace, 0) - row.desired_replicas
        found.append(budget_room(row.namespace, others, most))
    money, price = around.cost_budgets.get(row.namespace), around.pod_hours.get(row.id)
    if money is not None and price is not None:
        # A daemon's pods, and those of workloads that nothing scales, are others' cost as well.
        spent = around.namespace_costs.get(row.namespace, 0.0) - price * row.desired_replicas
        found.append(cost_room(row.namespace, spent, price, money, policy.limits.min_replicas))
    request = PodRequest(row.cpu_request_millicores, row.memory_request_bytes)
    quotas = [Quota(quota["name"], quota["left"]) for quota in around.quotas if quota["namespace"] == row.namespace]
    found.append(quota_room(quotas, row.desired_replicas, request))
    if around.free_millicores is not None and not settings.nodes_grow:
        found.append(node_room(row.desired_replicas, around.free_millicores, row.cpu_request_millicores or 0.0))
    return tuple(room for room in found if room is not None)


def _keep(row: Row[Any], around: Around) -> Room | None:
    for budget in around.disruption_budgets:
        if (budget["namespace"], budget["kind"], budget["workload"]) == key_of(row):
            detail = f"disruption budget {budget['name']} keeps {budget['keep']} available"
            return Room(GuardName.DISRUPTION_BUDGET, int(budget["keep"]), detail)
    return None


def take(around: Around, row: Row[Any], decision: Decision) -> None:
    """What a decision adds is not there any more for the next workload of this cycle."""
    more = max(decision.to_replicas, row.desired_replicas) - row.desired_replicas
    if more <= 0:
        return
    around.count(row, more)
    if around.free_millicores is not None:
        around.free_millicores -= more * (row.cpu_request_millicores or 0.0)
    asks = {
        "requests.cpu": row.cpu_request_millicores,
        "cpu": row.cpu_request_millicores,
        "requests.memory": row.memory_request_bytes,
        "memory": row.memory_request_bytes,
        "pods": 1.0,
        "count/pods": 1.0,
    }
    for quota in around.quotas:
        if quota["namespace"] == row.namespace:
            quota["left"] = {name: left - more * (asks.get(name) or 0.0) for name, left in quota["left"].items()}


def notice_reset(connection: Connection, row: Row[Any], target: Target, around: Around, now: datetime) -> None:
    """See whether somebody else set what we had set, remember it, and go on from their value."""
    claim = around.claims.get(row.id)
    if claim is None or claim.actuator != target.actuator.value or target.settling:
        return
    if target.actuator is Actuator.EXTERNAL_METRIC or target.current == claim.held_replicas:
        return
    known = around.fights.get(row.id)
    resets = () if known is None else tuple(Reset(float(at), str(by)) for at, by in known.resets)
    rests = 0.0 if known is None or known.backed_off_until is None else known.backed_off_until.timestamp()
    hpa = around.hpas.get(key_of(row)) if target.actuator is Actuator.HPA_FLOOR else None
    by = "" if hpa is None else ", ".join(hpa.managers)
    fight = noticed(Fight(resets, rests, "" if known is None else known.reason), Reset(now.timestamp(), by))
    values: dict[str, Any] = {
        "cluster_id": claim.cluster_id,
        "resets": [[reset.at, reset.by] for reset in fight.resets],
        "backed_off_until": datetime.fromtimestamp(fight.rest_until, tz=UTC) if fight.rest_until else None,
        "reason": fight.reason,
    }
    surroundings.write_fight(connection, row.id, values)
    surroundings.adopt(connection, row.id, target.current, now)
    around.fights[row.id] = surroundings.FightNote(values["resets"], values["backed_off_until"], values["reason"])


def within_owner(policy: EffectivePolicy, target: Target) -> EffectivePolicy:
    """A policy cannot go beyond the maximum of the HPA that it holds a floor under."""
    maximum = target.wanted_maximum
    if target.actuator is not Actuator.HPA_FLOOR or maximum is None:
        return policy
    highest = min(policy.limits.max_replicas, maximum)
    lowest = min(policy.limits.min_replicas, highest)
    return replace(policy, limits=replace(policy.limits, min_replicas=lowest, max_replicas=highest))


def _since(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else (now - at).total_seconds()
