"""What survives a restart, even a kill -9: every accepted write is in the journal before it is answered.

A snapshot is written now and then, by rename, and makes the journal short again. Journal entries that a
snapshot already holds are recognised by their version, so a crash between the two steps does no harm.
"""

import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ai4k8s_simcluster.store import Change, ChangeKind, Store
from ai4k8s_simcluster.types import Obj

_PRIVATE = 0o600


class StateInUseError(RuntimeError):
    """Another process runs on this state directory."""


@dataclass
class SavedState:
    """The state as it was last written."""

    version: int = 0
    objects: list[tuple[str, Obj]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


def write_private(path: Path, data: bytes) -> None:
    """Write a file by rename, readable by its owner only."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    temporary.replace(path)


class StateFiles:
    """The files of one state directory, held by one process.

    durable: whether objects are written down; a fleet of 150,000 pods is rather made anew.
    """

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = directory
        self.durable = durable
        directory.mkdir(parents=True, exist_ok=True)
        self._snapshot = directory / "state.json"
        self._journal_path = directory / "journal.jsonl"
        self._journal: BinaryIO | None = None
        self._lock = (directory / "lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise StateInUseError(f"another simulated cluster runs on {directory}") from error
        if not durable and self._snapshot.exists():
            self._lock.close()
            raise StateInUseError(
                f"{directory} holds the objects of another cluster, and one with --pods keeps none: "
                "give it a --state-dir of its own"
            )

    def load(self) -> SavedState:
        """Read the snapshot and what the journal adds to it."""
        state = SavedState()
        if self._snapshot.exists():
            raw = orjson.loads(self._snapshot.read_bytes())
            state.version, state.extra = raw["version"], raw["extra"]
            state.objects = [(key, obj) for key, obj in raw["objects"]]
        if self._journal_path.exists():
            _replay(state, self._journal_path.read_bytes())
        return state

    def journal(self, change: Change) -> None:
        """Append one change."""
        if not self.durable:
            return
        if self._journal is None:
            self._journal = self._journal_path.open("ab", buffering=0)
        line = {"k": change.resource.key, "t": str(change.kind), "v": change.version, "o": change.stored.obj}
        self._journal.write(orjson.dumps(line) + b"\n")

    def save(self, store: Store, extra: dict[str, Any]) -> None:
        """Write a snapshot and start the journal anew."""
        if not self.durable:
            return
        write_private(
            self._snapshot, orjson.dumps({"version": store.version, "objects": store.everything(), "extra": extra})
        )
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        self._journal_path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the directory."""
        if self._journal is not None:
            self._journal.close()
        self._lock.close()


def _replay(state: SavedState, raw: bytes) -> None:
    def identity(key: str, obj: Obj) -> tuple[str, str, str]:
        return key, obj["metadata"].get("namespace", ""), obj["metadata"]["name"]

    objects = {identity(key, obj): (key, obj) for key, obj in state.objects}
    for line in raw[: raw.rfind(b"\n") + 1].splitlines():
        entry = orjson.loads(line)
        if entry["v"] <= state.version:
            continue
        key, obj = entry["k"], entry["o"]
        if entry["t"] == ChangeKind.DELETED:
            objects.pop(identity(key, obj), None)
        else:
            objects[identity(key, obj)] = (key, obj)
        state.version = entry["v"]
    state.objects = list(objects.values())
