"""compose.yaml runs every process there is, each with its own secrets and nothing more."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import TYPE_CHECKING

import pytest
from pydantic_settings import BaseSettings

from ai4k8s_common.security.installation import Servers, write_files
from ai4k8s_common.services import QueueKind, Service
from tests.support.deployment import (
    MAY_OPEN_CREDENTIALS,
    QUEUES,
    ROOT,
    SECRETS_FOLDER,
    compose,
    compose_services,
    dockerfile_stages,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPOSE = compose()
OURS = compose_services()


@pytest.mark.parametrize(("service", "kind"), QUEUES)
def test_every_queue_of_the_catalogue_has_a_worker(service: Service, kind: QueueKind) -> None:
    worker = COMPOSE["services"][f"{service.value}-{kind.value}"]
    assert worker["build"]["target"] == service.value
    assert worker["command"] == ["--queue", kind.value]


def test_no_worker_serves_a_queue_that_nobody_sends_to() -> None:
    workers = {name for name, service in OURS.items() if service.get("command", [""])[0] == "--queue"}
    assert workers == {f"{service.value}-{kind.value}" for service, kind in QUEUES}


def test_every_target_is_a_stage_of_the_dockerfile_and_every_module_exists() -> None:
    for service in OURS.values():
        assert service["build"]["target"] in dockerfile_stages()
        assert service["image"] == f"ai4k8s-{service['build']['target']}:${{AI4K8S_VERSION:-0.1.0}}"
        module = service.get("command", [""])[0]
        if module.startswith("ai4k8s_common"):
            assert importlib.util.find_spec(module) is not None


@pytest.mark.parametrize("name", OURS)
def test_each_of_our_containers_is_restricted(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert not any(str(volume).startswith("/") for volume in service.get("volumes", []))


@pytest.mark.parametrize("name", OURS)
def test_each_container_sees_exactly_the_secrets_that_it_is_told_to_read(name: str) -> None:
    service = OURS[name]
    files = {
        value.removeprefix(f"{SECRETS_FOLDER}/")
        for key, value in service.get("environment", {}).items()
        if key.endswith("_FILE")
    }
    assert files == set(service.get("secrets", []))


def test_each_service_logs_in_as_itself_and_only_a_few_can_open_credentials() -> None:
    for service in Service:
        for name, container in compose_services(service.value).items():
            secrets = set(container["secrets"])
            own = {secret for secret in secrets if not secret.startswith("shared_")}
            expected = {f"{service.value}_database_url"}
            if service in MAY_OPEN_CREDENTIALS:
                expected.add(f"{service.value}_credentials_private_key")
            if name == "gateway":
                expected.add("people_private_key")
            if name in {"gateway", "chat-mcp"}:
                expected.add("internal_internal_key")
            assert own == expected


def test_keys_of_models_reach_only_services_that_ask_models() -> None:
    holders = {name for name, service in OURS.items() if "models.env" in str(service.get("env_file"))}
    assert {name.partition("-")[0] for name in holders} == {"advisor", "chat", "rag"}
    assert holders == {f"{s.value}-{kind.value}" for s, kind in QUEUES if s.value in {"advisor", "chat", "rag"}}


def test_the_secrets_are_the_files_that_are_made(tmp_path: Path) -> None:
    write_files(tmp_path / "secrets", Servers())
    made = {path.name for path in (tmp_path / "secrets").iterdir()} - {"root"}
    assert {name: secret["file"] for name, secret in COMPOSE["secrets"].items()} == {
        name: f"./secrets/{name}" for name in made
    }


def test_a_worker_has_longer_to_stop_than_its_soft_shutdown_takes() -> None:
    from ai4k8s_common.bus.app import make_app
    from ai4k8s_common.settings import BusSettings

    settings = BusSettings.model_validate({"broker_url": "redis://x", "redis_url": "redis://x"})
    soft_seconds = make_app("any", settings).conf.worker_soft_shutdown_timeout
    for service, kind in QUEUES:
        grace = COMPOSE["services"][f"{service.value}-{kind.value}"]["stop_grace_period"]
        assert int(grace.removesuffix("s")) >= soft_seconds + 20
    assert "REMAP_SIGTERM=SIGQUIT" in "".join(dockerfile_stages()["runtime"])


def all_settings() -> Iterator[tuple[type[BaseSettings], str, object]]:
    """Each variable that any of our processes reads, with its default."""
    for package in ["ai4k8s_common", *(f"ai4k8s_{service.value}" for service in Service)]:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if module.name.rpartition(".")[2] in {"settings", "migrate", "bootstrap"}:
                importlib.import_module(module.name)
    pending = [BaseSettings]
    while pending:
        group = pending.pop()
        pending += group.__subclasses__()
        if group.__module__.startswith("ai4k8s_") and not group.__module__.startswith("ai4k8s_standalone"):
            for name, field in group.model_fields.items():
                yield group, f"{group.model_config.get('env_prefix', '')}{name}".upper(), field.default


def test_every_variable_is_documented_with_its_default() -> None:
    documented = dict(re.findall(r"(?m)^#([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(encoding="utf-8")))
    for group, name, default in all_settings():
        assert name in documented, f"{name} ({group.__name__}) is missing in .env.example"
        if documented[name]:
            told = "[]" if default == () else str(default).lower() if isinstance(default, bool) else str(default)
            assert documented[name] == told, name


def test_every_variable_that_compose_itself_takes_is_documented() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    documented = dict(re.findall(r"(?m)^#([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(encoding="utf-8")))
    for name, default in re.findall(r"\$\{([A-Z0-9_]+):-([^}]*)\}", text):
        assert documented.get(name) == default
