"""Ways to send messages and to count what became of them."""

from __future__ import annotations

import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from ai4k8s_common.bus.relay import Relay
from ai4k8s_common.bus.transaction import Bus
from ai4k8s_common.contracts.chat import AnswerMessage
from ai4k8s_common.contracts.rag import GenerateManifest
from ai4k8s_common.services import Service
from ai4k8s_common.settings import BusSettings, StoreSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.processes import Processes, TestProcess
    from tests.support.stores import Database, Valkey

RESEND_AFTER_SECONDS = 2.0
PROJECT = Path(__file__).parents[2]


@dataclass
class BusBench:
    """A gateway's bus, its relay, and probe workers on the same stores."""

    database: Database
    broker_url: str
    processes: Processes
    bus: Bus
    relay: Relay

    def environment(self, service: Service, **overrides: str) -> dict[str, str]:
        """Settings for a process of a service."""
        return {
            "AI4K8S_DATABASE_URL": self.database.url(service),
            "AI4K8S_BROKER_URL": self.broker_url,
            "AI4K8S_REDIS_URL": self.broker_url,
            "AI4K8S_RESEND_AFTER_SECONDS": str(RESEND_AFTER_SECONDS),
            "AI4K8S_MAX_ATTEMPTS": "3",
            "AI4K8S_JOBS_TIME_LIMIT_SECONDS": "60",
            "AI4K8S_JOBS_VISIBILITY_TIMEOUT_SECONDS": "90",
            **overrides,
        }

    def worker(self, service: Service, **overrides: str) -> TestProcess:
        """Start a probe worker and wait until it consumes."""
        process = self.processes.start(
            [sys.executable, "-m", "tests.support.probe_worker", service.value, "--queue", "jobs"],
            environment=self.environment(service, **overrides),
            working_directory=PROJECT,
            name=f"probe-{service.value}",
        )
        process.wait_for_output("worker_ready", within=30)
        return process

    def ask(self, request: str, service: Service = Service.RAG) -> uuid.UUID:
        """Send one message in a transaction of its own; its job's id."""
        job_id = uuid.uuid4()
        with self.bus.transaction() as tx:
            if service is Service.RAG:
                tx.send(GenerateManifest(job_id=job_id, user_id=uuid.uuid4(), request=request))
            else:
                tx.send(AnswerMessage(job_id=job_id, user_id=uuid.uuid4(), cluster_id=uuid.uuid4(), text=request))
        return job_id

    def value(self, query: str) -> int:
        """One number from the store."""
        with self.database.connect() as connection:
            row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    def effects(self, job_id: uuid.UUID, service: Service = Service.RAG) -> int:
        """How often a message had its effect."""
        return self.value(f"SELECT count(*) FROM {service.value}.job_states WHERE message = '{job_id}'")

    def open_messages(self) -> int:
        """Messages accepted and not known to be handled."""
        return self.value("SELECT count(*) FROM gateway.outbox WHERE closed_at IS NULL")


def open_bus(database: Database, broker_url: str, service: Service = Service.GATEWAY) -> Bus:
    """A bus as a service's process would open it."""
    return Bus.open(
        service,
        StoreSettings(database_url=SecretStr(database.url(service))),
        BusSettings(broker_url=SecretStr(broker_url), redis_url=SecretStr(broker_url)),
    )


def new_bench(
    database: Database, broker_url: str, processes: Processes, resend_after_seconds: float = RESEND_AFTER_SECONDS
) -> Iterator[BusBench]:
    """Open a bench, with its relay running."""
    bus = open_bus(database, broker_url)
    relay = Relay(bus, "gateway", resend_after_seconds, every_seconds=0.2)
    relay.start()
    yield BusBench(database, broker_url, processes, bus, relay)
    relay.stop()
    bus.close()


@pytest.fixture
def bus_bench(database: Database, valkey: Valkey, processes: Processes) -> Iterator[BusBench]:
    """Send messages to real workers: `.ask(text)`, `.worker(service)`, `.effects(job)`."""
    yield from new_bench(database, valkey.url, processes)
