"""Network counters from the kubelets themselves, for clusters without Prometheus. An opt-in.

The way there is the API server's proxy to nodes. The right to it (nodes/proxy) also permits running commands in every
container of a node, which is why nothing asks for it unless the operator says so.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_collector.domain.counters import NetworkReading, network_flows
from ai4k8s_collector.domain.flows import Flows
from ai4k8s_collector.domain.sources import Source, SourceState, Status
from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.errors import KubeError, KubeForbiddenError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ai4k8s_collector.domain.counters import Key
    from ai4k8s_collector.memory import ClusterMemory
    from ai4k8s_common.kube.protocols import KubeReader

KUBELETS_AT_ONCE = 8
# One question a node: beyond this the API server's proxy would be busy with us.
MOST_NODES = 500
CLOCKS_DIFFER_BY = timedelta(seconds=30)


async def read_kubelets(
    kube: KubeReader, nodes: Sequence[str], memory: ClusterMemory, now: datetime
) -> tuple[Flows, SourceState]:
    """Return the rates since the last look, and how that went. Never raises KubeError."""
    if len(nodes) > MOST_NODES:
        reason = f"{len(nodes)} kubelets are too many to ask one by one"
        return Flows(), SourceState(Source.NETWORK, Status.MISSING, reason, "give the cluster's Prometheus address")
    gate = asyncio.Semaphore(KUBELETS_AT_ONCE)

    async def one(node: str) -> dict[Key, NetworkReading] | Ai4k8sError:
        async with gate:
            return await _readings(kube, node)

    answers = await asyncio.gather(*(one(node) for node in nodes))
    failures = [answer for answer in answers if isinstance(answer, Ai4k8sError)]
    readings = {
        key: value for answer in answers if not isinstance(answer, Ai4k8sError) for key, value in answer.items()
    }
    flows = network_flows(memory.counters, readings, now + CLOCKS_DIFFER_BY)
    memory.counters = readings
    return flows, _state(len(nodes), failures)


async def _readings(kube: KubeReader, node: str) -> dict[Key, NetworkReading] | Ai4k8sError:
    try:
        summary = await kube.node_summary(node)
    except KubeError as error:
        return error
    found = {}
    for pod in summary.pods or ():
        network = pod.network
        if network is None or network.time is None or network.rx_bytes is None or network.tx_bytes is None:
            continue
        key = (pod.pod_ref.namespace, pod.pod_ref.name)
        found[key] = NetworkReading(network.time, network.rx_bytes, network.tx_bytes)
    return found


def _state(nodes: int, failures: Sequence[Ai4k8sError]) -> SourceState:
    if not failures:
        return SourceState(Source.NETWORK, Status.AVAILABLE, "from kubelets")
    first = failures[0]
    if isinstance(first, KubeForbiddenError):
        hint = "grant get on nodes/proxy, knowing that it also permits exec, or use Prometheus"
        return SourceState(Source.NETWORK, Status.FORBIDDEN, "The credential may not ask kubelets", hint)
    reason = f"{len(failures)} of {nodes} kubelets did not answer: {first.detail}"
    return SourceState(Source.NETWORK, Status.FAILED, reason, first.hint.rstrip("."))
