"""Use cases around plans: ask for one, look at it, say yes or no, ask for the way back.

The gateway cannot make a plan, for it holds no cluster keys; it decides who may ask and who may approve, and chat looks
at all of that again before it does anything.
"""

from __future__ import annotations

import json
import uuid
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from ai4k8s_common.contracts.chat import ApplyPlan, PreparePlan, UndoPlan
from ai4k8s_common.errors import ConflictError, ForbiddenError, NotFoundError
from ai4k8s_common.plans import PlanOrigin, PlanStatus
from ai4k8s_common.rights import Permission
from ai4k8s_common.security.sealed import seal
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.store.plans import PlanVerdict
from ai4k8s_gateway.audit.hook import Told, tell
from ai4k8s_gateway.clusters import service as clusters
from ai4k8s_gateway.jobs import service as jobs
from ai4k8s_gateway.jobs.schemas import JobView
from ai4k8s_gateway.plans import repository
from ai4k8s_gateway.plans.schemas import (
    PlanChange,
    PlanEffect,
    PlanItem,
    PlanJob,
    PlanList,
    PlanNeed,
    PlanResult,
    PlanVerdictView,
    PlanView,
    WaitingRecommendation,
)

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.plans.schemas import NewPlan

MOST_WAITING = 100
_WEIGHTS = ("info", "warn", "bad")


class ApprovalRefusedError(ConflictError):
    """This yes does not count; the detail says why."""

    code = "approval_refused"


def ask(tx: Transaction, principal: Principal, public_key: str, body: NewPlan) -> PlanJob:
    """Have a plan made. What it is about is sealed: on its way to chat it passes queue and store."""
    cluster = clusters.get(tx.connection, principal, body.cluster_id)
    plan_id = uuid.uuid4()
    given: dict[str, Any] = {"manifests": body.manifests}
    if body.calls:
        given = {"calls": [call.model_dump(mode="json") for call in body.calls]}
    command = PreparePlan(
        job_id=uuid.uuid4(),
        plan_id=plan_id,
        cluster_id=cluster.id,
        user_id=principal.user_id,
        origin=body.origin,
        title=body.title,
        sealed=b64encode(seal(public_key, json.dumps(given).encode(), f"plan:{plan_id}")).decode(),
        token_id=principal.token_id,
    )
    # Not the body: a manifest may hold Secrets.
    tell(tx, Told(object=f"plan {plan_id}", after={"title": body.title, "origin": body.origin.value}))
    return _started(jobs.start(tx, principal, command, cluster.id), plan_id)


def undo(tx: Transaction, principal: Principal, plan_id: UUID) -> PlanJob:
    """Have the way back of a plan made: a plan of its own."""
    row = find(tx.connection, principal, plan_id)
    _check_may(principal, row)
    if not _can_be_undone(row):
        raise ConflictError("there is nothing of this plan to undo", hint=row.undo_problem)
    back = uuid.uuid4()
    command = UndoPlan(
        job_id=uuid.uuid4(), plan_id=back, undo_of=plan_id, user_id=principal.user_id, token_id=principal.token_id
    )
    tell(tx, Told(object=f"plan {plan_id}", cluster=row.cluster_id, after={"title": row.title}))
    return _started(jobs.start(tx, principal, command, row.cluster_id), back)


def approve(
    tx: Transaction, principal: Principal, plan_id: UUID, given_hash: str, now: datetime, *, four_eyes: bool
) -> JobView:
    """Say yes to exactly what was shown; it is then carried out, once.

    Raises NotFoundError, ForbiddenError for who may not, ApprovalRefusedError for what is not this plan (any more).
    """
    row = find(tx.connection, principal, plan_id)
    reason = _why_not(principal, row, four_eyes=four_eyes)
    if reason:
        raise ForbiddenError(reason, hint="Ask somebody who may.")
    _check_open(row, now)
    if given_hash != row.hash:
        raise ApprovalRefusedError(
            "what you approve is not this plan as it stands", hint="Look at the plan again, and approve what you see."
        )
    job_id = uuid.uuid4()
    _decide(tx, principal, row, PlanVerdict.APPROVE, now, job_id=job_id)
    tell(tx, _told(row, {"hash": row.hash}))
    command = ApplyPlan(job_id=job_id, plan_id=plan_id, hash=row.hash, approved_by=principal.user_id)
    return jobs.start(tx, principal, command, row.cluster_id)


def refuse(tx: Transaction, principal: Principal, plan_id: UUID, reason: str, now: datetime) -> PlanView:
    """Say no. Whoever asked for a plan may also take it back."""
    row = find(tx.connection, principal, plan_id)
    if row.asked_by != principal.user_id:
        _check_may(principal, row)
    _check_open(row, now)
    _decide(tx, principal, row, PlanVerdict.REFUSE, now, reason=reason)
    tell(tx, _told(row, {"reason": reason}))
    return view(tx.connection, principal, plan_id, now, four_eyes=False)


def _decide(
    tx: Transaction,
    principal: Principal,
    row: Row[Any],
    verdict: PlanVerdict,
    now: datetime,
    *,
    reason: str = "",
    job_id: UUID | None = None,
) -> None:
    values = {
        "plan_id": row.id,
        "verdict": verdict.value,
        "hash": row.hash,
        "decided_by": principal.user_id,
        "token_id": principal.token_id,
        "reason": reason,
        "job_id": job_id,
        "decided_at": now,
    }
    if not repository.decide(tx.connection, values):
        raise ApprovalRefusedError("somebody was quicker: this plan is decided already")


def find(connection: Connection, principal: Principal, plan_id: UUID) -> Row[Any]:
    """Return a plan that somebody may see. Raises NotFoundError."""
    row = repository.one(connection, plan_id)
    if row is None or not _sees(principal, row):
        raise NotFoundError("there is no such plan")
    return row


def _sees(principal: Principal, row: Row[Any]) -> bool:
    """Whether somebody may read every place that a plan touches; what is in no namespace is in the whole cluster."""
    places = {change["namespace"] or None for change in row.changes} or {None}
    return all(principal.rights.may(Permission.CLUSTER_READ, row.cluster_id, place) for place in places)


def view(connection: Connection, principal: Principal, plan_id: UUID, now: datetime, *, four_eyes: bool) -> PlanView:
    """Return all that is to be seen of a plan. Raises NotFoundError."""
    row = find(connection, principal, plan_id)
    status, lacks = status_of(row, now), _lacking(principal, row)
    why_not = _why_not(principal, row, four_eyes=four_eyes) if status == "waiting" else ""
    return PlanView(
        **_item(row, now).model_dump(),
        hash=row.hash,
        changes=[PlanChange.model_validate(change) for change in row.changes],
        effects=[PlanEffect.model_validate(effect) for effect in row.effects],
        needs=[PlanNeed(permission=permission, namespace=namespace or None) for permission, namespace in row.needs],
        undo_problem=row.undo_problem,
        undo_of=row.undo_of,
        undone_by=repository.undone_by(connection, plan_id),
        job=_job(row),
        may_approve=status == "waiting" and not why_not,
        may_refuse=status == "waiting" and (not lacks or row.asked_by == principal.user_id),
        why_not=why_not,
        may_undo=_can_be_undone(row) and not lacks,
    )


def list_plans(
    connection: Connection, principal: Principal, now: datetime, fresh: timedelta, limit: int, cluster_id: UUID | None
) -> PlanList:
    """Return what waits for a person, recommendations among it, and what was decided of late."""
    rights = principal.rights
    waiting = repository.waiting(connection, rights, now, MOST_WAITING)
    recommended = repository.recommendations(connection, rights, now - fresh, MOST_WAITING)
    recent = repository.recent(connection, rights, now, limit, cluster_id)
    return PlanList(
        waiting=[_item(row, now) for row in waiting if cluster_id in {None, row.cluster_id} and _sees(principal, row)],
        recommendations=[
            _recommendation(principal, row) for row in recommended if cluster_id in {None, row.cluster_id}
        ],
        recent=[_item(row, now) for row in recent if _sees(principal, row)],
    )


def status_of(row: Row[Any], now: datetime) -> str:
    """Return where a plan stands in a person's words: chat's state, our verdict and the clock together."""
    if row.status == PlanStatus.WAITING.value:
        if row.verdict == PlanVerdict.REFUSE.value:
            return "refused"
        if row.verdict == PlanVerdict.APPROVE.value:
            return "failed" if row.job_status == JobStatus.FAILED.value else "approved"
        return "expired" if now > row.expires_at else "waiting"
    if row.status == PlanStatus.APPLYING.value and row.job_status == JobStatus.FAILED.value:
        return "failed"
    return str(row.status)


def _check_open(row: Row[Any], now: datetime) -> None:
    status = status_of(row, now)
    if status == "expired":
        raise ApprovalRefusedError("this plan is older than five minutes", hint="Have it made again, and look at it.")
    if status != "waiting":
        raise ApprovalRefusedError(f"this plan is {status} already")


def _why_not(principal: Principal, row: Row[Any], *, four_eyes: bool) -> str:
    if principal.token_id is not None:
        return "a person approves, in their own session, and not an API token"
    if four_eyes and row.asked_by == principal.user_id:
        return "here somebody else approves what you asked for"
    return _lacking(principal, row)


def _check_may(principal: Principal, row: Row[Any]) -> None:
    if lacks := _lacking(principal, row):
        raise ForbiddenError(lacks, hint="Ask somebody who may.")


def _lacking(principal: Principal, row: Row[Any]) -> str:
    for permission, namespace in row.needs:
        if not principal.rights.may(Permission(permission), row.cluster_id, namespace or None):
            where = f"in the namespace '{namespace}'" if namespace else "in the whole cluster"
            return f"this needs '{permission}' {where}, which you do not have"
    return ""


def _can_be_undone(row: Row[Any]) -> bool:
    if row.status == PlanStatus.APPLYING.value:
        # Given up on half way, for the cluster did not answer: what was done of it can be undone.
        return bool(row.job_status == JobStatus.FAILED.value)
    return row.status in {PlanStatus.APPLIED.value, PlanStatus.FAILED.value} and bool(
        (row.result or {}).get("may_undo")
    )


def _told(row: Row[Any], more: dict[str, str]) -> Told:
    first = row.changes[0]
    return Told(
        namespace=first["namespace"],
        object=f"{first['kind']}/{first['name']}" if len(row.changes) == 1 else f"plan {row.id}",
        after={"plan": str(row.id), "title": row.title, **more},
        cluster=row.cluster_id,
    )


def _started(job: JobView, plan_id: UUID) -> PlanJob:
    return PlanJob(**job.model_dump(), plan_id=plan_id)


def _job(row: Row[Any]) -> JobView | None:
    if row.apply_job_id is None:
        return None
    return JobView(
        job_id=row.apply_job_id,
        status=JobStatus(row.job_status or JobStatus.PROCESSING.value),
        progress=row.job_progress or 0,
        message=row.job_message or jobs.WAITING,
        error=row.job_error,
        created_at=row.decided_at,
        updated_at=row.job_updated_at,
    )


def _item(row: Row[Any], now: datetime) -> PlanItem:
    result = row.result or ({"sentence": row.job_error} if row.job_error else None)
    verdict = None
    if row.verdict is not None:
        verdict = PlanVerdictView(verdict=row.verdict, by=row.decider or "", at=row.decided_at, reason=row.reason)
    return PlanItem(
        id=row.id,
        cluster_id=row.cluster_id,
        cluster_name=row.cluster_name,
        title=row.title,
        origin=PlanOrigin(row.origin),
        asked_by=row.asker or "",
        status=status_of(row, now),
        created_at=row.created_at,
        expires_at=row.expires_at,
        finished_at=row.finished_at,
        objects=len(row.changes),
        weight=max((effect["weight"] for effect in row.effects), key=_WEIGHTS.index, default="info"),
        result=None if result is None else PlanResult.model_validate(result),
        verdict=verdict,
    )


def _recommendation(principal: Principal, row: Row[Any]) -> WaitingRecommendation:
    return WaitingRecommendation(
        decision_id=row.id,
        cluster_id=row.cluster_id,
        cluster_name=row.cluster_name,
        workload_id=row.workload_id,
        namespace=row.namespace,
        name=row.name,
        from_replicas=row.from_replicas,
        to_replicas=row.to_replicas,
        reason=row.reason,
        decided_at=row.decided_at,
        may_apply=principal.rights.may(Permission.WORKLOAD_SCALE, row.cluster_id, row.namespace),
    )
