"""Rates beside CPU and memory: bytes over the network and to disks, requests, throttling. By pod and by node."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ai4k8s_collector.domain.observed import ObservedPod


class Rate(StrEnum):
    """What is measured; the names of the store's columns."""

    NETWORK_RECEIVE = "network_receive_bytes_per_second"
    NETWORK_TRANSMIT = "network_transmit_bytes_per_second"
    DISK_READ = "disk_read_bytes_per_second"
    DISK_WRITE = "disk_write_bytes_per_second"
    REQUESTS = "requests_per_second"
    THROTTLED = "throttled_share"


BYTE_RATES = (Rate.NETWORK_RECEIVE, Rate.NETWORK_TRANSMIT, Rate.DISK_READ, Rate.DISK_WRITE)


@dataclass(frozen=True, slots=True)
class Flows:
    """What was measured: rate -> (namespace, pod) or node -> value. A rate that is absent has no source.

    `custom` holds the metrics that the operator named, summed over pods like requests.
    """

    pods: Mapping[str, Mapping[tuple[str, str], float]] = field(default_factory=dict)
    nodes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    custom: Mapping[str, Mapping[tuple[str, str], float]] = field(default_factory=dict)


def sum_over(pods: Iterable[ObservedPod], flows: Flows) -> dict[str, float]:
    """Sum each rate over a workload's pods; a share is a mean. Rates that no pod has are left out, not zero."""
    keys = [(pod.namespace, pod.name) for pod in pods]
    result: dict[str, float] = {}
    for rate, by_pod in flows.pods.items():
        known = [by_pod[key] for key in keys if key in by_pod]
        if known:
            total = math.fsum(known)
            result[rate] = total / len(known) if rate == Rate.THROTTLED else total
    return result


def custom_over(pods: Iterable[ObservedPod], flows: Flows) -> dict[str, float]:
    """Sum each custom metric over a workload's pods; those that no pod has are left out."""
    keys = [(pod.namespace, pod.name) for pod in pods]
    result: dict[str, float] = {}
    for name, by_pod in flows.custom.items():
        known = [by_pod[key] for key in keys if key in by_pod]
        if known:
            result[name] = math.fsum(known)
    return result


def believable(values: Mapping[tuple[str, str], float]) -> tuple[dict[tuple[str, str], float], Counter[str]]:
    """Drop what is no quantity, and count it."""
    good: dict[tuple[str, str], float] = {}
    dropped: Counter[str] = Counter()
    for key, value in values.items():
        if not math.isfinite(value):
            dropped["not_a_number"] += 1
        elif value < 0:
            dropped["negative"] += 1
        else:
            good[key] = value
    return good, dropped
