"""Events told once: the same thing about the same workload is one row, however many pods and Events say it.

An Event object lives for an hour and counts its own repetitions. A row remembers the count of each Event that still
exists; what an Event had counted when it vanished stays in the total.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from ai4k8s_collector.domain.objects import ObservedEvent

LONGEST_MESSAGE = 1_000


class EventKey(NamedTuple):
    """What makes two events the same."""

    namespace: str
    about_kind: str
    about_name: str
    type: str
    reason: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """Everything that was said of one thing. `count` includes Events that are gone, `counts` only living ones."""

    key: EventKey
    workload_id: int | None
    object: str
    message: str
    component: str
    count: int
    counts: Mapping[str, int]
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """What the store remembers of a row."""

    count: int
    counts: Mapping[str, int] = field(default_factory=dict)
    first_at: datetime | None = None
    last_at: datetime | None = None


def merge(
    seen: Iterable[tuple[EventKey, int | None, ObservedEvent]], known: Mapping[EventKey, KnownEvent]
) -> list[EventRow]:
    """Return the rows that are new or have been said again."""
    by_key: defaultdict[EventKey, list[tuple[int | None, ObservedEvent]]] = defaultdict(list)
    for key, workload_id, event in seen:
        by_key[key].append((workload_id, event))
    rows = (_row(key, events, known.get(key)) for key, events in by_key.items())
    return [row for row in rows if row is not None]


def _row(key: EventKey, events: list[tuple[int | None, ObservedEvent]], known: KnownEvent | None) -> EventRow | None:
    counts = {event.uid: event.count for _, event in events}
    before = known.counts if known is not None else {}
    # A count that fell is another Event's under the same uid only in theory; it never lowers the total.
    added = sum(max(count - before.get(uid, 0), 0) for uid, count in counts.items())
    if known is not None and added == 0 and counts.keys() == before.keys():
        return None
    workload_id, newest = max(events, key=lambda pair: pair[1].last_at)
    first_at = min(event.first_at for _, event in events)
    last_at = newest.last_at
    if known is not None:
        first_at = min(first_at, known.first_at or first_at)
        last_at = max(last_at, known.last_at or last_at)
    return EventRow(
        key=key,
        workload_id=workload_id,
        object=f"{newest.kind}/{newest.name}",
        message=newest.message[:LONGEST_MESSAGE].replace("\x00", ""),
        component=newest.component,
        count=(known.count if known is not None else 0) + added,
        counts=counts,
        first_at=first_at,
        last_at=last_at,
    )
