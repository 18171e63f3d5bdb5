"""When room runs out in one cluster, and how many nodes should come or could go."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from ai4k8s_common.store.optimising import OutlookStatus, Scope
from ai4k8s_common.store.placement import read_placement
from ai4k8s_forecaster import capacity_repository as repository
from ai4k8s_forecaster.capacity_repository import Reading
from ai4k8s_forecaster.domain.capacity_words import Outlook, outlook_sentence
from ai4k8s_forecaster.domain.runout import LEAST_DAYS, Growth, RunOut, growth_of, level_at, run_out
from ai4k8s_forecaster.node_count import NodeAdvice, PoolState, advise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.store.placement import NodeRoom, Placement
    from ai4k8s_forecaster.domain.arrays import FloatArray

DAYS = 56
LEAST_HOURS_A_DAY = 18
BACKFILLED = timedelta(days=15)
#: Rows of roll-ups that one look sums up at most, so that a cluster's long past costs several looks.
MOST_ROWS = 3_000_000
PLAN_DAYS = 14.0


def sum_hours(connection: Connection, cluster_id: UUID, summed_until: datetime | None, now: datetime) -> datetime:
    """Sum up the hours that are complete since the last look. Returns up to when that is done."""
    # The newest roll-ups may be late by a maintenance's pause.
    complete = (now - timedelta(minutes=30)).replace(minute=0, second=0, microsecond=0)
    since = summed_until
    if since is None:
        first = repository.first_rollup_at(connection, cluster_id)
        since = complete if first is None else max(first, now - timedelta(days=DAYS))
        since = since.replace(minute=0, second=0, microsecond=0)
    bins = MOST_ROWS // max(repository.count_workloads(connection, cluster_id), 1)
    until = min(complete, since + max(timedelta(minutes=5 * bins), timedelta(hours=6)))
    if since < until:
        # Once more the hour before: roll-ups that came late.
        repository.sum_up(connection, cluster_id, since - timedelta(hours=1), until)
    return max(since, until)


def look_ahead(connection: Connection, cluster_id: UUID, now: datetime) -> int:
    """Write anew when room runs out. Returns the number of outlooks."""
    placement = read_placement(connection, cluster_id)
    readings = [*_node_readings(placement), *repository.read_now(connection, cluster_id)]
    hour = now.replace(minute=0, second=0, microsecond=0)
    # What the cluster's workloads request has a longer past: it follows from their replicas.
    requests = {(Scope.CLUSTER.value, "", resource) for resource in ("cpu_requests", "memory_requests")}
    repository.note_hour(connection, cluster_id, [one for one in readings if one.key not in requests], hour)
    peaks = repository.daily_peaks(connection, cluster_id, now, DAYS, LEAST_HOURS_A_DAY)
    _add_others(readings, peaks, placement)
    readings += _use_readings(placement, peaks)
    if not placement:
        problem = repository.missing_source(connection, cluster_id, "nodes") or "its nodes were not read yet"
        readings.append(Reading(Scope.CLUSTER.value, "", "cpu_requests", None, None, problem))
    rows = _outlooks(cluster_id, now, readings, peaks)
    _add_path(connection, cluster_id, now, rows, placement)
    if placement:
        _add_nodes(rows, placement, peaks, now)
    repository.replace_outlooks(connection, cluster_id, list(rows.values()), now)
    repository.prune_hours(connection, cluster_id, now - timedelta(days=DAYS + 1))
    return len(rows)


def _add_others(
    readings: Sequence[Reading], peaks: dict[tuple[str, str, str], FloatArray], placement: Placement | None
) -> None:
    """Pods of no workload request something too: as much as now is added to each day of the past."""
    present = placement.workloads.values() if placement else ()
    of_workloads = {
        "cpu_requests": sum(one.desired_replicas * one.cpu_millicores for one in present),
        "memory_requests": sum(one.desired_replicas * one.memory_bytes for one in present),
    }
    for one in readings:
        if one.scope == Scope.CLUSTER.value and one.resource in of_workloads and one.key in peaks:
            peaks[one.key] = peaks[one.key] + max((one.used or 0.0) - of_workloads[one.resource], 0.0)


def pools_of(placement: Placement) -> dict[str, list[NodeRoom]]:
    """Return the nodes that take pods, by pool."""
    pools: defaultdict[str, list[NodeRoom]] = defaultdict(list)
    for node in placement.nodes:
        if node.takes_pods:
            pools[node.pool].append(node)
    return dict(pools)


def _scopes(placement: Placement) -> dict[tuple[str, str], list[NodeRoom]]:
    pools = pools_of(placement)
    whole = {(Scope.CLUSTER.value, ""): [node for members in pools.values() for node in members]}
    return whole | ({(Scope.POOL.value, name): pools[name] for name in sorted(pools)} if len(pools) > 1 else {})


def _node_readings(placement: Placement | None) -> list[Reading]:
    """What is requested of nodes, and how much they have."""
    found = []
    for (scope, name), members in (_scopes(placement) if placement else {}).items():
        for resource, used, limit in (
            ("cpu_requests", sum(n.requested_cpu_millicores for n in members), sum(n.cpu_millicores for n in members)),
            ("memory_requests", sum(n.requested_memory_bytes for n in members), sum(n.memory_bytes for n in members)),
            ("pods", float(sum(n.placed for n in members)), float(sum(n.pods for n in members))),
        ):
            found.append(Reading(scope, name, resource, used, limit))
    return found


def _use_readings(placement: Placement | None, peaks: Mapping[tuple[str, str, str], FloatArray]) -> list[Reading]:
    """Use of CPU and memory against what nodes have; `used` is the newest day's peak."""
    found = []
    for (scope, name), members in (_scopes(placement) if placement else {}).items():
        for resource, limit in (
            ("cpu", sum(n.cpu_millicores for n in members)),
            ("memory", sum(n.memory_bytes for n in members)),
        ):
            series = peaks.get((scope, name, resource))
            known = None if series is None else series[np.isfinite(series)]
            newest = float(known[-1]) if known is not None and known.size else None
            found.append(Reading(scope, name, resource, newest, limit))
    return found


def _outlooks(
    cluster_id: UUID, now: datetime, readings: Sequence[Reading], peaks: Mapping[tuple[str, str, str], FloatArray]
) -> dict[tuple[str, str, str], dict[str, Any]]:
    missing = np.full(DAYS, np.nan)
    series = np.array([peaks.get(one.key, missing) for one in readings]).reshape(len(readings), DAYS)
    growth = growth_of(series)
    limits = np.array([np.nan if one.limit is None else one.limit for one in readings], dtype=np.float64)
    ahead = run_out(growth, limits)
    return {one.key: _row(cluster_id, now, one, index, growth, ahead) for index, one in enumerate(readings)}


def _row(cluster_id: UUID, now: datetime, one: Reading, index: int, growth: Growth, ahead: RunOut) -> dict[str, Any]:
    days = int(growth.days[index])

    def at(values: FloatArray) -> datetime | None:
        return now + timedelta(days=float(values[index])) if np.isfinite(values[index]) else None

    full = one.used is not None and one.limit is not None and one.used >= one.limit
    status, detail = OutlookStatus.READY, ""
    if one.problem or one.used is None:
        status, detail = OutlookStatus.UNKNOWN, one.problem or "not measured yet"
    elif days < LEAST_DAYS and not full:
        status, detail = OutlookStatus.NOT_READY, f"{days} of {LEAST_DAYS} whole days collected"
    real = bool(growth.is_real[index])
    told = status is OutlookStatus.READY and days >= LEAST_DAYS
    outlook = Outlook(
        scope=one.scope,
        name=one.name,
        resource=one.resource,
        used=one.used,
        limit=one.limit,
        days=days,
        growth=float(growth.slope[index]) if told and real else None,
        expected=_days(ahead.expected[index]) if told else None,
        earliest=_days(ahead.earliest[index]) if told else None,
        latest=_days(ahead.latest[index]) if told else None,
        reach=float(ahead.reach[index]),
    )
    return {
        "cluster_id": cluster_id,
        "scope": one.scope,
        "name": one.name,
        "resource": one.resource,
        "made_at": now,
        "status": status.value,
        "detail": detail,
        "sentence": outlook_sentence(outlook, detail),
        "used": one.used,
        "limit_value": one.limit,
        "history_days": float(days),
        "growth_per_day": outlook.growth,
        "growth_low": float(growth.slope_low[index]) if outlook.growth is not None else None,
        "growth_high": float(growth.slope_high[index]) if outlook.growth is not None else None,
        "expected_at": now if full else at(ahead.expected) if told else None,
        "earliest_at": now if full else at(ahead.earliest) if told else None,
        "latest_at": now if full else at(ahead.latest) if told else None,
        "nodes_change": None,
        "nodes_by": None,
        "nodes_sentence": "",
        "path_start_at": None,
        "path_median": None,
        "path_upper": None,
    }


def _days(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _add_path(
    connection: Connection,
    cluster_id: UUID,
    now: datetime,
    rows: dict[tuple[str, str, str], dict[str, Any]],
    placement: Placement | None,
) -> None:
    """Put the next six hours beside the weeks: the sum of what was forecast for each workload."""
    row = rows.get((Scope.CLUSTER.value, "", "cpu"))
    path = repository.summed_path(connection, cluster_id, now)
    if row is None or path is None or placement is None:
        return
    start, median, upper, _ = path
    row |= {"path_start_at": start, "path_median": median.tolist(), "path_upper": upper.tolist()}
    short = np.flatnonzero(upper > row["limit_value"])
    if short.size:
        when = start + timedelta(minutes=5 * int(short[0]))
        row["earliest_at"] = min(when, row["earliest_at"] or when)
        row["status"], row["detail"] = OutlookStatus.READY.value, ""
        row["sentence"] = (
            f"CPU demand may pass what all nodes have at {when:%H:%M} UTC (upper bound of the six-hour forecast). "
            + row["sentence"]
        )


def _add_nodes(
    rows: dict[tuple[str, str, str], dict[str, Any]],
    placement: Placement,
    peaks: Mapping[tuple[str, str, str], FloatArray],
    now: datetime,
) -> None:
    pools = pools_of(placement)
    for name, members in sorted(pools.items()):
        scope = (Scope.POOL.value, name) if len(pools) > 1 else (Scope.CLUSTER.value, "")
        row = rows[*scope, "cpu_requests"]
        advice = advise(
            placement, PoolState(name, members, *_levels(scope, peaks, rows)), waiting_first=_first(pools) == name
        )
        _write_advice(row, advice, rows, scope, now)


def _first(pools: Mapping[str, list[NodeRoom]]) -> str:
    """The pool that gets what waits: the largest."""
    return max(sorted(pools), key=lambda name: len(pools[name]))


def _levels(
    scope: tuple[str, str],
    peaks: Mapping[tuple[str, str, str], FloatArray],
    rows: Mapping[tuple[str, str, str], Mapping[str, Any]],
) -> tuple[float, dict[str, float]]:
    """Return (days of history, {resource: upper bound of its daily peak in two weeks})."""
    names = ("cpu_requests", "memory_requests", "cpu", "memory")
    known = {name: peaks[*scope, name] for name in names if (*scope, name) in peaks}
    if not known:
        return 0.0, {}
    growth = growth_of(np.array(list(known.values())))
    bounds = level_at(growth, PLAN_DAYS)
    levels = {}
    for index, (name, series) in enumerate(known.items()):
        highest = float(np.nanmax(series[-7:])) if np.isfinite(series[-7:]).any() else np.nan
        level = np.fmax(bounds[index], highest)
        used = rows.get((*scope, name), {}).get("used")
        if np.isfinite(level):
            levels[name] = max(float(level), used or 0.0)
    return float(growth.days.max()), levels


def _write_advice(
    row: dict[str, Any],
    advice: NodeAdvice,
    rows: Mapping[tuple[str, str, str], Mapping[str, Any]],
    scope: tuple[str, str],
    now: datetime,
) -> None:
    row["nodes_change"], row["nodes_sentence"] = advice.change, advice.sentence
    if advice.change and advice.change > 0:
        firsts = [
            one["earliest_at"]
            for name in ("cpu_requests", "memory_requests", "cpu", "memory")
            if (one := rows.get((*scope, name))) is not None and one["earliest_at"] is not None
        ]
        row["nodes_by"] = now if advice.at_once else min(firsts, default=now + timedelta(days=PLAN_DAYS))
