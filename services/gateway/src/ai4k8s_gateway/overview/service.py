"""Sum up what a person may see, and say first what waits for them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_common.store.anomalies import Severity
from ai4k8s_gateway.autoscaling import repository as autoscaling_repository
from ai4k8s_gateway.autoscaling.views import budget_view
from ai4k8s_gateway.clusters import service as cluster_service
from ai4k8s_gateway.clusters.schemas import AttentionKind
from ai4k8s_gateway.incidents import repository as incident_repository
from ai4k8s_gateway.overview import repository
from ai4k8s_gateway.overview.schemas import ClusterSummary, Need, NeedKind, Overview
from ai4k8s_gateway.plans import repository as plan_repository
from ai4k8s_gateway.system import repository as system_repository
from ai4k8s_gateway.system.service import FRESH_WITHIN

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.clusters.schemas import ClusterView
    from ai4k8s_gateway.clusters.service import ClusterRules

FAILURE_REACH = timedelta(hours=24)
FRESH_CYCLES = 3
MOST_INCIDENTS = 100
MOST_APPROVALS = 20
PRESSING = frozenset({Severity.HIGH, Severity.CRITICAL})
# Somebody chose these, or they pass by themselves: worth saying on the cluster, and nobody has to do anything.
CALM = frozenset({AttentionKind.WAITING, AttentionKind.PAUSED, AttentionKind.NOT_STARTED})


def view(
    connection: Connection, rules: ClusterRules, principal: Principal, now: datetime, cluster_id: UUID | None = None
) -> Overview:
    """Return every cluster the person may see, or one of them. Raises NotFoundError."""
    if cluster_id is None:
        clusters = cluster_service.list_views(connection, rules, principal, now)
    else:
        clusters = [cluster_service.view(connection, rules, principal, cluster_id, now)]
    rows = _open_incidents(connection, principal, cluster_id)
    needs = _cluster_needs(clusters) + _incident_needs(rows) + _workload_needs(connection, clusters)
    needs += _approval_needs(connection, principal, now, cluster_id)
    needs += _budget_needs(connection, clusters)
    if cluster_id is None:
        needs += _system_needs(connection, now)
    needs.sort(key=lambda need: not need.urgent)
    return Overview(
        now=now, needs=needs, clusters=_summaries(connection, clusters, needs, [row.cluster_id for row in rows])
    )


def _summaries(
    connection: Connection, clusters: list[ClusterView], needs: list[Need], open_incidents: list[UUID]
) -> list[ClusterSummary]:
    ids = [cluster.id for cluster in clusters]
    workloads, nodes = repository.workload_sums(connection, ids), repository.node_sums(connection, ids)
    costs = repository.cost_sums(connection, ids)
    healths, incidents = incident_repository.newest_health(connection, ids), Counter(open_incidents)
    waiting = Counter(need.cluster_id for need in needs)
    return [
        _summary(
            cluster,
            waiting[cluster.id],
            workloads.get(cluster.id),
            nodes.get(cluster.id),
            costs.get(cluster.id),
            healths.get(cluster.id),
            incidents[cluster.id],
        )
        for cluster in clusters
    ]


def _summary(
    cluster: ClusterView,
    needs: int,
    workloads: Row[Any] | None,
    nodes: Row[Any] | None,
    cost: Row[Any] | None,
    health: Row[Any] | None,
    incidents_open: int,
) -> ClusterSummary:
    costliest = next((part for part in health.ingredients if part["lost"] > 0), None) if health else None
    return ClusterSummary(
        cluster=cluster,
        health_score=health.score if health else None,
        health_at=health.at if health else None,
        health_reason=costliest["sentence"] if costliest else "",
        incidents_open=incidents_open,
        needs=needs,
        workloads_auto=workloads.auto if workloads else 0,
        workloads_recommend=workloads.recommend if workloads else 0,
        workloads_short=workloads.short if workloads else 0,
        workloads_foreseen=workloads.foreseen if workloads else 0,
        pods_ready=workloads.ready if workloads else 0,
        pods_desired=workloads.desired if workloads else 0,
        nodes=nodes.nodes if nodes else 0,
        nodes_ready=nodes.ready if nodes else 0,
        cpu_usage_millicores=nodes.usage if nodes else None,
        cpu_requested_millicores=workloads.requested if workloads else 0.0,
        cpu_allocatable_millicores=nodes.allocatable if nodes else None,
        cost_hour=cost.cost_hour if cost else None,
        currency=cost.currency if cost else None,
    )


def _open_incidents(connection: Connection, principal: Principal, cluster_id: UUID | None) -> list[Row[Any]]:
    rows = incident_repository.incidents_of(connection, principal, cluster_id, open_only=True, limit=MOST_INCIDENTS)
    return [row for row in rows if row.loud or not row.anomalies]


def _incident_needs(rows: list[Row[Any]]) -> list[Need]:
    """Incidents that somebody should look at and nobody has yet; slight ones are only counted."""
    return [
        Need(
            kind=NeedKind.INCIDENT,
            urgent=row.severity in PRESSING,
            cluster_id=row.cluster_id,
            cluster_name=row.cluster_name,
            workload_id=None,
            since=row.opened_at,
            title=row.title.split(": ", 1)[0] + f": {row.severity} incident",
            reason=row.title.split(": ", 1)[-1],
            action="Open it for its numbers and what to do; acknowledge it when you care for it.",
        )
        for row in rows
        if row.severity != Severity.LOW and row.acknowledged_at is None
    ]


def _cluster_needs(clusters: list[ClusterView]) -> list[Need]:
    return [
        Need(
            kind=NeedKind.CLUSTER,
            urgent=True,
            cluster_id=cluster.id,
            cluster_name=cluster.name,
            workload_id=None,
            since=item.since,
            title=f"{cluster.name}: {item.title}",
            reason=item.reason,
            action=item.action,
        )
        for cluster in clusters
        for item in cluster.attention
        if item.kind not in CALM
    ]


def _workload_needs(connection: Connection, clusters: list[ClusterView]) -> list[Need]:
    names = {cluster.id: cluster.name for cluster in clusters}
    failures = [
        Need(
            kind=NeedKind.FAILED,
            urgent=True,
            cluster_id=row.cluster_id,
            cluster_name=names[row.cluster_id],
            workload_id=row.workload_id,
            since=row.decided_at,
            title=f"{row.namespace}/{row.name}: scaling {row.from_replicas} to {row.to_replicas} failed",
            reason=row.outcome_detail,
            action="Open the decision for its reason; the next cycle decides afresh.",
        )
        for row in repository.failures(connection, list(names), FAILURE_REACH)
    ]
    longest = max((cluster.interval_seconds for cluster in clusters), default=60)
    wishes = repository.wishes(connection, list(names), FRESH_CYCLES * longest)
    return failures + [_wish(row, names[row.cluster_id]) for row in wishes]


def _wish(row: Row[Any], cluster_name: str) -> Need:
    workload = f"{row.namespace}/{row.name}"
    if row.mode == "recommend":
        kind = NeedKind.RECOMMENDATION
        title = f"{workload}: {row.wanted_replicas} pods recommended, {row.desired_replicas} now"
        action = "Scale it yourself, or set its policy to auto."
    else:
        kind = NeedKind.AT_LIMIT
        title = f"{workload}: wants {row.wanted_before} pods, its limit is {row.wanted_replicas}"
        action = "Raise 'max pods' in its policy if it may grow further."
    return Need(
        kind=kind,
        urgent=False,
        cluster_id=row.cluster_id,
        cluster_name=cluster_name,
        workload_id=row.id,
        since=row.evaluated_at,
        title=title,
        reason=row.reason,
        action=action,
    )


def _approval_needs(connection: Connection, principal: Principal, now: datetime, cluster_id: UUID | None) -> list[Need]:
    """Changes that wait for a yes: they are void after five minutes."""
    rows = plan_repository.waiting(connection, principal.rights, now, MOST_APPROVALS)
    return [
        Need(
            kind=NeedKind.APPROVAL,
            urgent=True,
            cluster_id=row.cluster_id,
            cluster_name=row.cluster_name,
            workload_id=None,
            since=row.created_at,
            title=f"Waits for approval: {row.title}",
            reason=f"{row.asker} asked for it" if row.asker else "",
            action="Look at the difference and what it affects; it is void five minutes after it was made.",
        )
        for row in rows
        if cluster_id in {None, row.cluster_id}
    ]


def _budget_needs(connection: Connection, clusters: list[ClusterView]) -> list[Need]:
    """Budgets of namespaces that are nearly used up, or are: they bind then."""
    names = {cluster.id: cluster.name for cluster in clusters}
    budgets = [
        (cluster_id, budget_view(row))
        for cluster_id in autoscaling_repository.with_budgets(connection, list(names))
        for row in autoscaling_repository.budgets_of(connection, cluster_id)
    ]
    return [
        Need(
            kind=NeedKind.BUDGET,
            urgent=False,
            cluster_id=cluster_id,
            cluster_name=names[cluster_id],
            workload_id=None,
            since=None,
            title=f"The budget of {budget.namespace} is {'used up' if budget.level == 'over' else 'nearly used up'}",
            reason=budget.text,
            action="Nothing is added beyond it. Raise it under Autoscaling if its workloads may grow further.",
        )
        for cluster_id, budget in budgets
        if budget.level != "calm"
    ]


def _system_needs(connection: Connection, now: datetime) -> list[Need]:
    needs = []
    silent = _silent_processes(connection, now)
    if silent:
        needs.append(
            _system_need(
                NeedKind.PROCESS,
                f"No sign of life: {', '.join(silent)}",
                "nobody else does their work",
                "See the system page, and start them again.",
            )
        )
    dead = sum(system_repository.dead_letter_counts(connection).values())
    if dead:
        title = "1 message was given up on" if dead == 1 else f"{dead} messages were given up on"
        needs.append(
            _system_need(
                NeedKind.DEAD_LETTERS,
                title,
                "each failed on every attempt",
                "An administrator sees their errors on the system page, and sends them again or discards them.",
            )
        )
    return needs


def _silent_processes(connection: Connection, now: datetime) -> list[str]:
    """Return kinds of process that were there and of which not one is alive."""
    newest: dict[str, datetime] = {}
    for row in system_repository.processes(connection):
        newest[row.process] = max(row.seen_at, newest.get(row.process, row.seen_at))
    return sorted(process for process, seen_at in newest.items() if now - seen_at > FRESH_WITHIN)


def _system_need(kind: NeedKind, title: str, reason: str, action: str) -> Need:
    return Need(
        kind=kind,
        urgent=True,
        cluster_id=None,
        cluster_name=None,
        workload_id=None,
        since=None,
        title=title,
        reason=reason,
        action=action,
    )
