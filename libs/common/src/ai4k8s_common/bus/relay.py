"""The relay: closes outbox rows that were answered, and sends again those that were not.

It runs as a thread beside the work in every process that has an outbox; several do no harm, since rows are taken
with SKIP LOCKED and every message may come twice.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from importlib.metadata import version
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import bindparam, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from ai4k8s_common.bus import inbox
from ai4k8s_common.bus.signs import NO_SIGNS, SignsOfLife
from ai4k8s_common.bus.verdicts import carry_out_verdicts
from ai4k8s_common.contracts.base import Envelope
from ai4k8s_common.errors import UnavailableError
from ai4k8s_common.services import Service
from ai4k8s_common.store.base import FRAME
from ai4k8s_common.telemetry.metrics import MESSAGES_RESENT

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ai4k8s_common.bus.transaction import Bus

BATCH = 200
PRUNE_EVERY_SECONDS = 300.0
HEARTBEAT_EVERY_SECONDS = 3.0
LONGEST_PAUSE_SECONDS = 300.0

log = structlog.stdlib.get_logger(__name__)


class Relay:
    """Start it after the fork; stop it before the end."""

    def __init__(
        self,
        bus: Bus,
        process: str,
        resend_after_seconds: float,
        every_seconds: float = 1.0,
        signs: SignsOfLife = NO_SIGNS,
    ) -> None:
        self._bus = bus
        self._process = process
        self._resend_after = resend_after_seconds
        self._every = every_seconds
        self._signs = signs
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox-relay", daemon=True)
        self._pruned_at = time.monotonic()
        self._beaten_at = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, waiting for the round under way."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._signs.alive()
            try:
                self.round()
                self._signs.ready()
            except (SQLAlchemyError, UnavailableError) as error:
                log.warning("relay_round_failed", error=str(error).splitlines()[0])
            self._stop.wait(self._every)

    def round(self) -> int:
        """Close, resend, and now and then prune. Returns how many messages were sent again."""
        self._bus.live.flush()
        self._heartbeat()
        with self._bus.engine.begin() as connection:
            close_answered(connection, self._bus.service)
        sent = 0
        epoch = self._bus.publisher.refresh_epoch()
        with self._bus.engine.begin() as connection:
            for row_envelope, queue in self._take_unanswered(connection, epoch):
                self._bus.publisher.publish(row_envelope, queue)
                sent += 1
        if sent:
            log.info("messages_resent", count=sent)
            MESSAGES_RESENT.labels(self._bus.service.value).inc(sent)
        carry_out_verdicts(self._bus)
        self._prune()
        return sent

    def _take_unanswered(self, connection: Connection, epoch: str | None) -> list[tuple[Envelope, str]]:
        outbox = FRAME[self._bus.service].outbox
        pause = func.least(
            self._resend_after * func.power(2, func.greatest(outbox.c.publishes - 1, 0)),
            LONGEST_PAUSE_SECONDS,
        )
        quiet_since = func.now() - pause * text("interval '1 second'")
        lost = outbox.c.published_at.is_(None) | (outbox.c.published_at < quiet_since)
        if epoch is not None:
            lost |= outbox.c.published_epoch.is_distinct_from(epoch)
        rows = connection.execute(
            select(outbox)
            .where(outbox.c.closed_at.is_(None), lost)
            .order_by(outbox.c.created_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        if rows:
            connection.execute(
                update(outbox)
                .where(outbox.c.id == bindparam("row_id"))
                .values(published_at=func.now(), publishes=outbox.c.publishes + 1, published_epoch=epoch),
                [{"row_id": row.id} for row in rows],
            )
        return [
            (
                Envelope(
                    id=row.id,
                    contract=row.contract,
                    sender=self._bus.service,
                    sent_at=row.created_at,
                    payload=row.payload,
                    trace=row.trace,
                ),
                row.queue,
            )
            for row in rows
        ]

    def _prune(self) -> None:
        if time.monotonic() - self._pruned_at > PRUNE_EVERY_SECONDS:
            self._pruned_at = time.monotonic()
            with self._bus.engine.begin() as connection:
                inbox.prune(connection, self._bus.service)

    def _heartbeat(self) -> None:
        if time.monotonic() - self._beaten_at < HEARTBEAT_EVERY_SECONDS:
            return
        with self._bus.engine.begin() as connection:
            beat(connection, self._bus.service, self._process)
        self._beaten_at = time.monotonic()


def close_answered(connection: Connection, service: Service) -> int:
    """Close the rows whose consumer has committed its inbox row."""
    outbox = FRAME[service].outbox
    open_queues = connection.execute(select(outbox.c.queue).where(outbox.c.closed_at.is_(None)).distinct()).scalars()
    closed = 0
    for queue in open_queues:
        inbox_table = FRAME[Service(queue.split(".", 1)[0])].inbox
        result = connection.execute(
            update(outbox)
            .where(
                outbox.c.closed_at.is_(None),
                outbox.c.queue == queue,
                outbox.c.id == inbox_table.c.message_id,
                inbox_table.c.completed_at.is_not(None),
            )
            .values(closed_at=func.now())
        )
        closed += result.rowcount
    return closed


def beat(connection: Connection, service: Service, process: str) -> None:
    """Say that this process lives; shown on the system page and awaited at start-up."""
    heartbeats = FRAME[service].heartbeats
    identity = {"process": process, "host": socket.gethostname(), "pid": os.getpid()}
    statement = (
        insert(heartbeats)
        .values(**identity, version=version(f"ai4k8s-{service.value}"))
        .on_conflict_do_update(
            index_elements=[heartbeats.c.host, heartbeats.c.process, heartbeats.c.pid],
            set_={"seen_at": func.now()},
        )
    )
    # The last sign of what fell silent stays in sight for a day; of what was replaced, for ten minutes.
    newer = heartbeats.alias()
    replaced = exists().where(newer.c.process == heartbeats.c.process, newer.c.seen_at > heartbeats.c.seen_at)
    silent = heartbeats.c.seen_at < func.now() - text("interval '10 minutes'")
    forgotten = heartbeats.c.seen_at < func.now() - text("interval '1 day'")
    connection.execute(heartbeats.delete().where((silent & replaced) | forgotten))
    connection.execute(statement)
