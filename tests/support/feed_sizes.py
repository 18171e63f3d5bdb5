"""Containers that ask for too much, too little, and were killed; a quota that fills up; reviewed by the forecaster itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import create_engine

from ai4k8s_common.services import Service
from ai4k8s_common.store.digests import CPU_SMALLEST_MILLICORES, MEMORY_SMALLEST_BYTES, bucket_of
from ai4k8s_common.store.engine import store_url
from ai4k8s_forecaster.reviews import review

if TYPE_CHECKING:
    from tests.support.feed import FedWorkload

MIB = 2**20


def feed_sizes(web: FedWorkload, api: FedWorkload) -> None:
    """Give two workloads containers with a week of use, and let the forecaster look at the cluster."""
    _feed(web, [("app", 1000.0, 256, 412.0, 240), ("proxy", 100.0, 128, 18.0, 40)], killed=True)
    _feed(api, [("api", 500.0, 1024, 96.0, 180)])
    api.execute("UPDATE collector.workloads SET hpa_name = 'api', hpa_cpu_target_percent = 60 WHERE id = %s", (api.id,))
    web.execute(
        "INSERT INTO forecaster.capacity_hours SELECT %s, 'quota', 'shop/team', 'requests.cpu', at, used, used FROM ("
        "   SELECT at, 14 + 0.25 * extract(epoch FROM at - %s) / 86400 AS used"
        "   FROM generate_series(%s::timestamptz, %s, interval '1 h') AS at) AS hours",
        (web.cluster_id, *[web.now - timedelta(days=14)] * 2, web.now),
    )
    engine = create_engine(store_url(web.database.url(Service.FORECASTER)))
    with engine.begin() as connection:
        review(connection, UUID(str(web.cluster_id)), web.now)
    engine.dispose()


def _feed(workload: FedWorkload, containers: list[tuple[str, float, int, float, int]], *, killed: bool = False) -> None:
    """Containers as (name, request in millicores, request in MiB, used in millicores, used in MiB)."""
    each = [
        {
            "name": name,
            "cpu_request_millicores": cpu,
            "cpu_limit_millicores": None,
            "memory_request_bytes": memory * MIB,
            "memory_limit_bytes": memory * MIB,
        }
        for name, cpu, memory, _, _ in containers
    ]
    workload.execute(
        "UPDATE collector.workloads SET containers = %s, memory_request_bytes = %s WHERE id = %s",
        (json.dumps(each), sum(one[2] for one in containers) * MIB, workload.id),
    )
    for name, _, _, cpu, memory in containers:
        for ago in range(8):
            workload.execute(
                "INSERT INTO collector.container_digests (workload_id, container, day, cluster_id, samples, cpu_buckets,"
                " cpu_counts, cpu_max_millicores, memory_buckets, memory_counts, memory_max_bytes, oom_kills)"
                " VALUES (%s, %s, %s, %s, 1440, %s, '{1440}', %s, %s, '{1440}', %s, %s)"
                " ON CONFLICT (workload_id, container, day) DO NOTHING",
                (
                    workload.id, name, (workload.now - timedelta(days=ago)).date(), workload.cluster_id,
                    [bucket_of(cpu, CPU_SMALLEST_MILLICORES)], cpu, [bucket_of(memory * MIB, MEMORY_SMALLEST_BYTES)],
                    memory * MIB, int(killed and ago == 0 and name == "app"),
                ),
            )  # fmt: skip
