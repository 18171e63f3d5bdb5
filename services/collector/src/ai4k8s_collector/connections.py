"""Looks after connections without being asked: tests that are due, and clusters that the operator offers."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_collector import connection_rows
from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.collector import CheckConnection, ReadHostKey
from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.bastion import shared_tunnels
from ai4k8s_common.store.base import JobStatus

if TYPE_CHECKING:
    from pydantic import JsonValue

    from ai4k8s_collector.context import Context
    from ai4k8s_common.bus.transaction import Transaction

# A thousand clusters are through in ten minutes; a queue for people must not fill up with what nobody waits for.
TESTS_PER_TICK = 50


def keep_connections(tx: Transaction, context: Context) -> None:
    """Ask for the tests that are due, and write down what is offered."""
    now = context.clock()
    before = now - timedelta(hours=context.settings.check_hours)
    for cluster_id in connection_rows.claim_due(tx.connection, now, before, TESTS_PER_TICK):
        tx.send(CheckConnection(job_id=uuid.uuid4(), cluster_id=cluster_id))
    connection_rows.put_offers(tx.connection, context.credentials.offers(), now)


def read_host_key(context: Context, message: ReadHostKey) -> None:
    """Report a bastion's host key as the job's result. One that shows none is told at once: somebody waits."""
    try:
        key = shared_tunnels().read_host_key(message.host, message.port, context.policy)
    except Ai4k8sError as error:
        words = f"{error.detail}. {error.hint}".strip()
        report = JobReport(message.job_id, ReadHostKey.name, JobStatus.FAILED, 100, error.detail, error=words)
    else:
        found: JsonValue = {"host_key": key.host_key, "fingerprint": key.fingerprint}
        words = f"{message.host} shows {key.fingerprint}"
        report = JobReport(message.job_id, ReadHostKey.name, JobStatus.COMPLETED, 100, words, found)
    context.bus.report_job(report)
