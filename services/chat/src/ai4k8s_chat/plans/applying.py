"""Applies a plan that a person approved: that plan, on that cluster, by somebody who still may, once.

Everything the approval is bound to is looked at again here, where the keys are: a gateway that were deceived, or a
message that were forged or repeated, changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_chat.plans import handing, making, repository
from ai4k8s_chat.plans.following import CALLS_SHARE, finish
from ai4k8s_chat.plans.preparing import needs_of, report
from ai4k8s_common import audit
from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.chat import ApplyPlan, FollowPlan
from ai4k8s_common.errors import Ai4k8sError, ConflictError, ForbiddenError, UnauthenticatedError
from ai4k8s_common.plans import PlanStatus, load_calls, plan_hash
from ai4k8s_common.rights import Permission
from ai4k8s_common.security.sealed import SealBrokenError
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.store.plans import PlanVerdict, StepStatus

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Row

    from ai4k8s_chat.adapters.writing import KubeWrites
    from ai4k8s_chat.plans.context import PlanContext
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.plans import ApiCall

log = structlog.stdlib.get_logger(__name__)


class ApprovalError(ConflictError):
    """The approval is not one for this plan as it stands now."""

    code = "approval_void"


def on_apply(tx: Transaction, context: PlanContext, message: ApplyPlan) -> None:
    """Check the approval, make the calls, and have the cluster followed.

    What is refused here is recorded with its reason, and is no dead letter: sending it again helps nobody.
    """
    plan = repository.lock(tx.connection, message.plan_id)
    try:
        calls = _approved_calls(tx, context, message, plan)
    except (ApprovalError, ForbiddenError, UnauthenticatedError, SealBrokenError) as error:
        _refuse(tx, context, message, plan, error)
        return
    assert plan is not None  # noqa: S101  # else it were refused
    plan = _begin(tx, context, message, plan)
    try:
        made = _make_all(tx, context, plan, calls, message)
    except Ai4k8sError as error:
        if error.retryable:
            raise  # the message comes again, and finds how far this one came
        finish(tx, context, plan, f"{error.detail}. {error.hint}".strip())
        return
    log.info("plan_calls_made", plan_id=str(plan.id), calls=made)
    repository.set_status(tx.connection, plan.id, PlanStatus.FOLLOWING)
    tx.send(FollowPlan(plan_id=plan.id))


def _begin(tx: Transaction, context: PlanContext, message: ApplyPlan, plan: Row[Any]) -> Row[Any]:
    """Note who applies it and in which job, at once: for everybody to see, and for whoever comes after a crash."""
    applied_at = plan.applied_at or context.clock()
    values = {"applied_by": message.approved_by, "job_id": message.job_id, "applied_at": applied_at}
    with tx.bus.transaction() as noting:
        repository.set_status(noting.connection, plan.id, PlanStatus.APPLYING, **values)
    begun = repository.find(tx.connection, plan.id)
    assert begun is not None  # noqa: S101  # it was a moment ago
    return begun


def _approved_calls(
    tx: Transaction, context: PlanContext, message: ApplyPlan, plan: Row[Any] | None
) -> tuple[ApiCall, ...]:
    """Return the calls that were approved. Raises ApprovalError or ForbiddenError: the reason why not."""
    if plan is None:
        raise ApprovalError("there is no such plan")
    if plan.status not in {PlanStatus.WAITING.value, PlanStatus.APPLYING.value}:
        raise ApprovalError(f"this plan is {plan.status} already")
    verdict = repository.verdict(tx.connection, plan.id)
    if verdict is None or verdict.verdict != PlanVerdict.APPROVE.value:
        raise ApprovalError("nobody approved this plan")
    if (verdict.decided_by, verdict.job_id) != (message.approved_by, message.job_id):
        raise ApprovalError("this is not the approval that was given")
    if verdict.decided_at > plan.expires_at:
        raise ApprovalError("the plan was void when it was approved")
    calls = load_calls(context.vault.open(plan.id, plan.calls))
    if not verdict.hash == message.hash == plan.hash == plan_hash(plan.cluster_id, calls):
        raise ApprovalError("what was approved is not what would be done")
    begun = repository.steps(tx.connection, plan.id)
    if not begun and context.clock() > plan.expires_at:
        raise ApprovalError("the approval expired before it could be carried out", hint="Make the plan again.")
    rights = context.rights_of(tx.connection, message.approved_by, verdict.token_id)
    for permission, namespace in needs_of(calls):
        if not rights.may(Permission(permission), plan.cluster_id, namespace or None):
            raise ForbiddenError(f"who approved it may not do this any more: it needs '{permission}'")
    return calls


def _make_all(
    tx: Transaction, context: PlanContext, plan: Row[Any], calls: tuple[ApiCall, ...], message: ApplyPlan
) -> int:
    steps = repository.steps(tx.connection, plan.id)
    cluster = repository.cluster(tx.connection, plan.cluster_id)
    if cluster is None:
        raise ConflictError("this cluster is not connected any more")
    with context.open_cluster(plan.cluster_id, cluster.sealed) as kube:
        if not steps:
            _check_all(kube, calls)
        for position, call in enumerate(calls):
            step = steps.get(position)
            if step is not None and step.status == StepStatus.DONE.value:
                continue
            _tell(tx, message, plan, position, len(calls))
            if handing.is_handed_over(call):
                _hand_over(tx, kube, plan, position, call, message.approved_by)
            else:
                _make_one(tx, kube, plan, position, call, begun=step is not None)
    return len(calls)


def _check_all(kube: KubeWrites, calls: tuple[ApiCall, ...]) -> None:
    """Before the first call all of them must still fit: a plan is not begun that could not be ended."""
    for call in calls:
        if not handing.is_handed_over(call):
            making.check(kube, call)


def _make_one(tx: Transaction, kube: KubeWrites, plan: Row[Any], position: int, call: ApiCall, *, begun: bool) -> None:
    """Note that it begins, make it, note what came of it: each in a transaction of its own."""
    made = making.was_made(kube, call) if begun else None
    if made is None:
        with tx.bus.transaction() as noting:
            repository.begin_step(noting.connection, plan, position)
        try:
            made = making.make(kube, call)
        except Ai4k8sError as error:
            if not error.retryable:
                with tx.bus.transaction() as noting:
                    repository.end_step(noting.connection, plan.id, position, StepStatus.FAILED, detail=error.detail)
            raise
    values = {"uid": made.uid, "resource_version": made.resource_version, "detail": made.detail}
    with tx.bus.transaction() as noting:
        repository.end_step(noting.connection, plan.id, position, StepStatus.DONE, **values)


def _hand_over(tx: Transaction, kube: KubeWrites, plan: Row[Any], position: int, call: ApiCall, by: UUID) -> None:
    """The command leaves with its record, once; what comes of it is seen while following."""
    with tx.bus.transaction() as noting:
        if position in repository.steps(noting.connection, plan.id):
            return
        command = handing.command_for(noting.connection, kube, plan, position, call, by)
        repository.begin_step(noting.connection, plan, position, command.job_id)
        noting.send(command)


def _tell(tx: Transaction, message: ApplyPlan, plan: Row[Any], position: int, total: int) -> None:
    change = plan.changes[position]
    words = f"{change['verb']} {change['kind']} {change['name']} ({position + 1} of {total})"
    percent = CALLS_SHARE * position // total
    tx.report_job(JobReport(message.job_id, ApplyPlan.name, JobStatus.PROCESSING, percent, words))


def _refuse(
    tx: Transaction, context: PlanContext, message: ApplyPlan, plan: Row[Any] | None, error: Ai4k8sError
) -> None:
    words = f"{error.detail}. {error.hint}".strip()
    log.warning("plan_refused", plan_id=str(message.plan_id), reason=error.detail)
    report(tx, JobReport(message.job_id, ApplyPlan.name, JobStatus.FAILED, 100, "refused", error=words))
    entry = audit.Entry(
        audit.Actor(message.approved_by),
        "plan.apply",
        cluster=None if plan is None else plan.cluster_id,
        object=f"plan {message.plan_id}",
        result=audit.AuditResult.REFUSED,
        detail=error.detail,
        at=context.clock(),
    )
    tx.audit(entry)
    mine = plan is not None and plan.status == PlanStatus.WAITING.value
    verdict = repository.verdict(tx.connection, message.plan_id)
    if mine and verdict is not None and verdict.job_id == message.job_id:
        result = {"sentence": words}
        repository.set_status(
            tx.connection, message.plan_id, PlanStatus.REFUSED, result=result, finished_at=context.clock()
        )
