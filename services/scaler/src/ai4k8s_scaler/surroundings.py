"""Queries on what bounds a cluster's workloads: switches, rules, budgets, quotas, nodes, claims, other autoscalers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, true
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.schedule import Bounded, Rule
from ai4k8s_common.store.collector import nodes, workloads
from ai4k8s_common.store.gateway import ScheduleEffect, freezes, namespace_budgets, schedules
from ai4k8s_common.store.pricing import PERIOD_HOURS, pod_hour, rates
from ai4k8s_common.store.scaler import (
    MOVES_PODS,
    Actuator,
    AutoscalerKind,
    Engine,
    autoscalers,
    claims,
    decisions,
    fights,
    held_requests,
    surroundings,
)
from ai4k8s_scaler.domain.rollback import WATCH_SECONDS
from ai4k8s_scaler.domain.situation import CostBudget

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Row

Key = tuple[str, str, str]
"""Namespace, kind, name."""


@dataclass(frozen=True)
class Freeze:
    """A switch that is on, and how far it reaches; None: not narrowed down."""

    namespace: str | None
    kind: str | None
    name: str | None
    reason: str

    def covers(self, key: Key) -> bool:
        """Whether it stops this workload."""
        return all(own is None or own == other for own, other in zip(self._key, key, strict=True))

    @property
    def _key(self) -> tuple[str | None, str | None, str | None]:
        return self.namespace, self.kind, self.name


@dataclass(frozen=True)
class Window:
    """A maintenance window of a namespace (None: of the cluster)."""

    namespace: str | None
    title: str
    rule: Rule


@dataclass(frozen=True)
class FightNote:
    """What is remembered of somebody else's changes: `[epoch second, who]` each, and until when we rest."""

    resets: list[list[Any]]
    backed_off_until: datetime | None
    reason: str


@dataclass
class Around:
    """What one cycle needs to know beside the workloads themselves; `namespace_totals` moves as it plans."""

    freezes: list[Freeze]
    windows: list[Window]
    rules: dict[Key, tuple[Bounded, ...]]
    problems: dict[Key, str]
    budgets: dict[str, int]
    cost_budgets: dict[str, CostBudget]
    pod_hours: dict[int, float]
    claims: dict[int, Row[Any]]
    fights: dict[int, FightNote]
    hpas: dict[Key, Row[Any]]
    seen_at: datetime | None
    quotas: list[dict[str, Any]]
    disruption_budgets: list[dict[str, Any]]
    free_millicores: float | None
    undone: dict[int, datetime]
    asked: dict[int, tuple[int, datetime]]
    changed: dict[int, dict[str, datetime]]
    lowered: dict[int, Row[Any]]
    taken_back: dict[int, list[tuple[float, int]]]
    planned: dict[int, Row[Any]]
    advised: dict[int, int] = field(default_factory=dict)
    namespace_totals: dict[str, int] = field(default_factory=dict)
    namespace_costs: dict[str, float] = field(default_factory=dict)

    def count(self, row: Row[Any], replicas: int) -> None:
        """So many pods of a workload are there, or are to be, beside what was counted before."""
        self.namespace_totals[row.namespace] = self.namespace_totals.get(row.namespace, 0) + replicas
        cost = replicas * self.pod_hours.get(row.id, 0.0)
        self.namespace_costs[row.namespace] = self.namespace_costs.get(row.namespace, 0.0) + cost


def load(connection: Connection, cluster_id: UUID, now: datetime, undone_since: datetime) -> Around:
    """Read all of it, a handful of queries for the whole cluster."""
    rules, windows, problems = _rules(connection, cluster_id)
    seen = connection.execute(select(surroundings).where(surroundings.c.cluster_id == cluster_id)).one_or_none()
    budgets, cost_budgets = _budgets(connection, cluster_id)
    return Around(
        freezes=_freezes(connection, cluster_id, now),
        windows=windows,
        rules=rules,
        problems=problems,
        budgets=budgets,
        cost_budgets=cost_budgets,
        pod_hours=_pod_hours(connection, cluster_id, sorted(cost_budgets)),
        claims=_by_workload(connection, cluster_id, claims),
        fights={
            number: FightNote(row.resets, row.backed_off_until, row.reason)
            for number, row in _by_workload(connection, cluster_id, fights).items()
        },
        hpas=_hpas(connection, cluster_id),
        seen_at=None if seen is None else seen.seen_at,
        quotas=[] if seen is None else seen.quotas,
        disruption_budgets=[] if seen is None else seen.disruption_budgets,
        free_millicores=_free_millicores(connection, cluster_id),
        undone=_undone(connection, cluster_id, undone_since),
        asked=_asked(connection, cluster_id, undone_since),
        changed=_changed(connection, cluster_id, undone_since),
        lowered=_lowered(connection, cluster_id, now),
        taken_back=_taken_back(connection, cluster_id, undone_since),
        planned=_planned(connection, cluster_id),
    )


def _freezes(connection: Connection, cluster_id: UUID, now: datetime) -> list[Freeze]:
    query = select(freezes).where(
        or_(freezes.c.cluster_id == cluster_id, freezes.c.cluster_id.is_(None)),
        or_(freezes.c.until.is_(None), freezes.c.until > now),
    )
    return [Freeze(row.namespace, row.kind, row.name, row.reason) for row in connection.execute(query)]


def _rules(
    connection: Connection, cluster_id: UUID
) -> tuple[dict[Key, tuple[Bounded, ...]], list[Window], dict[Key, str]]:
    rules: dict[Key, list[Bounded]] = defaultdict(list)
    windows: list[Window] = []
    problems: dict[Key, str] = {}
    query = select(schedules).where(schedules.c.cluster_id == cluster_id, schedules.c.enabled).order_by(schedules.c.id)
    for row in connection.execute(query):
        key = (row.namespace, row.kind, row.name)
        try:
            skip, only = frozenset(row.skip_dates), frozenset(row.only_dates)
            rule = Rule.parse(row.cron, row.duration_minutes, row.time_zone, skip, only)
        except ValueError as error:
            # The gateway checks them; a zone can still vanish with an update of the zone database.
            problems[key] = f"schedule {row.title}: {error}"
            continue
        if row.effect == ScheduleEffect.MAINTENANCE.value:
            windows.append(Window(row.namespace, row.title, rule))
        else:
            rules[key].append(Bounded(row.title, rule, row.min_replicas, row.max_replicas))
    return {key: tuple(found) for key, found in rules.items()}, windows, problems


def _budgets(connection: Connection, cluster_id: UUID) -> tuple[dict[str, int], dict[str, CostBudget]]:
    """Budgets of namespaces: in pods, and in money by the hour."""
    b = namespace_budgets.c
    query = select(b.namespace, b.max_replicas, b.max_cost, b.cost_period).where(b.cluster_id == cluster_id)
    pods, money = {}, {}
    for row in connection.execute(query):
        if row.max_replicas is not None:
            pods[row.namespace] = row.max_replicas
        if row.max_cost is not None:
            said = f"{row.max_cost:.6g} a {row.cost_period}"
            money[row.namespace] = CostBudget(row.max_cost / PERIOD_HOURS[row.cost_period], said)
    return pods, money


def _pod_hours(connection: Connection, cluster_id: UUID, namespaces: Sequence[str]) -> dict[int, float]:
    """What an hour of one pod costs, of the workloads in namespaces with a budget in money."""
    if not namespaces:
        return {}
    priced, w = rates(workloads), workloads.c
    query = (
        select(w.id, w.cpu_request_millicores, w.memory_request_bytes, priced.c.core_hour, priced.c.gib_hour)
        .select_from(workloads.outerjoin(priced, true()))
        .where(w.cluster_id == cluster_id, w.gone_at.is_(None), w.namespace.in_(list(namespaces)))
    )
    found = {}
    for row in connection.execute(query):
        cost = pod_hour(row.cpu_request_millicores, row.memory_request_bytes, row.core_hour, row.gib_hour)
        if cost:
            found[row.id] = cost
    return found


def _by_workload(connection: Connection, cluster_id: UUID, table: Any) -> dict[int, Row[Any]]:
    rows = connection.execute(select(table).where(table.c.cluster_id == cluster_id))
    found: dict[int, Row[Any]] = {row.workload_id: row for row in rows}
    return found


def _hpas(connection: Connection, cluster_id: UUID) -> dict[Key, Row[Any]]:
    query = (
        select(autoscalers)
        .where(autoscalers.c.cluster_id == cluster_id, autoscalers.c.kind == AutoscalerKind.HPA.value)
        .order_by(autoscalers.c.name)
    )
    return {(row.namespace, row.target_kind, row.target_name): row for row in connection.execute(query)}


def _free_millicores(connection: Connection, cluster_id: UUID) -> float | None:
    """CPU of ready nodes that take pods, less what the workloads' pods ask for; None while nothing is known."""
    allocatable = connection.execute(
        select(func.sum(nodes.c.cpu_allocatable_millicores)).where(
            nodes.c.cluster_id == cluster_id, nodes.c.gone_at.is_(None), nodes.c.ready, ~nodes.c.unschedulable
        )
    ).scalar()
    asked = connection.execute(
        select(func.sum(workloads.c.desired_replicas * func.coalesce(workloads.c.cpu_request_millicores, 0.0))).where(
            workloads.c.cluster_id == cluster_id, workloads.c.gone_at.is_(None)
        )
    ).scalar()
    return None if allocatable is None else float(allocatable) - float(asked or 0.0)


def _undone(connection: Connection, cluster_id: UUID, since: datetime) -> dict[int, datetime]:
    query = (
        select(decisions.c.workload_id, func.max(decisions.c.decided_at))
        .where(
            decisions.c.cluster_id == cluster_id,
            decisions.c.undo_of.is_not(None),
            decisions.c.engine != Engine.ROLLBACK.value,
            decisions.c.actuator.in_(MOVES_PODS),
            decisions.c.decided_at > since,
        )
        .group_by(decisions.c.workload_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _asked(connection: Connection, cluster_id: UUID, since: datetime) -> dict[int, tuple[int, datetime]]:
    """The latest number that a person asked for, of each workload, and when."""
    query = (
        select(decisions.c.workload_id, decisions.c.to_replicas, decisions.c.decided_at)
        .where(
            decisions.c.cluster_id == cluster_id,
            decisions.c.engine == Engine.MANUAL.value,
            decisions.c.actuator.in_(MOVES_PODS),
            decisions.c.outcome == "applied",
            decisions.c.undo_of.is_(None),
            decisions.c.decided_at > since,
        )
        .order_by(decisions.c.decided_at)
    )
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def _changed(connection: Connection, cluster_id: UUID, since: datetime) -> dict[int, dict[str, datetime]]:
    """When each workload was last changed in each direction (`scale_up`, `scale_down`)."""
    query = (
        select(decisions.c.workload_id, decisions.c.action, func.max(decisions.c.outcome_at))
        .where(
            decisions.c.cluster_id == cluster_id,
            decisions.c.outcome == "applied",
            decisions.c.decided_at > since,
            decisions.c.to_replicas != decisions.c.from_replicas,
        )
        .group_by(decisions.c.workload_id, decisions.c.action)
    )
    found: dict[int, dict[str, datetime]] = defaultdict(dict)
    for workload_id, action, at in connection.execute(query):
        found[workload_id][action] = at
    return found


def _lowered(connection: Connection, cluster_id: UUID, now: datetime) -> dict[int, Row[Any]]:
    """Each workload's latest change of ours that took pods away, while it is young enough to be watched.

    What we added since does not end it: usage raises at the first shortage, and not as far. What a person set since
    does, and so does taking it back.
    """
    d = decisions.c
    query = (
        select(d.id, d.workload_id, d.outcome_at, d.from_replicas, d.to_replicas, d.engine, d.alternatives)
        .where(
            d.cluster_id == cluster_id,
            d.outcome == "applied",
            d.to_replicas != d.from_replicas,
            d.outcome_at > now - timedelta(seconds=WATCH_SECONDS),
            d.decided_at > now - timedelta(seconds=2 * WATCH_SECONDS),
        )
        .order_by(d.outcome_at)
    )
    ours = {Engine.PREDICTIVE.value, Engine.REACTIVE.value, Engine.SCHEDULED.value}
    rows: Any = connection.execute(query)
    latest: dict[int, Row[Any]] = {}
    for row in rows:
        if row.engine not in ours:
            latest.pop(row.workload_id, None)
        elif row.to_replicas < row.from_replicas:
            latest[row.workload_id] = row
    return latest


def _taken_back(connection: Connection, cluster_id: UUID, since: datetime) -> dict[int, list[tuple[float, int]]]:
    """When changes of ours were taken back lately, and to how many, of each workload, the oldest first."""
    d = decisions.c
    query = (
        select(d.workload_id, d.outcome_at, d.to_replicas)
        .where(
            d.cluster_id == cluster_id,
            d.engine == Engine.ROLLBACK.value,
            d.actuator.in_(MOVES_PODS),
            d.outcome == "applied",
            d.decided_at > since,
        )
        .order_by(d.outcome_at)
    )
    found: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for workload_id, at, replicas in connection.execute(query):
        found[workload_id].append((at.timestamp(), replicas))
    return found


def _planned(connection: Connection, cluster_id: UUID) -> dict[int, Row[Any]]:
    query = (
        select(decisions.c.id, decisions.c.workload_id, decisions.c.to_replicas, decisions.c.decided_at)
        .where(
            decisions.c.cluster_id == cluster_id,
            decisions.c.outcome == "planned",
            decisions.c.actuator.in_(MOVES_PODS),
        )
        .order_by(decisions.c.decided_at)
    )
    rows: Any = connection.execute(query)
    return {row.workload_id: row for row in rows}


def claim_of(connection: Connection, workload_id: int) -> Row[Any] | None:
    """Return what we hold of a workload."""
    return connection.execute(select(claims).where(claims.c.workload_id == workload_id)).one_or_none()


def write_claim(connection: Connection, workload_id: int, values: dict[str, Any]) -> None:
    """Note what we hold; the original stays what it was at first."""
    statement = insert(claims).values(workload_id=workload_id, **values)
    later = {name: value for name, value in values.items() if name != "original"}
    connection.execute(statement.on_conflict_do_update(index_elements=[claims.c.workload_id], set_=later))


def renew_claim(connection: Connection, workload_id: int, expires_at: datetime) -> None:
    """A floor stands for longer."""
    connection.execute(claims.update().where(claims.c.workload_id == workload_id).values(expires_at=expires_at))


def drop_claim(connection: Connection, workload_id: int) -> None:
    """Nothing is held any more."""
    connection.execute(claims.delete().where(claims.c.workload_id == workload_id))


def adopt(connection: Connection, workload_id: int, replicas: int, now: datetime) -> None:
    """Somebody else's value is where we go on from."""
    connection.execute(
        claims.update().where(claims.c.workload_id == workload_id).values(held_replicas=replicas, held_at=now)
    )


def expired_claims(connection: Connection, now: datetime) -> Sequence[Row[Any]]:
    """Return floors that nobody renewed."""
    return connection.execute(select(claims).where(claims.c.expires_at < now).order_by(claims.c.expires_at)).all()


def write_fight(connection: Connection, workload_id: int, values: dict[str, Any]) -> None:
    """Remember somebody else's changes."""
    statement = insert(fights).values(workload_id=workload_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[fights.c.workload_id], set_=values))


def last_managers(connection: Connection, cluster_id: UUID, namespace: str, name: str) -> list[str]:
    """Return who writes an HPA's spec, as last seen."""
    query = select(autoscalers.c.managers).where(
        autoscalers.c.cluster_id == cluster_id, autoscalers.c.namespace == namespace, autoscalers.c.name == name
    )
    row = connection.execute(query).first()
    return [] if row is None else list(row[0])


def replace_survey(
    connection: Connection, cluster_id: UUID, found: Sequence[dict[str, Any]], values: dict[str, Any]
) -> None:
    """Write what was seen in place of what was seen before."""
    connection.execute(autoscalers.delete().where(autoscalers.c.cluster_id == cluster_id))
    if found:
        connection.execute(autoscalers.insert(), list(found))
    statement = insert(surroundings).values(cluster_id=cluster_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[surroundings.c.cluster_id], set_=values))


def note_bounds(
    connection: Connection, cluster_id: UUID, hpa: tuple[str, str], bounds: tuple[int, int | None], now: datetime
) -> None:
    """An HPA has bounds that we just wrote: the next cycle must not go by what was seen before."""
    minimum, maximum = bounds
    change = {"minReplicas": minimum} | ({} if maximum is None else {"maxReplicas": maximum})
    connection.execute(
        autoscalers.update()
        .where(
            autoscalers.c.cluster_id == cluster_id,
            autoscalers.c.kind == AutoscalerKind.HPA.value,
            autoscalers.c.namespace == hpa[0],
            autoscalers.c.name == hpa[1],
        )
        .values(spec=autoscalers.c.spec.concat(change), seen_at=now)
    )


def claim_on_hpa(connection: Connection, cluster_id: UUID, namespace: str, name: str) -> Row[Any] | None:
    """Return the floor that we hold under an HPA."""
    query = (
        select(claims)
        .join(workloads, workloads.c.id == claims.c.workload_id)
        .where(
            claims.c.cluster_id == cluster_id,
            claims.c.actuator == Actuator.HPA_FLOOR.value,
            claims.c.object_name == name,
            workloads.c.namespace == namespace,
        )
    )
    return connection.execute(query).first()


def set_original(connection: Connection, workload_id: int, original: dict[str, Any]) -> None:
    """The owner changed what we give back one day."""
    connection.execute(claims.update().where(claims.c.workload_id == workload_id).values(original=original))


def held_requests_of(connection: Connection, cluster_id: UUID) -> Sequence[Row[Any]]:
    """Return what running pods of a cluster were made to ask for."""
    return connection.execute(select(held_requests).where(held_requests.c.cluster_id == cluster_id)).all()


def write_held_requests(connection: Connection, workload_id: int, values: dict[str, Any]) -> None:
    """Note what a workload's pods ask for; what its template had at first stays known."""
    statement = insert(held_requests).values(workload_id=workload_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[held_requests.c.workload_id], set_=values))


def drop_held_requests(connection: Connection, workload_id: int) -> None:
    """Its pods ask for what their template says."""
    connection.execute(held_requests.delete().where(held_requests.c.workload_id == workload_id))
