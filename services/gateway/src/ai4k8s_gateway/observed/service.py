"""Use cases around what a cluster is made of. All of them look; none changes anything."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from ai4k8s_common.errors import NotFoundError
from ai4k8s_common.store.digests import CPU_SMALLEST_MILLICORES, MEMORY_SMALLEST_BYTES, Histogram
from ai4k8s_gateway.clusters import service as clusters
from ai4k8s_gateway.observed import repository
from ai4k8s_gateway.observed.schemas import (
    ContainerUse,
    DeployView,
    EventView,
    HpaView,
    LimitsList,
    PodView,
    QuotaView,
    Rates,
    SourceList,
    SourceView,
    VolumeClaimView,
    VpaView,
    WorkloadDetails,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.accounts.service import Principal

RATES_REACH = timedelta(hours=6)
DIGESTS_REACH = timedelta(days=14)
MOST_PODS = 500
MOST_DEPLOYS = 20
EVENTS_OF_A_WORKLOAD = 20
MOST_CLAIMS = 2_000

_SOURCE_FIELDS = ("source", "status", "reason", "hint", "lost", "since", "checked_at")
_EVENT_FIELDS = tuple(EventView.model_fields)
_POD_FIELDS = tuple(PodView.model_fields)
_CLAIM_FIELDS = tuple(VolumeClaimView.model_fields)
_COPIED = (
    "kind",
    "api_version",
    "scalable",
    "status_detail",
    "images",
    "restarts",
    "oom_kills",
    "last_oom_at",
    "pending",
    "startup_p50_seconds",
    "startup_p95_seconds",
    "cpu_request_millicores",
    "cpu_limit_millicores",
    "memory_request_bytes",
    "memory_limit_bytes",
)


def list_sources(connection: Connection, principal: Principal, cluster_id: UUID) -> SourceList:
    """Return what a cluster tells and what it does not. Raises NotFoundError, NotReadyError."""
    clusters.get_started(connection, principal, cluster_id)
    rows = repository.sources_of(connection, cluster_id)
    views = [SourceView(**_fields(row, _SOURCE_FIELDS)) for row in rows]
    return SourceList(items=views, dropped=repository.dropped_of(connection, cluster_id))


def list_events(connection: Connection, principal: Principal, cluster_id: UUID, limit: int) -> list[EventView]:
    """Return what a cluster reports, the newest first. Raises NotFoundError, NotReadyError."""
    clusters.get_started(connection, principal, cluster_id)
    return _events(repository.events_of(connection, cluster_id, limit))


def list_limits(connection: Connection, principal: Principal, cluster_id: UUID) -> LimitsList:
    """Return quotas and volume claims. Raises NotFoundError, NotReadyError."""
    clusters.get_started(connection, principal, cluster_id)
    quotas = [
        QuotaView(namespace=row.namespace, name=row.name, hard=row.hard, used=row.used)
        for row in repository.quotas_of(connection, cluster_id)
    ]
    claims = [
        VolumeClaimView(**_fields(row, _CLAIM_FIELDS))
        for row in repository.claims_of(connection, cluster_id, MOST_CLAIMS)
    ]
    return LimitsList(quotas=quotas, volume_claims=claims)


def details(connection: Connection, principal: Principal, workload_id: int, now: datetime) -> WorkloadDetails:
    """Return everything about a workload that is no demand and no forecast. Raises NotFoundError."""
    row = repository.workload(connection, workload_id)
    if row is None:
        raise NotFoundError("there is no such workload", hint="Choose one of a cluster's workloads.")
    clusters.get(connection, principal, row.cluster_id)
    return WorkloadDetails(
        **_fields(row, _COPIED),
        hpa=_hpa(row),
        vpa=_vpa(row),
        deploys=[
            DeployView(revision=one.revision, at=one.at, images=one.images)
            for one in repository.deploys_of(connection, workload_id, MOST_DEPLOYS)
        ],
        pods=[PodView(**_fields(pod, _POD_FIELDS)) for pod in repository.pods_of(connection, workload_id, MOST_PODS)],
        events=_events(repository.events_of(connection, row.cluster_id, EVENTS_OF_A_WORKLOAD, workload_id)),
        containers=_containers(repository.digests_of(connection, workload_id, (now - DIGESTS_REACH).date())),
        rates=_rates(repository.rates_of(connection, workload_id, now - RATES_REACH)),
    )


def _fields(row: Row[Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _events(rows: Sequence[Row[Any]]) -> list[EventView]:
    # A row's own `count` is a method of tuples.
    return [EventView(**{name: row._mapping[name] for name in _EVENT_FIELDS}) for row in rows]  # noqa: SLF001


def _hpa(row: Row[Any]) -> HpaView | None:
    if row.hpa_name is None:
        return None
    return HpaView(
        name=row.hpa_name,
        min_replicas=row.hpa_min_replicas,
        max_replicas=row.hpa_max_replicas,
        cpu_target_percent=row.hpa_cpu_target_percent,
        managed_by=row.hpa_managed_by,
    )


def _vpa(row: Row[Any]) -> VpaView | None:
    if row.vpa_name is None:
        return None
    return VpaView(name=row.vpa_name, update_mode=row.vpa_update_mode, target=row.vpa_target)


def _rates(rows: Sequence[Row[Any]]) -> Rates:
    names = [name for name in Rates.model_fields if name not in {"at", "custom"}]
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    custom = rows[-1].custom if rows else None
    return Rates(at=[row.bin for row in rows], custom=custom or {}, **columns)


def _containers(rows: Sequence[Row[Any]]) -> list[ContainerUse]:
    return [_container(name, list(days)) for name, days in groupby(rows, key=lambda row: str(row.container))]


def _container(name: str, days: Sequence[Row[Any]]) -> ContainerUse:
    cpu, memory = Histogram(CPU_SMALLEST_MILLICORES), Histogram(MEMORY_SMALLEST_BYTES)
    for day in days:
        cpu.merge(Histogram.of(CPU_SMALLEST_MILLICORES, day.cpu_buckets, day.cpu_counts))
        memory.merge(Histogram.of(MEMORY_SMALLEST_BYTES, day.memory_buckets, day.memory_counts))
    shares = [day.throttled_share_max for day in days if day.throttled_share_max is not None]
    return ContainerUse(
        container=name,
        days=len(days),
        samples=sum(day.samples for day in days),
        cpu_p50_millicores=cpu.quantile(0.5),
        cpu_p95_millicores=cpu.quantile(0.95),
        cpu_max_millicores=max(day.cpu_max_millicores for day in days),
        memory_p50_bytes=memory.quantile(0.5),
        memory_p95_bytes=memory.quantile(0.95),
        memory_max_bytes=max(day.memory_max_bytes for day in days),
        oom_kills=sum(day.oom_kills for day in days),
        throttled_share_max=max(shares, default=None),
    )
