"""Sessions: begun by a log-in, ended by age, idleness or a person, and given another token every so often.

A token that was copied serves the thief only until the next change: then either the person or the thief is out, and
the person sees it. The new token is handed out until it comes back, so that an answer that was lost ends no session;
several requests at once are handed the same one.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import NotFoundError
from ai4k8s_gateway.accounts import session_repository as rows
from ai4k8s_gateway.accounts.tokens import follow_up, hash_token, new_token

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.store.gateway import SessionMethod, UserRole

TOUCH_EVERY = timedelta(minutes=1)
# What was under way when the new token was first used.
OLD_TOKEN_SERVES = timedelta(seconds=60)
_LONGEST_USER_AGENT = 300


@dataclass(frozen=True)
class SessionRules:
    """How long a session may last, and how old its token may get."""

    longest: timedelta
    idle: timedelta
    rotate_every: timedelta = timedelta(hours=1)
    # Whose sessions by password are good for nothing but setting up a second factor, until there is one.
    second_factor_for: frozenset[UserRole] = frozenset()
    # How long ago people may have proved who they are, for what asks for it; None: as long as they like.
    step_up_after: timedelta | None = None


@dataclass(frozen=True)
class Origin:
    """Where a request comes from, as far as it says."""

    client: str
    user_agent: str = ""


@dataclass(frozen=True)
class Opened:
    """A session and the cookie's value, which exists only here and in the browser."""

    token: str
    session_id: UUID
    csrf_token: str


def open_session(
    connection: Connection, rules: SessionRules, user_id: UUID, origin: Origin, method: SessionMethod
) -> Opened:
    """Begin one."""
    token, csrf_token, now = new_token(), new_token(), utc_now()
    rows.delete_dead(connection, now, rules.idle)
    session_id = rows.add(
        connection,
        user_id=user_id,
        token_hash=hash_token(token),
        csrf_token=csrf_token,
        expires_at=now + rules.longest,
        client=origin.client,
        user_agent=origin.user_agent[:_LONGEST_USER_AGENT],
        method=method,
    )
    return Opened(token, session_id, csrf_token)


def find(connection: Connection, rules: SessionRules, token: str) -> rows.SessionRow | None:
    """Return the session of a token, and note that it is in use."""
    now = utc_now()
    token_hash = hash_token(token)
    session = rows.find(connection, token_hash, now, rules.idle)
    if session is None:
        return None
    if session.next_hash == token_hash:
        rows.take_next(connection, session.id, token_hash, now, now + OLD_TOKEN_SERVES)
    if now - session.last_seen_at > TOUCH_EVERY:
        rows.touch(connection, session.id, now)
    return session


def due_token(connection: Connection, rules: SessionRules, session: rows.SessionRow, token: str) -> str | None:
    """Return the token that shall follow, when it is time; None otherwise."""
    if hash_token(token) != session.token_hash:
        return None  # it has just been followed, or it follows itself
    if session.next_salt is not None:
        return follow_up(token, session.next_salt)
    if utc_now() - session.rotated_at < rules.rotate_every:
        return None
    salt = secrets.token_bytes(32)
    following = follow_up(token, salt)
    was_first = rows.offer_next(connection, session.id, session.token_hash, hash_token(following), salt)
    return following if was_first else None


def renew(connection: Connection, session_id: UUID) -> Opened:
    """Give a session another token at once: its person has just proved who they are, or changed how they do."""
    token, csrf_token = new_token(), new_token()
    rows.replace_token(connection, session_id, hash_token(token), csrf_token, utc_now())
    return Opened(token, session_id, csrf_token)


def end(connection: Connection, user_id: UUID, session_id: UUID) -> None:
    """End one of somebody's own. Raises NotFoundError."""
    if not rows.delete_one(connection, session_id, user_id):
        raise NotFoundError("you have no such session", hint="It may have ended already.")
