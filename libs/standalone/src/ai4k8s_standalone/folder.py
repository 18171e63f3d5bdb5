"""The data folder: where everything lives that survives a restart, and the lock that one supervisor holds on it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai4k8s_standalone.errors import AlreadyRunningError, DiskFullError, StandaloneError

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME_VARIABLE = "AI4K8S_HOME"
PROJECT_FOLDER = ".ai4k8s"
_PRIVATE = 0o700
# Others may pass through, so that Postgres can be `nobody` where we are root, but not look around.
_PASSABLE = 0o711
_LEAST_FREE_BYTES = 300_000_000


@dataclass(frozen=True)
class DataFolder:
    """Paths below one data folder."""

    path: Path

    @property
    def secrets_file(self) -> Path:
        """Generated passwords and keys."""
        return self.path / "secrets.json"

    @property
    def logs(self) -> Path:
        """One file for each process."""
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """What is true only while it runs."""
        return self.path / "run"

    @property
    def state_file(self) -> Path:
        """What the supervisor says of itself and its processes."""
        return self.run / "state.json"

    @property
    def ports_file(self) -> Path:
        """The ports of the last run, to be used again where they are free."""
        return self.path / "ports.json"

    @property
    def postgres(self) -> Path:
        """The Postgres cluster."""
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's configuration and append-only file."""
        return self.path / "valkey"

    @property
    def simcluster(self) -> Path:
        """What the simulated cluster keeps."""
        return self.path / "simcluster"

    def create(self) -> None:
        """Make the folder and its parts.

        Raises:
            StandaloneError: it cannot be made or written.
            DiskFullError: there is no room worth starting with.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(_PASSABLE)
            for private in (self.logs, self.run, self.simcluster):
                private.mkdir(mode=_PRIVATE, exist_ok=True)
        except OSError as error:
            raise StandaloneError(
                f"the data folder {self.path} cannot be used: {error.strerror}",
                f"Choose another with --data-dir, or set {HOME_VARIABLE}.",
            ) from error
        free_bytes = shutil.disk_usage(self.path).free
        if free_bytes < _LEAST_FREE_BYTES:
            raise DiskFullError(
                f"only {free_bytes // 1_000_000} MB are free where the data folder {self.path} is",
                f"Free at least {_LEAST_FREE_BYTES // 1_000_000} MB, or choose another with --data-dir.",
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock; the kernel lets go of it whenever and however we end.

        Raises:
            AlreadyRunningError: another supervisor holds it.
        """
        descriptor = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunningError(f"AI4K8s runs already with the data folder {self.path}") from None
            yield
        finally:
            os.close(descriptor)


def choose_folder(asked_for: Path | None) -> DataFolder:
    """Decide which data folder is meant.

    In this order: what was asked for; $AI4K8S_HOME; a folder `.ai4k8s` here or further up, as `make up` makes one in
    a checkout; the user's own data folder.
    """
    if asked_for is not None:
        return DataFolder(asked_for.resolve())
    if home := os.environ.get(HOME_VARIABLE):
        return DataFolder(Path(home).resolve())
    here = Path.cwd()
    for place in (here, *here.parents):
        if (place / PROJECT_FOLDER).is_dir():
            return DataFolder(place / PROJECT_FOLDER)
    shared = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return DataFolder(Path(shared).resolve() / "ai4k8s")


def write_private_json(path: Path, content: Any) -> None:
    """Replace a file as a whole: a reader sees the old or the new one, and being killed here does no harm."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp makes it 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    Path(draft).replace(path)


def read_json(path: Path) -> Any:
    """Read a file of ours; None when there is none or it is not what it should be."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
