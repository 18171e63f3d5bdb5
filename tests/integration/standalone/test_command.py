"""The `ai4k8s` command from start to end: real stores and migration, stand-ins for the services."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import pytest

from ai4k8s_standalone import identity, launch
from ai4k8s_standalone.folder import DataFolder, read_json
from ai4k8s_standalone.ports import pick_free
from ai4k8s_standalone.process import nobody
from ai4k8s_standalone.state import ProcessReport, find_leftovers, read_state
from tests.support.fake_services import write_fake_services
from tests.support.folders import quick_folder
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.processes import Processes, TestProcess

LAST_WORDS = "`ai4k8s logs` tell how it is"
RUNNING = r"AI4K8s is running: (http://\S+)"
STARTED_WITHIN_SECONDS = 60
EVERY_PROCESS = {
    "postgres",
    "valkey",
    "simcluster",
    "collector-cycle",
    "collector-jobs",
    "forecaster-cycle",
    "forecaster-jobs",
    "advisor-cycle",
    "advisor-jobs",
    "scaler-cycle",
    "scaler-jobs",
    "chat-jobs",
    "rag-jobs",
    "beat",
    "chat-mcp",
    "gateway",
}


@dataclass
class Installation:
    """A data folder, stand-ins, and ways to call the command."""

    folder: DataFolder
    fakes: Path
    processes: Processes
    port: int

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.fakes), "COLUMNS": "200"}

    def start(self, *arguments: str, **environment: str) -> TestProcess:
        return self.processes.start_module(
            "ai4k8s_standalone.cli",
            "up",
            "--data-dir",
            self.folder.path,
            "--port",
            str(self.port),
            *arguments,
            environment={**self.environment(), **environment},
            name="ai4k8s",
        )

    def start_and_wait(self, *arguments: str) -> TestProcess:
        process = self.start(*arguments)
        process.wait_for_output(LAST_WORDS, STARTED_WITHIN_SECONDS)
        return process

    def call(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ai4k8s_standalone.cli", command, "--data-dir", str(self.folder.path), *arguments],
            env={**os.environ, **self.environment()},
            capture_output=True,
            text=True,
            check=False,
        )

    def report(self, name: str) -> ProcessReport:
        state = read_state(self.folder)
        assert state is not None
        return next(process for process in state.processes if process.name == name)

    def pid(self, name: str) -> int:
        known = self.report(name).identity
        assert known is not None
        return known.pid

    def restarts(self, name: str) -> int:
        return self.report(name).restarts

    def status(self) -> dict[str, str]:
        answer = json.loads(self.call("status", "--json").stdout)
        return {process["name"]: process["state"] for process in answer["processes"]}


@pytest.fixture
def installation(processes) -> Iterator[Installation]:
    root = quick_folder()
    write_fake_services(root / "fakes")
    made = Installation(DataFolder(root / "data"), root / "fakes", processes, pick_free())
    try:
        yield made
    finally:
        processes.end_all()
        for leftover in find_leftovers(made.folder):
            identity.send(leftover, signal.SIGKILL)
        shutil.rmtree(root)


def connect_as(installation: Installation, service: str) -> psycopg.Connection:
    secrets = read_json(installation.folder.secrets_file)
    port = read_json(installation.folder.ports_file)["postgres"]
    login = f"ai4k8s_{service}:{secrets['role_passwords'][service]}"
    return psycopg.connect(f"postgresql://{login}@127.0.0.1:{port}/ai4k8s")


def reset_password(installation: Installation, name: str) -> subprocess.CompletedProcess[str]:
    """The way back in, by the gateway's real program in the place of its stand-in."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "ai4k8s_standalone.cli", "user", "reset-password", name),
            *("--data-dir", str(installation.folder.path)),
        ],
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_whole_life(installation):
    first = installation.start_and_wait("--trace", f"shop/web={__file__}:scale=0.5", "--shape", "shop/jobs=hourly")
    output = first.output()
    url = first.wait_for_output(RUNNING)[1]
    assert url == f"http://127.0.0.1:{installation.port}"
    assert output.count("shown-once-4711") == 1
    with urllib.request.urlopen(f"{url}/readyz") as answer:
        assert answer.status == 200

    assert installation.status() == dict.fromkeys(EVERY_PROCESS, "ready")
    assert installation.call("status").returncode == 0

    for name in ("postgres", "valkey"):
        os.kill(installation.pid(name), signal.SIGKILL)
    eventually(lambda: installation.restarts("postgres") == installation.restarts("valkey") == 1)
    eventually(lambda: set(installation.status().values()) == {"ready"})

    second = installation.call("up")
    assert second.returncode == 0
    assert f"runs already with the data folder {installation.folder.path}: {url}" in second.stdout

    with connect_as(installation, "advisor") as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("DELETE FROM scaler.decisions")

    loads = installation.call("logs", "simcluster").stdout
    assert f"['shop/web={__file__}:scale=0.5'] ['shop/jobs=hourly']" in loads
    assert "There are: advisor-cycle, advisor-jobs, beat" in installation.call("logs", "nothing-like-it").stdout

    with connect_as(installation, "gateway") as session:
        session.execute("INSERT INTO gateway.users (username, role) VALUES ('locked-out', 'admin')")
    assert f"A new password for locked-out: {url}/reset#" in reset_password(installation, "locked-out").stdout
    assert "there is nobody of the name 'nobody'" in reset_password(installation, "nobody").stdout

    # Whatever was shown once is nowhere in the data folder.
    for path in installation.folder.path.rglob("*"):
        if path.is_file() and installation.folder.postgres not in path.parents:
            assert b"shown-once-4711" not in path.read_bytes()

    assert installation.call("down").returncode == 0
    assert first.wait() == 0
    assert find_leftovers(installation.folder) == []
    assert installation.call("status").returncode == 3

    ports = read_json(installation.folder.ports_file)
    again = installation.start_and_wait()
    assert "shown-once-4711" not in again.output()  # the account is still there: data survive
    assert read_json(installation.folder.ports_file) == ports
    again.signal(signal.SIGINT, whole_group=False)
    assert again.wait() == 0
    assert find_leftovers(installation.folder) == []


def test_what_a_killed_supervisor_leaves_is_cleared_up_by_the_next_start_and_by_down(installation):
    first = installation.start_and_wait()
    first.kill_first_only()
    second = installation.start_and_wait()
    assert installation.status() == dict.fromkeys(EVERY_PROCESS, "ready")
    second.kill_first_only()
    assert installation.call("down").returncode == 0
    assert find_leftovers(installation.folder) == []


def test_a_busy_port_is_noticed_and_the_next_one_is_used_and_said(installation):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", installation.port))
        listener.listen(1)
        process = installation.start_and_wait()
        assert f"port {installation.port} is in use by another program" in process.output()
        assert f"127.0.0.1:{installation.port}\n" not in process.output()
    assert process.terminate() == 0


def test_a_service_that_cannot_start_does_not_keep_the_others_from_running(installation):
    (installation.fakes / "broken-jobs").touch()
    process = installation.start_and_wait()
    states = installation.status()
    assert {name for name, state in states.items() if state != "ready"} == {
        "advisor-jobs",
        "collector-jobs",
        "forecaster-jobs",
        "scaler-jobs",
        "chat-jobs",
        "rag-jobs",
    }
    assert installation.call("status").returncode == 1
    assert "chat-jobs ended with code 1 (cannot work today)" in process.output()
    assert "cannot work today" in installation.call("logs", "chat-jobs").stdout
    assert process.terminate() == 0


def test_a_database_that_does_not_answer_ends_the_start_with_the_reason_and_leaves_nothing(installation):
    process = installation.start(AI4K8S_DATABASE_URL=f"postgresql://boss:canary@127.0.0.1:{pick_free()}/x")
    assert process.wait(STARTED_WITHIN_SECONDS) == 1
    assert "database could not be migrated" in process.output()
    assert "canary" not in process.output()
    assert find_leftovers(installation.folder) == []


def test_own_servers_are_used_in_place_of_the_embedded_ones(installation, own_postgres, valkey):
    process = installation.start(
        AI4K8S_DATABASE_URL=own_postgres.url,  # roles get passwords of this installation: never the shared server
        AI4K8S_BROKER_URL=valkey.url,
        AI4K8S_REDIS_URL=valkey.url_of(1),
    )
    process.wait_for_output(RUNNING, STARTED_WITHIN_SECONDS)
    assert set(installation.status()) == EVERY_PROCESS - {"postgres", "valkey"}
    with psycopg.connect(own_postgres.url) as session:
        assert session.execute("SELECT username FROM gateway.users").fetchone() == ("admin",)
    assert process.terminate() == 0


def test_in_the_background_it_goes_on_after_the_command_has_ended(installation):
    process = installation.start("--detach")
    assert process.wait(STARTED_WITHIN_SECONDS) == 0
    assert "shown-once-4711" in process.output()
    assert installation.status() == dict.fromkeys(EVERY_PROCESS, "ready")
    assert installation.call("down").returncode == 0
    assert find_leftovers(installation.folder) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_can_run_everything(installation):
    options = json.dumps({"user_namespace": nobody(), "working_directory": "/"})
    process = installation.processes.start(
        [
            *(sys.executable, "-I", "-S", launch.__file__, options),
            *(sys.executable, "-m", "ai4k8s_standalone.cli", "up", "--data-dir", installation.folder.path),
            *("--port", str(installation.port)),
        ],
        environment={**installation.environment(), "PYTHONUNBUFFERED": "1"},
        name="ordinary",
    )
    process.wait_for_output(RUNNING, STARTED_WITHIN_SECONDS)
    assert installation.status() == dict.fromkeys(EVERY_PROCESS, "ready")
    assert process.terminate() == 0
    assert find_leftovers(installation.folder) == []
