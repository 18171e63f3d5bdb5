"""Daily histograms of containers in the store: read, added to, written. In the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from ai4k8s_collector.domain.digests import Buckets, Digest
from ai4k8s_common.store import digests as convention
from ai4k8s_common.store.bulk import upsert_rows
from ai4k8s_common.store.observed import container_digests

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_collector.domain.digests import DigestKey
    from ai4k8s_collector.domain.observed import WorkloadKey

BUCKETS = Buckets(
    convention.CPU_SMALLEST_MILLICORES,
    convention.MEMORY_SMALLEST_BYTES,
    convention.GROWTH,
    convention.LAST_BUCKET,
)


def add_digests(
    connection: Connection,
    cluster_id: UUID,
    day: date,
    gathered: Mapping[DigestKey, Digest],
    ids: Mapping[WorkloadKey, int],
) -> int:
    """Add what was gathered to the day's histograms. Returns how many were written."""
    # A workload that went away meanwhile has no number any more, and nobody to size.
    ours = {(ids[key], name): digest for (key, name), digest in gathered.items() if key in ids}
    stored = _stored(connection, cluster_id, day)
    values = []
    for key, digest in ours.items():
        # What was gathered stays as it is: this transaction may yet be rolled back.
        total = stored.get(key, Digest())
        total.merge(digest)
        values.append(_values(cluster_id, day, key, total))
    upsert_rows(connection, container_digests, values, identity=("workload_id", "container", "day"))
    return len(values)


def _stored(connection: Connection, cluster_id: UUID, day: date) -> dict[tuple[int, str], Digest]:
    d = container_digests
    query = select(d).where(d.c.cluster_id == cluster_id, d.c.day == day)
    return {
        (row.workload_id, row.container): Digest(
            samples=row.samples,
            cpu=dict(zip(row.cpu_buckets, row.cpu_counts, strict=True)),
            cpu_max_millicores=row.cpu_max_millicores,
            memory=dict(zip(row.memory_buckets, row.memory_counts, strict=True)),
            memory_max_bytes=row.memory_max_bytes,
            oom_kills=row.oom_kills,
            throttled_share_max=row.throttled_share_max,
        )
        for row in connection.execute(query)
    }


def _values(cluster_id: UUID, day: date, key: tuple[int, str], digest: Digest) -> dict[str, object]:
    cpu, memory = sorted(digest.cpu.items()), sorted(digest.memory.items())
    return {
        "workload_id": key[0],
        "container": key[1],
        "day": day,
        "cluster_id": cluster_id,
        "samples": digest.samples,
        "cpu_buckets": [bucket for bucket, _ in cpu],
        "cpu_counts": [count for _, count in cpu],
        "cpu_max_millicores": digest.cpu_max_millicores,
        "memory_buckets": [bucket for bucket, _ in memory],
        "memory_counts": [count for _, count in memory],
        "memory_max_bytes": digest.memory_max_bytes,
        "oom_kills": digest.oom_kills,
        "throttled_share_max": digest.throttled_share_max,
    }
