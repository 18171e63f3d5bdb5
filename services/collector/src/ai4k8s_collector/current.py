"""What a cluster is made of now, written by difference. All in the caller's transaction.

What was not read (None in the snapshot) is left as it is known: silence is not absence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from ai4k8s_collector.domain.events import EventKey, KnownEvent, merge
from ai4k8s_collector.domain.pods import PodRow, difference, row_of
from ai4k8s_common.store.bulk import copy_rows, upsert_rows
from ai4k8s_common.store.observed import deploys, events, pods, quotas, sources, volume_claims

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Table

    from ai4k8s_collector.domain.objects import ObservedClaim, ObservedEvent, ObservedQuota
    from ai4k8s_collector.domain.observed import ObservedPod, WorkloadKey
    from ai4k8s_collector.domain.sources import SourceState
    from ai4k8s_collector.domain.summary import WorkloadRow

# More than this is new to the store: COPY is faster than finding out what is there.
MANY_PODS = 5_000
DELETED_AT_ONCE = 10_000


def stored_pods(connection: Connection, cluster_id: UUID) -> dict[str, PodRow]:
    """Return the pods that the store has of a cluster, by uid."""
    query = select(*(pods.c[name] for name in PodRow._fields)).where(pods.c.cluster_id == cluster_id)
    return {row[0]: PodRow(*row) for row in connection.execute(query)}


def pod_rows(
    observed: Sequence[ObservedPod],
    attributed: Mapping[WorkloadKey, Sequence[ObservedPod]],
    ids: Mapping[WorkloadKey, int],
) -> dict[str, PodRow]:
    """Return what the store shall have, by uid."""
    workload_of = {pod.uid: ids[key] for key, members in attributed.items() for pod in members}
    return {pod.uid: row_of(pod, workload_of.get(pod.uid)) for pod in observed if pod.uid}


def write_pods(
    connection: Connection, cluster_id: UUID, before: Mapping[str, PodRow], now: Mapping[str, PodRow]
) -> tuple[int, int]:
    """Bring the table from `before` to `now`. Returns how many rows were written, and how many removed."""
    changed, gone = difference(before, now)
    for start in range(0, len(gone), DELETED_AT_ONCE):
        piece = gone[start : start + DELETED_AT_ONCE]
        connection.execute(pods.delete().where(pods.c.cluster_id == cluster_id, pods.c.uid.in_(piece)))
    new = [row for row in changed if row.uid not in before]
    if len(new) > MANY_PODS:
        copy_rows(connection, pods, ("cluster_id", *PodRow._fields), ((cluster_id, *row) for row in new))
        changed = [row for row in changed if row.uid in before]
    written = [{"cluster_id": cluster_id, **row._asdict()} for row in changed]
    upsert_rows(connection, pods, written, identity=("cluster_id", "uid"))
    return len(new) + len(changed), len(gone)


def write_deploys(
    connection: Connection, cluster_id: UUID, rows: Sequence[WorkloadRow], ids: Mapping[WorkloadKey, int]
) -> int:
    """Add the deploys that came; one that is known already stays as it is. Returns how many were told."""
    values: list[dict[str, object]] = [
        {
            "workload_id": ids[row.workload.key],
            "revision": deploy.revision,
            "cluster_id": cluster_id,
            "at": deploy.at,
            "replica_set": deploy.replica_set,
            "images": deploy.images,
        }
        for row in rows
        for deploy in row.deploys
    ]
    identity = ("workload_id", "revision")
    kept = ("cluster_id", "at", "replica_set", "images")
    upsert_rows(connection, deploys, values, identity=identity, kept=kept)
    return len(values)


def write_events(
    connection: Connection,
    cluster_id: UUID,
    observed: Sequence[ObservedEvent],
    about: Mapping[tuple[str, str, str], tuple[WorkloadKey, int]],
) -> int:
    """Add what was said since the last look. `about`: (namespace, kind, name) of an object -> its workload."""
    seen = [(_key(event, about), _workload_id(event, about), event) for event in observed]
    rows = merge(seen, _known_events(connection, cluster_id))
    values = [
        {
            "cluster_id": cluster_id,
            **row.key._asdict(),
            "workload_id": row.workload_id,
            "object": row.object,
            "message": row.message,
            "component": row.component,
            "count": row.count,
            "counts": row.counts,
            "first_at": row.first_at,
            "last_at": row.last_at,
        }
        for row in rows
    ]
    upsert_rows(connection, events, values, identity=("cluster_id", *EventKey._fields))
    return len(values)


def _known_events(connection: Connection, cluster_id: UUID) -> dict[EventKey, KnownEvent]:
    e = events
    key = [e.c[name] for name in EventKey._fields]
    query = select(*key, e.c["count"], e.c.counts, e.c.first_at, e.c.last_at).where(e.c.cluster_id == cluster_id)
    return {EventKey(*row[:5]): KnownEvent(row[5], row[6], row[7], row[8]) for row in connection.execute(query)}


def _key(event: ObservedEvent, about: Mapping[tuple[str, str, str], tuple[WorkloadKey, int]]) -> EventKey:
    found = about.get((event.namespace, event.kind, event.name))
    kind, name = (found[0].kind, found[0].name) if found is not None else (event.kind, event.name)
    return EventKey(event.namespace, kind, name, event.type, event.reason)


def _workload_id(event: ObservedEvent, about: Mapping[tuple[str, str, str], tuple[WorkloadKey, int]]) -> int | None:
    found = about.get((event.namespace, event.kind, event.name))
    return None if found is None else found[1]


def write_quotas(connection: Connection, cluster_id: UUID, observed: Sequence[ObservedQuota]) -> None:
    """Write the quotas there are, and forget others."""
    values: list[dict[str, object]] = [
        {"cluster_id": cluster_id, "namespace": one.namespace, "name": one.name, "hard": one.hard, "used": one.used}
        for one in observed
    ]
    upsert_rows(connection, quotas, values, identity=("cluster_id", "namespace", "name"))
    _forget_others(connection, quotas, cluster_id, {(one.namespace, one.name) for one in observed})


def write_claims(connection: Connection, cluster_id: UUID, observed: Sequence[ObservedClaim]) -> None:
    """Write the volume claims there are, and forget others."""
    values: list[dict[str, object]] = [
        {
            "cluster_id": cluster_id,
            "namespace": one.namespace,
            "name": one.name,
            "phase": one.phase,
            "storage_class": one.storage_class,
            "volume": one.volume,
            "requested_bytes": one.requested_bytes,
            "capacity_bytes": one.capacity_bytes,
            "used_bytes": one.used_bytes,
            "created_at": one.created_at,
        }
        for one in observed
    ]
    upsert_rows(connection, volume_claims, values, identity=("cluster_id", "namespace", "name"))
    _forget_others(connection, volume_claims, cluster_id, {(one.namespace, one.name) for one in observed})


def _forget_others(connection: Connection, table: Table, cluster_id: UUID, present: set[tuple[str, str]]) -> None:
    known = connection.execute(select(table.c.namespace, table.c.name).where(table.c.cluster_id == cluster_id))
    for namespace, name in {(row.namespace, row.name) for row in known} - present:
        connection.execute(
            table.delete().where(table.c.cluster_id == cluster_id, table.c.namespace == namespace, table.c.name == name)
        )


def write_sources(connection: Connection, cluster_id: UUID, states: Sequence[SourceState], at: datetime) -> None:
    """Write how each source answered, and since when it does so."""
    query = select(sources.c.source, sources.c.status, sources.c.since).where(sources.c.cluster_id == cluster_id)
    known = {row.source: (row.status, row.since) for row in connection.execute(query)}
    values: list[dict[str, object]] = []
    for state in states:
        status, since = known.get(state.source.value, ("", at))
        values.append(
            {
                "cluster_id": cluster_id,
                "source": state.source.value,
                "status": state.status.value,
                "reason": state.reason,
                "hint": state.hint,
                "lost": state.lost,
                "since": since if status == state.status.value else at,
                "checked_at": at,
            }
        )
    upsert_rows(connection, sources, values, identity=("cluster_id", "source"))
