"""Faults on demand, through real connections to one simulated cluster."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ai4k8s_simcluster.controllers.context import SecondsRange
from ai4k8s_simcluster.settings import SimSettings, parse_shape_spec
from ai4k8s_simcluster.testing import SimThread
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PODS = "/api/v1/pods"


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimThread]:
    directory = tmp_path_factory.mktemp("faults")
    settings = SimSettings(
        directory, directory / "kubeconfig", shapes=(parse_shape_spec("shop/web=noise:base=1.0,noise=0"),), nodes=2,
        demo=False, startup=SecondsRange(0, 0),
    )  # fmt: skip
    with SimThread(settings) as running:
        yield running


@pytest.fixture
def http(sim: SimThread) -> Iterator[httpx.Client]:
    identity = sim.server.identity
    with httpx.Client(
        base_url=sim.server.api_url,
        headers={"Authorization": f"Bearer {identity.token}"},
        verify=ssl.create_default_context(cafile=str(identity.ca_file)),
        timeout=20,
    ) as found:
        yield found
        found.delete("/sim/v1/faults")


@pytest.fixture
def add(http: httpx.Client) -> Callable[..., Any]:
    def post(kind: str, **more: Any) -> Any:
        answer = http.post("/sim/v1/faults", json={"kind": kind, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return post


@pytest.mark.parametrize("status", [401, 403, 409, 410, 429, 500, 502, 503, 504])
def test_an_error_hits_its_path_and_verb_and_nothing_else(
    http: httpx.Client, add: Callable[..., Any], status: int
) -> None:
    add("error", status=status, path="/api/v1/pods*", verb="list", retry_after=7)
    answer = http.get(PODS)
    assert (answer.status_code, answer.json()["kind"], answer.json()["code"]) == (status, "Status", status)
    assert answer.headers.get("retry-after") == ("7" if status in {429, 503} else None)
    assert http.get("/api/v1/nodes").status_code == 200
    assert http.get("/api/v1/namespaces/shop/pods").status_code == 200
    http.delete("/sim/v1/faults")
    assert http.get(PODS).status_code == 200


def test_half_of_the_requests_are_hit_when_asked_for(http: httpx.Client, add: Callable[..., Any]) -> None:
    add("error", status=503, share=0.5)
    codes = [http.get("/version").status_code for _ in range(60)]
    assert 12 <= codes.count(503) <= 48


def test_a_fault_ends_in_time_and_says_until_when(http: httpx.Client, add: Callable[..., Any]) -> None:
    entry = add("error", status=500, duration=2.0)
    assert entry["until"] is not None
    assert http.get(PODS).status_code == 500
    eventually(lambda: http.get(PODS).status_code == 200, within=5)
    assert http.get("/sim/v1/faults").json() == {"faults": []}


def test_latency_delays_and_a_hang_gives_no_answer_until_it_is_taken_back(
    http: httpx.Client, add: Callable[..., Any]
) -> None:
    slow = add("latency", seconds=0.3)
    begun = time.monotonic()
    assert http.get(PODS).status_code == 200
    assert time.monotonic() - begun >= 0.3
    http.delete(f"/sim/v1/faults/{slow['id']}")
    add("hang", path=PODS)
    with pytest.raises(httpx.ReadTimeout):
        http.get(PODS, timeout=0.3)
    assert http.get("/api/v1/nodes").status_code == 200


def test_a_truncated_list_is_no_json_and_a_reset_is_no_answer(http: httpx.Client, add: Callable[..., Any]) -> None:
    whole = len(http.get(PODS).content)
    cut = add("truncate", path=PODS)
    answer = http.get(PODS)
    assert answer.status_code == 200
    assert 0 < len(answer.content) < whole
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|Invalid"):
        answer.json()
    http.delete(f"/sim/v1/faults/{cut['id']}")
    add("reset", path=PODS)
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(PODS)


def test_the_clock_can_be_wrong(http: httpx.Client, add: Callable[..., Any]) -> None:
    from email.utils import parsedate_to_datetime

    add("clock-skew", seconds=600)
    told = parsedate_to_datetime(http.get("/version").headers["date"]).timestamp()
    assert told - time.time() == pytest.approx(600, abs=5)


def test_metrics_go_and_lie(sim: SimThread, http: httpx.Client, add: Callable[..., Any]) -> None:
    def usage() -> dict[str, str]:
        items = http.get("/apis/metrics.k8s.io/v1beta1/pods").json().get("items") or [{}]
        found: dict[str, str] = (items[0].get("containers") or [{}])[0].get("usage", {})
        return found

    eventually(usage, within=40)
    for kind, wrong in (("metrics-nan", "NaN"), ("metrics-negative", "-")):
        fault = add(kind)
        assert usage()["cpu"].startswith(wrong)
        http.delete(f"/sim/v1/faults/{fault['id']}")
    add("metrics-gone")
    assert http.get("/apis/metrics.k8s.io/v1beta1/pods").status_code == 503
    assert http.get("/apis/metrics.k8s.io/v1beta1/nodes").status_code == 503


def test_pressure_is_a_condition_that_goes_with_the_fault(http: httpx.Client, add: Callable[..., Any]) -> None:
    def pressed() -> str:
        conditions = http.get("/api/v1/nodes/node-1").json()["status"]["conditions"]
        return next(str(found["status"]) for found in conditions if found["type"] == "DiskPressure")

    fault = add("pressure", node="node-1", resource="disk")
    assert pressed() == "True"
    http.delete(f"/sim/v1/faults/{fault['id']}")
    assert pressed() == "False"


def test_a_lost_node_says_so_and_comes_back(http: httpx.Client, add: Callable[..., Any]) -> None:
    def kubelet() -> Any:
        return (http.get("/api/v1/nodes/node-2").json()["metadata"].get("annotations") or {}).get(
            "sim.ai4k8s.io/kubelet"
        )

    fault = add("node-loss", node="node-2")
    assert kubelet() == "stopped"
    http.delete(f"/sim/v1/faults/{fault['id']}")
    assert kubelet() is None


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"kind": "gremlin"}, "kinds are latency"), ({"kind": "error"}, "needs a status"), ([], "send an object"),
        ({"kind": "error", "status": 418}, "needs a status"), ({"kind": "latency"}, "needs seconds"),
        ({"kind": "node-loss"}, "needs a node"), ({"kind": "node-loss", "node": "x"}, "no node x"),
        ({"kind": "hang", "share": 0}, "share"), ({"kind": "hang", "chance": 1}, "unknown: chance"),
        ({"kind": "latency", "seconds": "2"}, "seconds is a number"), ({"kind": "hang", "duration": -1}, "duration"),
    ],
)  # fmt: skip
def test_what_is_no_fault_is_refused_with_what_to_do(http: httpx.Client, fault: Any, message: str) -> None:
    answer = http.post("/sim/v1/faults", json=fault)
    assert answer.status_code == 400
    assert message in answer.json()["message"]
    assert http.get("/sim/v1/faults").json() == {"faults": []}


def test_faults_are_not_for_everybody(sim: SimThread, http: httpx.Client) -> None:
    answer = http.post("/sim/v1/faults", json={"kind": "hang"}, headers={"Authorization": ""})
    assert answer.status_code in {401, 403}
