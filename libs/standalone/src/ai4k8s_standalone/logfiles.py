"""Logs of the processes: read from a pipe, written to files of bounded size.

The processes write to their standard streams and know nothing of files. A reader never stops reading, whatever
becomes of the file (a full disk, say): a process whose pipe is full would stand still.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from typing import IO, TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Generator
    from pathlib import Path

MAX_BYTES = 5_000_000
KEPT_FILES = 2
_REMEMBERED_LINES = 30
_LONGEST_LINE_BYTES = 65_536
_FOLLOW_SECONDS = 0.25
_READER_END_SECONDS = 2.0


class LogFile:
    """A file that is moved aside when it has grown: name.log, name.log.1, name.log.2."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES, kept_files: int = KEPT_FILES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._kept_files = kept_files
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None

    def write(self, line: bytes) -> None:
        """Append a line. What cannot be written is dropped."""
        with self._lock, contextlib.suppress(OSError):
            if self._file is None:
                self._file = self._open()
            self._file.write(line)
            self._file.flush()
            if self._file.tell() > self._max_bytes:
                self._rotate()

    def _open(self) -> IO[bytes]:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return os.fdopen(descriptor, "ab")

    def _rotate(self) -> None:
        self._close()
        for number in range(self._kept_files - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                self._aside(number).replace(self._aside(number + 1))
        self.path.replace(self._aside(1))

    def _aside(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with contextlib.suppress(OSError):  # the disk may be full
                file.close()

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        with self._lock:
            self._close()


class PipeReader:
    """Moves what one process prints into its log file, remembers the end of it and watches for a line."""

    def __init__(self, pipe: IO[bytes], log: LogFile | None, awaited: re.Pattern[str] | None = None) -> None:
        self._pipe = pipe
        self._log = log
        self._awaited = awaited
        self.seen = threading.Event()
        self.last_lines: deque[str] = deque(maxlen=_REMEMBERED_LINES)
        self._thread = threading.Thread(target=self._read, name="pipe-reader", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the pipe was closed under us
            while line := self._pipe.readline(_LONGEST_LINE_BYTES):
                if self._log is not None:
                    self._log.write(line)
                text = line.decode("utf-8", errors="replace").rstrip()
                self.last_lines.append(text)
                if self._awaited is not None and self._awaited.search(text):
                    self.seen.set()

    def tail(self, count: int = 8) -> str:
        """The last lines, as one text."""
        return "\n".join([*self.last_lines][-count:])

    def finish(self) -> None:
        """Wait for what is still in the pipe of a process that ended."""
        self._thread.join(_READER_END_SECONDS)


def last_lines(path: Path, count: int) -> list[str]:
    """The end of a log, looking into the file that was moved aside last when the present one is short."""
    lines: deque[str] = deque(maxlen=count)
    for part in (path.with_name(f"{path.name}.1"), path):
        with contextlib.suppress(FileNotFoundError), part.open(encoding="utf-8", errors="replace") as file:
            lines.extend(line.rstrip("\n") for line in file)
    return list(lines)


def follow(paths: dict[str, Path], emit: Callable[[str, str], None]) -> None:
    """Call `emit(name, line)` for every line written from now on, for ever; files may be rotated or not exist yet."""
    tails = [tail(name, path) for name, path in paths.items()]
    while True:
        for tail in tails:
            for name, line in next(tail):
                emit(name, line)
        time.sleep(_FOLLOW_SECONDS)


def tail(name: str, path: Path) -> Generator[list[tuple[str, str]], None, None]:
    """Each step yields the lines that came since the last one; the first shows where to go on from."""
    file: TextIO | None = _open_or_none(path)
    if file is not None:
        file.seek(0, os.SEEK_END)
    try:
        while True:
            lines: list[str] = [] if file is None else [*file]
            if file is None or _was_replaced(file, path):
                if file is not None:
                    file.close()
                file = _open_or_none(path)
                lines += [] if file is None else [*file]
            yield [(name, line.rstrip("\n")) for line in lines]
    finally:
        if file is not None:
            file.close()


def _open_or_none(path: Path) -> TextIO | None:
    try:
        return path.open(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _was_replaced(file: TextIO, path: Path) -> bool:
    try:
        return path.stat().st_ino != os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return True
