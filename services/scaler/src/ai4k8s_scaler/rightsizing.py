"""Works out which requests would fit each workload's pods, a few workloads at a time, from the last days' samples."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from ai4k8s_scaler import sizes
from ai4k8s_scaler.domain.rightsize import MEMORY_DAYS, Range, recommended_cpu, recommended_memory

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_scaler.context import Context

REACH = timedelta(days=MEMORY_DAYS)
FRESH_FOR = timedelta(hours=1)
AT_ONCE = 40
#: Means of five minutes: the recommender's minute would be five times the rows for the same percentile.
LEAST_SAMPLES = 12

log = structlog.stdlib.get_logger(__name__)


def right_size_workloads(tx: Transaction, context: Context) -> None:
    """Renew the oldest recommendations."""
    now = context.clock()
    due = sizes.due_for_right_size(tx.connection, now - FRESH_FOR, AT_ONCE)
    for row in due:
        sizes.write_right_size(tx.connection, row.id, _right_size(tx, row, now))
    if due:
        log.info("workloads_right_sized", workloads=len(due))


def _right_size(tx: Transaction, row: Row[Any], now: datetime) -> dict[str, Any]:
    samples = sizes.use_of_one_pod(tx.connection, row.id, now - REACH, now)
    base: dict[str, Any] = {"cluster_id": row.cluster_id, "made_at": now, "samples": len(samples), "days": 0.0}
    if len(samples) < LEAST_SAMPLES:
        detail = f"{len(samples)} of the {LEAST_SAMPLES} samples that it takes"
        return {**base, "cpu_millicores": None, "memory_bytes": None, "detail": detail}
    at = np.array([sample.at.timestamp() for sample in samples])
    cpu = np.array([np.nan if sample.cpu is None else sample.cpu for sample in samples])
    memory = np.array([np.nan if sample.memory is None else sample.memory for sample in samples])
    moment = now.timestamp()
    return {
        **base,
        "days": float(at.max() - at.min()) / 86_400.0,
        "cpu_millicores": _json(recommended_cpu(at, cpu, moment)),
        "memory_bytes": _json(recommended_memory(at, memory, moment)),
        "detail": "",
    }


def _json(found: Range | None) -> dict[str, float] | None:
    return None if found is None else {name: round(value, 1) for name, value in asdict(found).items()}
