"""What a collector would have written, for tests of the services that read it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.support.stores import Database

REQUEST_MILLICORES = 100.0


@dataclass
class ObservedCluster:
    """One cluster in the store, seen as its owner would."""

    database: Database
    cluster_id: uuid.UUID

    @classmethod
    def create(cls, database: Database, sealed: bytes | None = None) -> ObservedCluster:
        """Connect a cluster as the gateway would, and let the collector have seen it."""
        cluster_id = uuid.uuid4()
        with database.connect() as connection:
            connection.execute(
                "INSERT INTO gateway.users (id, username, email, password_hash, role) VALUES (%s, %s, %s, 'x', 'admin')",
                [cluster_id, str(cluster_id), f"{cluster_id}@example.test"],
            )
            connection.execute(
                "INSERT INTO gateway.clusters (id, owner_id, name, api_url) VALUES (%s, %s, 'c', 'https://10.0.0.1')",
                [cluster_id, cluster_id],
            )
            if sealed is not None:
                connection.execute("INSERT INTO gateway.cluster_credentials VALUES (%s, %s)", [cluster_id, sealed])
            connection.execute(
                "INSERT INTO collector.cluster_states (cluster_id, status, status_since, next_due_at, backfill_status) "
                "VALUES (%s, 'connected', now(), now(), 'completed')",
                [cluster_id],
            )
            connection.execute("SELECT collector.ensure_partitions(current_date - 20, current_date + 2)")
            connection.execute("SELECT collector.ensure_rollup_partitions(current_date - 20, current_date + 2)")
        return cls(database, cluster_id)

    def workload(self, name: str = "web", **values: object) -> int:
        """Add a Deployment; its id."""
        row = {
            "cluster_id": self.cluster_id,
            "namespace": "shop",
            "kind": "Deployment",
            "name": name,
            "api_version": "apps/v1",
            "resource_version": "1",
            "desired_replicas": 4,
            "ready_replicas": 4,
            "updated_replicas": 4,
            "cpu_request_millicores": REQUEST_MILLICORES,
            "cpu_limit_millicores": 1.5 * REQUEST_MILLICORES,
            "startup_seconds": [30.0, 60.0] * 10,
            "startup_p95_seconds": 60.0,
            "first_seen_at": datetime.now().astimezone(),
            "last_seen_at": datetime.now().astimezone(),
            **values,
        }
        names = ", ".join(row)
        holders = ", ".join(["%s"] * len(row))
        adapted = [Jsonb(value) if isinstance(value, dict) else value for value in row.values()]
        (found,) = self.rows(f"INSERT INTO collector.workloads ({names}) VALUES ({holders}) RETURNING id", *adapted)
        return int(found["id"])

    def samples(self, workload_id: int, rows: Iterable[Mapping[str, object]]) -> None:
        """Add samples; `at` and what is known."""
        columns = (
            "cluster_id", "workload_id", "at", "source", "desired_replicas", "ready_replicas", "pods",
            "pods_with_metrics", "cpu_usage_millicores", "saturated",
        )  # fmt: skip
        defaults: dict[str, object] = {
            "cluster_id": self.cluster_id,
            "workload_id": workload_id,
            "source": 0,
            "desired_replicas": 4,
            "ready_replicas": 4,
            "pods": 4,
            "pods_with_metrics": 4,
            "saturated": False,
        }
        copy_statement = f"COPY collector.workload_samples ({', '.join(columns)}) FROM STDIN"
        with (
            self.database.connect() as connection,
            connection.cursor() as cursor,
            cursor.copy(copy_statement.encode()) as copy,
        ):
            for row in rows:
                whole = {**defaults, **row}
                copy.write_row([whole[name] for name in columns])

    def past(self, workload_id: int, until: datetime, millicores: Sequence[float]) -> None:
        """Add one sample a minute, the last one a minute before `until`; NaN: none."""
        first = until - timedelta(minutes=len(millicores))
        self.samples(
            workload_id,
            (
                {"at": first + timedelta(minutes=number), "source": 1, "cpu_usage_millicores": float(value)}
                for number, value in enumerate(millicores)
                if value == value  # noqa: PLR0124  # not NaN
            ),
        )

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Ask the store, as its owner."""
        with self.database.connect() as connection:
            return connection.cursor(row_factory=dict_row).execute(query.encode(), values).fetchall()

    def row(self, query: str, *values: object) -> dict[str, Any]:
        """Ask for exactly one row."""
        (found,) = self.rows(query, *values)
        return found

    def execute(self, statement: str, *values: object) -> None:
        """Change the store behind everybody's back."""
        with self.database.connect() as connection:
            connection.execute(statement.encode(), values)
