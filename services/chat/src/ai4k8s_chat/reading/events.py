"""Events: what the cluster reported, newest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.kinds import BY_KIND, Kind, find_kind
from ai4k8s_chat.domain.results import Rows, ToolResult
from ai4k8s_chat.reading.lists import printed, read_page

if TYPE_CHECKING:
    from ai4k8s_chat.adapters.cluster import KubeReads
    from ai4k8s_chat.domain import arguments as a
    from ai4k8s_chat.reading.scope import Scope

_EVENT = BY_KIND["Event"]
_OF_ONE_OBJECT = 10


def events_list(kube: KubeReads, scope: Scope, wish: a.EventsList, now: datetime) -> ToolResult:
    """Events of a cluster, a namespace or an object."""
    kind = find_kind(wish.kind) if wish.kind else None
    fields = {
        "involvedObject.kind": kind.kind if kind else wish.kind,
        "involvedObject.name": wish.name,
        "type": wish.type,
    }
    selector = ",".join(f"{key}={value}" for key, value in fields.items() if value)
    found = [
        event
        for place in scope.places(_EVENT, wish.namespace)
        for event in read_page(kube, _EVENT.collection(place), {"fieldSelector": selector} if selector else {})
    ]
    if wish.since_seconds is not None:
        since = now - timedelta(seconds=wish.since_seconds)
        found = [event for event in found if seen_at(event) >= since]
    found.sort(key=seen_at, reverse=True)
    rows = tuple(_cells(event, now) for event in found[: wish.limit])
    about = f" of {wish.name}" if wish.name else ""
    where = f" in {wish.namespace}" if wish.namespace else ""
    what = f"{wish.type.lower()} events" if wish.type else "events"
    summary = f"{len(found):,} {what}{about}{where}." if found else f"There are no {what}{about}{where}."
    columns = ("Last seen", "Type", "Reason", "Namespace", "Object", "Count", "Message")
    narrow = "Narrow with a namespace, an object or type Warning." if len(found) > len(rows) else ""
    return ToolResult(
        summary=summary, table=Rows(columns=columns, rows=rows, total=len(found)) if rows else None, narrow=narrow
    )


def events_of(kube: KubeReads, kind: Kind, name: str, namespace: str | None) -> list[str]:
    """Return the latest events of one object, a line each."""
    selector = f"involvedObject.kind={kind.kind},involvedObject.name={name}"
    found = read_page(kube, _EVENT.collection(namespace), {"fieldSelector": selector})
    found.sort(key=seen_at, reverse=True)
    return [
        printed(f"{event.get('type')} {event.get('reason')}: {event.get('message')}")
        for event in found[:_OF_ONE_OBJECT]
    ]


def seen_at(event: dict[str, Any]) -> datetime:
    """When an event was last seen, in any of its forms."""
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    for text in (*times, event.get("firstTimestamp"), (event.get("metadata") or {}).get("creationTimestamp")):
        if text:
            return datetime.fromisoformat(str(text))
    return datetime.min.replace(tzinfo=UTC)


def _cells(event: dict[str, Any], now: datetime) -> tuple[str, ...]:
    about = event.get("involvedObject") or {}
    count = (event.get("series") or {}).get("count") or event.get("count") or 1
    return (
        age(now - seen_at(event)),
        printed(event.get("type")),
        printed(event.get("reason")),
        printed(about.get("namespace")),
        printed(f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"),
        str(count),
        printed(event.get("message")),
    )


def age(span: timedelta) -> str:
    """A span as kubectl prints ages."""
    seconds = max(0, int(span.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
