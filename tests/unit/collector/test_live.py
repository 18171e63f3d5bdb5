"""Network, disks, requests and throttling: extra, and explained when they are missing."""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ai4k8s_collector.adapters.kubelets import MOST_NODES, read_kubelets
from ai4k8s_collector.adapters.live import BYTES, THROTTLING_QUERY, VOLUMES_QUERY, Asked, Live, read_live
from ai4k8s_collector.domain.counters import NetworkReading, network_flows
from ai4k8s_collector.domain.flows import Rate, custom_over, sum_over
from ai4k8s_collector.domain.sources import Source, SourceState, Status
from ai4k8s_collector.memory import ClusterMemory
from ai4k8s_common.kube.errors import KubeForbiddenError, KubeInvalidError, KubeUnavailableError
from ai4k8s_common.kube.objects import NetworkCounters, NodeSummary, PodReference, PodSummary
from ai4k8s_common.kube.prometheus import Series
from tests.support.fake_kube import FakeKube
from tests.unit.collector.test_summary import pod

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
RECEIVE = BYTES[Rate.NETWORK_RECEIVE][1]
ASKED = Asked("requests", {"queue_depth": "custom"})


@dataclass
class FakePrometheus:
    """Answers by query; nothing to others. `failure` is raised by every query, `refused` by those named."""

    answers: dict[str, list[Series]] = field(default_factory=dict)
    failure: Exception | None = None
    refused: frozenset[str] = frozenset()
    silent: bool = False

    async def query(self, query: str) -> list[Series]:
        if self.silent:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        if query in self.refused:
            raise KubeInvalidError("Prometheus answered 400: parse error")
        return self.answers.get(query, [])


def one(value: float, name: str = "web-0", node: str = "node-1") -> Series:
    return Series({"namespace": "shop", "pod": name, "node": node}, [NOW.timestamp()], [value])


def ask(fake: FakePrometheus, url: str | None = "http://prometheus", seconds: float = 5.0) -> Live:
    @asynccontextmanager
    async def open_live(url: str) -> AsyncIterator[FakePrometheus]:
        yield fake

    return asyncio.run(read_live(open_live, url, ASKED, seconds))


def states(live: Live) -> dict[Source, SourceState]:
    return {state.source: state for state in live.sources}


def test_rates_are_told_by_pod_and_by_node_and_bad_ones_are_counted() -> None:
    answers = {
        RECEIVE: [one(100.0), one(50.0, "web-1", "node-2"), one(math.nan, "web-2"), one(-3.0, "web-3")],
        THROTTLING_QUERY: [one(0.25), one(math.nan, "web-1")],
        "requests": [one(7.0)],
        "custom": [one(3.0), one(4.0, "web-1")],
        VOLUMES_QUERY: [Series({"namespace": "shop", "persistentvolumeclaim": "data"}, [0.0], [5e9])],
    }
    live = ask(FakePrometheus(answers))
    pods = [pod(0), pod(1)]
    assert sum_over(pods, live.flows) == {
        Rate.NETWORK_RECEIVE: 150.0,
        Rate.REQUESTS: 7.0,
        Rate.THROTTLED: 0.25,
    }
    assert custom_over(pods, live.flows) == {"queue_depth": 7.0}
    assert live.flows.nodes == {Rate.NETWORK_RECEIVE: {"node-1": 100.0, "node-2": 50.0}}
    assert live.flows.dropped == {"not_a_number": 1, "negative": 1}
    assert live.volumes == {("shop", "data"): 5e9}


def test_series_that_prometheus_does_not_have_are_explained() -> None:
    found = states(ask(FakePrometheus({RECEIVE: [one(1.0)]})))
    assert found[Source.PROMETHEUS].status is Status.AVAILABLE
    assert found[Source.NETWORK].status is Status.AVAILABLE
    for source in (Source.DISK, Source.REQUESTS, Source.THROTTLING):
        assert found[source].status is Status.MISSING
        assert found[source].reason
        assert found[source].hint
        assert found[source].lost


@pytest.mark.parametrize(
    ("fake", "url", "status"),
    [
        (FakePrometheus(), None, Status.NOT_CONFIGURED),
        (FakePrometheus(failure=KubeUnavailableError("refused")), "http://prometheus", Status.FAILED),
        (FakePrometheus(silent=True), "http://prometheus", Status.FAILED),
    ],
)
def test_a_prometheus_that_does_not_answer_costs_only_the_extras(
    fake: FakePrometheus, url: str | None, status: Status
) -> None:
    live = ask(fake, url, seconds=0.05)
    assert {state.status for state in live.sources} == {status}
    assert {state.source for state in live.sources} == {
        Source.PROMETHEUS,
        Source.NETWORK,
        Source.DISK,
        Source.REQUESTS,
        Source.THROTTLING,
    }
    assert live.flows.pods == {}


def test_a_query_that_is_wrong_does_not_cost_the_others() -> None:
    live = ask(FakePrometheus({RECEIVE: [one(1.0)]}, refused=frozenset({"requests", "custom"})))
    found = states(live)
    assert found[Source.NETWORK].status is Status.AVAILABLE
    assert found[Source.REQUESTS].status is Status.FAILED
    assert "parse error" in found[Source.REQUESTS].reason


def reading(seconds: float, received: int, sent: int = 0) -> NetworkReading:
    return NetworkReading(NOW + timedelta(seconds=seconds), received, sent)


def test_a_counter_that_fell_gives_no_rate_and_is_counted() -> None:
    before = {("shop", name): reading(0, 1000, 1000) for name in ("steady", "reset", "same", "ahead")}
    now = {
        ("shop", "steady"): reading(10, 1500, 1100),
        ("shop", "reset"): reading(10, 20, 1100),
        ("shop", "same"): reading(0, 1000, 1000),
        ("shop", "ahead"): reading(600, 2000, 2000),
        ("shop", "new"): reading(10, 99, 99),
    }
    flows = network_flows(before, now, NOW + timedelta(seconds=30))
    assert flows.pods == {
        Rate.NETWORK_RECEIVE: {("shop", "steady"): 50.0},
        Rate.NETWORK_TRANSMIT: {("shop", "steady"): 10.0},
    }
    assert flows.dropped == {"counter_reset": 1, "in_the_future": 1}


def summary(received: int, seconds: float) -> NodeSummary:
    counters = NetworkCounters(NOW + timedelta(seconds=seconds), received, received)
    return NodeSummary([PodSummary(PodReference("web-0", "shop"), counters), PodSummary()])


def test_kubelets_give_rates_from_the_second_look_on() -> None:
    kube, memory = FakeKube(), ClusterMemory()
    kube.summaries = {"node-1": summary(1000, 0)}
    flows, state = asyncio.run(read_kubelets(kube, ["node-1"], memory, NOW))
    assert (flows.pods, state.status) == ({}, Status.AVAILABLE)
    kube.summaries = {"node-1": summary(1600, 60)}
    flows, _ = asyncio.run(read_kubelets(kube, ["node-1"], memory, NOW + timedelta(seconds=60)))
    assert flows.pods[Rate.NETWORK_RECEIVE] == {("shop", "web-0"): 10.0}


def test_kubelets_that_may_not_be_asked_say_what_the_right_also_permits() -> None:
    kube = FakeKube()
    kube.failure = KubeForbiddenError("nodes/proxy is forbidden")
    flows, state = asyncio.run(read_kubelets(kube, ["node-1"], ClusterMemory(), NOW))
    assert (flows.pods, state.status) == ({}, Status.FORBIDDEN)
    assert "permits exec" in state.hint
    crowd = [f"node-{number}" for number in range(MOST_NODES + 1)]
    assert asyncio.run(read_kubelets(kube, crowd, ClusterMemory(), NOW))[1].status is Status.MISSING
