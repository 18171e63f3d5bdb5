"""One look at one cluster: its API server and its Prometheus side by side, within one deadline."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from ai4k8s_collector.adapters.cluster import read_cluster
from ai4k8s_collector.adapters.kubelets import read_kubelets
from ai4k8s_collector.adapters.live import Asked, read_live
from ai4k8s_collector.domain.sources import Source, Status
from ai4k8s_common.kube.errors import KubeUnavailableError

if TYPE_CHECKING:
    from datetime import timedelta

    from ai4k8s_collector.adapters.live import Live
    from ai4k8s_collector.context import Context
    from ai4k8s_collector.domain.flows import Flows
    from ai4k8s_collector.domain.observed import Snapshot
    from ai4k8s_collector.domain.sources import SourceState
    from ai4k8s_collector.memory import ClusterMemory
    from ai4k8s_collector.repository import DueCluster
    from ai4k8s_common.kube.protocols import KubeReader

# Of the deadline: the extras must never cost the look itself.
LIVE_SHARE = 0.4


async def look_at(context: Context, cluster: DueCluster, deadline: timedelta) -> Snapshot:
    """Read a cluster. Raises Ai4k8sError, also when the deadline is over."""
    seconds = deadline.total_seconds()
    asked = Asked(context.settings.requests_query, context.settings.custom_metrics)
    live = asyncio.create_task(read_live(context.open_live, cluster.prometheus_url, asked, seconds * LIVE_SHARE))
    try:
        async with asyncio.timeout(seconds):
            credential = context.open_credential(cluster.cluster_id, cluster.sealed)
            memory = context.memories.of(cluster.cluster_id)
            async with context.open_cluster(credential, cluster.namespaces) as kube:
                snapshot = with_live(await read_cluster(kube, context.clock, memory), await live)
                if context.settings.kubelet_summary:
                    return await _with_kubelets(kube, snapshot, memory)
                return snapshot
    except TimeoutError:
        raise KubeUnavailableError(
            f"the cluster was not read within {seconds:g} s",
            hint="It is slow or hangs; it is tried again by itself.",
        ) from None
    finally:
        live.cancel()


def with_live(snapshot: Snapshot, live: Live) -> Snapshot:
    """Add what Prometheus said."""
    claims = snapshot.volume_claims
    if claims is not None and live.volumes:
        claims = tuple(replace(claim, used_bytes=live.volumes.get((claim.namespace, claim.name))) for claim in claims)
    return replace(snapshot, flows=live.flows, volume_claims=claims, sources=(*snapshot.sources, *live.sources))


async def _with_kubelets(kube: KubeReader, snapshot: Snapshot, memory: ClusterMemory) -> Snapshot:
    """Ask kubelets for what Prometheus did not tell."""
    told = any(state.source is Source.NETWORK and state.status is Status.AVAILABLE for state in snapshot.sources)
    if told or snapshot.nodes is None:
        return snapshot
    nodes = [node.name for node in snapshot.nodes if node.ready]
    flows, state = await read_kubelets(kube, nodes, memory, snapshot.at)
    return replace(snapshot, flows=_joined(snapshot.flows, flows), sources=_with_state(snapshot.sources, state))


def _joined(first: Flows, second: Flows) -> Flows:
    dropped = dict(first.dropped)
    for reason, count in second.dropped.items():
        dropped[reason] = dropped.get(reason, 0) + count
    return replace(first, pods={**first.pods, **second.pods}, dropped=dropped)


def _with_state(states: tuple[SourceState, ...], state: SourceState) -> tuple[SourceState, ...]:
    return (*(one for one in states if one.source is not state.source), state)
