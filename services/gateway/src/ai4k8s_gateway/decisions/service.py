"""Use cases around decisions: list them, and open one with everything it rests on."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ai4k8s_common.errors import NotFoundError
from ai4k8s_common.store.scaler import Actuator, DecisionOutcome, Engine
from ai4k8s_gateway.clusters.service import may_scale
from ai4k8s_gateway.decisions import repository
from ai4k8s_gateway.decisions.schemas import DecisionDetail, DecisionList, DecisionView

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.decisions.schemas import DecisionFilter

MOST_EXPORTED = 10_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "decided_at", "workload", "sentence", "engine", "actuator", "mode", "action", "from_replicas", "to_replicas",
    "outcome", "outcome_detail", "outcome_at", "reason", "id",
)  # fmt: skip
ENGINE_WORDS = {
    Engine.PREDICTIVE: "by prediction",
    Engine.REACTIVE: "by usage",
    Engine.SCHEDULED: "by schedule",
    Engine.HPA: "by the HPA",
    Engine.VPA: "by the VPA",
    Engine.MANUAL: "by a person",
    Engine.ROLLBACK: "because it had got worse",
}
ACTUATOR_WORDS = {
    Actuator.REPLICAS: "",
    Actuator.HPA_FLOOR: " as a floor under its HPA",
    Actuator.EXTERNAL_METRIC: " as a metric",
    Actuator.REVISION: "",
    Actuator.REQUESTS: "",
}
OUTCOME_WORDS = {
    DecisionOutcome.PLANNED: "on its way",
    DecisionOutcome.APPLIED: "done",
    DecisionOutcome.OBSERVED: "only told",
    DecisionOutcome.HELD: "held back",
    DecisionOutcome.CONFLICT: "not done, it had changed meanwhile",
    DecisionOutcome.SUPERSEDED: "overtaken",
    DecisionOutcome.DISMISSED: "dismissed by a person",
    DecisionOutcome.FAILED: "failed",
}


def list_views(connection: Connection, principal: Principal, wanted: DecisionFilter, limit: int) -> DecisionList:
    """Return a page of decisions."""
    rows = repository.newest(connection, principal, wanted, limit + 1)
    items = [brief(row) for row in rows[:limit]]
    return DecisionList(items=items, next_before=items[-1].decided_at if len(rows) > limit else None)


def export_csv(connection: Connection, principal: Principal, wanted: DecisionFilter) -> str:
    """Return the ledger as a table, newest first, a sentence a line."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in repository.newest(connection, principal, wanted, MOST_EXPORTED):
        item = brief(row).model_dump(mode="json")
        writer.writerow([_cell(item[name]) for name in COLUMNS])
    return out.getvalue()


def export_lines(connection: Connection, principal: Principal, wanted: DecisionFilter) -> str:
    """Return whole decisions, newest first, one JSON object a line."""
    rows = repository.newest(connection, principal, wanted, MOST_EXPORTED)
    return "".join(f"{_detail(principal, row).model_dump_json()}\n" for row in rows)


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: names and reasons come from clusters."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def detail(connection: Connection, principal: Principal, decision_id: UUID) -> DecisionDetail:
    """Return one decision. Raises NotFoundError."""
    row = repository.one(connection, principal, decision_id)
    if row is None:
        raise NotFoundError("there is no such decision")
    return _detail(principal, row)


def _detail(principal: Principal, row: Row[Any]) -> DecisionDetail:
    return DecisionDetail(
        **brief(row).model_dump(),
        cycle_id=row.cycle_id,
        planned_resource_version=row.planned_resource_version,
        inputs=row.inputs,
        forecast=row.forecast,
        alternatives=row.alternatives,
        guards=row.guards,
        advice=row.advice,
        judged_at=row.judged_at,
        plan=row.plan,
        answer=row.answer,
        requested_by=row.requested_by,
        may_change=may_scale(principal, row.cluster_id, row.namespace),
    )


def brief(row: Row[Any]) -> DecisionView:
    """Return what fits a table's line."""
    workload = f"{row.namespace}/{row.name}" if row.name else str(row.workload_id)
    changed = row.from_replicas != row.to_replicas or row.actuator == Actuator.REQUESTS.value
    return DecisionView(
        id=row.id,
        cluster_id=row.cluster_id,
        workload_id=row.workload_id,
        workload=workload,
        decided_at=row.decided_at,
        mode=row.mode,
        action=row.action,
        from_replicas=row.from_replicas,
        to_replicas=row.to_replicas,
        reason=row.reason,
        outcome=row.outcome,
        outcome_detail=row.outcome_detail,
        outcome_at=row.outcome_at,
        engine=row.engine,
        actuator=row.actuator,
        undo_of=row.undo_of,
        may_undo=row.outcome == DecisionOutcome.APPLIED.value and changed and row.undone_by is None,
        sentence=_sentence(row, workload),
        judgement=row.judgement,
    )


def _sentence(row: Row[Any], workload: str) -> str:
    """What was decided, by whom, and what became of it."""
    what = f"{row.from_replicas} -> {row.to_replicas}"
    if row.actuator == Actuator.REVISION.value:
        what = f"from revision {row.plan['from_revision']} to {row.plan['to_revision']}"
    elif row.actuator == Actuator.REQUESTS.value:
        what = "has other requests"
    elif row.from_replicas == row.to_replicas:
        what = f"stays at {row.to_replicas}"
    by = ENGINE_WORDS[Engine(row.engine)]
    where = ACTUATOR_WORDS[Actuator(row.actuator)]
    end = OUTCOME_WORDS[DecisionOutcome(row.outcome)]
    verdict = (row.judgement or {}).get("verdict")
    judged = f", {str(verdict).replace('_', ' ')}" if verdict else ""
    by_us = row.undone_by == Engine.ROLLBACK.value
    undone = "" if row.undone_by is None else ", taken back" if by_us else ", undone by a person"
    return f"{workload} {what}{where} {by}: {end}{judged}{undone}. {row.reason}"
