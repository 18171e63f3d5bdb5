"""One request or task is one transaction, opened in one place; what it says leaves after it is committed."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import structlog
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ai4k8s_common import audit
from ai4k8s_common.bus.jobs import JobReport, begin_job, write_job_report
from ai4k8s_common.bus.live import LiveEvent, LiveEvents
from ai4k8s_common.bus.publisher import BrokerUnavailableError, Publisher
from ai4k8s_common.clock import utc_now
from ai4k8s_common.contracts.base import Contract, Envelope
from ai4k8s_common.errors import UnavailableError
from ai4k8s_common.store.base import FRAME
from ai4k8s_common.store.engine import make_engine
from ai4k8s_common.telemetry.tracing import carrier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from pydantic import JsonValue
    from sqlalchemy import Connection, Engine

    from ai4k8s_common.rights import Permission
    from ai4k8s_common.services import Service
    from ai4k8s_common.settings import BusSettings, StoreSettings

log = structlog.stdlib.get_logger(__name__)


class StoreUnavailableError(UnavailableError):
    """Postgres does not answer; nothing was written."""

    code = "store_unavailable"


@dataclass
class Transaction:
    """What a handler works with: a connection, and ways to say things that leave only after the commit."""

    connection: Connection
    bus: Bus
    _envelopes: list[tuple[Envelope, str]] = field(default_factory=list)
    _events: list[LiveEvent] = field(default_factory=list)
    _audited: list[audit.Entry] = field(default_factory=list)
    told: object = None  # what a use case adds to the audit entry of its request

    def send(self, message: Contract, message_id: UUID | None = None) -> UUID:
        """Accept a message: it will be handled once in effect if, and only if, this transaction commits."""
        return self.send_raw(message.name, message.queue(), message.model_dump(mode="json"), message_id)

    def send_raw(
        self, contract: str, queue: str, payload: dict[str, JsonValue], message_id: UUID | None = None
    ) -> UUID:
        """Accept a message as it once was written, whether it fits today's contract or not."""
        envelope = Envelope(
            id=message_id or uuid.uuid4(),
            contract=contract,
            sender=self.bus.service,
            sent_at=utc_now(),
            payload=payload,
            trace=carrier(),
        )
        outbox = FRAME[self.bus.service].outbox
        # Written as published: if we die before that, the relay sees no answer and sends it again.
        self.connection.execute(
            outbox.insert().values(
                id=envelope.id,
                contract=envelope.contract,
                queue=queue,
                payload=envelope.payload,
                trace=envelope.trace,
                created_at=envelope.sent_at,
                publishes=1,
                published_at=envelope.sent_at,
                published_epoch=self.bus.publisher.epoch,
            )
        )
        self._envelopes.append((envelope, queue))
        return envelope.id

    def emit(self, event: LiveEvent) -> None:
        """Tell whoever is watching, after the commit."""
        self._events.append(event)

    def audit(self, entry: audit.Entry) -> None:
        """Record who did what, with this transaction or not at all. Written last: the chain is locked from then on."""
        self._audited.append(entry)

    def write_audit(self) -> None:
        """Append what was recorded to the chain; the bus does so before it commits."""
        for entry in self._audited:
            audit.record(self.connection, self.bus.service, entry)
        self._audited.clear()

    def report_job(self, report: JobReport) -> None:
        """Write a job's state at once, in a transaction of its own: progress must not wait for the end."""
        self.bus.report_job(report)


class Bus:
    """A process's way to the store, the broker and the watchers."""

    def __init__(self, service: Service, engine: Engine, publisher: Publisher, live: LiveEvents) -> None:
        self.service = service
        self.engine = engine
        self.publisher = publisher
        self.live = live

    @classmethod
    def open(cls, service: Service, store: StoreSettings, bus: BusSettings) -> Self:
        """Make pools; connects lazily, so it works while a server is still away."""
        return cls(service, make_engine(store, service.value), Publisher(service, bus), LiveEvents(bus))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction; commit at the end, then publish.

        Raises StoreUnavailableError when Postgres is away; nothing is written or sent then.
        """
        try:
            with self.engine.begin() as connection:
                tx = Transaction(connection, self)
                yield tx
                tx.write_audit()
        except (OperationalError, InterfaceError, PoolTimeoutError) as error:
            raise _store_error(error) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise _store_error(error) from error
            raise
        self._publish(tx)

    def begin_job(self, job_id: UUID, kind: str, permission: Permission) -> None:
        """Take a job up, for everybody to see. Raises JobCancelledError, JobRefusedError."""
        with self.transaction() as tx:
            for event in begin_job(tx.connection, self.service, job_id, kind, permission):
                tx.emit(event)

    def report_job(self, report: JobReport) -> None:
        """Write a job's state in its own short transaction and tell the person who waits.

        Raises JobCancelledError instead of writing progress of a job that its owner cancelled.
        """
        with self.transaction() as tx:
            for event in write_job_report(tx.connection, self.service, report):
                tx.emit(event)

    def close(self) -> None:
        """Give all connections back."""
        self.publisher.close()
        self.live.close()
        self.engine.dispose()

    def _publish(self, tx: Transaction) -> None:
        for position, (envelope, queue) in enumerate(tx._envelopes):  # noqa: SLF001  # its own module
            try:
                self.publisher.publish(envelope, queue)
            except BrokerUnavailableError:
                waiting = [envelope.id for envelope, _ in tx._envelopes[position:]]  # noqa: SLF001
                log.warning("publishing_postponed", messages=len(waiting))
                self._mark_unpublished(waiting)
                break
        for event in tx._events:  # noqa: SLF001
            self.live.emit(event)

    def _mark_unpublished(self, ids: list[UUID]) -> None:
        outbox = FRAME[self.service].outbox
        try:
            with self.engine.begin() as connection:
                connection.execute(
                    update(outbox).where(outbox.c.id.in_(ids)).values(published_at=None, published_epoch=None)
                )
        except DBAPIError:
            # The rows still look published; without an answer the relay sends them a little later.
            log.warning("marking_unpublished_failed", messages=len(ids))

    def ping_store(self) -> None:
        """Raise StoreUnavailableError unless Postgres answers."""
        with self.transaction() as tx:
            tx.connection.execute(text("SELECT 1"))


def _store_error(error: Exception) -> StoreUnavailableError:
    log.warning("store_unavailable", error=str(getattr(error, "orig", error)).strip())
    return StoreUnavailableError("the store does not answer; nothing was changed", hint="Try again in a few seconds.")
