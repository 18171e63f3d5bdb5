"""Reads a newly connected cluster's past from its Prometheus, so that forecasts need not wait for two weeks.

Day by day, the newest first, each in a transaction of its own: what is there can be used at once, and a second
run after a crash finds it there. Rows of our own observation are never touched: the past ends where they begin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text

from ai4k8s_collector import metrics, observations, repository, rollups
from ai4k8s_collector.adapters.past import read_day
from ai4k8s_collector.domain.history import days
from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.bus.live import LiveEvent, LiveEventName, cluster_room
from ai4k8s_common.contracts.collector import BackfillCluster
from ai4k8s_common.errors import Ai4k8sError, InvalidInputError, NotFoundError
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.store.collector import BackfillStatus

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_collector.context import Context
    from ai4k8s_collector.domain.history import Day, DayGrid
    from ai4k8s_common.bus.transaction import Transaction

RULES_HINT = (
    "History needs cAdvisor and kube-state-metrics series and the recording rule "
    "namespace_workload_pod:kube_pod_owner:relabel; the kube-prometheus stack has all three."
)

log = structlog.stdlib.get_logger(__name__)


def backfill_cluster(tx: Transaction, context: Context, message: BackfillCluster) -> None:
    """Fill in the past of a cluster. Safe to run twice. Raises Ai4k8sError; the cluster's state then says why."""
    try:
        rows = _backfill(tx, context, message)
    except Ai4k8sError as error:
        detail = f"{error.detail}. {error.hint}" if error.hint else error.detail
        _set_status(context, message.cluster_id, BackfillStatus.FAILED, detail)
        raise
    _report(context, message, JobStatus.COMPLETED, 100, f"{rows} samples of the past", {"rows": rows})


def _backfill(tx: Transaction, context: Context, message: BackfillCluster) -> int:
    cluster_id = message.cluster_id
    with context.bus.transaction() as reading:
        found = repository.find_cluster(reading.connection, cluster_id)
        if found is None:
            raise NotFoundError("this cluster is not connected any more")
        first_live = observations.first_live_sample_at(reading.connection, cluster_id)
        ids = observations.workload_ids(reading.connection, cluster_id)
        repository.ensure_partitions(reading.connection, context.clock(), context.settings.keep_raw_hours)
    prometheus_url, _ = found
    if prometheus_url is None:
        raise InvalidInputError("this cluster has no Prometheus address", hint="Add it to the cluster.")
    rows = dropped = 0
    stretches = days(first_live or context.clock())
    with context.open_past(prometheus_url) as past:
        for number, day in enumerate(stretches, start=1):
            _report(
                context,
                message,
                JobStatus.PROCESSING,
                100 * (number - 1) // len(stretches),
                f"day {number} of {len(stretches)}",
            )
            grid = read_day(past, day, ids)
            dropped += grid.dropped
            with context.bus.transaction() as writing:
                new = _write_day(writing.connection, context, cluster_id, day, grid)
            rows += new
            metrics.PAST_SAMPLES.inc(new)
            # Keeps the task's own transaction from being ended for idleness.
            tx.connection.execute(text("SELECT 1"))
    log.info("past_read", cluster_id=str(cluster_id), rows=rows, dropped=dropped, days=len(stretches))
    if rows == 0 and not _has_past(context, cluster_id):
        raise InvalidInputError("Prometheus answers, but has no history of this cluster's workloads", hint=RULES_HINT)
    _finish(context, cluster_id, rows, dropped)
    return rows


def _write_day(connection: Connection, context: Context, cluster_id: UUID, day: Day, grid: DayGrid) -> int:
    """Keep the samples of a day for which there are partitions, and its roll-up in any case.

    Returns how many samples the day has; they are there afterwards, whether they were before or not.
    """
    staged = observations.stage_past_samples(connection, cluster_id, grid.samples())
    raw_since = repository.oldest_raw(context.clock(), context.settings.keep_raw_hours)
    since, until = rollups.bin_start(day.start), rollups.bin_start(day.end + rollups.BIN)
    if day.end < raw_since:
        rollups.roll_up_past(connection, cluster_id, since, until)
        return staged
    observations.keep_past_samples(connection, raw_since)
    # The bin in which days or past and present meet holds samples of both: it is computed from what is kept.
    if day.start < raw_since:
        rollups.roll_up_past(connection, cluster_id, since, rollups.bin_start(raw_since))
    rollups.roll_up(connection, cluster_id, max(since, rollups.bin_start(raw_since)), until)
    return staged


def _finish(context: Context, cluster_id: UUID, rows: int, dropped: int) -> None:
    detail = f"{rows} samples" + (f", {dropped} values dropped" if dropped else "")
    _set_status(context, cluster_id, BackfillStatus.COMPLETED, detail, look_now=True)


def _has_past(context: Context, cluster_id: UUID) -> bool:
    with context.bus.transaction() as tx:
        return observations.has_past_samples(tx.connection, cluster_id)


def _set_status(
    context: Context, cluster_id: UUID, status: BackfillStatus, detail: str, *, look_now: bool = False
) -> None:
    values: dict[str, object] = {"backfill_status": status.value, "backfill_detail": detail}
    if look_now:
        # The next cycle carries the first forecast that knows the past: no reason to wait for it.
        values["next_due_at"] = context.clock()
    with context.bus.transaction() as tx:
        repository.update_state(tx.connection, cluster_id, **values)
        tx.emit(
            LiveEvent(
                LiveEventName.CLUSTER,
                cluster_room(cluster_id),
                {"cluster_id": str(cluster_id), "backfill_status": status.value},
            )
        )


def _report(
    context: Context,
    message: BackfillCluster,
    status: JobStatus,
    progress: int,
    words: str,
    result: dict[str, int] | None = None,
) -> None:
    context.bus.report_job(
        JobReport(
            message.job_id,
            BackfillCluster.name,
            status,
            progress,
            words,
            None if result is None else {**result},
        )
    )
