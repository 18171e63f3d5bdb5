"""Which processes there are, with which arguments and which environment: data for the supervisor.

Each process is given what it needs and nothing else: the database as its own role, and the key that opens cluster
credentials only where clusters are talked to.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from ai4k8s_common.contracts.catalogue import heard_by
from ai4k8s_common.services import QueueKind, Service
from ai4k8s_simcluster.demo import DEMO
from ai4k8s_standalone.embedded.postgres import EmbeddedPostgres
from ai4k8s_standalone.embedded.valkey import EmbeddedValkey
from ai4k8s_standalone.models import model_environment
from ai4k8s_standalone.ports import LOOPBACK
from ai4k8s_standalone.process import Command
from ai4k8s_standalone.specs import ProcessSpec, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ai4k8s_standalone.embedded.server import Store
    from ai4k8s_standalone.folder import DataFolder
    from ai4k8s_standalone.vault import Vault

DATABASE_VARIABLE = "AI4K8S_DATABASE_URL"
BROKER_VARIABLE = "AI4K8S_BROKER_URL"
REDIS_VARIABLE = "AI4K8S_REDIS_URL"
KEY_HOLDERS = frozenset({Service.COLLECTOR, Service.SCALER, Service.CHAT})
MODEL_USERS = frozenset({Service.ADVISOR, Service.CHAT, Service.RAG})
# Tuning that an operator may set for every process; never a secret.
_COMMON_SETTINGS = (
    "AI4K8S_ALLOW_INSECURE_CLUSTERS",
    "AI4K8S_ALLOW_LOOPBACK_CLUSTERS",
    "AI4K8S_CYCLE_TIME_LIMIT_SECONDS",
    "AI4K8S_CYCLE_VISIBILITY_TIMEOUT_SECONDS",
    "AI4K8S_DATABASE_POOL_SIZE",
    "AI4K8S_JOBS_TIME_LIMIT_SECONDS",
    "AI4K8S_JOBS_VISIBILITY_TIMEOUT_SECONDS",
    "AI4K8S_KUBECONFIG_DIRECTORY",
    "AI4K8S_LOG_FORMAT",
    "AI4K8S_LOG_LEVEL",
    "AI4K8S_MAX_ATTEMPTS",
    "AI4K8S_OTLP_ENDPOINT",
    "AI4K8S_RESEND_AFTER_SECONDS",
)
_PROBE_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the person asked for."""

    host: str = LOOPBACK
    port: int = 5003
    demo: bool = True
    traces: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    cycle_seconds: int = 15
    rise_in_seconds: int = 270
    local_model: Path | None = None
    local_model_threads: int = 1


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where everything listens."""

    gateway: int
    postgres: int
    valkey: int
    simcluster: int
    prometheus: int
    local_llm: int
    chat_mcp: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that is needed to write down the processes."""

    folder: DataFolder
    wishes: Wishes
    ports: Ports
    vault: Vault
    external_database_url: str | None = None
    external_broker_url: str | None = None
    external_redis_url: str | None = None

    @property
    def postgres(self) -> EmbeddedPostgres:
        """The embedded Postgres."""
        return EmbeddedPostgres(
            folder=self.folder.postgres, port=self.ports.postgres, password=self.vault.superuser_password
        )

    @property
    def valkey(self) -> EmbeddedValkey:
        """The embedded Valkey."""
        return EmbeddedValkey(folder=self.folder.valkey, port=self.ports.valkey, password=self.vault.valkey_password)

    @property
    def owner_url(self) -> str:
        """The database as its owner."""
        return self.external_database_url or self.postgres.url

    @property
    def url(self) -> str:
        """Where a person on this machine finds the page."""
        host = LOOPBACK if self.wishes.host in {"", "0.0.0.0", "::"} else self.wishes.host  # noqa: S104 - compared
        return f"http://{f'[{host}]' if ':' in host else host}:{self.ports.gateway}"

    @property
    def kubeconfig(self) -> Path:
        """The file the simulated cluster writes, for its clients."""
        return self.folder.simcluster / "kubeconfig.yaml"

    @property
    def prometheus_url(self) -> str:
        """The Prometheus of the simulated cluster."""
        return f"http://{LOOPBACK}:{self.ports.prometheus}"


def role_url(owner_url: str, service: Service, password: str) -> str:
    """The same database, as the role of one service."""
    parts = urlsplit(owner_url)
    server = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{service.role}:{quote(password, safe='')}@{server}"))


def bus_environment(plan: Plan) -> dict[str, str]:
    """What every process of ours is given: queues, cache, pace and tuning."""
    return {
        **_settings_of_everybody(),
        BROKER_VARIABLE: plan.external_broker_url or plan.valkey.url_of(0),
        REDIS_VARIABLE: plan.external_redis_url or plan.valkey.url_of(1),
        "AI4K8S_CYCLE_SECONDS": str(plan.wishes.cycle_seconds),
        # The simulated cluster lives on the loopback address, where no cluster may be otherwise.
        **({"AI4K8S_ALLOW_LOOPBACK_CLUSTERS": "true"} if plan.wishes.demo else {}),
    }


def _settings_of_everybody() -> dict[str, str]:
    return {name: os.environ[name] for name in _COMMON_SETTINGS if name in os.environ}


def service_environment(plan: Plan, service: Service) -> dict[str, str]:
    """What the processes of one service are given."""
    own = {name: value for name, value in os.environ.items() if name.startswith(f"AI4K8S_{service.name}_")}
    environment = {
        **own,
        **(model_environment(plan) if service in MODEL_USERS else {}),
        **bus_environment(plan),
        DATABASE_VARIABLE: role_url(plan.owner_url, service, plan.vault.role_passwords[service]),
        "AI4K8S_CREDENTIALS_PUBLIC_KEY": plan.vault.credentials_public_key,
    }
    if service is Service.GATEWAY:
        environment["AI4K8S_PEOPLE_PRIVATE_KEY"] = plan.vault.readable_people_keys
    if service in {Service.GATEWAY, Service.CHAT}:
        environment["AI4K8S_INTERNAL_KEY"] = plan.vault.internal_key
    if service in KEY_HOLDERS:
        environment["AI4K8S_CREDENTIALS_PRIVATE_KEY"] = plan.vault.readable_private_keys
    return environment


def store_specs(plan: Plan) -> Iterator[ProcessSpec]:
    """The embedded stores that no server of the person's own replaces."""
    if plan.external_database_url is None:
        yield _store_spec("postgres", Stage.POSTGRES, plan.postgres)
    if plan.external_broker_url is None or plan.external_redis_url is None:
        yield _store_spec("valkey", Stage.VALKEY, plan.valkey)


def _store_spec(name: str, stage: Stage, store: Store) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        stage=stage,
        prepare=store.prepare,
        ready_probe=store.answers,
        on_ready=store.finish_start,
        essential=True,
    )


def migrate_command(plan: Plan) -> Command:
    """Brings the database to the present schema, with roles and grants."""
    passwords = {service.value: password for service, password in plan.vault.role_passwords.items()}
    return _python(
        plan,
        "migrate",
        "ai4k8s_common.store.migrate",
        environment={
            **_settings_of_everybody(),
            DATABASE_VARIABLE: plan.owner_url,
            "AI4K8S_ROLE_PASSWORDS": json.dumps(passwords),
        },
    )


def reseal_command(plan: Plan) -> Command:
    """Seals every stored credential for the present key."""
    return _python(
        plan,
        "reseal",
        "ai4k8s_common.security.reseal",
        environment={
            **_settings_of_everybody(),
            DATABASE_VARIABLE: plan.owner_url,
            "AI4K8S_CREDENTIALS_PRIVATE_KEY": plan.vault.readable_private_keys,
            "AI4K8S_PEOPLE_PRIVATE_KEY": plan.vault.readable_people_keys,
        },
    )


def bootstrap_command(plan: Plan) -> Command:
    """Makes the first administrator, and registers the simulated cluster."""
    demo = {
        "AI4K8S_DEMO_KUBECONFIG": str(plan.kubeconfig),
        "AI4K8S_DEMO_PROMETHEUS_URL": plan.prometheus_url,
        "AI4K8S_DEMO_AUTO_WORKLOADS": json.dumps(scaled_from_the_start(plan.wishes)),
    }
    return _python(
        plan,
        "bootstrap",
        "ai4k8s_gateway.bootstrap",
        environment={**service_environment(plan, Service.GATEWAY), **(demo if plan.wishes.demo else {})},
    )


def scaled_from_the_start(wishes: Wishes) -> list[str]:
    """The workloads of the simulated cluster that are ours to scale: its own, and those the person gave a load."""
    own = [f"{workload.key.namespace}/{workload.key.name}" for workload in DEMO if workload.managed]
    given = [load.partition("=")[0] for load in (*wishes.traces, *wishes.shapes)]
    return [*dict.fromkeys([*own, *given])]


def simcluster_specs(plan: Plan) -> Iterator[ProcessSpec]:
    """The simulated cluster, unless it is not wanted."""
    if not plan.wishes.demo:
        return
    loads = [text for trace in plan.wishes.traces for text in ("--trace", trace)]
    loads += [text for shape in plan.wishes.shapes for text in ("--shape", shape)]
    command = _python(
        plan,
        "simcluster",
        "ai4k8s_simcluster",
        *("--host", LOOPBACK, "--port", str(plan.ports.simcluster)),
        *("--prometheus-port", str(plan.ports.prometheus)),
        *("--state-dir", str(plan.folder.simcluster), "--kubeconfig-out", str(plan.kubeconfig)),
        "--lead-seconds",
        str(plan.wishes.rise_in_seconds),
        *loads,
        environment=_settings_of_everybody(),
    )

    def prepare() -> Command:
        plan.kubeconfig.unlink(missing_ok=True)  # it is written again once the cluster listens
        return command

    prometheus_answers = answers(f"{plan.prometheus_url}/-/ready")
    yield ProcessSpec(
        name="simcluster",
        stage=Stage.CLUSTER,
        prepare=prepare,
        ready_probe=lambda: plan.kubeconfig.exists() and prometheus_answers(),
        essential=True,
    )


def service_specs(plan: Plan) -> Iterator[ProcessSpec]:
    """A worker for every queue that somebody sends to, the beat, and the gateway."""
    for service in Service:
        for kind in QueueKind:
            if heard_by(service, kind):
                yield _worker_spec(plan, service, kind)
    yield _mcp_spec(plan)
    beat = _python(plan, "beat", "ai4k8s_common.bus.beat", environment=bus_environment(plan))
    yield ProcessSpec(name="beat", stage=Stage.BEAT, prepare=lambda: beat, ready_line="beat_started")
    listen = {
        "AI4K8S_GATEWAY_HOST": plan.wishes.host,
        "AI4K8S_GATEWAY_PORT": str(plan.ports.gateway),
        "AI4K8S_GATEWAY_MCP_URL": f"http://{LOOPBACK}:{plan.ports.chat_mcp}/mcp",
    }
    gateway = _python(
        plan,
        "gateway",
        "ai4k8s_gateway.main",
        environment={**service_environment(plan, Service.GATEWAY), **listen},
    )
    yield ProcessSpec(
        name="gateway",
        stage=Stage.GATEWAY,
        prepare=lambda: gateway,
        ready_probe=answers(f"{plan.url}/readyz"),
        essential=True,
    )


def _mcp_spec(plan: Plan) -> ProcessSpec:
    """Chat's tools for programs; the gateway's /mcp leads there."""
    listen = {"AI4K8S_CHAT_MCP_HOST": LOOPBACK, "AI4K8S_CHAT_MCP_PORT": str(plan.ports.chat_mcp)}
    command = _python(
        plan, "chat-mcp", "ai4k8s_chat.mcp", environment={**service_environment(plan, Service.CHAT), **listen}
    )
    return ProcessSpec(
        name=command.name,
        stage=Stage.WORKERS,
        prepare=lambda: command,
        ready_probe=answers(f"http://{LOOPBACK}:{plan.ports.chat_mcp}/readyz"),
    )


def _worker_spec(plan: Plan, service: Service, kind: QueueKind) -> ProcessSpec:
    command = _python(
        plan,
        f"{service.value}-{kind.value}",
        f"ai4k8s_{service.value}.worker",
        "--queue",
        kind.value,
        environment=service_environment(plan, service),
        stop_within_seconds=15.0,  # longer than the time a worker gives a running task
    )
    return ProcessSpec(name=command.name, stage=Stage.WORKERS, prepare=lambda: command, ready_line="worker_ready")


def _python(
    plan: Plan,
    name: str,
    module: str,
    *arguments: str,
    environment: dict[str, str] | None = None,
    stop_within_seconds: float = 8.0,
) -> Command:
    return Command(
        name=name,
        arguments=(sys.executable, "-m", module, *arguments),
        working_directory=plan.folder.run,
        environment={"PYTHONUNBUFFERED": "1", **(environment or {})},
        stop_within_seconds=stop_within_seconds,
    )


def answers(url: str) -> Callable[[], bool]:
    """A probe: whether a GET there is answered with 200."""
    request = urllib.request.Request(url)  # noqa: S310 - an http address of our own making
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def probe() -> bool:
        try:
            with opener.open(request, timeout=_PROBE_SECONDS) as response:
                return bool(response.status == HTTPStatus.OK)
        except (urllib.error.URLError, OSError, ValueError):
            return False

    return probe
