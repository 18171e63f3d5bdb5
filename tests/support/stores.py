"""Real stores for tests: one Postgres for the whole run, a database per test; one Valkey per test process.

Nothing is started before a test asks for it. With xdist the controller starts Postgres before its workers, which
share it. A Valkey takes 0.1 s and a few megabytes, and its publish/subscribe channels ignore logical databases, so
that each test process has a server of its own instead of a number.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis
from filelock import FileLock

from ai4k8s_common.services import Service
from ai4k8s_standalone.embedded.postgres import EmbeddedPostgres
from ai4k8s_standalone.embedded.server import RunningStore, Store, start
from ai4k8s_standalone.embedded.valkey import EmbeddedValkey
from ai4k8s_standalone.ports import pick_free
from tests.support.folders import quick_folder, remove_those_of_dead_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATE = "migrated_template"
ROLES_LOCK = 7_100_000
WORKER_INPUT = "ai4k8s_postgres"
LAST_LOGICAL_DATABASE = 15


@dataclass(frozen=True)
class SharedPostgres:
    """What a test process must know of the Postgres that all of them share."""

    folder: str
    port: int
    password: str
    role_password: str

    def url(self, database: str, role: str | None = None) -> str:
        """Address of a database, for the superuser or for a service's role."""
        login = f"ai4k8s:{self.password}" if role is None else f"{role}:{self.role_password}"
        return f"postgresql://{login}@127.0.0.1:{self.port}/{database}"

    @property
    def role_passwords(self) -> dict[Service, str]:
        """One password for all roles: tests are about grants, not about guessing."""
        return dict.fromkeys(Service, self.role_password)

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement of administration."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@dataclass(frozen=True)
class Database:
    """A database of one test's own, with every service's role."""

    server: SharedPostgres
    name: str

    @property
    def owner_url(self) -> str:
        """Address for the owner (a superuser): migrations, and looking at everything."""
        return self.server.url(self.name)

    def url(self, role: Service | str) -> str:
        """Address for a service's role: `Service.SCALER`, "scaler" or "ai4k8s_scaler"."""
        return self.server.url(self.name, Service(role.removeprefix("ai4k8s_")).role)

    @property
    def role_passwords(self) -> dict[Service, str]:
        """For running the migration again. Roles belong to the whole server: never give them other passwords."""
        return self.server.role_passwords

    def connect(self, role: Service | str | None = None) -> psycopg.Connection:
        """A plain connection in autocommit mode, as the owner unless said otherwise."""
        return psycopg.connect(self.owner_url if role is None else self.url(role), autocommit=True)


class TestRun:
    """The stores of one pytest run, started when first asked for."""

    __test__ = False

    def __init__(self) -> None:
        self._running: RunningStore | None = None
        self._shared: SharedPostgres | None = None

    def postgres(self) -> SharedPostgres:
        """Start Postgres, unless it runs already."""
        if self._shared is None:
            self._shared = self._start()
        return self._shared

    def _start(self) -> SharedPostgres:
        remove_those_of_dead_runs()
        folder = quick_folder()
        server = disposable_postgres(folder / "postgres")
        self._running = start(server, folder / "postgres.log")
        return SharedPostgres(str(folder), server.port, server.password, secrets.token_hex(16))

    def end(self) -> None:
        """Stop it and remove its folder."""
        if self._running is not None:
            self._running.kill()
        if self._shared is not None:
            shutil.rmtree(self._shared.folder, ignore_errors=True)


def disposable_postgres(folder: Path) -> EmbeddedPostgres:
    """A Postgres that need not survive a power failure, with room for many test processes."""
    return EmbeddedPostgres(
        folder=folder,
        port=pick_free(),
        password=secrets.token_hex(16),
        sync_to_disk=False,
        settings={"max_connections": "300", "max_locks_per_transaction": "128"},
    )


RUN = pytest.StashKey[TestRun]()


def pytest_configure(config: pytest.Config) -> None:
    """In the controller, or without xdist: this process owns the run's stores."""
    if not hasattr(config, "workerinput"):
        config.stash[RUN] = TestRun()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Called in the xdist controller for each worker: tell it where Postgres is."""
    node.workerinput[WORKER_INPUT] = asdict(node.config.stash[RUN].postgres())


def pytest_unconfigure(config: pytest.Config) -> None:
    """However the run ends, Ctrl-C included."""
    if (run := config.stash.get(RUN, None)) is not None:
        run.end()


@pytest.fixture(scope="session")
def shared_postgres(request: pytest.FixtureRequest) -> SharedPostgres:
    """The Postgres of this run. Tests want `database` instead."""
    worker_input = getattr(request.config, "workerinput", None)
    if worker_input is not None:
        return SharedPostgres(**worker_input[WORKER_INPUT])
    return request.config.stash[RUN].postgres()


@pytest.fixture(scope="session")
def migrated_template(shared_postgres: SharedPostgres) -> str:
    """A migrated database to be copied, made by whichever test process comes first."""
    with FileLock(Path(shared_postgres.folder) / "template.lock"):
        if not shared_postgres.execute(f"SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE}'"):
            make_template(shared_postgres)
    return TEMPLATE


def make_template(server: SharedPostgres) -> None:
    """Migrate a draft and rename it, so that a failed migration leaves no half-made template behind."""
    from ai4k8s_common.store.migrate import migrate

    draft = f"{TEMPLATE}_draft"
    server.execute(f"DROP DATABASE IF EXISTS {draft} WITH (FORCE)")
    server.execute(f"CREATE DATABASE {draft}")
    migrate(server.url(draft), server.role_passwords)
    # Copying needs a source nobody is connected to: nobody can be, from here on.
    server.execute(f"ALTER DATABASE {draft} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
    server.execute(f"ALTER DATABASE {draft} RENAME TO {TEMPLATE}")


def new_database(server: SharedPostgres, template: str) -> Iterator[Database]:
    """Create a database, hand it out, and drop it whoever is still connected."""
    name = f"test_{secrets.token_hex(6)}"
    # By way of the log, which is Postgres's own choice, it takes three times as long.
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    try:
        yield Database(server, name)
    finally:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def database(shared_postgres: SharedPostgres, migrated_template: str) -> Iterator[Database]:
    """A fresh migrated database: `.owner_url`, `.url(role)`, `.connect(role)`."""
    yield from new_database(shared_postgres, migrated_template)


@pytest.fixture
def empty_database(shared_postgres: SharedPostgres) -> Iterator[Database]:
    """A fresh database without any schema, for tests of the migration itself."""
    yield from new_database(shared_postgres, "template1")


@dataclass(frozen=True)
class Valkey:
    """The Valkey of this test process, emptied before each test."""

    server: EmbeddedValkey

    @property
    def url(self) -> str:
        """Address of logical database 0, for use as broker and for everything else."""
        return self.server.url

    def url_of(self, number: int) -> str:
        """Address of another logical database (0 to 15), where a test wants two."""
        assert 0 <= number <= LAST_LOGICAL_DATABASE
        return self.server.url_of(number)

    def empty(self) -> None:
        """Forget everything, in all logical databases."""
        client = redis.Redis.from_url(self.url)
        client.flushall()
        client.close()


@pytest.fixture(scope="session")
def valkey_of_this_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """The Valkey behind `valkey`, for fixtures that outlive a test. Tests want `valkey` instead."""
    folder = tmp_path_factory.mktemp("valkey")
    server = disposable_valkey(folder / "data", keep_on_disk=False)
    running = start(server, folder / "valkey.log")
    try:
        yield server
    finally:
        running.kill()


def disposable_valkey(folder: Path, *, keep_on_disk: bool) -> EmbeddedValkey:
    """A Valkey on a free port."""
    return EmbeddedValkey(folder=folder, port=pick_free(), password=secrets.token_hex(16), keep_on_disk=keep_on_disk)


@pytest.fixture
def valkey(valkey_of_this_process: EmbeddedValkey) -> Valkey:
    """An empty Valkey: `.url` (logical database 0), `.url_of(number)`, `.empty()`."""
    handed_out = Valkey(valkey_of_this_process)
    handed_out.empty()
    return handed_out


class OwnStore:
    """A store of one test's own, to be stopped, killed and started again on the same port with the same data."""

    def __init__(self, store: Store, log_file: Path) -> None:
        self.store = store
        self.log_file = log_file
        self._running: RunningStore | None = None

    @property
    def url(self) -> str:
        """Its address, which stays the same."""
        return self.store.url

    @property
    def port(self) -> int:
        """Its port, for a `tcp_proxy` in front of it."""
        return self.store.port

    @property
    def pid(self) -> int:
        """The server's process number."""
        assert self._running is not None
        return self._running.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._running = start(self.store, self.log_file)

    def stop(self) -> None:
        """Stop it in order; its sessions are ended."""
        if self._running is not None:
            self._running.stop()

    def kill(self) -> None:
        """kill -9."""
        if self._running is not None:
            self._running.kill()

    def restart(self) -> None:
        """Stop in order, then start."""
        self.stop()
        self.start()


class OwnPostgres(OwnStore):
    """A Postgres of one test's own."""

    store: EmbeddedPostgres

    def migrate(self) -> Database:
        """Migrate its database and say how to reach it."""
        from ai4k8s_common.store.migrate import migrate

        server = SharedPostgres(str(self.store.folder), self.port, self.store.password, secrets.token_hex(16))
        migrate(self.url, server.role_passwords)
        return Database(server, "ai4k8s")


class OwnValkey(OwnStore):
    """A Valkey of one test's own, with its append-only file on."""

    store: EmbeddedValkey

    def kill_and_empty(self) -> None:
        """kill -9 and lose the disk, then come back on the same port with nothing."""
        self.kill()
        shutil.rmtree(self.store.folder)
        self.start()


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    """A running Postgres for tests that restart or kill it; not migrated until `.migrate()`."""
    folder = quick_folder()
    own = OwnPostgres(disposable_postgres(folder / "postgres"), folder / "postgres.log")
    try:
        own.start()
        yield own
    finally:
        own.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[OwnValkey]:
    """A running Valkey for tests that restart, kill or empty it."""
    own = OwnValkey(disposable_valkey(tmp_path / "valkey", keep_on_disk=True), tmp_path / "valkey.log")
    try:
        own.start()
        yield own
    finally:
        own.kill()
