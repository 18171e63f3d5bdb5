"""A cluster's health at one moment: what the store and the watched bins say of it, judged and written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ai4k8s_forecaster import anomaly_repository as store
from ai4k8s_forecaster.domain.health import Seen, health

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_forecaster.domain.arrays import FloatArray
    from ai4k8s_forecaster.watching import Watched

_HOUR_BINS = 12


def write_health(
    connection: Connection, cluster_id: UUID, now: datetime, workloads: Watched | None, nodes: Watched | None
) -> None:
    """Judge a cluster and store the score with its ingredients."""
    facts = store.facts_of_health(connection, cluster_id, now)
    if facts is None:
        return
    success = facts.last_success_at
    seen = Seen(
        seconds_since_success=None if success is None else max((now - success).total_seconds(), 0.0),
        interval_seconds=facts.interval_seconds,
        metrics_available=None if success is None else facts.metrics_available,
        nodes=facts.nodes,
        nodes_ready=facts.nodes_ready,
        cpu_used_share=_share(_newest(nodes, "cpu"), facts.cpu),
        memory_used_share=_share(_newest(nodes, "memory"), facts.memory),
        cpu_requested_share=_share(facts.requested, facts.cpu),
        pods_wanted=facts.wanted,
        pods_ready=facts.ready,
        restarts=_within_the_hour(workloads, "restarts", rising=True),
        oom_kills=_within_the_hour(workloads, "oom_kills", rising=False),
        open_anomalies=store.open_by_severity(connection, cluster_id, now),
        workloads=facts.workloads,
        workloads_foreseen=facts.foreseen,
        forecasts_judged=int(facts.judged),
        forecasts_inside=int(facts.inside),
        failed_changes=facts.failed,
    )
    judged = health(seen)
    ingredients = [
        {"name": part.name, "lost": part.lost, "of": part.of, "known": part.known, "sentence": part.sentence}
        for part in judged.ingredients
    ]
    values = {"cluster_id": cluster_id, "at": now, "score": judged.score, "ingredients": ingredients}
    store.insert_health(connection, values)


def _share(used: float | None, of: float | None) -> float | None:
    return None if used is None or not of else float(used) / float(of)


def _newest(watched: Watched | None, name: str) -> float | None:
    values = None if watched is None else watched.columns.get(name)
    if values is None or not np.isfinite(values[:, -1]).any():
        return None
    return float(np.nansum(values[:, -1]))


def _within_the_hour(watched: Watched | None, name: str, *, rising: bool) -> int | None:
    """Sum over workloads: of rises of a counter that pods take with them when they go, or of plain counts."""
    values: FloatArray | None = None if watched is None else watched.columns.get(name)
    if values is None or not np.isfinite(values).any():
        return None
    counted = np.maximum(np.diff(values, axis=1), 0.0) if rising else values
    return round(float(np.nansum(counted[:, -_HOUR_BINS:])))
