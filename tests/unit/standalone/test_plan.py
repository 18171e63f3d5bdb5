"""Who is given what: the list of processes is data, and this is what must be true of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ai4k8s_common.services import Service
from ai4k8s_standalone import plan as planning
from ai4k8s_standalone.folder import DataFolder
from ai4k8s_standalone.models import local_model_specs
from ai4k8s_standalone.plan import Plan, Ports, Wishes, role_url
from ai4k8s_standalone.specs import Stage
from ai4k8s_standalone.up import FirstAdministrator, read_administrator
from ai4k8s_standalone.vault import open_vault

if TYPE_CHECKING:
    from ai4k8s_standalone.process import Command

PORTS = Ports(
    gateway=5003,
    postgres=20_001,
    valkey=20_002,
    simcluster=20_003,
    prometheus=20_004,
    local_llm=20_005,
    chat_mcp=20_006,
)
WORKERS = {
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
}


@pytest.fixture
def plan(tmp_path) -> Plan:
    folder = DataFolder(tmp_path)
    return Plan(folder=folder, wishes=Wishes(), ports=PORTS, vault=open_vault(folder.secrets_file))


def commands(plan: Plan) -> dict[str, Command]:
    specs = [*planning.simcluster_specs(plan), *planning.service_specs(plan)]
    return {spec.name: spec.prepare() for spec in specs}


def test_there_is_a_worker_for_every_queue_a_beat_a_gateway_and_a_cluster(plan):
    assert set(commands(plan)) == WORKERS | {"beat", "chat-mcp", "gateway", "simcluster"}


def test_each_service_logs_in_as_its_own_role(plan):
    for name, command in commands(plan).items():
        service = name.partition("-")[0]
        if service in set(Service):
            url = command.environment["AI4K8S_DATABASE_URL"]
            assert url.startswith(f"postgresql://ai4k8s_{service}:{plan.vault.role_passwords[Service(service)]}@")


def test_only_services_that_talk_to_clusters_hold_the_key_that_opens_credentials(plan):
    holders = {
        name.partition("-")[0]
        for name, command in commands(plan).items()
        if plan.vault.credentials_private_key in command.environment.values()
    }
    assert holders == {"collector", "scaler", "chat"}


def test_the_key_of_peoples_secrets_is_the_gateways_alone(plan):
    holders = {
        name
        for name, command in commands(plan).items()
        if plan.vault.people_private_key in command.environment.values()
    }
    assert holders - {"bootstrap", "reseal"} == {"gateway"}


def test_nobody_but_the_migration_learns_the_owner_of_the_database(plan):
    for command in [*commands(plan).values(), planning.bootstrap_command(plan)]:
        assert not any(plan.vault.superuser_password in value for value in command.environment.values())
    assert plan.vault.superuser_password in planning.migrate_command(plan).environment["AI4K8S_DATABASE_URL"]


def test_no_secret_stands_in_the_arguments_that_everybody_can_list(plan):
    secrets = {
        plan.vault.superuser_password,
        plan.vault.valkey_password,
        plan.vault.credentials_private_key,
        *plan.vault.role_passwords.values(),
    }
    every = [*commands(plan).values(), planning.migrate_command(plan), planning.bootstrap_command(plan)]
    for command in [*every, *(spec.prepare() for spec in planning.store_specs(plan) if spec.name == "valkey")]:
        assert not any(secret in argument for secret in secrets for argument in command.arguments)


def test_a_key_for_a_language_model_reaches_only_services_that_use_one(plan, monkeypatch):
    for name in ("GROQ_API_KEY", "ANTHROPIC_API_KEY", "GPT_OSS_API_KEY", "GROQ_API_KEY_FILE"):
        monkeypatch.setenv(name, "canary")
        holders = {name for name, command in commands(plan).items() if "canary" in command.environment.values()}
        assert {name.partition("-")[0] for name in holders} == {"advisor", "chat", "rag"}
        monkeypatch.delenv(name)


def test_a_local_model_is_a_process_whose_key_only_services_that_ask_models_have(plan, monkeypatch, tmp_path):
    monkeypatch.setenv("GPT_OSS_API_BASE", "https://elsewhere.example/v1")
    monkeypatch.setenv("GPT_OSS_API_KEY_FILE", "/of/elsewhere")
    local = replace(plan, wishes=replace(plan.wishes, local_model=tmp_path / "small.gguf"))
    (spec,) = local_model_specs(local)
    server = spec.prepare()
    assert not spec.essential
    key = local.vault.local_llm_key
    assert not any(key in argument for argument in server.arguments)
    assert ("--model", str(tmp_path / "small.gguf")) == server.arguments[3:5]
    holders = {name for name, command in commands(local).items() if key in command.environment.values()}
    assert {name.partition("-")[0] for name in holders} == {"advisor", "chat", "rag"}
    chat = commands(local)["chat-jobs"].environment
    assert chat["GPT_OSS_API_BASE"] == "http://127.0.0.1:20005/v1"
    assert "GPT_OSS_API_KEY_FILE" not in chat
    assert list(local_model_specs(plan)) == []


def test_own_servers_replace_the_embedded_ones(tmp_path):
    own = Plan(
        folder=DataFolder(tmp_path),
        wishes=Wishes(demo=False),
        ports=PORTS,
        vault=open_vault(tmp_path / "secrets.json"),
        external_database_url="postgresql://boss:secret@db.example:5433/things?sslmode=require",
        external_broker_url="rediss://broker.example/0",
        external_redis_url="rediss://cache.example/0",
    )
    assert list(planning.store_specs(own)) == []
    environment = commands(own)["scaler-cycle"].environment
    assert environment["AI4K8S_BROKER_URL"] == "rediss://broker.example/0"
    assert environment["AI4K8S_REDIS_URL"] == "rediss://cache.example/0"
    password = own.vault.role_passwords[Service.SCALER]
    assert (
        environment["AI4K8S_DATABASE_URL"]
        == f"postgresql://ai4k8s_scaler:{password}@db.example:5433/things?sslmode=require"
    )


def test_one_own_redis_server_still_needs_the_embedded_one_for_the_rest(plan, tmp_path):
    half = Plan(
        folder=plan.folder, wishes=plan.wishes, ports=PORTS, vault=plan.vault, external_broker_url="redis://other/0"
    )
    assert [spec.name for spec in planning.store_specs(half)] == ["postgres", "valkey"]


def test_without_demo_there_is_no_simulated_cluster_and_loopback_stays_forbidden(tmp_path):
    plan = Plan(
        folder=DataFolder(tmp_path),
        wishes=Wishes(demo=False),
        ports=PORTS,
        vault=open_vault(tmp_path / "secrets.json"),
    )
    assert "simcluster" not in commands(plan)
    assert all("AI4K8S_ALLOW_LOOPBACK_CLUSTERS" not in c.environment for c in commands(plan).values())


def test_a_role_keeps_everything_of_an_address_but_the_login():
    assert role_url("postgresql://[::1]:5432/x", Service.RAG, "p/w") == "postgresql://ai4k8s_rag:p%2Fw@[::1]:5432/x"


def test_the_gateway_is_stopped_before_workers_and_workers_before_stores(plan):
    stages = {spec.name: spec.stage for spec in [*planning.store_specs(plan), *planning.service_specs(plan)]}
    assert stages["gateway"] > stages["beat"] > stages["scaler-cycle"] > stages["valkey"] > stages["postgres"]
    assert stages["postgres"] is min(Stage)


def test_a_page_for_everybody_is_still_opened_by_a_local_address(plan):
    for host, url in {
        "0.0.0.0": "http://127.0.0.1:5003",
        "127.0.0.1": "http://127.0.0.1:5003",
        "::1": "http://[::1]:5003",
    }.items():
        other = Plan(folder=plan.folder, wishes=Wishes(host=host), ports=PORTS, vault=plan.vault)
        assert other.url == url


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (['{"username": "admin", "password": "x"}'], FirstAdministrator("admin", "x")),
        (["some words", '{"username": "admin", "password": "x"}'], FirstAdministrator("admin", "x")),
        (['{"username": "admin", "password": null}'], None),
        (["{}"], None),
        ([], None),
        (["7"], None),
    ],
)
def test_the_password_of_the_first_administrator_is_read_when_there_is_one(output, expected):
    assert read_administrator(output) == expected


def test_the_demos_own_workloads_and_those_given_a_load_are_scaled_from_the_start():
    wishes = Wishes(traces=("a/b=file:scale=2",), shapes=("shop/web=hourly", "c/d=daily"))
    scaled = planning.scaled_from_the_start(wishes)
    assert {"a/b", "shop/web", "c/d"} <= set(scaled)
    assert len(scaled) == len(set(scaled))
