"""Postgres in a folder of our own: TCP on the loopback address only, SCRAM with a generated password.

Postgres refuses to run as root, which is what containers and fresh machines often offer. Then it runs as
`nobody` where that account can reach program and data, and otherwise inside a user namespace, where it takes
itself for `nobody` while its files stay ours.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from ai4k8s_standalone import identity
from ai4k8s_standalone.embedded.binaries import postgres_binary
from ai4k8s_standalone.errors import CannotRunAsOtherUserError, NotReadyError, StandaloneError, explain
from ai4k8s_standalone.ports import LOOPBACK
from ai4k8s_standalone.process import Child, Command, RunAs, nobody

SUPERUSER = "ai4k8s"
DATABASE = "ai4k8s"
_INITDB_WITHIN_SECONDS = 120
_PROBE_WITHIN_SECONDS = 20
_LEFTOVER_STOP_SECONDS = 10
_VERSION_FILE = "PG_VERSION"

# For one person's machine: little memory, no replication, quick checkpoints.
SMALL_SETTINGS: dict[str, str] = {
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_connections": "200",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "huge_pages": "off",
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "restart_after_crash": "on",
}


@dataclass(frozen=True, kw_only=True)
class EmbeddedPostgres:
    """A Postgres cluster in `folder`, made there when there is none yet."""

    folder: Path
    port: int
    password: str = field(repr=False)
    settings: dict[str, str] = field(default_factory=dict)
    sync_to_disk: bool = True

    @property
    def url(self) -> str:
        """The superuser's address of the database."""
        return self.url_of(SUPERUSER, self.password)

    def url_of(self, role: str, password: str, database: str = DATABASE) -> str:
        """The address of a database for one role."""
        return f"postgresql://{quote(role)}:{quote(password, safe='')}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> Command:
        """End what an earlier run left behind, create the cluster if there is none, and say what to run.

        Raises:
            CannotRunAsOtherUserError: we are root, and no other identity is to be had.
            DiskFullError, NotReadyError: the cluster could not be created.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        _end_leftovers(self.folder)
        run_as = choose_identity(self.folder.parent)
        if not (self.folder / _VERSION_FILE).exists():
            self._create(run_as)
        give_to(self.folder, run_as)
        return Command(
            name="postgres",
            arguments=self._server_arguments(),
            working_directory=self.folder,
            run_as=run_as,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, then shuts down cleanly
            stop_within_seconds=20,
            parent_death_signal=signal.SIGINT,
        )

    def answers(self) -> bool:
        """Whether it accepts our password and answers a query.

        Raises:
            StandaloneError: it refuses the password, which waiting does not change.
        """
        try:
            with psycopg.connect(self._maintenance_url, connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise StandaloneError(
                    f"the Postgres cluster in {self.folder} was made with another password",
                    "Put its secrets.json back, or move the data folder away to start afresh.",
                ) from None
            return False
        return True

    def finish_start(self) -> None:
        """Create the database of `url`, unless it exists.

        Raises:
            NotReadyError: the server went away again.
        """
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        try:
            with psycopg.connect(self._maintenance_url, autocommit=True) as connection:
                if connection.execute(known, [DATABASE]).fetchone() is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.Error as error:
            raise NotReadyError(f"Postgres cannot create its database: {error}") from error

    @property
    def _maintenance_url(self) -> str:
        return self.url_of(SUPERUSER, self.password, "postgres")

    def _server_arguments(self) -> tuple[str, ...]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            **SMALL_SETTINGS,
            **({} if self.sync_to_disk else {"fsync": "off", "full_page_writes": "off"}),
            **self.settings,
        }
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        return (str(postgres_binary("postgres")), "-D", str(self.folder), *options)

    def _create(self, run_as: RunAs) -> None:
        """Create the cluster beside its place and move it there whole: being killed here does no harm."""
        if self.folder.exists() and any(self.folder.iterdir()):
            raise StandaloneError(f"{self.folder} holds something, but not a Postgres cluster", "Move it away.")
        for abandoned in self.folder.parent.glob(f"{self.folder.name}.new-*"):
            shutil.rmtree(abandoned)
        draft = Path(tempfile.mkdtemp(prefix=f"{self.folder.name}.new-", dir=self.folder.parent))
        try:
            self._initdb(draft, run_as)
            if self.folder.exists():
                self.folder.rmdir()
            (draft / "cluster").rename(self.folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _initdb(self, draft: Path, run_as: RunAs) -> None:
        password_file = draft / "password"
        password_file.write_text(self.password, encoding="ascii")
        password_file.chmod(0o600)
        give_to(draft, run_as)
        arguments = [
            str(postgres_binary("initdb")),
            f"--pgdata={draft / 'cluster'}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            *([] if self.sync_to_disk else ["--no-sync"]),
        ]
        code, output = _run(Command(name="initdb", arguments=tuple(arguments), working_directory=draft, run_as=run_as))
        if code != 0:
            raise explain("initdb failed", output)


def _run(command: Command, within_seconds: float = _INITDB_WITHIN_SECONDS) -> tuple[int, str]:
    """Run a short command to its end; its exit code and what it printed."""
    with tempfile.TemporaryFile() as output:
        child = Child(command, output)
        try:
            ended = child.wait(within_seconds)
        finally:
            child.kill()
        output.seek(0)
        text = output.read().decode("utf-8", errors="replace").strip()
    code = child.exit_code() if ended else None
    return (1, f"no end within {within_seconds:.0f} s. {text}") if code is None else (code, text)


def choose_identity(folder: Path) -> RunAs:
    """Under whose name Postgres can serve a cluster inside `folder`.

    Raises:
        CannotRunAsOtherUserError: neither another user nor a user namespace works here.
    """
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return RunAs.SELF
    candidates = [RunAs.USER_NAMESPACE]
    if os.geteuid() == 0 and _reachable_for_everybody(folder):
        candidates.insert(0, RunAs.NOBODY)
    for candidate in candidates:
        probe = Command(
            name="postgres",
            arguments=(str(postgres_binary("postgres")), "--version"),
            working_directory=Path("/"),
            run_as=candidate,
        )
        if _run(probe, _PROBE_WITHIN_SECONDS)[0] == 0:
            return candidate
    raise CannotRunAsOtherUserError(
        "Postgres refuses to run as root, and neither `nobody` nor a user namespace can be used here",
        f"Run as an ordinary user, or use a data folder that others may enter (not below {folder}).",
    )


def _has_name(uid: int) -> bool:
    """Whether the account database knows this user: initdb insists."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _reachable_for_everybody(folder: Path) -> bool:
    resolved = folder.resolve()
    return all(part.stat().st_mode & 0o001 for part in (resolved, *resolved.parents))


def give_to(folder: Path, run_as: RunAs) -> None:
    """Make the folder belong to whom the server runs as; it may have been somebody else in an earlier run."""
    if os.geteuid() != 0:
        return
    uid, gid = nobody() if run_as is RunAs.NOBODY else (os.geteuid(), os.getegid())
    if folder.stat().st_uid == uid:
        return
    for parent, _, files in os.walk(folder):
        os.chown(parent, uid, gid)
        for name in files:
            os.chown(Path(parent) / name, uid, gid, follow_symlinks=False)


def _end_leftovers(folder: Path) -> None:
    """End servers of an earlier run, and drop the lock file when nothing is left that it could stand for.

    Postgres takes a stale lock file for a live one when its number was given to another process of ours
    since. The caller holds the data folder's lock, so nobody supervises whatever works in the cluster.
    """
    leftovers = identity.processes_working_in(folder.resolve())
    if leftovers:
        identity.end_processes(leftovers, signal.SIGINT, _LEFTOVER_STOP_SECONDS)
        _wait_until_empty(folder.resolve())
    with contextlib.suppress(FileNotFoundError):
        (folder / "postmaster.pid").unlink()


def _wait_until_empty(folder: Path) -> None:
    deadline = time.monotonic() + _LEFTOVER_STOP_SECONDS
    while identity.processes_working_in(folder):
        if time.monotonic() > deadline:
            raise StandaloneError(f"processes of an earlier run still use {folder} and cannot be ended")
        time.sleep(0.05)
