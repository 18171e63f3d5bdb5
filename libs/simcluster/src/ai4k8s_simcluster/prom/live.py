"""What has been measured since the cluster first started, kept on disk so that a restart does not forget it.

Each scrape appends one line to a file; a line cut short by a crash is ignored when it is read back.
"""

import math
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson

from ai4k8s_simcluster.prom.series import NAME, STALE, Series

_RETENTION_MS = 14 * 86_400_000
LabelKey = tuple[tuple[str, str], ...]


class _Buffer:
    __slots__ = ("labels", "number", "times", "values")

    def __init__(self, number: int, labels: dict[str, str]) -> None:
        self.number = number
        self.labels = labels
        self.times = array("q")
        self.values = array("d")


class LiveSeries:
    """Recorded series, appended to scrape by scrape."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._buffers: dict[LabelKey, _Buffer] = {}
        self._by_number: dict[int, _Buffer] = {}
        self._present: set[int] = set()
        self._file: BinaryIO | None = None
        if path is not None:
            self._read(path)
            self._file = path.open("ab")

    def names(self) -> set[str]:
        """Return the metric names there are."""
        return {buffer.labels[NAME] for buffer in self._buffers.values()}

    def series(self, name: str) -> list[Series]:
        """Return all series of a metric."""
        return [
            Series(
                buffer.labels,
                np.array(buffer.times, dtype=np.int64),
                np.array(buffer.values, dtype=np.float64),
            )
            for buffer in self._buffers.values()
            if buffer.labels[NAME] == name
        ]

    def append(self, at_ms: int, samples: list[tuple[Mapping[str, str], float]]) -> None:
        """Record one scrape; series that were in the last one and are not in this one end here."""
        fresh: list[list[Any]] = []
        values: list[list[Any]] = []
        present: set[int] = set()
        for labels, value in samples:
            key = tuple(sorted(labels.items()))
            buffer = self._buffers.get(key)
            if buffer is None:
                buffer = self._add(len(self._by_number), dict(labels))
                fresh.append([buffer.number, buffer.labels])
            present.add(buffer.number)
            values.append([buffer.number, value])
        ended = sorted(self._present - present)
        self._present = present
        self._store(at_ms, values, ended)
        if self._file is not None:
            line: dict[str, Any] = {"t": at_ms, "v": values}
            if fresh:
                line["new"] = fresh
            if ended:
                line["end"] = ended
            self._file.write(orjson.dumps(line) + b"\n")
            self._file.flush()

    def last_value(self, labels: Mapping[str, str]) -> float | None:
        """Return the newest value of a series."""
        buffer = self._buffers.get(tuple(sorted(labels.items())))
        found = [value for value in (buffer.values[-2:] if buffer else ()) if not math.isnan(value)]
        return found[-1] if found else None

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _add(self, number: int, labels: dict[str, str]) -> _Buffer:
        buffer = _Buffer(number, labels)
        self._buffers[tuple(sorted(labels.items()))] = buffer
        self._by_number[number] = buffer
        return buffer

    def _store(self, at_ms: int, values: list[list[Any]], ended: list[int]) -> None:
        for number, value in [*values, *((number, STALE) for number in ended)]:
            buffer = self._by_number[number]
            if not buffer.times or buffer.times[-1] < at_ms:
                buffer.times.append(at_ms)
                buffer.values.append(value)

    def _read(self, path: Path) -> None:
        if not path.exists():
            return
        raw = path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if len(whole) < len(raw):
            path.write_bytes(whole)
        lines = [orjson.loads(line) for line in whole.splitlines()]
        newest = lines[-1]["t"] if lines else 0
        for line in lines:
            for number, labels in line.get("new", ()):
                self._add(number, labels)
            if line["t"] >= newest - _RETENTION_MS:
                self._store(line["t"], line["v"], line.get("end", []))
            self._present = {number for number, _ in line["v"]}
