"""compose.yaml without an engine: every process of it starts for real, on just the environment and secrets it is given.

Entry points come from the Dockerfile, commands and environments from compose.yaml, secrets from the program that makes
them; only the paths of the secrets and the ports differ.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import redis

from ai4k8s_common.security.installation import Servers, write_files
from ai4k8s_standalone.embedded.binaries import valkey_binary
from ai4k8s_standalone.ports import pick_free
from tests.support.deployment import SECRETS_FOLDER, compose, compose_services, dockerfile_stages, parents
from tests.support.wait import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes import Processes, TestProcess
    from tests.support.stores import OwnPostgres, OwnValkey

ONE_SHOT = {"secrets", "migrate", "bootstrap", "demo"}
START_WITHIN_SECONDS = 90


@dataclass
class Containers:
    """Starts the services of compose.yaml as plain processes."""

    folder: Path
    processes: Processes

    def start(self, name: str, **more: str) -> TestProcess:
        """Start one service."""
        service = compose_services()[name]
        arguments = entry_point(service["build"]["target"]) + service.get("command", default_command(service))
        assert arguments[0] == "python"
        environment = {
            key: str(value).replace(SECRETS_FOLDER, str(self.folder / "secrets"))
            for key, value in service.get("environment", {}).items()
        }
        signs = {"AI4K8S_HEALTH_DIRECTORY": str(self.folder / name), "REMAP_SIGTERM": "SIGQUIT"}
        return self.processes.start(
            [sys.executable, *arguments[1:]], environment={**environment, **signs, **more}, name=name
        )


def last_list(target: str, instruction: str) -> list[str]:
    """The exec form of an instruction, of the image or of those it is built upon."""
    stages = dockerfile_stages()
    lines = [line for stage in reversed(parents(stages, target)) for line in stages[stage]]
    found: list[str] = json.loads([line for line in lines if line.startswith(f"{instruction} ")][-1].split(" ", 1)[1])
    return found


def entry_point(target: str) -> list[str]:
    return last_list(target, "ENTRYPOINT")


def default_command(service: dict[str, Any]) -> list[str]:
    return last_list(service["build"]["target"], "CMD")


@pytest.mark.timeout(240)
def test_every_process_starts_with_what_compose_gives_it_and_stops_in_time(
    own_postgres: OwnPostgres, own_valkey: OwnValkey, processes: Processes, tmp_path: Path
) -> None:
    write_files(tmp_path / "secrets", Servers(database_owner_url=own_postgres.url, redis_url=own_valkey.url))
    containers = Containers(tmp_path, processes)
    assert containers.start("migrate").wait(START_WITHIN_SECONDS) == 0
    bootstrap = containers.start("bootstrap")
    assert bootstrap.wait(START_WITHIN_SECONDS) == 0, bootstrap.output()
    assert '"password"' in bootstrap.output()

    port = str(pick_free())
    lasting = [name for name in compose_services() if name not in ONE_SHOT | {"simcluster", "gateway"}]
    started = {name: containers.start(name) for name in lasting}
    started["gateway"] = containers.start("gateway", AI4K8S_GATEWAY_HOST="127.0.0.1", AI4K8S_GATEWAY_PORT=port)
    for name in lasting:
        say = partial(problem, name, started[name])
        eventually((tmp_path / name / "ready").exists, START_WITHIN_SECONDS, message=say)
    eventually(lambda: answers(f"http://127.0.0.1:{port}/readyz"), START_WITHIN_SECONDS, ignoring=OSError)

    for name, process in started.items():
        grace = int(re.sub(r"\D", "", compose_services()[name]["stop_grace_period"]))
        process.terminate(within=grace)


def problem(name: str, process: TestProcess) -> str:
    return f"{name}: {process.output()[-3000:]}"


def answers(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return bool(answer.status == 200)


def test_valkey_starts_with_the_file_that_holds_its_password(processes: Processes, tmp_path: Path) -> None:
    write_files(tmp_path / "secrets", Servers())
    port = pick_free()
    program, *arguments = compose()["services"]["valkey"]["command"]
    assert program == "valkey-server"
    (tmp_path / "data").mkdir()
    paths = {"/data": str(tmp_path / "data")}
    arguments = [
        paths.get(argument, argument.replace(SECRETS_FOLDER, str(tmp_path / "secrets"))) for argument in arguments
    ]
    server = processes.start([valkey_binary(), *arguments, "--port", str(port), "--bind", "127.0.0.1"], name="valkey")
    server.wait_for_output("Ready to accept connections")
    password = (tmp_path / "secrets" / "valkey_conf").read_text(encoding="utf-8").split()[1]
    with redis.Redis(port=port, password=password) as known, redis.Redis(port=port) as stranger:
        assert known.ping()
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
