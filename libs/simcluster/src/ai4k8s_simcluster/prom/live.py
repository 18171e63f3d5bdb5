"""What has been measured since the cluster first started, kept on disk so that a restart does not forget it.

Each scrape appends one line to a file, with the values that are not what they were; a line cut short by a crash is
ignored when it is read back.
"""

import math
from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson

from ai4k8s_simcluster.prom.series import NAME, STALE, Series
from ai4k8s_simcluster.types import IntArray

_GOES_ON = -1
LabelKey = tuple[tuple[str, str], ...]


class _Buffer:
    """A series as runs of one value: most of what exporters show stays the same for hours."""

    __slots__ = ("begins", "ends", "labels", "number", "values")

    def __init__(self, number: int, labels: dict[str, str]) -> None:
        self.number = number
        self.labels = labels
        self.begins = array("q")  # numbers of scrapes
        self.ends = array("q")
        self.values = array("d")

    @property
    def open(self) -> bool:
        """Say whether the last run goes on."""
        return bool(self.ends) and self.ends[-1] == _GOES_ON

    def change(self, scrape: int, value: float) -> None:
        """Begin a run."""
        self.close(scrape)
        self.begins.append(scrape)
        self.ends.append(_GOES_ON)
        self.values.append(value)

    def close(self, scrape: int) -> None:
        """End the last run before a scrape."""
        if self.open:
            self.ends[-1] = scrape - 1

    def series(self, times: IntArray) -> Series:
        """Return the samples, given when each scrape was."""
        begins, ends = np.array(self.begins, dtype=np.int64), np.array(self.ends, dtype=np.int64)
        ends = np.where(ends == _GOES_ON, len(times) - 1, ends)
        lengths = ends - begins + 1
        offsets = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        values = np.repeat(np.array(self.values, dtype=np.float64), lengths)
        return Series(self.labels, times[np.repeat(begins, lengths) + offsets], values)


class LiveSeries:
    """Recorded series, appended to scrape by scrape."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._times = array("q")
        self._by_name: dict[str, list[_Buffer]] = {}
        self._buffers: dict[LabelKey, _Buffer] = {}
        self._by_number: dict[int, _Buffer] = {}
        self._present: set[int] = set()
        self._file: BinaryIO | None = None
        if path is not None:
            self._read(path)
            self._file = path.open("ab")

    def names(self) -> set[str]:
        """Return the metric names there are."""
        return set(self._by_name)

    def series(self, name: str) -> list[Series]:
        """Return all series of a metric."""
        times = np.array(self._times, dtype=np.int64)
        return [buffer.series(times) for buffer in self._by_name.get(name, ())]

    def find(self, labels: Mapping[str, str]) -> Series | None:
        """Return the series with exactly these labels, if there is one."""
        buffer = self._buffers.get(tuple(sorted(labels.items())))
        return buffer.series(np.array(self._times, dtype=np.int64)) if buffer is not None else None

    def append(self, at_ms: int, samples: Iterable[tuple[Mapping[str, str], float]]) -> None:
        """Record one scrape; series that were in the last one and are not in this one end here."""
        if self._times and self._times[-1] >= at_ms:
            return
        fresh: list[list[Any]] = []
        changed: list[list[Any]] = []
        present: set[int] = set()
        for labels, value in samples:
            key = tuple(sorted(labels.items()))
            buffer = self._buffers.get(key)
            if buffer is None:
                buffer = self._add(len(self._by_number), dict(labels))
                fresh.append([buffer.number, buffer.labels])
            present.add(buffer.number)
            if not buffer.open or buffer.values[-1] != value:
                changed.append([buffer.number, value])
        ended = sorted(self._present - present)
        self._present = present
        self._store(at_ms, changed, ended)
        if self._file is not None:
            line: dict[str, Any] = {"t": at_ms, "v": changed}
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
        self._by_name.setdefault(labels[NAME], []).append(buffer)
        return buffer

    def _store(self, at_ms: int, changed: list[list[Any]], ended: list[int]) -> None:
        self._times.append(at_ms)
        scrape = len(self._times) - 1
        for number, value in changed:
            self._by_number[number].change(scrape, value)
        for number in ended:
            buffer = self._by_number[number]
            buffer.change(scrape, STALE)
            buffer.close(scrape + 1)

    def _read(self, path: Path) -> None:
        if not path.exists():
            return
        raw = path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if len(whole) < len(raw):
            path.write_bytes(whole)
        for line in map(orjson.loads, whole.splitlines()):
            for number, labels in line.get("new", ()):
                self._add(number, labels)
            ended = line.get("end", [])
            self._store(line["t"], line["v"], ended)
            self._present = (self._present | {number for number, _ in line["v"]}) - set(ended)
