"""What does one look for anomalies cost: read from Postgres, compare, write, judge the cluster's health.

    python -m benchmarks.analysis_cycle [--workloads 10000] [--days 2] [--json FILE]

The store is filled as for `benchmarks.forecast_cycle`. The first looks read what is there, a part of the workloads
each; the ones after them the five minutes that are new. Some workloads are made to deviate, so that there is something
to write.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_common.contracts.forecaster import AnalyseCluster
from ai4k8s_common.services import Service
from ai4k8s_forecaster.analysis import analyse_cluster
from ai4k8s_forecaster.context import Context
from ai4k8s_forecaster.settings import ForecasterSettings
from ai4k8s_forecaster.watching import MOST_NEW
from benchmarks.forecast_cycle import fill
from benchmarks.stores import own_database
from tests.support.bus import open_bus
from tests.support.observed import ObservedCluster

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus
    from tests.support.stores import Database

LOOKS = 2
#: Large clusters are taken up a part at a time; the looks before the measured ones see the hour before.
_DEVIATE = """
    UPDATE collector.workload_samples SET cpu_usage_millicores = 8 * cpu_usage_millicores
    WHERE cluster_id = %s AND at > %s AND workload_id %% 500 = 0
"""


def look(bus: Bus, context: Context, cluster: ObservedCluster, until: datetime) -> float:
    """Seconds of one analysis, from the message to the commit."""
    began = time.perf_counter()
    with bus.transaction() as tx:
        analyse_cluster(tx, context, AnalyseCluster(cluster_id=cluster.cluster_id, until=until))
    return time.perf_counter() - began


def measure(database: Database, options: argparse.Namespace) -> dict[str, Any]:
    """Fill, look once, and then at what is new."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    cluster = ObservedCluster.create(database)
    fill(cluster, options.workloads, options.days, hour + timedelta(minutes=2))
    cluster.execute(_DEVIATE, cluster.cluster_id, hour + timedelta(minutes=5))
    bus = open_bus(database, "redis://127.0.0.1:1/0", Service.FORECASTER)
    context = Context(ForecasterSettings())
    parts = -(-options.workloads // MOST_NEW)
    firsts = [look(bus, context, cluster, hour - timedelta(minutes=5 * number)) for number in range(parts - 1, -1, -1)]
    looks = [look(bus, context, cluster, hour + timedelta(minutes=5 * (number + 1))) for number in range(LOOKS)]
    bus.close()
    return {
        "workloads": options.workloads,
        "days": options.days,
        "looks that take up what is new": len(firsts),
        "slowest of them s": max(firsts),
        "look at five minutes, fastest s": min(looks),
        "look at five minutes, slowest s": max(looks),
        "anomalies": len(cluster.rows("SELECT 1 FROM forecaster.anomalies")),
        "peak RSS MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", type=int, default=10_000)
    parser.add_argument("--days", type=float, default=2.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with own_database() as database:
        report = measure(database, options)
    for name, value in report.items():
        print(f"{name:<36} {value}")
    if options.json:
        options.json.write_text(json.dumps(report))


if __name__ == "__main__":
    main()
