"""Probes, metrics, the system page, the first administrator, and a store that goes away."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from ai4k8s_common.security.sealed import generate_key_pair
from ai4k8s_common.services import Service
from tests.support.feed import feed_workload
from tests.support.gateway import KUBECONFIG
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.gateway import RunningGateway
    from tests.support.proxy import TcpProxy
    from tests.support.stores import Database, Valkey


def test_a_store_that_is_away_is_told_with_when_to_come_back(
    database: Database, tcp_proxy: Callable[[str, int], TcpProxy], start_gateway: Callable[..., RunningGateway]
):
    proxy = tcp_proxy("127.0.0.1", database.server.port)
    gateway = start_gateway(database_url=proxy.url_for(database.url(Service.GATEWAY)))
    ada = gateway.person()
    assert ada.get("/clusters").status_code == 200

    proxy.cut()
    refused = ada.get("/clusters")
    unsaved = ada.send("POST", "/clusters", {"name": "prod", "kubeconfig": KUBECONFIG})

    for response in (refused, unsaved):
        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        assert int(response.headers["retry-after"]) >= 1
        assert response.json()["code"] == "store_unavailable"
    assert httpx.get(f"{gateway.url}/readyz").status_code == 503
    assert httpx.get(f"{gateway.url}/healthz").status_code == 200
    assert "ai4k8s_store_up 0.0" in httpx.get(f"{gateway.url}/metrics").text

    proxy.restore()
    eventually(lambda: ada.get("/clusters").status_code == 200)
    assert ada.get("/clusters").json()["items"] == []


def test_a_broker_that_is_away_delays_work_and_loses_none(start_gateway: Callable[..., RunningGateway]):
    gateway = start_gateway(broker_url="redis://127.0.0.1:1/0")
    ada = gateway.person()

    response = ada.send("POST", f"/clusters/{ada.add_cluster()['id']}/test")

    assert response.status_code == 202
    assert gateway.execute("SELECT count(*) FROM gateway.outbox WHERE published_at IS NULL") == [(1,)]
    ready = httpx.get(f"{gateway.url}/readyz")
    assert ready.status_code == 503
    assert {check["name"]: check["ok"] for check in ready.json()["checks"]} == {"store": True, "broker": False}


def test_metrics_tell_requests_by_route_and_never_by_address(gateway: RunningGateway):
    ada = gateway.person()
    cluster_id = ada.add_cluster()["id"]
    ada.get(f"/clusters/{cluster_id}")
    httpx.get(f"{gateway.url}/some/scanner/path.php")

    text = httpx.get(f"{gateway.url}/metrics").text

    assert 'route="/api/v1/clusters/{cluster_id}",status="200"' in text
    assert "scanner" not in text
    assert "ai4k8s_gateway_request_duration_seconds_bucket" in text


def test_metrics_tell_what_waits_and_how_clusters_are(gateway: RunningGateway):
    ada = gateway.person()
    cluster_id = ada.add_cluster()["id"]
    feed_workload(gateway.database, cluster_id)
    ada.send("POST", f"/clusters/{cluster_id}/test")

    text = httpx.get(f"{gateway.url}/metrics").text

    assert 'ai4k8s_queue_open_messages{queue="collector.jobs"} 1.0' in text
    assert 'ai4k8s_queue_oldest_age_seconds{queue="scaler.cycle"} 0.0' in text
    assert f'ai4k8s_cluster_status{{cluster_id="{cluster_id}",status="connected"}} 1.0' in text
    assert "ai4k8s_cluster_last_success_age_seconds" in text


def test_the_system_page_shows_services_queues_and_how_many_dead_letters(gateway: RunningGateway):
    ada = gateway.person()
    gateway.execute(
        "INSERT INTO scaler.heartbeats (host, process, pid, version) VALUES"
        " ('h', 'scaler.cycle', 7, '0.1.0'), ('i', 'scaler.cycle', 7, '0.2.0')"
    )
    gateway.execute(
        "INSERT INTO chat.heartbeats (host, process, pid, seen_at) VALUES ('h', 'chat.jobs', 8, now() - interval '60 s')"
    )
    gateway.execute(
        "INSERT INTO rag.dead_letters (contract, queue, payload, attempts, error)"
        " VALUES ('rag.generate_manifest.v1', 'rag.jobs', '{}', 5, 'boom')"
    )

    system = ada.get("/system").json()

    assert {item["process"]: item["fresh"] for item in system["processes"]} == {
        "scaler.cycle": True,
        "chat.jobs": False,
    }
    assert {"collector.cycle", "collector.jobs"} <= {item["queue"] for item in system["queues"]}
    assert system["dead_letters"] == [{"service": "rag", "count": 1}]
    services = {item["name"]: item for item in system["services"]}
    assert {"gateway", "collector.cycle", "forecaster.cycle", "advisor.cycle"} <= services.keys()
    scaler, chat, rag = (services[name] for name in ("scaler.cycle", "chat.jobs", "rag.jobs"))
    assert (scaler["alive"], scaler["processes"], scaler["versions"]) == (True, 2, ["0.1.0", "0.2.0"])
    assert (chat["alive"], chat["processes"], chat["versions"]) == (False, 0, [])
    assert chat["last_seen_at"] is not None
    assert (rag["alive"], rag["last_seen_at"]) == (False, None)


def test_dead_letters_are_for_administrators_who_decide_about_each_once(gateway: RunningGateway):
    gateway.execute(
        "INSERT INTO rag.dead_letters (contract, queue, payload, attempts, error)"
        """ VALUES ('rag.generate_manifest.v1', 'rag.jobs', '{"request": "secret plan"}', 5, 'boom')"""
    )
    ada, admin = gateway.person(), gateway.admin()
    (letter,) = admin.get("/system/dead-letters").json()["items"]
    assert (letter["service"], letter["error"], letter["attempts"], letter["verdict"]) == ("rag", "boom", 5, None)
    assert "secret plan" not in str(letter)
    address = f"/system/dead-letters/rag/{letter['id']}"

    assert ada.get("/system/dead-letters").status_code == 403
    assert ada.send("POST", f"{address}/discard").status_code == 403
    assert admin.send("POST", "/system/dead-letters/rag/999/retry").status_code == 404
    for _ in range(2):
        assert admin.send("POST", f"{address}/retry").json() == {
            "service": "rag",
            "id": letter["id"],
            "verdict": "retry",
        }
    assert admin.send("POST", f"{address}/discard").status_code == 409
    assert [item["verdict"] for item in admin.get("/system/dead-letters").json()["items"]] == ["retry"]


def test_the_system_page_tells_cycles_only_of_ones_own_clusters(gateway: RunningGateway):
    ada, bob = gateway.person(), gateway.person()
    feed_workload(gateway.database, ada.add_cluster()["id"])

    assert [item["cluster_name"] for item in ada.get("/system").json()["cycles"]] == ["prod"]
    assert bob.get("/system").json()["cycles"] == []


def test_without_a_build_the_page_says_how_to_make_one(start_gateway: Callable[..., RunningGateway], tmp_path: Path):
    response = httpx.get(start_gateway(static=tmp_path / "nothing").url)

    assert response.status_code == 503
    assert "make web" in response.text


def test_the_page_is_served_for_its_own_addresses_compressed_and_cached(
    start_gateway: Callable[..., RunningGateway], tmp_path: Path
):
    import gzip

    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<html>the page</html>")
    (tmp_path / "assets/main-abc123.js").write_text("plain")
    (tmp_path / "assets/main-abc123.js.gz").write_bytes(gzip.compress(b"compressed"))
    url = start_gateway(static=tmp_path).url

    page = httpx.get(f"{url}/clusters/1/workloads/2")
    script = httpx.get(f"{url}/assets/main-abc123.js")
    plain = httpx.get(f"{url}/assets/main-abc123.js", headers={"Accept-Encoding": "identity"})

    assert page.text == "<html>the page</html>"
    assert page.headers["cache-control"] == "no-cache"
    assert (script.text, script.headers["content-encoding"]) == ("compressed", "gzip")
    assert "immutable" in script.headers["cache-control"]
    assert "javascript" in script.headers["content-type"]
    assert plain.text == "plain"
    assert httpx.get(f"{url}/assets/gone.js").status_code == 404
    assert httpx.get(f"{url}/..%2f..%2fetc/passwd").text == "<html>the page</html>"


def run_bootstrap(database: Database, valkey: Valkey, kubeconfig: Path | None) -> dict[str, object]:
    public_key, _ = generate_key_pair()
    environment = {
        "AI4K8S_DATABASE_URL": database.url(Service.GATEWAY),
        "AI4K8S_BROKER_URL": valkey.url_of(0),
        "AI4K8S_REDIS_URL": valkey.url_of(1),
        "AI4K8S_CREDENTIALS_PUBLIC_KEY": public_key,
    }
    if kubeconfig is not None:
        environment["AI4K8S_DEMO_KUBECONFIG"] = str(kubeconfig)
        environment["AI4K8S_DEMO_PROMETHEUS_URL"] = "http://192.0.2.10:9090"
        environment["AI4K8S_DEMO_AUTO_WORKLOADS"] = '["shop/web"]'
    ran = subprocess.run(
        [sys.executable, "-m", "ai4k8s_gateway.bootstrap"], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    printed: dict[str, object] = json.loads(ran.stdout)
    return printed


def test_bootstrap_makes_one_administrator_and_one_demo_cluster_however_often_it_runs(
    gateway: RunningGateway, valkey: Valkey, tmp_path: Path
):
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    first = run_bootstrap(gateway.database, valkey, kubeconfig)
    kubeconfig.write_text(KUBECONFIG.replace("192.0.2.10", "192.0.2.11"))
    second = run_bootstrap(gateway.database, valkey, kubeconfig)

    assert second == {**first, "password": None, "created": False}
    admin = gateway.visitor(str(first["username"])).log_in(str(first["password"]))
    (cluster,) = admin.get("/clusters").json()["items"]
    assert (cluster["name"], cluster["demo"]) == ("demo", True)
    assert cluster["api_url"] == "https://192.0.2.11:6443"
    assert gateway.execute("SELECT mode, namespace || '/' || name FROM gateway.policies") == [("auto", "shop/web")]


def test_who_registered_as_admin_before_bootstrap_is_not_one(gateway: RunningGateway, valkey: Valkey):
    squatter = gateway.person("admin")

    made = run_bootstrap(gateway.database, valkey, None)

    assert made["username"] != "admin"
    assert squatter.get("/auth/session").json()["user"]["role"] == "operator"


@pytest.mark.parametrize("name", ["AI4K8S_DATABASE_URL", "AI4K8S_CREDENTIALS_PUBLIC_KEY"])
def test_a_missing_setting_is_named_at_the_start(name: str):
    environment = {
        "AI4K8S_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x",
        "AI4K8S_BROKER_URL": "redis://127.0.0.1:1/0",
        "AI4K8S_REDIS_URL": "redis://127.0.0.1:1/0",
        "AI4K8S_CREDENTIALS_PUBLIC_KEY": generate_key_pair()[0],
    }
    del environment[name]

    ran = subprocess.run(
        [sys.executable, "-m", "ai4k8s_gateway.main"], env=environment, capture_output=True, text=True, check=False
    )

    assert ran.returncode != 0
    assert name in ran.stderr
