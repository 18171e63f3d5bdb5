"""The process itself: starting, stopping, being killed, and finding everything again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import stat
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from kubernetes import client, config, watch

from ai4k8s_simcluster.controllers.context import SecondsRange
from ai4k8s_simcluster.settings import SimSettings, parse_shape_spec, parse_trace_spec
from ai4k8s_simcluster.testing import SimClusterError, SimProcess, SimThread
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHAPE = "shop/web=noise:base=0.7,noise=0"
ARGUMENTS = ("--no-demo", "--startup-seconds", "0-0", "--shape", SHAPE)


def settings(directory: Path, **changed: Any) -> SimSettings:
    given: dict[str, Any] = {
        "kubeconfig_out": directory / "kubeconfig", "startup": SecondsRange(0, 0), "demo": False,
        "shapes": (parse_shape_spec(SHAPE),), **changed,
    }  # fmt: skip
    return SimSettings(directory / "state", **given)


@contextlib.contextmanager
def official(kubeconfig: Path) -> Iterator[tuple[Any, Any]]:
    loader: Any = config.new_client_from_config
    with loader(str(kubeconfig)) as found:
        yield client.AppsV1Api(found), client.CoreV1Api(found)


def watching() -> Any:
    made: Any = watch.Watch
    return made()


def workloads(directory: Path, url: str) -> dict[str, Any]:
    context = ssl.create_default_context(cafile=str(directory / "ca.crt"))
    headers = {"Authorization": f"Bearer {(directory / 'token').read_text()}"}
    found = httpx.get(f"{url}/sim/v1/workloads", headers=headers, verify=context, timeout=20).json()
    return {workload["name"]: workload for workload in found["workloads"]}


def test_a_kill_forgets_no_accepted_write_and_a_restart_goes_on(tmp_path: Path) -> None:
    sim = SimProcess(tmp_path / "state", ARGUMENTS).start()
    try:
        url, prometheus_url, token = sim.api_url, sim.prometheus_url, sim.token
        with official(sim.kubeconfig) as (apps, core):
            old = core.list_namespaced_pod("shop").metadata.resource_version
            apps.patch_namespaced_deployment_scale("web", "shop", {"spec": {"replicas": 5}})
        sim.kill()
        sim.start()
        assert (sim.api_url, sim.prometheus_url, sim.token) == (url, prometheus_url, token)
        with official(sim.kubeconfig) as (apps, core):
            assert apps.read_namespaced_deployment("web", "shop").spec.replicas == 5
            eventually(lambda: apps.read_namespaced_deployment("web", "shop").status.ready_replicas == 5)
            with pytest.raises(client.ApiException) as gone:
                list(watching().stream(core.list_namespaced_pod, "shop", resource_version=old))
            assert gone.value.status == 410
        sim.pause()
        with pytest.raises(httpx.TimeoutException), httpx.Client(base_url=sim.prometheus_url, timeout=0.3) as frozen:
            frozen.get("/-/healthy")
        sim.resume()
        assert httpx.get(f"{sim.prometheus_url}/-/healthy", timeout=20).status_code == 200
        sim.stop()
    finally:
        sim.kill()


def test_it_stops_at_once_on_either_signal_while_watches_are_open(tmp_path: Path) -> None:
    sim = SimProcess(tmp_path / "state", ARGUMENTS).start()
    try:
        with official(sim.kubeconfig) as (_, core):
            watcher = watching()
            stream = watcher.stream(core.list_namespaced_pod, "shop", timeout_seconds=60)
            assert next(stream)["type"] == "ADDED"
            process = sim._process
            assert process is not None
            os.kill(sim.pid, signal.SIGINT)
            assert process.wait(20) == 0  # the watch would last for a minute
            watcher.stop()
            stream.close()
    finally:
        sim.kill()


def test_a_trace_that_cannot_be_read_is_one_sentence_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(SimClusterError) as refused:
        SimProcess(tmp_path / "state", ("--trace", f"shop/web={tmp_path / 'none.csv'}")).start()
    assert "No such file" in str(refused.value)
    assert "Traceback" not in str(refused.value)


def test_secrets_are_private_and_the_files_say_where(tmp_path: Path) -> None:
    with SimThread(settings(tmp_path)) as running:
        for name in ("state/token", "state/ca.key", "state/server.key", "kubeconfig", "state/state.json"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        server = running.server
        endpoints = json.loads((tmp_path / "state" / "endpoints.json").read_text())
        assert endpoints == {"api_url": server.api_url, "prometheus_url": server.prometheus_url, "pid": os.getpid()}


def test_a_port_that_is_taken_is_refused_when_asked_for_and_avoided_when_remembered(tmp_path: Path) -> None:
    with SimThread(settings(tmp_path)) as first:
        url = httpx.URL(first.server.api_url)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((url.host, url.port or 0))
        taken.listen()
        with pytest.raises(SimClusterError) as refused, SimThread(settings(tmp_path, port=url.port)):
            pass
        assert isinstance(refused.value.__cause__, OSError)
        with SimThread(settings(tmp_path)) as again:
            assert httpx.URL(again.server.api_url).port != url.port


def test_no_two_run_on_one_state_directory(tmp_path: Path) -> None:
    with SimThread(settings(tmp_path)), pytest.raises(SimClusterError) as refused, SimThread(settings(tmp_path)):
        pass
    assert "another simulated cluster runs" in str(refused.value.__cause__)


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty days with a rise at nine o'clock."""
    path = tmp_path_factory.mktemp("trace") / "load.csv"
    times = np.arange(1_699_920_000, 1_699_920_000 + 20 * 86_400, 300)
    values = 100 + 300 * ((times % 86_400 >= 9 * 3600) & (times % 86_400 < 11 * 3600))
    rows = (f"{datetime.fromtimestamp(int(t), UTC):%Y-%m-%dT%H:%M:%S},{v}" for t, v in zip(times, values, strict=True))
    path.write_text("timestamp,value\n" + "\n".join(rows) + "\n")
    return path


def test_a_trace_lies_so_that_its_rise_comes_in_a_few_minutes_and_stays_there(tmp_path: Path, trace: Path) -> None:
    specs = tuple(parse_trace_spec(text) for text in (f"shop/web={trace}", f"data/x={trace}:scale=0.01"))
    given = settings(tmp_path, shapes=(), traces=specs)
    with SimThread(given) as running:
        first = workloads(tmp_path / "state", running.server.api_url)
        now = time.time()
        query: dict[str, Any] = {
            "query": "sim_workload_demand_cores",
            "start": now - 14 * 86_400,
            "end": now - 60,
            "step": "300",
        }
        url = f"{running.server.prometheus_url}/api/v1/query_range"
        rows = httpx.get(url, params=query, timeout=20).json()["data"]["result"]
        with official(tmp_path / "kubeconfig") as (apps, _):
            deployment = apps.read_namespaced_deployment("web", "shop")
    web = first["web"]
    assert 120 < datetime.fromisoformat(web["rise_at"]).timestamp() - now < 600
    assert "daily rise 100 -> 400" in web["placement"]
    assert web["demand_cores"] == first["x"]["demand_cores"] == pytest.approx(1.0)
    assert deployment.status.ready_replicas == 3
    assert deployment.metadata.annotations["ai4k8s.io/predictive-autoscaling-enabled"] == "true"
    assert "daily rise" in deployment.metadata.annotations["sim.ai4k8s.io/placement"]
    values = [float(value) for _, value in rows[0]["values"]]
    assert len(values) > 4000
    assert min(values) == pytest.approx(1.0)
    assert max(values) == pytest.approx(4.0)
    with SimThread(given) as again:
        assert workloads(tmp_path / "state", again.server.api_url)["web"]["rise_at"] == web["rise_at"]


def test_the_demonstration_starts_healthy(tmp_path: Path) -> None:
    with SimThread(settings(tmp_path, demo=True, shapes=())), official(tmp_path / "kubeconfig") as (apps, _):
        found = apps.list_deployment_for_all_namespaces().items
    assert {d.metadata.namespace for d in found} == {"shop", "data", "platform", "batch"}
    assert len(found) == 6
    managed = [d for d in found if "ai4k8s.io/predictive-autoscaling-enabled" in (d.metadata.annotations or {})]
    assert len(managed) == 5
    assert all({"ai4k8s.io/min-replicas", "ai4k8s.io/max-replicas"} <= d.metadata.annotations.keys() for d in managed)
    assert all(d.status.ready_replicas == d.spec.replicas for d in found)


def test_the_official_client_reads_writes_and_watches(tmp_path: Path) -> None:
    with SimThread(settings(tmp_path, nodes=2)), official(tmp_path / "kubeconfig") as (apps, core):
        assert [node.metadata.name for node in core.list_node().items] == ["node-1", "node-2"]
        scale = apps.read_namespaced_deployment_scale("web", "shop")
        stale = apps.read_namespaced_deployment("web", "shop")
        scale.spec.replicas = 4
        assert apps.replace_namespaced_deployment_scale("web", "shop", scale).spec.replicas == 4
        stale.spec.replicas = 9
        planned = {"metadata": {"resourceVersion": stale.metadata.resource_version}, "spec": {"replicas": 9}}
        for write, body in (
            (apps.replace_namespaced_deployment, stale),
            (apps.patch_namespaced_deployment, planned),
        ):
            with pytest.raises(client.ApiException) as conflict:
                write("web", "shop", body)
            assert conflict.value.status == 409
        watcher = watching()
        ready: set[str] = set()
        for event in watcher.stream(core.list_namespaced_pod, "shop", timeout_seconds=20):
            conditions = event["object"].status.conditions or []
            if any(c.type == "Ready" and c.status == "True" for c in conditions):
                ready.add(event["object"].metadata.name)
            if len(ready) == 4:
                watcher.stop()
        assert len(ready) == 4
        custom: Any = client.CustomObjectsApi(apps.api_client)
        eventually(lambda: custom.list_cluster_custom_object("metrics.k8s.io", "v1beta1", "pods")["items"], within=40)
        assert client.VersionApi(apps.api_client).get_code().minor == "36"
        paged = core.list_namespaced_pod("shop", limit=3)
        rest = core.list_namespaced_pod("shop", limit=3, _continue=paged.metadata._continue)
        assert len(paged.items) + len(rest.items) == 4
