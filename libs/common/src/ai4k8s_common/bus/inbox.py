"""Each message has one effect: the consumer's memory of what it has handled, and how often it tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.base import FRAME

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ai4k8s_common.contracts.base import Envelope
    from ai4k8s_common.services import Service

MAX_ERROR_CHARACTERS = 2_000


def try_lock(connection: Connection, envelope: Envelope) -> bool:
    """Take the message for this transaction; False when another worker is busy with it right now.

    The lock dies with the connection, so neither a killed worker nor a lost network leaves one behind.
    """
    key = envelope.id.int & ((1 << 63) - 1)
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(key))).scalar_one())


def is_completed(connection: Connection, service: Service, envelope: Envelope) -> bool:
    """Whether the message had its effect already (or was buried)."""
    inbox = FRAME[service].inbox
    query = select(inbox.c.completed_at).where(inbox.c.message_id == envelope.id)
    return connection.execute(query).scalar_one_or_none() is not None


def count_attempt(connection: Connection, service: Service, envelope: Envelope) -> int:
    """Count one more attempt and return how many there were; committed before the work begins."""
    inbox = FRAME[service].inbox
    statement = insert(inbox).values(
        message_id=envelope.id, contract=envelope.contract, sender=envelope.sender.value, attempts=1
    )
    statement = statement.on_conflict_do_update(
        index_elements=[inbox.c.message_id], set_={"attempts": inbox.c.attempts + 1}
    )
    return int(connection.execute(statement.returning(inbox.c.attempts)).scalar_one())


def complete(connection: Connection, service: Service, envelope: Envelope) -> None:
    """Record, in the same transaction as the effect, that the message had it."""
    inbox = FRAME[service].inbox
    connection.execute(
        update(inbox).where(inbox.c.message_id == envelope.id).values(completed_at=func.now(), last_error=None)
    )


def record_error(connection: Connection, service: Service, envelope: Envelope, error: str) -> None:
    """Keep why the latest attempt failed."""
    inbox = FRAME[service].inbox
    connection.execute(
        update(inbox).where(inbox.c.message_id == envelope.id).values(last_error=error[:MAX_ERROR_CHARACTERS])
    )


def bury(connection: Connection, service: Service, envelope: Envelope, queue: str, attempts: int, error: str) -> None:
    """Move a message to the dead letters, where a person sees it; the queue flows on."""
    frame = FRAME[service]
    connection.execute(
        frame.dead_letters.insert().values(
            message_id=envelope.id,
            contract=envelope.contract,
            queue=queue,
            payload=envelope.payload,
            attempts=attempts,
            error=error[:MAX_ERROR_CHARACTERS],
        )
    )
    statement = insert(frame.inbox).values(
        message_id=envelope.id, contract=envelope.contract, sender=envelope.sender.value, attempts=attempts
    )
    closed = {"completed_at": func.now(), "last_error": error[:MAX_ERROR_CHARACTERS]}
    connection.execute(
        statement.values(**closed).on_conflict_do_update(index_elements=[frame.inbox.c.message_id], set_=closed)
    )


def prune(connection: Connection, service: Service) -> None:
    """Forget what is long done; an inbox row outlives every outbox row that could still be resent."""
    for table, column, age in (("outbox", "closed_at", "1 day"), ("inbox", "completed_at", "3 days")):
        connection.execute(
            text(f"DELETE FROM {service.value}.{table} WHERE {column} < now() - interval '{age}'")  # noqa: S608
        )
