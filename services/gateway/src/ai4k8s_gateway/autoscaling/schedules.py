"""Use cases around rules of the clock: set them, try them on the past, and ask the past for some."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_common.errors import ConflictError, InvalidInputError, NotFoundError
from ai4k8s_common.schedule import Bounded, holding, time_zone
from ai4k8s_common.store.gateway import ScheduleEffect
from ai4k8s_gateway.autoscaling import repository, service, views
from ai4k8s_gateway.autoscaling.schemas import NewSchedule, PreviewPoint, SchedulePreview, ScheduleView, Suggestion
from ai4k8s_gateway.domain import rhythm

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.autoscaling.schemas import NewWindow

WEEKS = timedelta(days=28)
MOST_RULES = 50
STARTS_SHOWN = 5
DEFAULT_TARGET_PERCENT = 80


def add(tx: Transaction, principal: Principal, workload_id: int, new: NewSchedule, now: datetime) -> ScheduleView:
    """Set a rule for a workload. The scaler obeys from its next cycle on."""
    row = service.workload_to_change(tx.connection, principal, workload_id)
    key = (row.namespace, row.kind, row.name)
    if len(repository.schedules_of(tx.connection, row.cluster_id, key)) >= MOST_RULES:
        raise ConflictError(f"a workload has at most {MOST_RULES} rules", hint="Delete one that is not needed.")
    values = {
        **new.model_dump(),
        "cluster_id": row.cluster_id,
        "effect": ScheduleEffect.BOUNDS.value,
        "namespace": row.namespace,
        "kind": row.kind,
        "name": row.name,
        "updated_by": principal.user_id,
    }
    return views.schedule_view(repository.add_schedule(tx.connection, values), now)


def add_window(tx: Transaction, principal: Principal, cluster_id: UUID, new: NewWindow, now: datetime) -> ScheduleView:
    """Set a maintenance window."""
    service.require_change(tx.connection, principal, cluster_id, new.namespace)
    values = {
        **new.model_dump(),
        "cluster_id": cluster_id,
        "effect": ScheduleEffect.MAINTENANCE.value,
        "updated_by": principal.user_id,
    }
    return views.schedule_view(repository.add_schedule(tx.connection, values), now)


def change(tx: Transaction, principal: Principal, schedule_id: UUID, new: NewSchedule, now: datetime) -> ScheduleView:
    """Set a rule of a workload in place of the former one."""
    row = _find(tx.connection, principal, schedule_id)
    if row.effect != ScheduleEffect.BOUNDS.value:
        raise InvalidInputError("this is a maintenance window", hint="Delete it and make a new one.")
    values = {**new.model_dump(), "updated_by": principal.user_id}
    return views.schedule_view(repository.change_schedule(tx.connection, schedule_id, values), now)


def remove(tx: Transaction, principal: Principal, schedule_id: UUID) -> None:
    """Forget a rule."""
    _find(tx.connection, principal, schedule_id)
    repository.delete_schedule(tx.connection, schedule_id)


def _find(connection: Connection, principal: Principal, schedule_id: UUID) -> Row[Any]:
    row = repository.schedule(connection, schedule_id)
    if row is None:
        raise NotFoundError("there is no such schedule")
    service.require_change(connection, principal, row.cluster_id, row.namespace)
    return row


def preview(
    connection: Connection, principal: Principal, workload_id: int, new: NewSchedule, now: datetime
) -> SchedulePreview:
    """What a rule, beside those that are there, would have done in the past weeks."""
    row = service.find_workload(connection, principal, workload_id)
    key = (row.namespace, row.kind, row.name)
    present = [
        views.bounded_of(rule) for rule in repository.schedules_of(connection, row.cluster_id, key) if rule.enabled
    ]
    rule = Bounded(new.title, new.rule(), new.min_replicas, new.max_replicas)
    rules = (*(other for other in present if other.name != new.title), rule)
    past = _past(connection, row, now)
    replayed = rhythm.replayed(past, _bounds_of(rules))
    days = len(past) / rhythm.BINS_A_DAY
    return SchedulePreview(
        text=_preview_text(replayed, days),
        days=days,
        actual_pod_hours=replayed.actual_pod_hours,
        scheduled_pod_hours=replayed.scheduled_pod_hours,
        short_hours=replayed.short_hours,
        actual_short_hours=replayed.actual_short_hours,
        next_starts=_next_starts(rule, now),
        points=[
            PreviewPoint(
                at=item.at, demand_pods=item.demand_pods, actual_replicas=item.replicas, scheduled_replicas=replicas
            )
            for item, replicas in zip(past, replayed.replicas, strict=True)
        ],
    )


def _bounds_of(rules: tuple[Bounded, ...]) -> Callable[[datetime], rhythm.Bounds | None]:
    def bounds_at(at: datetime) -> rhythm.Bounds | None:
        found = holding(rules, at)
        return None if found is None else (found.minimum, found.maximum)

    return bounds_at


def _next_starts(rule: Bounded, now: datetime) -> list[datetime]:
    starts: list[datetime] = []
    while len(starts) < STARTS_SHOWN:
        following = rule.rule.next_start(starts[-1] if starts else now)
        if following is None:
            break
        starts.append(following)
    return starts


def _preview_text(replayed: rhythm.Replayed, days: float) -> str:
    if days == 0:
        return "Nothing was measured in the past weeks, so there is nothing to try this on."
    change = replayed.scheduled_pod_hours / max(replayed.actual_pod_hours, 1e-9) - 1
    more = f"{100 * abs(change):.0f} % {'more' if change >= 0 else 'fewer'} pod-hours"
    short = f"{replayed.short_hours:.1f} h short of pods instead of {replayed.actual_short_hours:.1f} h"
    return f"On the last {days:.0f} days: {more}, {short}."


def suggest(connection: Connection, principal: Principal, workload_id: int, zone: str, now: datetime) -> Suggestion:
    """Rules that the past weeks suggest. Raises InvalidInputError for a zone that does not exist."""
    row = service.find_workload(connection, principal, workload_id)
    try:
        clock = time_zone(zone)
    except ValueError as error:
        raise InvalidInputError(str(error)) from None
    found = rhythm.suggested(_past(connection, row, now), clock)
    if isinstance(found, str):
        return Suggestion(text=f"No suggestion: {found}.", saving_share=None, rules=[])
    begin, end = _clock(found.begin_minutes), _clock(found.end_minutes)
    text = (
        f"Weekdays {begin} to {end} need {found.busy}, the rest {found.calm}: "
        f"saves {100 * found.saving_share:.0f} % against {found.busy} all the time."
    )
    length = found.end_minutes - found.begin_minutes
    times = {"cron": rhythm.cron_of(found.begin_minutes), "duration_minutes": length, "time_zone": zone}
    busy = NewSchedule(title="busy hours", min_replicas=found.busy, **times)
    return Suggestion(text=text, saving_share=found.saving_share, rules=[busy])


def _past(connection: Connection, row: Row[Any], now: datetime) -> list[rhythm.Past]:
    target = (row.target_utilization_percent or DEFAULT_TARGET_PERCENT) / 100
    request = row.cpu_request_millicores
    return [
        rhythm.Past(
            item.at, None if item.peak is None or not request else item.peak / (request * target), item.replicas
        )
        for item in repository.past_of(connection, row.id, now - WEEKS, now)
    ]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
