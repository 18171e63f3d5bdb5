"""Rows committed into the samples' real table, with its indexes: by rows as a cycle does it, and by columns."""

from __future__ import annotations

import os
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import create_engine

from ai4k8s_collector.binary_copy import Column, Kind, copy_columns
from ai4k8s_collector.domain.flows import Rate
from ai4k8s_collector.observations import SAMPLE_COLUMNS
from ai4k8s_common.store.bulk import copy_rows
from ai4k8s_common.store.collector import workload_samples
from ai4k8s_common.store.engine import store_url

if TYPE_CHECKING:
    from tests.support.stores import Database

WORKLOADS = 10_000
MINUTES = 40
BY_ROWS = 50_000
_INTEGERS = ("desired_replicas", "ready_replicas", "pods", "pods_with_metrics", "restarts", "oom_kills", "pending_pods")


def _columns(cluster_id: uuid.UUID, first_workload: int, minutes: int) -> tuple[list[Column], int]:
    """One row a workload and minute, every column filled, minute by minute as cycles would write them."""
    rows = WORKLOADS * minutes
    number = np.arange(rows)
    now = datetime.now(UTC).timestamp()
    columns = [
        Column("cluster_id", Kind.UUID, cluster_id.bytes),
        Column("workload_id", Kind.BIGINT, first_workload + number % WORKLOADS),
        Column("at", Kind.TIMESTAMP, now - 60.0 * (minutes - number // WORKLOADS)),
        Column("source", Kind.SMALLINT, 0),
        Column("saturated", Kind.BOOLEAN, 0),
    ]
    columns += [Column(name, Kind.INTEGER, 3.0 + number % 5) for name in _INTEGERS]
    named = {column.name for column in columns} | {"custom"}
    floats = [name for name in SAMPLE_COLUMNS if name not in named]
    columns += [Column(name, Kind.DOUBLE, 100.0 + number % 977) for name in floats]
    assert set(Rate) <= {column.name for column in columns}
    return columns, rows


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _by_columns(database: Database, connections: int, spent: list[tuple[int, float, float]]) -> float:
    """Rows a second, committed by so many connections at once.

    `spent` gets (rows, CPU seconds of the client, of its backend): what a busy machine does not distort.
    """
    _empty(database)
    made = [_columns(uuid.uuid4(), 1 + 1_000_000 * number, MINUTES) for number in range(connections)]
    engine = create_engine(store_url(database.owner_url), pool_size=connections)

    def one(columns: list[Column], rows: int) -> None:
        with engine.connect() as connection:
            backend = int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
            client_before, server_before = time.thread_time(), _processor_seconds(backend)
            copy_columns(connection, ("collector", "workload_samples"), columns, rows)
            connection.commit()
            spent.append((rows, time.thread_time() - client_before, _processor_seconds(backend) - server_before))

    threads = [threading.Thread(target=one, args=part) for part in made]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    engine.dispose()
    with database.connect() as connection:
        row = connection.execute("SELECT count(*) FROM collector.workload_samples").fetchone()
    assert row == (sum(rows for _, rows in made),)
    return sum(rows for _, rows in made) / seconds


def _by_rows(database: Database) -> float:
    """Rows a second, as a cycle writes them."""
    _empty(database)
    cluster_id, now = uuid.uuid4(), datetime.now(UTC)
    row = (3, 3, 3, 3, 123.4, 2000.0, False, 3.2e8, 0, 0, 0, 500.0, 1000.0, 2.6e8, 5.3e8, *([12.5] * len(Rate)), None)
    engine = create_engine(store_url(database.owner_url))
    started = time.perf_counter()
    with engine.begin() as connection:
        rows = ((cluster_id, number, now, 0, *row) for number in range(BY_ROWS))
        copy_rows(connection, workload_samples, SAMPLE_COLUMNS, rows)
    seconds = time.perf_counter() - started
    engine.dispose()
    return BY_ROWS / seconds


def _empty(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("SELECT collector.ensure_partitions(current_date - 1, current_date + 1)")
        connection.execute("TRUNCATE collector.workload_samples")


def measure(database: Database) -> dict[str, Any]:
    """All ways, the best of two."""
    spent: list[tuple[int, float, float]] = []
    one = max(_by_columns(database, 1, spent) for _ in range(2))
    two = max(_by_columns(database, 2, spent) for _ in range(2))
    return {
        "columns": len(SAMPLE_COLUMNS),
        "rows": WORKLOADS * MINUTES,
        "by_rows_per_second": max(_by_rows(database) for _ in range(2)),
        "by_columns_per_second": one,
        "by_columns_two_connections_per_second": two,
        "client_cpu_seconds_per_million_rows": min(1e6 * client / rows for rows, client, _ in spent),
        "server_cpu_seconds_per_million_rows": min(1e6 * server / rows for rows, _, server in spent),
    }
