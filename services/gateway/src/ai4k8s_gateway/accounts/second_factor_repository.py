"""The gateway's rows about second factors: one sealed seed a person, and the hashes of their recovery codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, or_, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.people import recovery_codes, second_factors

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True)
class SecondFactorRow:
    """A seed, and whether its person has shown to have it."""

    sealed: bytes
    confirmed_at: datetime | None


def find(connection: Connection, user_id: UUID) -> SecondFactorRow | None:
    """Return somebody's, if there is one."""
    query = select(second_factors.c.sealed, second_factors.c.confirmed_at).where(second_factors.c.user_id == user_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else SecondFactorRow(bytes(row.sealed), row.confirmed_at)


def put_unconfirmed(connection: Connection, user_id: UUID, sealed: bytes) -> bool:
    """Keep a seed until it is confirmed; False when there is a confirmed one."""
    values = {"sealed": sealed, "last_step": None, "created_at": func.now()}
    statement = insert(second_factors).values(user_id=user_id, **values)
    statement = statement.on_conflict_do_update(
        index_elements=["user_id"], set_=values, where=second_factors.c.confirmed_at.is_(None)
    )
    return connection.execute(statement.returning(second_factors.c.user_id)).one_or_none() is not None


def use_step(connection: Connection, user_id: UUID, step: int) -> bool:
    """Accept the code of a time step; False when it or a later one was accepted before."""
    statement = (
        update(second_factors)
        .where(
            second_factors.c.user_id == user_id,
            or_(second_factors.c.last_step.is_(None), second_factors.c.last_step < step),
        )
        .values(last_step=step)
    )
    return connection.execute(statement).rowcount == 1


def confirm(connection: Connection, user_id: UUID, now: datetime) -> None:
    """From now on it is asked for."""
    connection.execute(update(second_factors).where(second_factors.c.user_id == user_id).values(confirmed_at=now))


def delete(connection: Connection, user_id: UUID) -> None:
    """Forget the seed and the codes."""
    connection.execute(sql_delete(second_factors).where(second_factors.c.user_id == user_id))
    connection.execute(sql_delete(recovery_codes).where(recovery_codes.c.user_id == user_id))


def put_recovery_codes(connection: Connection, user_id: UUID, hashes: list[bytes]) -> None:
    """Replace all codes."""
    connection.execute(sql_delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    connection.execute(insert(recovery_codes), [{"code_hash": item, "user_id": user_id} for item in hashes])


def use_recovery_code(connection: Connection, user_id: UUID, code_hash: bytes, now: datetime) -> bool:
    """Use one up; False when it is none, or was used."""
    statement = (
        update(recovery_codes)
        .where(
            recovery_codes.c.user_id == user_id,
            recovery_codes.c.code_hash == code_hash,
            recovery_codes.c.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return connection.execute(statement).rowcount == 1


def recovery_codes_left(connection: Connection, user_id: UUID) -> int:
    """Return how many are unused."""
    query = select(func.count()).where(recovery_codes.c.user_id == user_id, recovery_codes.c.used_at.is_(None))
    return connection.execute(query).scalar_one()
