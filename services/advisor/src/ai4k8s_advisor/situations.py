"""Makes of a row of the store what the rules and a model look at."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ai4k8s_advisor.domain.situation import Candidate, Direction, Past, Situation
from ai4k8s_advisor.domain.stateful import state_of
from ai4k8s_common.store.scaler import DecisionOutcome

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

UPPER_LEVEL, MEDIAN_LEVEL = 0.95, 0.5


def of_decision(row: Row[*tuple[Any, ...]]) -> Situation:
    """A decision and what was known when it was taken."""
    inputs = row.inputs or {}
    return Situation(
        direction=Direction(row.action),
        from_replicas=row.from_replicas,
        to_replicas=row.to_replicas,
        held=row.outcome == DecisionOutcome.HELD.value,
        carried_out=row.outcome == DecisionOutcome.APPLIED.value,
        candidates=_candidates(row),
        recent=tuple(_past(item, row.decided_at) for item in row.recent or ()),
        min_replicas=inputs.get("min_replicas", row.min_replicas),
        max_replicas=inputs.get("max_replicas", row.max_replicas),
        **_known(row, row.decided_at),
    )


def of_workload(row: Row[*tuple[Any, ...]], now: datetime) -> Situation | None:
    """A workload before anything is decided: what its forecast asks for stands for the decision; None without one."""
    levels, values = row.forecast_window_levels, row.forecast_window_values
    request = row.cpu_request_millicores
    if not levels or not values or not request:
        return None
    offered: dict[int, float] = {}
    for level, value in sorted(zip(levels, values, strict=False)):
        replicas = min(max(math.ceil(value / request - 1e-9), row.min_replicas), row.max_replicas)
        offered[replicas] = 1.0 - level
    candidates = tuple(Candidate(replicas, risk) for replicas, risk in sorted(offered.items()))
    upper = _at_level(levels, values, UPPER_LEVEL)
    wanted = min(max(math.ceil((upper or 0.0) / request - 1e-9), row.min_replicas), row.max_replicas)
    return Situation(
        direction=Direction.between(row.desired_replicas, wanted),
        from_replicas=row.desired_replicas,
        to_replicas=wanted,
        held=False,
        carried_out=False,
        candidates=candidates,
        min_replicas=row.min_replicas,
        max_replicas=row.max_replicas,
        **_known(row, now),
    )


def _known(row: Row[*tuple[Any, ...]], at: datetime) -> dict[str, Any]:
    state = state_of(row.kind, row.name, row.images or (), row.volume_claims or ())
    levels, values = row.forecast_window_levels, row.forecast_window_values
    peak_at = row.forecast_peak_at
    ahead = peak_at is not None and peak_at > at
    return {
        "workload_id": row.workload_id,
        "name": f"{row.namespace}/{row.name}",
        "namespace": row.namespace,
        "kind": row.kind,
        "keeps_state": state.keeps,
        "state_reason": state.reason,
        "ready_replicas": row.ready_replicas,
        "cpu_usage_millicores": row.cpu_usage_millicores,
        "cpu_request_millicores": row.cpu_request_millicores,
        "memory_bytes": row.memory_bytes,
        "memory_request_bytes": row.memory_request_bytes,
        "saturated": bool(row.saturated),
        "expected_millicores": _at_level(levels, values, UPPER_LEVEL),
        "median_millicores": _at_level(levels, values, MEDIAN_LEVEL),
        "lead_time_seconds": row.forecast_lead_time_seconds if levels and values else None,
        "startup_seconds": row.startup_p95_seconds,
        "trend": row.forecast_trend or "unknown",
        "peak_millicores": row.forecast_peak_value if ahead else None,
        "peak_in_minutes": (peak_at - at).total_seconds() / 60 if ahead else None,
        "hpa_name": row.hpa_name or "",
        "vpa_name": row.vpa_name or "",
    }


def _at_level(levels: list[float] | None, values: list[float] | None, wanted: float) -> float | None:
    if not levels or not values:
        return None
    return min(zip(levels, values, strict=False), key=lambda pair: abs(pair[0] - wanted))[1]


def _candidates(row: Row[*tuple[Any, ...]]) -> tuple[Candidate, ...]:
    """What no guard bars, and what was decided; decisions of older releases do not say, and offer nothing else."""
    offered = [option for option in row.alternatives or () if option.get("within")]
    chosen = (row.inputs or {}).get("chosen")
    if chosen and chosen.get("replicas") == row.to_replicas:
        offered.append(chosen)
    found = {
        int(option["replicas"]): Candidate(
            int(option["replicas"]), option.get("risk"), option.get("missing_pods"), option.get("cost")
        )
        for option in offered
    }
    return tuple(found[replicas] for replicas in sorted(found))


def _past(item: dict[str, Any], now: datetime) -> Past:
    minutes = max((now.timestamp() - float(item["at"])) / 60, 0.0)
    return Past(int(item["from"]), int(item["to"]), minutes, str(item.get("verdict") or ""))
