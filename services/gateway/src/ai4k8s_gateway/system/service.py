"""How the installation is doing, for people, for probes and for Prometheus."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING

from ai4k8s_common.bus.publisher import BrokerUnavailableError
from ai4k8s_common.bus.transaction import StoreUnavailableError
from ai4k8s_common.clock import utc_now
from ai4k8s_common.services import Service
from ai4k8s_common.store.anomalies import Severity
from ai4k8s_common.store.isolation import see_everything
from ai4k8s_gateway.clusters import service as clusters
from ai4k8s_gateway.metrics import ClusterGauge, QueueGauge, StoreGauges, WellbeingGauge
from ai4k8s_gateway.system import repository
from ai4k8s_gateway.system.schemas import (
    CheckView,
    ClusterCycle,
    DeadLetterCount,
    ProcessView,
    QueueView,
    ReadyView,
    ServiceView,
    StorePart,
    SystemView,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from ai4k8s_common.bus.transaction import Bus
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.clusters.service import ClusterRules

# Processes beat every 3 s.
FRESH_WITHIN = timedelta(seconds=15)
# Tables that grow with time have a part of their own; others belong to their service's.
STORE_PARTS = {
    "workload_samples": "samples",
    "node_samples": "samples",
    "workload_rollups": "roll-ups",
    "node_rollups": "roll-ups",
    "container_digests": "container digests",
    "events": "events",
    "forecasts": "forecasts",
}
EXPECTED = (Service.GATEWAY.value, *repository.QUEUES)


def view(connection: Connection, rules: ClusterRules, principal: Principal, now: datetime) -> SystemView:
    """Return the whole picture; cycles only of clusters the person may see."""
    processes = [
        ProcessView(**row._mapping, fresh=now - row.seen_at <= FRESH_WITHIN)  # noqa: SLF001  # SQLAlchemy's public name
        for row in repository.processes(connection)
    ]
    return SystemView(
        now=now,
        version=version("ai4k8s-gateway"),
        services=[_service(name, processes) for name in EXPECTED],
        processes=processes,
        queues=[
            QueueView(queue=gauge.queue, open_messages=gauge.open_messages, oldest_age_seconds=gauge.oldest_age_seconds)
            for gauge in _queues(connection)
        ],
        dead_letters=[
            DeadLetterCount(service=Service(name), count=count)
            for name, count in sorted(repository.dead_letter_counts(connection).items())
            if count
        ],
        cycles=_cycles(connection, rules, principal, now),
        store=_store(connection),
    )


def _store(connection: Connection) -> list[StorePart]:
    """Return what takes room: series and their roll-ups apart, everything else by its service."""
    sizes: defaultdict[str, int] = defaultdict(int)
    for row in repository.table_sizes(connection):
        sizes[STORE_PARTS.get(row.name, row.schema)] += row.bytes
    return [StorePart(name=name, bytes=size) for name, size in sorted(sizes.items(), key=lambda item: -item[1]) if size]


def readiness(bus: Bus) -> ReadyView:
    """Ask what we depend on."""
    checks = [_check_store(bus), _check_broker(bus)]
    return ReadyView(ready=all(check.ok for check in checks), checks=checks)


def gauges(bus: Bus) -> StoreGauges | None:
    """Return what Prometheus wants to know of the store; None when it does not answer."""
    try:
        with bus.transaction() as tx:
            connection = tx.connection
            see_everything(connection)
            return StoreGauges(
                queues=_queues(connection),
                dead_letters=tuple(sorted(repository.dead_letter_counts(connection).items())),
                clusters=tuple(
                    ClusterGauge(str(row.id), row.status or "pending", row.last_success_at)
                    for row in repository.cluster_states_of_all(connection)
                ),
                wellbeing=_wellbeing(connection),
                now=utc_now(),
            )
    except StoreUnavailableError:
        return None


def _wellbeing(connection: Connection) -> tuple[WellbeingGauge, ...]:
    gauges = []
    for cluster_id, rows in groupby(repository.wellbeing_of_all(connection), key=lambda row: row.id):
        known = list(rows)
        counts = {severity.value: 0 for severity in Severity}
        counts |= {row.severity: row.incidents for row in known if row.severity is not None}
        gauges.append(WellbeingGauge(str(cluster_id), known[0].score, counts))
    return tuple(gauges)


def _service(name: str, processes: list[ProcessView]) -> ServiceView:
    known = [process for process in processes if process.process == name]
    living = [process for process in known if process.fresh]
    return ServiceView(
        name=name,
        service=Service(name.partition(".")[0]),
        alive=bool(living),
        processes=len(living),
        last_seen_at=max((process.seen_at for process in known), default=None),
        versions=sorted({process.version for process in living}),
    )


def _queues(connection: Connection) -> tuple[QueueGauge, ...]:
    found = {row.queue: row for row in repository.queues(connection)}
    return tuple(
        QueueGauge(queue, found[queue].open_messages, max(0.0, round(float(found[queue].oldest_age_seconds), 1)))
        if queue in found
        else QueueGauge(queue, 0, 0.0)
        for queue in sorted({*repository.QUEUES, *found})
    )


def _cycles(connection: Connection, rules: ClusterRules, principal: Principal, now: datetime) -> list[ClusterCycle]:
    return [
        ClusterCycle(
            cluster_id=cluster.id,
            cluster_name=cluster.name,
            started_at=cluster.last_cycle.started_at,
            finished_at=cluster.last_cycle.finished_at,
            status=cluster.last_cycle.status,
            workload_rows=cluster.last_cycle.workload_rows,
            error=cluster.last_cycle.error,
        )
        for cluster in clusters.list_views(connection, rules, principal, now)
        if cluster.last_cycle is not None
    ]


def _check_store(bus: Bus) -> CheckView:
    try:
        bus.ping_store()
    except StoreUnavailableError as error:
        return CheckView(name="store", ok=False, detail=error.detail)
    return CheckView(name="store", ok=True, detail="answers")


def _check_broker(bus: Bus) -> CheckView:
    try:
        bus.publisher.refresh_epoch()
    except BrokerUnavailableError as error:
        return CheckView(name="broker", ok=False, detail=error.detail)
    return CheckView(name="broker", ok=True, detail="answers")
