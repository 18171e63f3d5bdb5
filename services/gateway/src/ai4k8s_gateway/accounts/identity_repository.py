"""The gateway's rows about single sign-on: who is who at the provider, and log-ins under way there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.gateway import users
from ai4k8s_common.store.people import identities, sso_attempts
from ai4k8s_gateway.accounts.repository import USER_COLUMNS, UserRow, user_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


class Purpose(StrEnum):
    """Why somebody goes to the provider."""

    LOG_IN = "log_in"
    LINK = "link"


@dataclass(frozen=True)
class IdentityRow:
    """Somebody's identity there."""

    issuer: str
    subject: str
    label: str
    created_at: datetime


@dataclass(frozen=True)
class Attempt:
    """A log-in under way."""

    state_hash: bytes
    browser_hash: bytes
    nonce: str
    verifier: str
    return_to: str
    purpose: Purpose
    session_id: UUID | None
    invitation_hash: bytes | None
    expires_at: datetime


def of_user(connection: Connection, user_id: UUID) -> list[IdentityRow]:
    """Return somebody's identities."""
    query = select(identities).where(identities.c.user_id == user_id).order_by(identities.c.created_at)
    return [IdentityRow(row.issuer, row.subject, row.label, row.created_at) for row in connection.execute(query)]


def find_user(connection: Connection, issuer: str, subject: str) -> UserRow | None:
    """Return whose an identity is."""
    query = (
        select(*USER_COLUMNS)
        .join(identities, identities.c.user_id == users.c.id)
        .where(identities.c.issuer == issuer, identities.c.subject == subject)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else user_of(row)


def add(connection: Connection, issuer: str, subject: str, user_id: UUID, label: str) -> bool:
    """Link an identity; False when it is somebody's already."""
    statement = insert(identities).values(issuer=issuer, subject=subject, user_id=user_id, label=label)
    added = statement.on_conflict_do_nothing().returning(identities.c.user_id)
    return connection.execute(added).one_or_none() is not None


def note_use(connection: Connection, issuer: str, subject: str, label: str) -> None:
    """Note when somebody came by it, and what they are called there now."""
    statement = update(identities).where(identities.c.issuer == issuer, identities.c.subject == subject)
    connection.execute(statement.values(last_used_at=func.now(), label=label))


def delete_of_user(connection: Connection, user_id: UUID) -> int:
    """Unlink somebody; return how many there were."""
    return connection.execute(sql_delete(identities).where(identities.c.user_id == user_id)).rowcount


def add_attempt(connection: Connection, attempt: Attempt) -> None:
    """Remember a log-in that goes to the provider, and forget those that never came back."""
    connection.execute(sql_delete(sso_attempts).where(sso_attempts.c.expires_at < func.now()))
    values: dict[str, Any] = {
        "state_hash": attempt.state_hash,
        "browser_hash": attempt.browser_hash,
        "nonce": attempt.nonce,
        "verifier": attempt.verifier,
        "return_to": attempt.return_to,
        "purpose": attempt.purpose.value,
        "session_id": attempt.session_id,
        "invitation_hash": attempt.invitation_hash,
        "expires_at": attempt.expires_at,
    }
    connection.execute(insert(sso_attempts).values(values))


def take_attempt(connection: Connection, state_hash: bytes, now: datetime) -> Attempt | None:
    """Take one out: it comes back once."""
    statement = sql_delete(sso_attempts).where(sso_attempts.c.state_hash == state_hash, sso_attempts.c.expires_at > now)
    row = connection.execute(statement.returning(*sso_attempts.c)).one_or_none()
    if row is None:
        return None
    return Attempt(
        bytes(row.state_hash),
        bytes(row.browser_hash),
        row.nonce,
        row.verifier,
        row.return_to,
        Purpose(row.purpose),
        row.session_id,
        None if row.invitation_hash is None else bytes(row.invitation_hash),
        row.expires_at,
    )
