"""Cycles of one huge cluster, or of a hundred small ones, in a process of their own so that its memory is theirs.

    python -m benchmarks.collecting.cycles --clusters 1 --nodes 5000 --pods 150000 --steady 6 --churn 1200

Everything but the bus's broker is real: HTTP, Postgres with the product's schema, the batch task. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import urllib.request
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import SecretStr

from ai4k8s_collector import repository
from ai4k8s_collector.batch import collect_due_clusters
from ai4k8s_collector.context import Context
from ai4k8s_collector.domain import schedule
from ai4k8s_collector.loop import Loop, look_for_cycles_seldom
from ai4k8s_collector.settings import CollectorSettings
from ai4k8s_common.clock import utc_now
from ai4k8s_common.kube.access import Credentials
from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.kube.client import AsyncKubeClient
from ai4k8s_common.kube.credentials import ClusterCredential
from ai4k8s_common.kube.prometheus import AsyncPrometheusClient, PrometheusClient
from ai4k8s_common.security.sealed import generate_key_pair, seal
from ai4k8s_common.services import Service
from tests.support.bus import open_bus
from tests.support.stores import TestRun, make_template, new_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.stores import Database

POLICY = AccessPolicy(allow_loopback=True)
INTERVAL_SECONDS = 600
WAIT_SECONDS = 400.0


@contextmanager
def prepared_server(clusters: int, nodes: int, pods: int) -> Iterator[str]:
    """Start an API server of prepared bytes; its address."""
    arguments = ["--clusters", str(clusters), "--nodes", str(nodes), "--pods", str(pods)]
    command = [sys.executable, "-m", "benchmarks.collecting.prepared", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def connect(database: Database, public_key: str, server: str) -> uuid.UUID:
    """Add a cluster as the gateway would."""
    cluster_id = uuid.uuid4()
    credential = ClusterCredential(server=server, token=SecretStr("token"))
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO gateway.users (id, username, email, password_hash, role) VALUES (%s, %s, %s, 'x', 'admin')",
            [cluster_id, str(cluster_id), f"{cluster_id}@example.test"],
        )
        connection.execute(
            "INSERT INTO gateway.clusters (id, owner_id, name, api_url, interval_seconds) VALUES (%s, %s, %s, %s, %s)",
            [cluster_id, cluster_id, str(cluster_id), server, INTERVAL_SECONDS],
        )
        connection.execute(
            "INSERT INTO gateway.cluster_credentials (cluster_id, sealed) VALUES (%s, %s)",
            [cluster_id, seal(public_key, credential.to_json(), str(cluster_id))],
        )
    return cluster_id


def make_context(database: Database, private_key: str) -> Context:
    """A collector as its worker wires it, but for the broker: messages stay in the outbox."""
    look_for_cycles_seldom()
    bus = open_bus(database, "redis://127.0.0.1:1/0", Service.COLLECTOR)
    context = Context(
        bus=bus,
        settings=CollectorSettings(batch_seconds=0.5),
        credentials=Credentials(SecretStr(private_key), POLICY),
        interval=timedelta(seconds=INTERVAL_SECONDS),
        policy=POLICY,
        open_cluster=lambda credential, namespaces=(): AsyncKubeClient(credential, POLICY, namespaces=namespaces),
        open_past=lambda url: PrometheusClient(url, POLICY),
        open_live=lambda url: AsyncPrometheusClient(url, POLICY),
        loop=Loop(),
        clock=utc_now,
    )
    with bus.transaction() as tx:
        repository.ensure_partitions(tx.connection, datetime.now(UTC), context.settings.keep_raw_hours)
    return context


def run_until_done(database: Database, context: Context, wanted: int) -> float:
    """Run tasks as the beat would send them until so many cycles are complete; seconds."""
    started = time.perf_counter()
    while time.perf_counter() - started < WAIT_SECONDS:
        collect_due_clusters(context)
        with database.connect() as connection:
            row = connection.execute(
                "SELECT count(*) FILTER (WHERE status = 'completed'), max(error) FROM collector.cycles"
            ).fetchone()
        assert row is not None
        if row[1]:
            raise RuntimeError(row[1])
        if row[0] >= wanted:
            return time.perf_counter() - started
    raise RuntimeError("the cycles were not completed")


def measure(database: Database, options: argparse.Namespace, url: str) -> dict[str, Any]:
    """One cold cycle of each cluster, then steady ones with churn in between."""
    public_key, private_key = generate_key_pair()
    context = make_context(database, private_key)
    for number in range(options.clusters):
        connect(database, public_key, f"{url}/c{number}")
    cpu = time.process_time()
    cold = run_until_done(database, context, options.clusters)
    cold_cpu, steady_cpu = time.process_time() - cpu, []
    steady = []
    for number in range(1, options.steady + 1):
        request = urllib.request.Request(f"{url}/advance?pods={options.churn}", method="POST")
        urllib.request.urlopen(request).read()
        with database.connect() as connection:
            connection.execute("UPDATE collector.cluster_states SET next_due_at = now()")
        cpu = time.process_time()
        steady.append(run_until_done(database, context, options.clusters * (number + 1)))
        steady_cpu.append(time.process_time() - cpu)
    with database.connect() as connection:
        counts = {
            table: connection.execute(f"SELECT count(*) FROM collector.{table}".encode()).fetchone()
            for table in ("pods", "workloads", "workload_samples", "nodes")
        }
    context.loop.close()
    context.bus.close()
    return {
        "cold_seconds": cold,
        "cold_cpu_seconds": cold_cpu,
        "steady_cpu_seconds": steady_cpu,
        "steady_seconds": steady,
        "steady_p95_seconds": sorted(steady)[max(0, -(-95 * len(steady) // 100) - 1)] if steady else None,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": {table: row[0] for table, row in counts.items() if row},
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clusters", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=5_000)
    parser.add_argument("--pods", type=int, default=150_000)
    parser.add_argument("--steady", type=int, default=6)
    parser.add_argument("--churn", type=int, default=1_200, help="pods replaced between two cycles, in each cluster")
    parser.add_argument("--patience", type=float, help="seconds a look may take, where the machine is busy otherwise")
    options = parser.parse_args()
    if options.patience:
        schedule.LONGEST_DEADLINE = timedelta(seconds=options.patience)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    run = TestRun()
    try:
        server = run.postgres()
        make_template(server)
        for database in new_database(server, "migrated_template"):
            with prepared_server(options.clusters, options.nodes, options.pods) as url:
                print(json.dumps(measure(database, options, url)))
    finally:
        run.end()


if __name__ == "__main__":
    main()
