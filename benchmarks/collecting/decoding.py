"""Decoding pods: our typed structs against the official client, both up to the same rows, in one process."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import msgspec
from kubernetes import client

from ai4k8s_collector.adapters.translate import pod_of
from ai4k8s_common.kube.types import PODS
from benchmarks.collecting.prepared import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_collector.domain.observed import ObservedPod

Row = tuple[str, str, str, str, bool, int, str | None, float | None]
REPEATS = 5


def ours(page: bytes) -> list[Row]:
    """Decode with the collector's own code."""
    found = msgspec.json.decode(page, type=PODS.page)
    return [_row(pod_of(pod)) for pod in found.items or ()]


def _row(pod: ObservedPod) -> Row:
    owner = pod.owner.uid if pod.owner is not None else None
    return (
        pod.namespace, pod.name, pod.node, pod.phase, pod.ready, pod.restarts, owner, pod.cpu_request_millicores,
    )  # fmt: skip


def official(page: bytes) -> list[Row]:
    """Decode with the official Python client's deserializer, and take the same fields."""
    found = client.ApiClient().deserialize(page.decode(), "V1PodList", "application/json")
    return [_official_row(pod) for pod in found.items]


def _official_row(pod: Any) -> Row:
    ready = next((one for one in pod.status.conditions or () if one.type == "Ready"), None)
    owner = next((one.uid for one in pod.metadata.owner_references or () if one.controller), None)
    requests = [container.resources.requests["cpu"] for container in pod.spec.containers]
    return (
        pod.metadata.namespace,
        pod.metadata.name,
        pod.spec.node_name,
        pod.status.phase,
        ready is not None and ready.status == "True",
        sum(status.restart_count for status in pod.status.container_statuses or ()),
        owner,
        float(sum(int(text.removesuffix("m")) for text in requests)),
    )


def _best(call: Callable[[bytes], list[Row]], page: bytes, repeats: int) -> float:
    def once() -> float:
        started = time.process_time()
        call(page)
        return time.process_time() - started

    return min(once() for _ in range(repeats))


def measure() -> dict[str, Any]:
    """Decode one page of 500 pods both ways. Raises AssertionError when the rows are not the same."""
    page = Cluster(20, 500, 0).answer("/api/v1/pods", {})
    assert page is not None
    assert ours(page) == official(page)
    mine, theirs = _best(ours, page, REPEATS * 4), _best(official, page, REPEATS)
    pods = len(json.loads(page)["items"])
    return {
        "pods": pods,
        "bytes_a_pod": len(page) / pods,
        "ours_pods_per_cpu_second": pods / mine,
        "official_pods_per_cpu_second": pods / theirs,
        "ratio": theirs / mine,
    }
