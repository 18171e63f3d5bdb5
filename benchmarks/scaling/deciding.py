"""How many workloads are decided for in a second of one core: ten thousand of them in one cycle."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from ai4k8s_forecaster.domain.window_maximum import LEVELS
from ai4k8s_scaler.domain.hpa import Usage
from ai4k8s_scaler.domain.policy import Foresight, Limits, Observed, PolicyMemory, decide
from ai4k8s_scaler.domain.price import QuantileFunction, weigh

WORKLOADS = 10_000


def decided_per_second() -> float:
    """Decide for many workloads that differ, from forecast to reasons, as the service does it for a cluster."""
    random = np.random.default_rng(1)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    levels = tuple(LEVELS.tolist())
    pods = np.sort(random.lognormal(1.5, 0.6, (WORKLOADS, LEVELS.size)), axis=1)
    usage = random.uniform(0.3, 1.3, WORKLOADS)
    ready = random.integers(1, 20, WORKLOADS)
    inputs = [
        (
            Observed(Usage(float(usage[i] * ready[i]), 1.0, int(ready[i])), int(ready[i]), int(ready[i]), 30.0),
            Foresight(QuantileFunction(levels, tuple(pods[i].tolist())), 240.0),
        )
        for i in range(WORKLOADS)
    ]
    limits, memory = Limits(1, 50), PolicyMemory(40.0, ((now.timestamp() - 30.0, 5),))
    began = time.process_time()
    options = weigh([foresight.demand for _, foresight in inputs if foresight.demand])
    for (observed, foresight), weighed in zip(inputs, options, strict=True):
        decide(observed, replace(foresight, options=weighed), limits, memory, now)
    return round(WORKLOADS / (time.process_time() - began))
