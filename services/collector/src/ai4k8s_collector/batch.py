"""One task, many clusters: claims those that are due and looks at all of them at once.

While slow ones are waited for, the batch goes on claiming; and what is still in flight when the task's time is up
goes on in the next one. A cluster that hangs costs itself its cycle, and the others nothing. Claims, reads and writes
are three steps; no transaction is open while a cluster is read.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from ai4k8s_collector import metrics, repository
from ai4k8s_collector.domain.schedule import CRASHES_BEFORE_BACKOFF, Rhythm
from ai4k8s_collector.looking import look_at
from ai4k8s_collector.service import record_crash, record_failure, record_success
from ai4k8s_common.errors import Ai4k8sError

if TYPE_CHECKING:
    from uuid import UUID

    from ai4k8s_collector.context import Context
    from ai4k8s_collector.repository import DueCluster

LOOK_AGAIN_SECONDS = 1.0

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Claim:
    """A cluster that this worker, and no other, looks at now."""

    cluster: DueCluster
    cycle_id: UUID
    rhythm: Rhythm


def collect_due_clusters(context: Context) -> None:
    """Look at all clusters that are due, and at those that come due meanwhile."""
    context.loop.run(_run(context))


async def _run(context: Context) -> None:
    until = time.monotonic() + context.settings.batch_seconds
    in_flight = context.loop.in_flight
    while True:
        if (free := context.settings.clusters_at_once - len(in_flight)) > 0:
            for claim in await context.loop.in_store_thread(claim_due_clusters, context, free):
                in_flight.add(asyncio.create_task(_look(context, claim)))
        if in_flight:
            await asyncio.wait(in_flight, timeout=LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        _report(in_flight)
        if not in_flight or time.monotonic() >= until:
            return


def claim_due_clusters(context: Context, limit: int) -> list[Claim]:
    """Claim in one short transaction, committed before anything goes over the network."""
    now = context.clock()
    claims: list[Claim] = []
    with context.bus.transaction() as tx:
        repository.add_new_clusters(tx.connection, now)
        for cluster in repository.lock_due_clusters(tx.connection, now, limit):
            rhythm = _rhythm(context, cluster)
            if repository.fail_abandoned_cycles(tx.connection, cluster.cluster_id, now):
                failures = record_crash(tx, cluster, rhythm, now)
                if failures >= CRASHES_BEFORE_BACKOFF:
                    continue
            claim = Claim(cluster, uuid.uuid4(), rhythm)
            repository.start_cycle(tx.connection, cluster.cluster_id, claim.cycle_id, now, now + rhythm.lease)
            claims.append(claim)
            metrics.LATENESS_SECONDS.observe((now - cluster.next_due_at).total_seconds())
    return claims


def _rhythm(context: Context, cluster: DueCluster) -> Rhythm:
    seconds = cluster.interval_seconds
    interval = context.interval if seconds is None else timedelta(seconds=seconds)
    return Rhythm.of(cluster.cluster_id, interval)


async def _look(context: Context, claim: Claim) -> None:
    cluster = claim.cluster
    bound = log.bind(cluster_id=str(cluster.cluster_id), cycle_id=str(claim.cycle_id))
    started = time.monotonic()
    try:
        with metrics.IN_FLIGHT.track_inprogress():
            snapshot = await look_at(context, cluster, claim.rhythm.deadline)
    except Ai4k8sError as error:
        seconds = _observe("failed", started)
        await context.loop.in_store_thread(record_failure, context, cluster, claim.cycle_id, claim.rhythm, error)
        bound.warning("cycle_failed", error=error.detail, seconds=round(seconds, 3))
        return
    read_seconds = _observe("completed", started)
    with metrics.WRITE_SECONDS.time():
        rows = await context.loop.in_store_thread(
            record_success, context, cluster, claim.cycle_id, claim.rhythm, snapshot
        )
    bound.info(
        "cycle_completed",
        rows=rows,
        read_seconds=round(read_seconds, 3),
        seconds=round(time.monotonic() - started, 3),
    )


def _observe(outcome: str, started: float) -> float:
    seconds = time.monotonic() - started
    metrics.CYCLES.labels(outcome).inc()
    metrics.READ_SECONDS.labels(outcome).observe(seconds)
    return seconds


def _report(in_flight: set[asyncio.Task[None]]) -> None:
    """Take out what has finished, and say what went wrong beyond the cluster itself."""
    for task in [task for task in in_flight if task.done()]:
        in_flight.discard(task)
        error = task.exception()
        if isinstance(error, Ai4k8sError):
            # The store went away: the lease runs out and the cycle is done again.
            log.warning("cycle_not_recorded", error=error.detail)
        elif error is not None:
            log.error("cycle_crashed", exc_info=error)
