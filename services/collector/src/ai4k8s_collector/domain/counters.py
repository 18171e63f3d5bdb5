"""Rates from two readings of a counter, for sources that tell totals only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_collector.domain.flows import Flows, Rate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class NetworkReading:
    """Bytes that a pod has received and sent in all, up to a moment."""

    at: datetime
    received: int
    sent: int


def network_flows(before: Mapping[Key, NetworkReading], now: Mapping[Key, NetworkReading], at: datetime) -> Flows:
    """Return the rates between two readings of each pod.

    A counter that fell has begun anew: what was counted in between is not known, so that reading gives no rate and is
    counted as dropped. The same reading twice says nothing new and is left out.
    """
    received: dict[Key, float] = {}
    sent: dict[Key, float] = {}
    dropped: Counter[str] = Counter()
    for key, reading in now.items():
        last = before.get(key)
        if reading.at > at:
            dropped["in_the_future"] += 1
        elif last is None or reading.at <= last.at:
            continue
        elif reading.received < last.received or reading.sent < last.sent:
            dropped["counter_reset"] += 1
        else:
            seconds = (reading.at - last.at).total_seconds()
            received[key] = (reading.received - last.received) / seconds
            sent[key] = (reading.sent - last.sent) / seconds
    rates = {Rate.NETWORK_RECEIVE.value: received, Rate.NETWORK_TRANSMIT.value: sent}
    return Flows({rate: values for rate, values in rates.items() if values}, {}, dropped)
