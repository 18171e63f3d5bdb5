"""A collector in this process: real store and bus, any clusters a test likes."""

from __future__ import annotations

import uuid
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.rows import dict_row
from pydantic import SecretStr

from ai4k8s_collector import repository
from ai4k8s_collector.context import Context
from ai4k8s_collector.loop import Loop
from ai4k8s_collector.settings import CollectorSettings
from ai4k8s_common.clock import utc_now
from ai4k8s_common.kube.access import Credentials
from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.kube.client import AsyncKubeClient
from ai4k8s_common.kube.credentials import ClusterCredential
from ai4k8s_common.kube.errors import KubeUnavailableError
from ai4k8s_common.kube.prometheus import AsyncPrometheusClient, PrometheusClient
from ai4k8s_common.security.sealed import generate_key_pair, seal
from ai4k8s_common.services import Service
from tests.support.bus import open_bus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from ai4k8s_common.kube.credentials import StoredAccess
    from ai4k8s_common.kube.protocols import KubeReader
    from tests.support.stores import Database, Valkey

POLICY = AccessPolicy(allow_loopback=True)


@dataclass
class CollectorBench:
    """Connect clusters, look at them, and see what the store says."""

    database: Database
    context: Context
    public_key: str
    fakes: dict[str, KubeReader] = field(default_factory=dict)

    def connect(
        self,
        server: str = "https://10.0.0.1",
        *,
        name: str | None = None,
        prometheus_url: str | None = None,
        interval_seconds: int | None = None,
        namespaces: Sequence[str] = (),
        fake: KubeReader | None = None,
        credential: StoredAccess | None = None,
    ) -> uuid.UUID:
        """Add a cluster as the gateway would. With `fake`, that is what answers at `server`."""
        cluster_id = uuid.uuid4()
        credential = credential or ClusterCredential(server=server, token=SecretStr("canary-token"))
        address = credential.server if isinstance(credential, ClusterCredential) else "https://10.0.0.9"
        if fake is not None:
            self.fakes[address] = fake
        with self.database.connect() as connection:
            row = connection.execute("SELECT id FROM gateway.users LIMIT 1").fetchone()
            row = (
                row
                or connection.execute(
                    "INSERT INTO gateway.users (username, email, password_hash, role) "
                    "VALUES ('ann', 'ann@example.test', 'x', 'admin') RETURNING id"
                ).fetchone()
            )
            assert row is not None
            connection.execute(
                "INSERT INTO gateway.clusters (id, owner_id, name, api_url, prometheus_url, interval_seconds, namespaces) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [
                    cluster_id,
                    row[0],
                    name or str(cluster_id),
                    address,
                    prometheus_url,
                    interval_seconds,
                    list(namespaces),
                ],
            )
            connection.execute(
                "INSERT INTO gateway.cluster_credentials (cluster_id, sealed) VALUES (%s, %s)",
                [cluster_id, seal(self.public_key, credential.to_json(), str(cluster_id))],
            )
        return cluster_id

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Ask the store, as its owner."""
        with self.database.connect() as connection:
            return connection.cursor(row_factory=dict_row).execute(query.encode(), values).fetchall()

    def row(self, query: str, *values: object) -> dict[str, Any]:
        """Ask for exactly one row."""
        (found,) = self.rows(query, *values)
        return found

    def execute(self, statement: str, *values: object) -> None:
        """Change the store behind the collector's back."""
        with self.database.connect() as connection:
            connection.execute(statement.encode(), values)

    def state(self, cluster_id: uuid.UUID) -> dict[str, Any]:
        """What the collector says of a cluster."""
        return self.row("SELECT * FROM collector.cluster_states WHERE cluster_id = %s", cluster_id)

    def make_due(self, cluster_id: uuid.UUID) -> None:
        """Let its next cycle be due now."""
        self.execute("UPDATE collector.cluster_states SET next_due_at = now() WHERE cluster_id = %s", cluster_id)

    def at(self, now: datetime) -> Context:
        """The same collector with its clock stopped."""
        return replace(self.context, clock=lambda: now)


@pytest.fixture
def collector(database: Database, valkey: Valkey) -> Iterator[CollectorBench]:
    """A collector bench; see `CollectorBench`."""
    public_key, private_key = generate_key_pair()
    bus = open_bus(database, valkey.url, Service.COLLECTOR)
    fakes: dict[str, KubeReader] = {}

    @asynccontextmanager
    async def open_cluster(credential: ClusterCredential, namespaces: Sequence[str] = ()) -> AsyncIterator[KubeReader]:
        if credential.server in fakes:
            yield fakes[credential.server]
            return
        async with AsyncKubeClient(credential, POLICY, namespaces=namespaces) as kube:
            yield kube

    @contextmanager
    def open_past(url: str) -> Iterator[PrometheusClient]:
        with PrometheusClient(url, POLICY) as past:
            yield past

    @asynccontextmanager
    async def open_live(url: str) -> AsyncIterator[AsyncPrometheusClient]:
        # Tests that give an address of nowhere are not about Prometheus, and do not wait for it.
        if "127.0.0.1" not in url:
            raise KubeUnavailableError("Prometheus does not answer")
        async with AsyncPrometheusClient(url, POLICY) as live:
            yield live

    context = Context(
        bus=bus,
        settings=CollectorSettings(batch_seconds=5.0),
        credentials=Credentials(SecretStr(private_key), POLICY),
        interval=timedelta(seconds=15),
        policy=POLICY,
        open_cluster=open_cluster,
        open_past=open_past,
        open_live=open_live,
        loop=Loop(),
        clock=utc_now,
    )
    with bus.transaction() as tx:
        repository.ensure_partitions(tx.connection, datetime.now(UTC), 192)
    try:
        yield CollectorBench(database, context, public_key, fakes)
    finally:
        context.loop.close()
        bus.close()
