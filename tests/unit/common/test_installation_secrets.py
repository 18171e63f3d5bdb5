"""The secrets of an installation: each component its own, the same again on every run."""

from __future__ import annotations

import base64
import json
import stat
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from ai4k8s_common.errors import InvalidInputError, UnavailableError
from ai4k8s_common.security.incluster import SecretsOfNamespace
from ai4k8s_common.security.installation import (
    Servers,
    kubernetes_secrets,
    make_in_cluster,
    secrets_of_installation,
    url_for_role,
    write_files,
)
from ai4k8s_common.security.sealed import seal, unseal
from ai4k8s_common.services import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = bytes(range(32))
MAY_OPEN_CREDENTIALS = {Service.COLLECTOR, Service.SCALER, Service.CHAT}


def test_the_same_root_gives_the_same_secrets_and_another_root_others() -> None:
    assert secrets_of_installation(ROOT, Servers()) == secrets_of_installation(ROOT, Servers())
    mine, other = secrets_of_installation(ROOT, Servers()), secrets_of_installation(ROOT[::-1], Servers())
    for component, values in mine.items():
        for name, value in values.items():
            assert other[component][name] != value


def test_what_is_sealed_with_the_public_key_opens_with_the_private_one() -> None:
    made = secrets_of_installation(ROOT, Servers())
    box = seal(made["shared"]["credentials-public-key"], b"kubeconfig", "cluster 1")
    assert unseal(made["scaler"]["credentials-private-key"], box, "cluster 1") == b"kubeconfig"


def test_only_the_services_that_talk_to_clusters_get_the_private_key() -> None:
    made = secrets_of_installation(ROOT, Servers())
    assert {name for name, values in made.items() if "credentials-private-key" in values} == MAY_OPEN_CREDENTIALS


def test_each_service_gets_the_url_of_its_own_role_with_the_password_that_migrate_sets() -> None:
    made = secrets_of_installation(
        ROOT, Servers(database_owner_url="postgresql://me:p%40ss@db.example:6432/house?sslmode=require")
    )
    passwords = json.loads(made["migrate"]["role-passwords"])
    for service in Service:
        url = urlsplit(made[service.value]["database-url"])
        assert (url.username, url.password) == (service.role, passwords[service.value])
        assert (url.hostname, url.port, url.path, url.query) == ("db.example", 6432, "/house", "sslmode=require")


def test_an_owners_url_without_a_host_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        url_for_role("mysql://me@db/house", "ai4k8s_scaler", "x")


def test_files_are_made_once_kept_and_completed(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert write_files(folder, Servers()) > 0
    before = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    (folder / "scaler_database_url").unlink()  # as if a release came to know one more service
    assert write_files(folder, Servers()) == 1
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == before
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "root").stat().st_mode) == 0o600


def test_a_damaged_root_is_refused_rather_than_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    write_files(folder, Servers())
    (folder / "root").write_text("oops", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="root secret is damaged"):
        write_files(folder, Servers())


class FakeApi(BaseHTTPRequestHandler):
    """Just enough of the Kubernetes API: create and read Secrets, 409, 403 for a wrong token."""

    stored: dict[str, dict[str, str]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = body["metadata"]["name"]
        if name in self.stored:
            self._answer(409, {"message": "already exists"})
            return
        self.stored[name] = body["stringData"]
        self._answer(201, body)

    def do_GET(self) -> None:
        values = self.stored[self.path.rsplit("/", 1)[1]]
        self._answer(200, {"data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}})

    def _answer(self, status: int, body: object) -> None:
        if self.headers["Authorization"] != "Bearer good":
            status, body = 403, {"message": "secrets is forbidden"}
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    stored: dict[str, dict[str, str]] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Api", (FakeApi,), {"stored": stored}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", stored
    server.shutdown()
    thread.join()
    server.server_close()


def test_in_a_cluster_secrets_are_made_once_and_an_interrupted_run_is_completed(
    api: tuple[str, dict[str, dict[str, str]]],
) -> None:
    url, stored = api
    secrets = SecretsOfNamespace(url, "ai4k8s", "good")
    assert make_in_cluster(secrets, Servers(), "house", {}) == len(stored)
    before = {name: dict(values) for name, values in stored.items()}
    del stored["house-scaler"], stored["house-valkey"]
    assert make_in_cluster(secrets, Servers(), "house", {}) == 2
    assert stored == before


def test_a_refusal_of_the_api_is_told(api: tuple[str, dict[str, dict[str, str]]]) -> None:
    with pytest.raises(UnavailableError, match="refused to create a Secret: secrets is forbidden"):
        make_in_cluster(SecretsOfNamespace(api[0], "ai4k8s", "bad"), Servers(), "house", {})


def test_outside_a_cluster_it_says_what_to_do_instead(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        SecretsOfNamespace.of_this_pod({}, tmp_path)


def test_the_manifest_has_one_secret_for_each_component() -> None:
    names = [item["metadata"]["name"] for item in kubernetes_secrets(ROOT, Servers(), "house", {"a": "b"})]
    assert names[0] == "house-root"
    assert len(set(names)) == len(names)
    assert {f"house-{service.value}" for service in Service} < set(names)
