"""One cluster's containers, sized: what they used, what would fit them, and why something is held back."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from ai4k8s_common.store.digests import CPU_SMALLEST_MILLICORES, GROWTH, LAST_BUCKET
from ai4k8s_common.store.optimising import SizingStatus
from ai4k8s_forecaster import sizing_repository as repository
from ai4k8s_forecaster.domain.kills import Kill, remembered
from ai4k8s_forecaster.domain.rightsizing import DAYS_LOOKED_AT, Containers, Held, Size, size_cpu, size_memory
from ai4k8s_forecaster.domain.sizing_words import Sizes, findings_of, reasons_of, sentence_of
from ai4k8s_forecaster.domain.usage import Use, use_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_forecaster.domain.arrays import FloatArray
    from ai4k8s_forecaster.sizing_repository import Sized

LEAST_HOURS = 24
BUSY_NODE_SHARE = 0.85
#: Calendar days: seven whole ones and the one that goes on.
COLUMNS = DAYS_LOOKED_AT + 1
#: Containers in one pass: their histograms of a week take 8 KB each.
AT_ONCE = 2_000
_EDGES = CPU_SMALLEST_MILLICORES * GROWTH ** np.arange(LAST_BUCKET + 1, dtype=np.float64)


def size_cluster(connection: Connection, cluster_id: UUID, now: datetime) -> int:
    """Write anew what would fit each container of a cluster. Returns how many have a recommendation."""
    containers = repository.containers_of(connection, cluster_id)
    first = (now - timedelta(days=COLUMNS - 1)).date()
    repository.add_use(connection, cluster_id, containers, first)
    before = repository.previous(connection, cluster_id)
    memory_hpas = repository.memory_autoscaled(connection, cluster_id)
    busy = repository.busy_nodes(connection, cluster_id, now, BUSY_NODE_SHARE)
    near = repository.workloads_on(connection, cluster_id, list(busy))
    rows: list[dict[str, Any]] = []
    every = list(containers.values())
    for start in range(0, len(every), AT_ONCE):
        piece = every[start : start + AT_ONCE]
        kills = [_kill(one, before.get(one.key), now) for one in piece]
        node_of = [near.get(one.workload.id, "") for one in piece]
        rows += _rows(cluster_id, now, piece, kills, memory_hpas, [(node, busy.get(node, np.nan)) for node in node_of])
    repository.replace(connection, cluster_id, rows, now)
    return sum(row["status"] == SizingStatus.READY.value for row in rows)


def _kill(one: Sized, before: Row[Any] | None, now: datetime) -> Kill | None:
    """What is remembered of being killed for memory, with the limit as it was before the newest look."""
    alone = len(one.workload.containers) == 1
    killed = sum(day.oom_kills for day in one.days) > 0 or (alone and one.workload.oom_kills > 0)
    limit = one.spec.get("memory_limit_bytes") if before is None else before.memory_limit_bytes
    known = (
        Kill(before.killed_at_bytes, before.killed_at)
        if before is not None and before.killed_at is not None and before.killed_at_bytes is not None
        else None
    )
    peak = max((day.memory_max for day in one.days), default=None)
    return remembered(known, one.workload.last_oom_at if killed else None, limit or peak, now)


def _rows(
    cluster_id: UUID,
    now: datetime,
    piece: Sequence[Sized],
    kills: Sequence[Kill | None],
    memory_hpas: Mapping[tuple[str, str, str], bool],
    near: Sequence[tuple[str, float]],
) -> list[dict[str, Any]]:
    use, memory = _use(piece, now)
    history = np.array([_history_days(one, now) for one in piece])
    state = _containers(piece, kills, memory_hpas, history)
    cpu, hpa_targets = size_cpu(state, use)
    size = size_memory(state, memory)
    rows = []
    for index, one in enumerate(piece):
        row = _base(cluster_id, now, one, float(history[index]), kills[index], int(use.readings[index]))
        if history[index] * 24 < LEAST_HOURS or not isfinite(use.busy[index]):
            row |= _not_ready(one, float(history[index]))
        else:
            row |= _ready(one, index, state, use, memory, cpu, size, hpa_targets, near[index])
        rows.append(row)
    return rows


def _use(piece: Sequence[Sized], now: datetime) -> tuple[Use, Use]:
    """Lay histograms out as ``[containers, days, buckets]``. Of memory only peaks and a typical amount are read."""
    shape = (len(piece), COLUMNS)
    counts = np.zeros((*shape, LAST_BUCKET + 1), dtype=np.int64)
    cpu_peaks, memory_peaks, memory_typical = (np.full(shape, np.nan) for _ in range(3))
    for row, one in enumerate(piece):
        for day in one.days:
            column = COLUMNS - 1 - (now.date() - day.day).days
            if 0 <= column < COLUMNS:
                counts[row, column, list(day.buckets)] = day.counts
                cpu_peaks[row, column], memory_peaks[row, column] = day.cpu_max, day.memory_max
                memory_typical[row, column] = np.nan if day.memory_typical is None else day.memory_typical
    cpu = use_of(counts, _EDGES, cpu_peaks)
    peak = np.fmax.reduce(memory_peaks, axis=1)
    typical = np.fmax.reduce(memory_typical, axis=1)
    return cpu, Use(typical, peak, peak, peak, cpu.days, cpu.readings)


def _history_days(one: Sized, now: datetime) -> float:
    if not one.days:
        return 0.0
    began = datetime.combine(min(day.day for day in one.days), time(), UTC)
    if all(day.per_pod for day in one.days):
        began = max(began, one.workload.first_seen_at)
    return min(max((now - began) / timedelta(days=1), 0.0), float(len(one.days)))


def _containers(
    piece: Sequence[Sized],
    kills: Sequence[Kill | None],
    memory_hpas: Mapping[tuple[str, str, str], bool],
    history: FloatArray,
) -> Containers:
    def column(of: Callable[[Sized], Any]) -> FloatArray:
        return np.array([np.nan if (value := of(one)) is None else value for one in piece], dtype=np.float64)

    def measures_memory(one: Sized) -> bool:
        workload = one.workload
        # An HPA that was not read in full and aims at no CPU target may aim at memory.
        unknown = workload.hpa_name is not None and workload.hpa_cpu_target_percent is None
        return memory_hpas.get((workload.namespace, workload.kind, workload.name), unknown)

    return Containers(
        cpu_request=column(lambda one: one.spec.get("cpu_request_millicores")),
        cpu_limit=column(lambda one: one.spec.get("cpu_limit_millicores")),
        memory_request=column(lambda one: one.spec.get("memory_request_bytes")),
        memory_limit=column(lambda one: one.spec.get("memory_limit_bytes")),
        history_days=history,
        killed_at=np.array([np.nan if kill is None else kill.at_bytes for kill in kills]),
        throttled=column(_throttled),
        hpa_target=column(lambda one: one.workload.hpa_cpu_target_percent),
        # Several containers share one target: moving one request moves the others' meaning too.
        hpa_fixed=np.array(
            [one.workload.hpa_managed_by is not None or len(one.workload.containers) > 1 for one in piece], np.bool_
        ),
        memory_hpa=np.array([measures_memory(one) for one in piece], np.bool_),
    )


def _throttled(one: Sized) -> float | None:
    """The median of the days' worst: a slow start now and then is no reason."""
    shares = [day.throttled for day in one.days if day.throttled is not None]
    return float(np.median(shares)) if shares else None


def _base(
    cluster_id: UUID, now: datetime, one: Sized, history: float, kill: Kill | None, readings: int
) -> dict[str, Any]:
    names = ("cpu_request_millicores", "cpu_limit_millicores", "memory_request_bytes", "memory_limit_bytes")
    workload_id, container = one.key
    return {
        "workload_id": workload_id,
        "container": container,
        "cluster_id": cluster_id,
        "made_at": now,
        "history_days": round(history, 3),
        "readings": readings,
        "per_pod": bool(one.days) and all(day.per_pod for day in one.days),
        "replicas": one.workload.desired_replicas,
        **{name: one.spec.get(name) for name in names},
        "oom_kills": sum(day.oom_kills for day in one.days),
        "killed_at_bytes": None if kill is None else kill.at_bytes,
        "killed_at": None if kill is None else kill.at,
    }


_SAID = (
    "cpu_target_millicores", "cpu_lower_millicores", "cpu_upper_millicores", "cpu_limit_target_millicores",
    "memory_target_bytes", "memory_lower_bytes", "memory_upper_bytes", "memory_limit_target_bytes",
    "hpa_target_percent", "cpu_p50_millicores", "cpu_p95_millicores", "cpu_max_millicores",
    "memory_p50_bytes", "memory_max_bytes", "throttled_share", "saved_cpu_millicores", "saved_memory_bytes",
)  # fmt: skip


def _not_ready(one: Sized, history: float) -> dict[str, Any]:
    detail = f"{history * 24:.0f} h of {LEAST_HOURS} h collected"
    if not one.days and len(one.workload.containers) > 1:
        detail += "; use of each container is known only from when the cluster is watched"
    return {
        "status": SizingStatus.NOT_READY.value,
        "detail": detail,
        "sentence": f"{one.spec['name']}: too early to tell ({detail}).",
        "findings": ["oom_killed"] if sum(day.oom_kills for day in one.days) else [],
        "reasons": [],
        **dict.fromkeys(_SAID),
    }


def _ready(
    one: Sized,
    index: int,
    state: Containers,
    use: Use,
    memory: Use,
    cpu: Size,
    size: Size,
    hpa_targets: FloatArray,
    near: tuple[str, float],
) -> dict[str, Any]:
    replicas = int(one.workload.desired_replicas)
    sizes = Sizes(
        name=str(one.spec["name"]),
        replicas=replicas,
        history_days=float(state.history_days[index]),
        cpu_request=float(state.cpu_request[index]),
        cpu_target=float(cpu.target[index]),
        cpu_limit=float(state.cpu_limit[index]),
        cpu_limit_target=float(cpu.limit[index]),
        cpu_busy=float(use.busy[index]),
        cpu_peak=float(use.peak[index]),
        cpu_held=Held(int(cpu.held[index])),
        memory_request=float(state.memory_request[index]),
        memory_target=float(size.target[index]),
        memory_limit=float(state.memory_limit[index]),
        memory_limit_target=float(size.limit[index]),
        memory_peak=float(memory.peak[index]),
        memory_held=Held(int(size.held[index])),
        throttled=float(state.throttled[index]),
        killed=bool(np.isfinite(state.killed_at[index])),
        hpa_target=float(hpa_targets[index]),
        hpa_target_now=float(state.hpa_target[index]),
        busy_node=near[0],
        busy_share=near[1],
    )
    findings = findings_of(sizes)
    numbers = (
        sizes.cpu_target, cpu.lower[index], cpu.upper[index], sizes.cpu_limit_target,
        sizes.memory_target, size.lower[index], size.upper[index], sizes.memory_limit_target,
        sizes.hpa_target, use.typical[index], sizes.cpu_busy, sizes.cpu_peak,
        memory.typical[index], sizes.memory_peak, sizes.throttled,
        (sizes.cpu_request - sizes.cpu_target) * replicas, (sizes.memory_request - sizes.memory_target) * replicas,
    )  # fmt: skip
    said = {name: _number(value) for name, value in zip(_SAID, numbers, strict=True)}
    return {
        "status": SizingStatus.READY.value,
        "detail": "",
        "sentence": sentence_of(sizes, findings),
        "findings": findings,
        "reasons": reasons_of(sizes),
        **said,
        "hpa_target_percent": None if np.isnan(sizes.hpa_target) else int(sizes.hpa_target),
    }


def _number(value: float) -> float | None:
    return round(float(value), 4) if isfinite(value) else None
