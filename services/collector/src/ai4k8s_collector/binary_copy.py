"""COPY of whole columns, as Postgres reads them fastest: binary, made by numpy without a loop over rows.

Rows of one pattern of NULLs have one layout, so each pattern is one structured array; there are only ever a few.
Format: "Binary Format" in the documentation of COPY.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
from psycopg import sql

from ai4k8s_common.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from psycopg import Connection as PsycopgConnection
    from sqlalchemy import Connection

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)
#: Seconds between Unix's epoch and that of Postgres, 2000-01-01.
POSTGRES_EPOCH = 946_684_800
PIECE_BYTES = 1 << 20


class Kind(Enum):
    """A column's type in the store, with numpy's name for its bytes."""

    DOUBLE = ">f8"
    BIGINT = ">i8"
    INTEGER = ">i4"
    SMALLINT = ">i2"
    BOOLEAN = "u1"
    TIMESTAMP = ">i8 timestamp"
    UUID = "S16"

    @property
    def layout(self) -> str:
        """numpy's type."""
        return self.value.partition(" ")[0]


@dataclass(frozen=True)
class Column:
    """One column: numbers, a float's NaN being NULL; Unix seconds of a timestamp; or one value for all rows.

    A UUID is given as its 16 bytes.
    """

    name: str
    kind: Kind
    values: NDArray[Any] | bytes | int


def copy_columns(connection: Connection, table: Sequence[str], columns: Sequence[Column], rows: int) -> int:
    """COPY columns of equal length into a table, named by its parts, within the open transaction.

    Returns the number of rows. Raises UnavailableError when the connection is lost; nothing is kept then.
    """
    if not rows:
        return 0
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(*table), sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    )
    raw: PsycopgConnection = connection.connection.driver_connection  # type: ignore[assignment]
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(SIGNATURE)
            for block in encoded(columns, rows):
                for start in range(0, len(block), PIECE_BYTES):
                    copy.write(block[start : start + PIECE_BYTES])
            copy.write(TRAILER)
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise UnavailableError(
            "the store went away while rows were written; nothing was changed", hint="Try again in a few seconds."
        ) from error
    return rows


def encoded(columns: Sequence[Column], rows: int) -> list[memoryview]:
    """Return the rows' bytes, a block for each pattern of NULLs."""
    nulls = np.stack([_nulls(column, rows) for column in columns], axis=1)
    patterns, which = np.unique(np.packbits(nulls, axis=1), axis=0, return_inverse=True)
    which = which.reshape(-1)
    blocks = []
    for number in range(len(patterns)):
        chosen = np.flatnonzero(which == number)
        blocks.append(_block(columns, chosen, nulls[chosen[0]]))
    return blocks


def _nulls(column: Column, rows: int) -> NDArray[np.bool_]:
    values = column.values
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        missing: NDArray[np.bool_] = np.isnan(values)
        return missing
    return np.zeros(rows, np.bool_)


def _block(columns: Sequence[Column], chosen: NDArray[np.intp], nulls: NDArray[np.bool_]) -> memoryview:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for number, (column, null) in enumerate(zip(columns, nulls.tolist(), strict=True)):
        fields.append((f"length{number}", ">i4"))
        if not null:
            fields.append((f"value{number}", column.kind.layout))
    block = np.zeros(len(chosen), np.dtype(fields))
    block["fields"] = len(columns)
    for number, (column, null) in enumerate(zip(columns, nulls.tolist(), strict=True)):
        block[f"length{number}"] = -1 if null else np.dtype(column.kind.layout).itemsize
        if not null:
            block[f"value{number}"] = _stored(column, chosen)
    return memoryview(block.tobytes())


def _stored(column: Column, chosen: NDArray[np.intp]) -> Any:
    values = column.values
    if not isinstance(values, np.ndarray):
        return values
    if column.kind is Kind.TIMESTAMP:
        return np.rint((values[chosen] - POSTGRES_EPOCH) * 1e6).astype(np.int64)
    return np.rint(values[chosen]) if column.kind is Kind.INTEGER else values[chosen]
