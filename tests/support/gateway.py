"""A real gateway on a free port, in a thread of the test, and people who use it over HTTP."""

from __future__ import annotations

import contextlib
import secrets
import socket
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from pydantic import SecretStr

from ai4k8s_common.security.sealed import generate_key_pair
from ai4k8s_common.services import Service
from ai4k8s_common.settings import (
    BusSettings,
    ClusterAccessSettings,
    CycleSettings,
    PeopleKeySettings,
    SealSettings,
    StoreSettings,
)
from ai4k8s_gateway import pages
from ai4k8s_gateway.accounts.passwords import Passwords
from ai4k8s_gateway.app import create_app
from ai4k8s_gateway.settings import GatewaySettings
from ai4k8s_gateway.wiring import Wiring, wire
from ai4k8s_standalone.ports import pick_free
from tests.support.stores import Valkey, new_database
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ai4k8s_gateway.accounts.mail_settings import MailSettings
    from ai4k8s_gateway.accounts.oidc_settings import OidcSettings
    from ai4k8s_standalone.embedded.valkey import EmbeddedValkey
    from tests.support.processes import Processes, TestProcess
    from tests.support.stores import Database, SharedPostgres

PASSWORD = "correct horse battery"

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: prod
contexts:
  - name: prod
    context: {cluster: prod, user: robot, namespace: shop}
clusters:
  - name: prod
    cluster: {server: "https://192.0.2.10:6443"}
users:
  - name: robot
    user: {token: canary-token-1234}
"""


class Person:
    """Somebody's browser: keeps cookies and sends the CSRF token along."""

    def __init__(self, base_url: str, username: str) -> None:
        self.username = username
        self.http = httpx.Client(base_url=base_url, timeout=20)
        self.csrf_token = ""
        self.id = ""

    def register(self) -> Person:
        """Make an account; logged in afterwards."""
        body = {"username": self.username, "email": f"{self.username}@example.org", "password": PASSWORD}
        self._remember(self.http.post("/api/v1/auth/register", json=body))
        return self

    def log_in(self, password: str = PASSWORD) -> Person:
        """Log in with an account that exists."""
        self._remember(self.http.post("/api/v1/auth/login", json={"username": self.username, "password": password}))
        return self

    def _remember(self, response: httpx.Response) -> None:
        assert response.status_code in {200, 201}, response.text
        self.csrf_token = response.json()["csrf_token"]
        self.id = response.json()["user"]["id"]

    def get(self, path: str, **params: Any) -> httpx.Response:
        """GET below /api/v1."""
        return self.http.get(f"/api/v1{path}", params=params)

    def send(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Any unsafe method below /api/v1, with the CSRF token."""
        return self.http.request(
            method, f"/api/v1{path}", json=body, headers={"X-CSRF-Token": self.csrf_token, **headers}
        )

    def add_cluster(self, name: str = "prod", **more: object) -> dict[str, Any]:
        """Add a cluster and return it."""
        response = self.send("POST", "/clusters", {"name": name, "kubeconfig": KUBECONFIG, **more})
        assert response.status_code == 201, response.text
        added: dict[str, Any] = response.json()
        return added

    @property
    def cookie(self) -> str:
        """The session cookie's value."""
        return str(self.http.cookies["ai4k8s_session"])


@dataclass
class RunningGateway:
    """A gateway that answers."""

    wiring: Wiring
    database: Database
    url: str
    credentials_private_key: str
    people: list[Person] = field(default_factory=list)

    def person(self, username: str | None = None) -> Person:
        """Somebody new, registered and logged in."""
        return self.visitor(username or f"user-{secrets.token_hex(4)}").register()

    def visitor(self, username: str = "nobody") -> Person:
        """Somebody who is not logged in."""
        self.people.append(Person(self.url, username))
        return self.people[-1]

    def admin(self) -> Person:
        """An administrator."""
        name = f"admin-{secrets.token_hex(4)}"
        self.person(name)
        self.execute("UPDATE gateway.users SET role = 'admin' WHERE username = %s", (name,))
        return self.visitor(name).log_in()

    def execute(self, statement: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Run SQL as the owner."""
        with self.database.connect() as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []


@dataclass
class GatewayProcess:
    """A gateway as it is deployed: a process of its own."""

    process: TestProcess
    port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> None:
        """Wait until it takes requests."""

        def ready() -> bool:
            return httpx.get(f"{self.url}/readyz", timeout=20).is_success

        eventually(ready, 60, ignoring=httpx.TransportError, message=self.process.output)


def start_gateway_process(
    database: Database, valkey: Valkey, processes: Processes, **environment: str
) -> GatewayProcess:
    """Start one; more settings and others than the usual by name."""
    port = pick_free()
    usual = {
        "AI4K8S_DATABASE_URL": database.url(Service.GATEWAY),
        "AI4K8S_BROKER_URL": valkey.url,
        "AI4K8S_REDIS_URL": valkey.url,
        "AI4K8S_CREDENTIALS_PUBLIC_KEY": generate_key_pair()[0],
        "AI4K8S_GATEWAY_PORT": str(port),
    }
    command = [sys.executable, "-m", "ai4k8s_gateway.main"]
    return GatewayProcess(processes.start(command, environment={**usual, **environment}, name="gateway"), port)


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:  # not in the main thread
        pass


StartGateway = "Callable[..., RunningGateway]"


@contextlib.contextmanager
def gateways(database: Database, valkey: Valkey) -> Iterator[Callable[..., RunningGateway]]:
    """Start gateways, and end them all at the end."""
    running: list[tuple[_Server, threading.Thread, RunningGateway]] = []

    def start(
        *,
        database_url: str | None = None,
        broker_url: str | None = None,
        redis_url: str | None = None,
        static: Path = pages.STATIC,
        hasher: PasswordHasher | None = None,
        access: ClusterAccessSettings | None = None,
        oidc: OidcSettings | None = None,
        mail: MailSettings | None = None,
        **settings: Any,
    ) -> RunningGateway:
        public_key, private_key = generate_key_pair()
        wiring = wire(
            GatewaySettings(**settings),
            StoreSettings(database_url=SecretStr(database_url or database.url(Service.GATEWAY))),
            BusSettings(
                broker_url=SecretStr(broker_url or valkey.url_of(0)), redis_url=SecretStr(redis_url or valkey.url_of(1))
            ),
            SealSettings(credentials_public_key=public_key),
            CycleSettings(cycle_seconds=15),
            access or ClusterAccessSettings(),
            Passwords(hasher or PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)),
            PeopleKeySettings(people_private_key=SecretStr(generate_key_pair()[1])),
            oidc=oidc,
            mail=mail,
        )
        listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            create_app(wiring, static),
            log_config=None,
            access_log=False,
            proxy_headers=False,
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), name="gateway", daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        gateway = RunningGateway(wiring, database, url, private_key)
        running.append((server, thread, gateway))
        eventually(lambda: server.started, message="the gateway did not start")
        return gateway

    try:
        yield start
    finally:
        for server, thread, gateway in running:
            for person in gateway.people:
                person.http.close()
            server.should_exit = True
            thread.join(10)
            gateway.wiring.bus.close()


@pytest.fixture
def start_gateway(database: Database, valkey: Valkey) -> Iterator[Callable[..., RunningGateway]]:
    """Start gateways: `start_gateway(database_url=..., static=..., registration="closed")`."""
    with gateways(database, valkey) as start:
        yield start


@pytest.fixture
def gateway(start_gateway: Callable[..., RunningGateway]) -> RunningGateway:
    """A gateway with the usual settings."""
    return start_gateway()


@pytest.fixture(scope="module")
def shared_gateway(
    shared_postgres: SharedPostgres, migrated_template: str, valkey_of_this_process: EmbeddedValkey
) -> Iterator[RunningGateway]:
    """One gateway for the tests of a module, who each bring people and clusters of their own."""
    with (
        contextlib.contextmanager(new_database)(shared_postgres, migrated_template) as database,
        gateways(database, Valkey(valkey_of_this_process)) as start,
    ):
        yield start()
