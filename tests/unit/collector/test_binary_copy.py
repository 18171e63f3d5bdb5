"""Columns become the bytes that Postgres' binary COPY reads, NULLs included."""

from __future__ import annotations

import struct
import uuid

import numpy as np

from ai4k8s_collector.binary_copy import POSTGRES_EPOCH, Column, Kind, encoded

CLUSTER = uuid.UUID(int=7)


def read(blocks: list[memoryview], formats: str) -> set[tuple[object, ...]]:
    """Decode rows as the format's description says."""
    data, rows, at = b"".join(blocks), set(), 0
    while at < len(data):
        (count,) = struct.unpack_from(">h", data, at)
        assert count == len(formats)
        at += 2
        row: list[object] = []
        for kind in formats:
            (length,) = struct.unpack_from(">i", data, at)
            at += 4
            if length < 0:
                row.append(None)
                continue
            piece = data[at : at + length]
            row.append(piece if kind == "s" else struct.unpack(f">{kind}", piece)[0])
            at += length
        rows.add(tuple(row))
    return rows


def test_every_kind_and_every_pattern_of_nulls_is_written() -> None:
    columns = [
        Column("cluster_id", Kind.UUID, CLUSTER.bytes),
        Column("workload_id", Kind.BIGINT, np.array([1, 2, 3])),
        Column("at", Kind.TIMESTAMP, np.array([POSTGRES_EPOCH, POSTGRES_EPOCH + 1.5, POSTGRES_EPOCH + 2])),
        Column("pods", Kind.INTEGER, np.array([4.0, np.nan, 6.0])),
        Column("cpu", Kind.DOUBLE, np.array([0.5, 1.5, np.nan])),
        Column("saturated", Kind.BOOLEAN, 1),
    ]
    assert read(encoded(columns, 3), "sqqid?") == {
        (CLUSTER.bytes, 1, 0, 4, 0.5, True),
        (CLUSTER.bytes, 2, 1_500_000, None, 1.5, True),
        (CLUSTER.bytes, 3, 2_000_000, 6, None, True),
    }
