"""Guarantee 13: a cluster's credential, and what its Secrets hold, are found nowhere but where they belong."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import redis
import yaml
from pydantic import SecretStr

from ai4k8s_collector.batch import collect_due_clusters
from ai4k8s_collector.checks import check_connection
from ai4k8s_common.contracts.collector import CheckConnection
from ai4k8s_common.kube.access import Credentials
from ai4k8s_common.settings import ClusterAccessSettings
from ai4k8s_common.store.tables import metadata
from tests.support.collector import POLICY
from tests.support.gateway import KUBECONFIG
from tests.support.kube_api import answer
from tests.support.scripted_http import Reply, Seen, scripted
from tests.support.ssh_server import ssh_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    import pytest

    from tests.support.collector import CollectorBench
    from tests.support.gateway import Person, RunningGateway
    from tests.support.stores import Valkey

TOKEN = "canary-token-1234"


def echo(seen: Seen) -> Reply:
    """A proxy that prints what it was sent into its error page."""
    return Reply(502, f"bad gateway: {json.dumps(seen.headers)}".encode())


def add(ada: Person, name: str, server: str, **more: object) -> str:
    text = KUBECONFIG.replace("https://192.0.2.10:6443", server)
    response = ada.send("POST", "/clusters", {"name": name, "kubeconfig": text, **more})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def test_a_credential_is_found_in_no_table_message_cache_log_or_answer(
    start_gateway: Callable[..., RunningGateway],
    collector: CollectorBench,
    valkey: Valkey,
    capfd: pytest.CaptureFixture[str],
) -> None:
    gateway = start_gateway(access=ClusterAccessSettings(allow_loopback_clusters=True))
    ada = gateway.admin()
    credentials = Credentials(SecretStr(gateway.credentials_private_key), POLICY)
    context = replace(collector.context, credentials=credentials)
    with scripted(answer) as good, scripted(echo) as bad, ssh_server() as bastion:
        given = bastion.bastion()
        way = yaml.safe_load(given.to_json())
        ids = [
            add(ada, "good", good.url),
            add(ada, "echoes", bad.url),
            add(ada, "behind", good.url, bastion=way),
            add(ada, "refused", good.url, bastion={**way, "user": "nobody", "host_key": given.host_key}),
        ]
        refused = ada.send("POST", "/clusters", {"name": "no", "kubeconfig": KUBECONFIG.replace("token:", "tokn:")})
        collect_due_clusters(context)
        for cluster_id in ids[1:3]:
            job = ada.send("POST", f"/clusters/{cluster_id}/test").json()["job_id"]
            message = CheckConnection.model_validate({"job_id": job, "cluster_id": cluster_id})
            with context.bus.transaction() as tx:
                check_connection(tx, context, message)
        asked = {seen.path for server in (good, bad) for seen in server.seen}
    states = {row["status"] for row in collector.rows("SELECT status FROM collector.cluster_states")}
    assert states == {"connected", "unreachable"}
    assert not [path for path in asked if "secret" in path or "configmap" in path]

    private = given.private_key.get_secret_value().splitlines()[2]
    canaries = [TOKEN, base64.b64encode(TOKEN.encode()).decode(), quote(TOKEN), private]
    places = {
        "log": "".join(capfd.readouterr()),
        "refusal": refused.text,
        **dict(tables(gateway)),
        **dict(cache(valkey)),
        **dict(answers(gateway, ada, ids)),
    }
    assert "[redacted]" in places["collector.cluster_states"]
    found = [(place, canary[:12]) for place, text in places.items() for canary in canaries if canary in text]
    assert found == []


def tables(gateway: RunningGateway) -> Iterator[tuple[str, str]]:
    """Every row of every table, as text."""
    for key in metadata.tables:
        yield key, "\n".join(str(row[0]) for row in gateway.execute(f"SELECT t::text FROM {key} t"))


def cache(valkey: Valkey) -> Iterator[tuple[str, str]]:
    """Every key of both databases, as it is stored."""
    for number in (0, 1):
        with redis.Redis.from_url(valkey.url_of(number)) as client:
            for key in client.keys("*"):
                yield f"redis {key!r}", (client.dump(key) or b"").decode("latin-1")


def answers(gateway: RunningGateway, ada: Person, ids: list[str]) -> Iterator[tuple[str, str]]:
    """Whatever can be read over HTTP."""
    paths = ada.http.get("/api/v1/openapi.json").json()["paths"]
    jobs: list[UUID] = [job["job_id"] for job in ada.get("/jobs").json()["items"]]
    for path, operations in paths.items():
        if "get" not in operations:
            continue
        for one in ids if "{cluster_id}" in path else [""]:
            for job in jobs if "{job_id}" in path else [""]:
                filled = path.replace("{cluster_id}", one).replace("{job_id}", str(job)).replace("{workload_id}", "1")
                yield f"GET {filled}", ada.http.get(filled).text
    yield "metrics", ada.http.get("/metrics").text
    del gateway
