"""Asks a cluster's Prometheus for what metrics-server does not know: network, disks, requests, throttling.

All of it is extra: what Prometheus does not answer in time is missing from this look, with the reason, and the look
itself goes on.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ai4k8s_collector.domain.flows import Flows, Rate, believable
from ai4k8s_collector.domain.sources import Source, SourceState, Status
from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.errors import KubeInvalidError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    from ai4k8s_common.kube.prometheus import Series

PROMETHEUS_HINT = "give the cluster its Prometheus address"
VOLUMES_QUERY = "max by (namespace, persistentvolumeclaim) (kubelet_volume_stats_used_bytes)"


class LiveReader(Protocol):
    """What is needed of Prometheus. Raises KubeError."""

    async def query(self, query: str) -> list[Series]:
        """Return the present value of each series."""
        ...


class OpenLive(Protocol):
    """Opens a cluster's Prometheus for the present."""

    def __call__(self, url: str) -> AbstractAsyncContextManager[LiveReader]:
        """Return a reader to be entered. Raises InvalidInputError for an address that must not be reached."""
        ...


def _rate(metric: str, labels: str = "", window: str = "2m") -> str:
    return f"sum by (namespace, pod, node) (rate({metric}{{{labels}}}[{window}]))"


_IN_CONTAINERS = 'container!=""'
_IN_PODS = 'pod!=""'
BYTES: dict[Rate, tuple[Source, str]] = {
    Rate.NETWORK_RECEIVE: (Source.NETWORK, _rate("container_network_receive_bytes_total", _IN_PODS)),
    Rate.NETWORK_TRANSMIT: (Source.NETWORK, _rate("container_network_transmit_bytes_total", _IN_PODS)),
    Rate.DISK_READ: (Source.DISK, _rate("container_fs_reads_bytes_total", _IN_CONTAINERS)),
    Rate.DISK_WRITE: (Source.DISK, _rate("container_fs_writes_bytes_total", _IN_CONTAINERS)),
}
THROTTLING_QUERY = (
    f"sum by (namespace, pod) (rate(container_cpu_cfs_throttled_periods_total{{{_IN_CONTAINERS}}}[5m])) / "
    f"sum by (namespace, pod) (rate(container_cpu_cfs_periods_total{{{_IN_CONTAINERS}}}[5m]))"
)
NO_SERIES: dict[Source, tuple[str, str]] = {
    Source.NETWORK: ("Prometheus has no container_network series", "let it scrape the kubelets' /metrics/cadvisor"),
    Source.DISK: ("Prometheus has no container_fs series", "let it scrape the kubelets' /metrics/cadvisor"),
    Source.REQUESTS: (
        "Prometheus answers the query for requests with nothing",
        "let applications expose http_requests_total, or set AI4K8S_COLLECTOR_REQUESTS_QUERY",
    ),
    Source.THROTTLING: ("Prometheus has no container_cpu_cfs series", "let it scrape the kubelets' /metrics/cadvisor"),
}
EXTRAS = (Source.NETWORK, Source.DISK, Source.REQUESTS, Source.THROTTLING)


@dataclass(frozen=True)
class Asked:
    """What the operator wants to be asked, beside what always is; queries give one series per namespace and pod."""

    requests_query: str
    custom: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Live:
    """What Prometheus says now. `volumes`: (namespace, claim) -> bytes in use."""

    flows: Flows = field(default_factory=Flows)
    volumes: Mapping[tuple[str, str], float] = field(default_factory=dict)
    sources: tuple[SourceState, ...] = ()


async def read_live(open_live: OpenLive, url: str | None, asked: Asked, within_seconds: float) -> Live:
    """Ask everything at once. Never raises: what is missing says why."""
    if url is None:
        return _without(Status.NOT_CONFIGURED, "No Prometheus address is given", PROMETHEUS_HINT)
    try:
        async with asyncio.timeout(within_seconds), open_live(url) as prometheus:
            answers = _Answers()
            await answers.ask(prometheus, asked)
    except TimeoutError:
        return _without(Status.FAILED, f"Prometheus did not answer within {within_seconds:g} s", "look at its load")
    except Ai4k8sError as error:
        return _without(Status.FAILED, error.detail, error.hint.rstrip("."))
    return _live(answers, asked)


def _without(status: Status, reason: str, hint: str) -> Live:
    return Live(sources=tuple(SourceState(source, status, reason, hint) for source in (Source.PROMETHEUS, *EXTRAS)))


class _Answers:
    """Answers by what was asked, and why a query was refused: one that is wrong must not cost the others."""

    def __init__(self) -> None:
        self.series: dict[str, list[Series]] = {}
        self.refused: dict[str, str] = {}

    async def ask(self, prometheus: LiveReader, asked: Asked) -> None:
        """Ask all queries at once. Raises KubeError when Prometheus as a whole does not answer."""
        queries = {rate.value: query for rate, (_, query) in BYTES.items()}
        queries |= {
            Rate.REQUESTS.value: asked.requests_query,
            Rate.THROTTLED.value: THROTTLING_QUERY,
            VOLUMES_QUERY: VOLUMES_QUERY,
        }
        queries |= {_custom(name): query for name, query in asked.custom.items()}
        await asyncio.gather(*(self._one(prometheus, name, query) for name, query in queries.items()))

    async def _one(self, prometheus: LiveReader, name: str, query: str) -> None:
        try:
            self.series[name] = await prometheus.query(query)
        except KubeInvalidError as error:
            self.series[name], self.refused[name] = [], error.detail


def _custom(name: str) -> str:
    return f"custom {name}"


def _live(answers: _Answers, asked: Asked) -> Live:
    pods: dict[str, Mapping[tuple[str, str], float]] = {}
    nodes: dict[str, Mapping[str, float]] = {}
    dropped: Counter[str] = Counter()
    for rate in Rate:
        series = answers.series[rate.value]
        by_pod = _by_pod(series)
        if rate is Rate.THROTTLED:
            # No periods, no share of them: that is no bad reading.
            by_pod = {key: value for key, value in by_pod.items() if not math.isnan(value)}
        good, bad = believable(by_pod)
        dropped += bad
        if good:
            pods[rate.value] = good
        if rate in BYTES and (by_node := _by_node(series)):
            nodes[rate.value] = by_node
    custom = {name: believable(_by_pod(answers.series[_custom(name)]))[0] for name in asked.custom}
    volumes = {
        (series.labels.get("namespace", ""), series.labels.get("persistentvolumeclaim", "")): series.values[-1]
        for series in answers.series[VOLUMES_QUERY]
        if series.values and math.isfinite(series.values[-1])
    }
    flows = Flows(pods, nodes, dropped, custom)
    return Live(flows, volumes, (SourceState(Source.PROMETHEUS, Status.AVAILABLE), *_extras(pods, answers.refused)))


def _extras(pods: Mapping[str, object], refused: Mapping[str, str]) -> Iterable[SourceState]:
    needed = {Source.REQUESTS: {Rate.REQUESTS}, Source.THROTTLING: {Rate.THROTTLED}}
    for rate, (source, _) in BYTES.items():
        needed.setdefault(source, set()).add(rate)
    for source in EXTRAS:
        if any(rate.value in pods for rate in needed[source]):
            yield SourceState(source, Status.AVAILABLE)
        elif source is Source.REQUESTS and Rate.REQUESTS.value in refused:
            hint = "correct AI4K8S_COLLECTOR_REQUESTS_QUERY"
            yield SourceState(source, Status.FAILED, refused[Rate.REQUESTS.value], hint)
        else:
            yield SourceState(source, Status.MISSING, *NO_SERIES[source])


def _by_pod(answer: Iterable[Series]) -> dict[tuple[str, str], float]:
    """Add up series of one pod: there is one per node label, and nothing else should differ."""
    found: dict[tuple[str, str], float] = {}
    for series in answer:
        namespace, pod = series.labels.get("namespace"), series.labels.get("pod")
        if namespace and pod and series.values:
            found[namespace, pod] = found.get((namespace, pod), 0.0) + series.values[-1]
    return found


def _by_node(answer: Iterable[Series]) -> dict[str, float]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for series in answer:
        value = series.values[-1] if series.values else math.nan
        if (node := series.labels.get("node")) and math.isfinite(value) and value >= 0:
            found[node].append(value)
    return {node: math.fsum(values) for node, values in found.items()}
