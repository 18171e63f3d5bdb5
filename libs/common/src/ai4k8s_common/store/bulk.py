"""The ways many rows get into the store: COPY for what is new, one JSON for what may be there already."""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import text

from ai4k8s_common.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from psycopg import Connection as PsycopgConnection
    from sqlalchemy import Connection, Row, Table

UPSERT_ROWS = 2_000


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


def upsert_rows(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    *,
    identity: Sequence[str],
    kept: Collection[str] = (),
    returning: Sequence[str] = (),
    with_changes: Mapping[str, str] | None = None,
) -> list[Row[Any]]:
    """Insert rows, or bring those of the same identity up to date. All rows have the same keys, column names.

    The rows travel as one JSON, which Postgres reads into the table's own row type: no temporary table, no statement
    with thousands of parameters. `kept` columns stay as they were first written; `with_changes` sets further columns
    on a conflict, by SQL.
    """
    if not rows:
        return []
    columns = list(rows[0])
    changed = [name for name in columns if name not in identity and name not in kept]
    sets = [f"{name} = excluded.{name}" for name in changed]
    sets += [f"{name} = {expression}" for name, expression in (with_changes or {}).items()]
    action = f"UPDATE SET {', '.join(sets)}" if sets else "NOTHING"
    listed = ", ".join(columns)
    pieces = (
        f"INSERT INTO {table.fullname} ({listed})",
        # Names come from our own tables, never from outside.
        f"SELECT {listed} FROM json_populate_recordset(NULL::{table.fullname}, CAST(:rows AS json))",  # noqa: S608
        f"ON CONFLICT ({', '.join(identity)}) DO {action}",
        f"RETURNING {', '.join(returning)}" if returning else "",
    )
    statement = text(" ".join(pieces))
    found: list[Row[Any]] = []
    for start in range(0, len(rows), UPSERT_ROWS):
        piece = json.dumps(rows[start : start + UPSERT_ROWS], default=_plain)
        result = connection.execute(statement, {"rows": piece})
        if returning:
            found += result.all()
    return found


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return dict(value) if hasattr(value, "keys") else list(value)  # type: ignore[call-overload]


def array_literal(values: Sequence[float]) -> str:
    """Postgres' text form of a `double precision[]`, for `copy_rows`: several times faster than adapting a list."""
    if not all(map(math.isfinite, values)):
        raise ValueError("an array for the store holds a number that is none")
    return "{" + ",".join(map(repr, values)) + "}"
