"""What does one cycle cost when a cluster has 10,000 workloads: read from Postgres, foresee, write.

    python -m benchmarks.forecast_cycle [--workloads 10000] [--days 14] [--json FILE]

A store of its own is filled with generated demand, a sample every five minutes and, for the cycles that are measured,
one a minute. The first cycle reads everything; the ones after it only what is new, each with the windows of all
workloads and, where a five-minute bin began, their six-hour paths. In the product models of windows are fitted anew
every six hours, some in each cycle, and so they are here; to begin with, a few are fitted and lent to the others.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from ai4k8s_common.contracts.forecaster import ForecastCluster
from ai4k8s_common.services import Service
from ai4k8s_forecaster.context import Context
from ai4k8s_forecaster.service import forecast_cluster
from ai4k8s_forecaster.settings import ForecasterSettings
from benchmarks.stores import own_database
from tests.support.bus import open_bus
from tests.support.observed import ObservedCluster

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus
    from tests.support.stores import Database

CYCLES = 11
FITTED = 200

_WORKLOADS = """
    INSERT INTO collector.workloads (cluster_id, namespace, kind, name, api_version, desired_replicas, ready_replicas,
        updated_replicas, cpu_request_millicores, startup_seconds, startup_p95_seconds, first_seen_at, last_seen_at)
    SELECT %s, 'shop', 'Deployment', 'w' || n, 'apps/v1', 4, 4, 4, 100, array_fill(45.0, ARRAY[20]), 60, now(), now()
    FROM generate_series(1, %s) AS n
"""
# A day's course, a workload's own phase and size, and noise.
_SAMPLES = """
    INSERT INTO collector.workload_samples (cluster_id, workload_id, at, source, desired_replicas, ready_replicas, pods,
        pods_with_metrics, cpu_usage_millicores)
    SELECT w.cluster_id, w.id, at, %(source)s, 4, 4, 4, 4,
        100 * (1 + w.id %% 17) * (2 + sin(extract(epoch FROM at) / 13751 + w.id) + .4 * random())
    FROM generate_series(%(first)s::timestamptz, %(last)s::timestamptz, %(every)s::interval) AS at
    CROSS JOIN collector.workloads AS w WHERE w.cluster_id = %(cluster)s
"""


def fill(cluster: ObservedCluster, workloads: int, days: float, now: datetime) -> None:
    """The past, and the minutes that the cycles will see come."""
    cluster.execute(_WORKLOADS, cluster.cluster_id, workloads)
    with cluster.database.connect() as connection:
        for first, last, every, source in (
            (now - timedelta(days=days), now, timedelta(minutes=5), 1),
            (now + timedelta(minutes=1), now + timedelta(minutes=CYCLES), timedelta(minutes=1), 0),
        ):
            values = {"first": first, "last": last, "every": every, "source": source, "cluster": cluster.cluster_id}
            connection.execute(_SAMPLES, values)
        connection.execute("ANALYZE")


def lend_models(context: Context, cluster: ObservedCluster, now: datetime) -> None:
    """Give the fitted models to the other workloads too, with ages as they are when refits are spread evenly."""
    models = context.models.of(cluster.cluster_id)
    fitted = list(models.values())
    ids = [row["id"] for row in cluster.rows("SELECT id FROM collector.workloads ORDER BY id")]
    oldest = timedelta(hours=context.settings.refit_hours)
    for number, workload_id in enumerate(ids):
        age = oldest * (number / len(ids))
        models[workload_id] = replace(fitted[number % len(fitted)], fitted_at=now - age)


def cycle(bus: Bus, context: Context, cluster_id: uuid.UUID, at: datetime) -> dict[str, float]:
    """One cycle: seconds by the clock and of this process's processor time (Postgres works beside it)."""
    message = ForecastCluster(cluster_id=cluster_id, cycle_id=uuid.uuid4(), cycle_at=at, rows=1, digest="")
    wall, cpu = time.perf_counter(), time.process_time()
    with bus.transaction() as tx:
        forecast_cluster(tx, context, message)
    return {"seconds": time.perf_counter() - wall, "CPU seconds": time.process_time() - cpu}


def measure(database: Database, broker_url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Fill, fit, measure."""
    now = datetime.now(UTC).replace(minute=2, second=0, microsecond=0) - timedelta(hours=1)
    cluster = ObservedCluster.create(database)
    started = time.perf_counter()
    fill(cluster, options.workloads, options.days, now)
    print(f"filled in {time.perf_counter() - started:.0f} s", flush=True)
    bus = open_bus(database, broker_url, Service.FORECASTER)
    context = Context(ForecasterSettings(fits_per_cycle=FITTED))
    first = cycle(bus, context, cluster.cluster_id, now)
    print(f"first cycle, everything read, {FITTED} models fitted: {first}", flush=True)
    context.settings = ForecasterSettings()
    lend_models(context, cluster, now)
    cycles = []
    for number in range(1, CYCLES + 1):
        cycles.append(cycle(bus, context, cluster.cluster_id, now + timedelta(minutes=number)))
        print(f"cycle {number}: {cycles[-1]}", flush=True)
    bus.close()
    seconds = [one["seconds"] for one in cycles]
    return {
        "workloads": options.workloads,
        "days": options.days,
        f"first cycle, {FITTED} fitted": first,
        "incremental cycle, median s": float(np.median(seconds)),
        "incremental cycle with new paths, worst s": max(seconds),
        "incremental cycle, median CPU s": float(np.median([one["CPU seconds"] for one in cycles])),
        "peak RSS MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", type=int, default=10_000)
    parser.add_argument("--days", type=float, default=14.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with own_database() as database:
        report = measure(database, "redis://127.0.0.1:1/0", options)
    for name, value in report.items():
        print(f"{name:<44} {value}")
    if options.json:
        options.json.write_text(json.dumps(report))


if __name__ == "__main__":
    main()
