"""What a deployment of AI4K8s must run, from the catalogue, and ways to read what ours say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from ai4k8s_common.contracts.catalogue import heard_by
from ai4k8s_common.services import QueueKind, Service

ROOT = Path(__file__).parents[2]
MAY_OPEN_CREDENTIALS = {Service.COLLECTOR, Service.SCALER, Service.CHAT}
QUEUES = [(service, kind) for service in Service for kind in QueueKind if heard_by(service, kind)]
SECRETS_FOLDER = "/run/secrets"


def compose() -> dict[str, Any]:
    """compose.yaml with its merges done."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def compose_services(target: str | None = None) -> dict[str, dict[str, Any]]:
    """The services of compose.yaml that run our own images; those of one target when it is named."""
    services = {name: service for name, service in compose()["services"].items() if "build" in service}
    return {name: service for name, service in services.items() if target in {None, service["build"]["target"]}}


def dockerfile_stages() -> dict[str, list[str]]:
    """Stage -> its instructions, with continued lines joined and comments left out. '' holds what is before the first."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^\s*#.*\n", "", text)
    stages: dict[str, list[str]] = {"": []}
    current = ""
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if started := re.match(r"FROM\s+(\S+)\s+AS\s+(\S+)$", line):
            current = started[2]
            stages[current] = []
        if line.strip():
            stages[current].append(line)
    return stages


def parents(stages: dict[str, list[str]], stage: str) -> list[str]:
    """A stage and those it is built upon, nearest first."""
    found = [stage]
    while (base := stages[found[-1]][0].split()[1]) in stages:
        found.append(base)
    return found
