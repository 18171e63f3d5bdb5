"""Reads what others found in a cluster: incidents, sizes, what runs out, and decisions that wait or failed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from ai4k8s_advisor.domain.recommending import EvidenceKind, Item, Weight
from ai4k8s_advisor.domain.words import amount_of_memory, cores, pods
from ai4k8s_common.store.anomalies import Severity, anomalies, incidents
from ai4k8s_common.store.collector import workloads
from ai4k8s_common.store.optimising import Finding, SizingStatus, capacity_outlooks, recommendations
from ai4k8s_common.store.scaler import DecisionOutcome, decisions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

DECISIONS_WITHIN = timedelta(hours=6)
RUNS_OUT_WITHIN = timedelta(days=14)
MOST_OF_A_KIND = 8
#: Saving less than this is not worth a line.
WORTH_MILLICORES, WORTH_BYTES = 500.0, 2.0**30
_WEIGHTS = {
    Severity.LOW.value: Weight.LOW,
    Severity.MEDIUM.value: Weight.MEDIUM,
    Severity.HIGH.value: Weight.HIGH,
    Severity.CRITICAL.value: Weight.CRITICAL,
}
_HURTS = {Finding.OOM_KILLED.value, Finding.OOM_RISK.value, Finding.THROTTLED.value, Finding.UNDER_PROVISIONED.value}


def all_of(connection: Connection, cluster_id: UUID, now: datetime) -> Iterator[Item]:
    """Yield everything that is worth a line."""
    yield from _incidents(connection, cluster_id)
    yield from _sizes(connection, cluster_id)
    yield from _capacity(connection, cluster_id, now)
    yield from _decisions(connection, cluster_id, now)


def _incidents(connection: Connection, cluster_id: UUID) -> Iterator[Item]:
    i, a = incidents.c, anomalies.c
    strongest = (
        select(a.incident_id, a.description, a.recommended_action)
        .where(a.cluster_id == cluster_id)
        .ext(distinct_on(a.incident_id))
        .order_by(a.incident_id, a.score.desc())
        .subquery()
    )
    query = (
        select(i.id, i.severity, i.title, strongest.c.description, strongest.c.recommended_action)
        .join(strongest, strongest.c.incident_id == i.id)
        .where(i.cluster_id == cluster_id, i.closed_at.is_(None))
        .order_by(i.opened_at.desc())
        .limit(MOST_OF_A_KIND)
    )
    for row in connection.execute(query):
        weight = _WEIGHTS.get(row.severity, Weight.LOW)
        yield Item(weight, row.title, row.description, row.recommended_action, EvidenceKind.INCIDENT, str(row.id))


def _sizes(connection: Connection, cluster_id: UUID) -> Iterator[Item]:
    r, w = recommendations.c, workloads.c
    query = (
        select(r.workload_id, w.namespace, w.name)
        .add_columns(func.array_agg(r.sentence).label("sentences"))
        .add_columns(func.sum(func.cardinality(r.findings)).label("count"))
        .add_columns(func.string_agg(func.array_to_string(r.findings, ","), ",").label("findings"))
        .add_columns(func.sum(r.saved_cpu_millicores).label("cpu"), func.sum(r.saved_memory_bytes).label("memory"))
        .join(workloads, w.id == r.workload_id)
        .where(r.cluster_id == cluster_id, r.status == SizingStatus.READY.value, func.cardinality(r.findings) > 0)
        .group_by(r.workload_id, w.namespace, w.name)
    )
    for row in connection.execute(query):
        hurts = bool(_HURTS & set((row.findings or "").split(",")))
        saved_cpu, saved_memory = row.cpu or 0.0, row.memory or 0.0
        if not hurts and saved_cpu < WORTH_MILLICORES and saved_memory < WORTH_BYTES:
            continue
        saving = [cores(saved_cpu)] * (saved_cpu >= WORTH_MILLICORES)
        saving += [f"{amount_of_memory(saved_memory)} of memory"] * (saved_memory >= WORTH_BYTES)
        spared = f" It would free {' and '.join(saving)}." if saving and not hurts else ""
        yield Item(
            Weight.HIGH if hurts else Weight.MEDIUM,
            f"{row.namespace}/{row.name} has the wrong size",
            f"{next((one for one in row.sentences if one), '')}{spared}".strip(),
            "Take over the recommended requests and limits.",
            EvidenceKind.SIZE,
            str(row.workload_id),
            row.workload_id,
        )


def _capacity(connection: Connection, cluster_id: UUID, now: datetime) -> Iterator[Item]:
    c = capacity_outlooks.c
    soonest = func.coalesce(c.expected_at, c.earliest_at)
    query = (
        select(c.scope, c.name, c.resource, c.sentence, c.used, c.limit_value, c.nodes_change, c.nodes_sentence)
        .add_columns(soonest.label("soonest"))
        .where(c.cluster_id == cluster_id)
        .order_by(soonest.asc().nulls_last())
        .limit(4 * MOST_OF_A_KIND)
    )
    for row in connection.execute(query):
        full = row.used is not None and row.limit_value is not None and row.used >= row.limit_value > 0
        soon = row.soonest is not None and row.soonest <= now + RUNS_OUT_WITHIN
        what = f"{row.resource.replace('_', ' ')} of {row.scope} {row.name}".strip()
        key = f"{row.scope}/{row.name}/{row.resource}"
        if full or soon:
            weight = Weight.CRITICAL if full else Weight.HIGH
            title = f"{what} {'is full' if full else 'runs out'}"
            action = row.nodes_sentence if (row.nodes_change or 0) > 0 else "Make room, or raise the limit in time."
            yield Item(weight, title, row.sentence, action, EvidenceKind.CAPACITY, key)
        elif (row.nodes_change or 0) < 0:
            title = f"{what} has room to spare"
            yield Item(Weight.LOW, title, row.sentence, row.nodes_sentence, EvidenceKind.CAPACITY, key)


def _decisions(connection: Connection, cluster_id: UUID, now: datetime) -> Iterator[Item]:
    d, w = decisions.c, workloads.c
    query = (
        select(d.id, d.workload_id, d.outcome, d.outcome_detail, d.reason, d.from_replicas, d.to_replicas, d.guards)
        .add_columns(w.namespace, w.name)
        .ext(distinct_on(d.workload_id))
        .join(workloads, w.id == d.workload_id)
        .where(d.cluster_id == cluster_id, d.decided_at > now - DECISIONS_WITHIN)
        .order_by(d.workload_id, d.decided_at.desc())
    )
    for row in connection.execute(query):
        name, changes = f"{row.namespace}/{row.name}", row.from_replicas != row.to_replicas
        bounded = any(guard.get("name") == "bounds" and "max" in guard.get("detail", "") for guard in row.guards or ())
        found: tuple[Weight, str, str, str] | None = None
        if row.outcome == DecisionOutcome.FAILED.value:
            found = Weight.HIGH, f"{name} could not be scaled", f"{row.outcome_detail}", "Look at the connection."
        elif bounded:
            found = Weight.HIGH, f"{name} is at its maximum", row.reason, "Raise the policy's maximum, or enlarge it."
        elif row.outcome == DecisionOutcome.OBSERVED.value and changes:
            action = f"Apply it: set {pods(row.to_replicas)}; or dismiss it."
            found = Weight.MEDIUM, f"{name}: a recommendation waits", row.reason, action
        elif row.outcome == DecisionOutcome.HELD.value:
            found = Weight.MEDIUM, f"{name} is held back", row.reason, "See which guard holds it, and why."
        if found is not None:
            yield Item(*found, EvidenceKind.DECISION, str(row.id), row.workload_id)
