"""COPY: the way many rows get into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from ai4k8s_common.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import Connection as PsycopgConnection
    from sqlalchemy import Connection, Table


def copy_rows(
    connection: Connection, table: Table | str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> int:
    """COPY rows into a table (or, by name, into a temporary one) within the open transaction.

    Returns the number of rows. Raises UnavailableError when the connection is lost; nothing is kept then.
    """
    name = (table,) if isinstance(table, str) else tuple(part for part in (table.schema, table.name) if part)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(*name), sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    )
    raw: PsycopgConnection = connection.connection.driver_connection  # type: ignore[assignment]
    count = 0
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise UnavailableError(
            "the store went away while rows were written; nothing was changed",
            hint="Try again in a few seconds.",
        ) from error
    return count
