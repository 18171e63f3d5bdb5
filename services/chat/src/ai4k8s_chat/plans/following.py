"""Follows a plan whose calls are made until the cluster is there: rollouts, pods that go, jobs of the scaler.

A look takes a moment and ends with a message to itself: the queue behind it, in which people wait, flows on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_chat.domain.rollouts import progress
from ai4k8s_chat.plans import repository
from ai4k8s_chat.plans.preparing import report
from ai4k8s_common import audit
from ai4k8s_common.bus.jobs import JobCancelledError, JobReport
from ai4k8s_common.contracts.chat import ApplyPlan, FollowPlan
from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.errors import KubeNotFoundError
from ai4k8s_common.plans import PlanStatus
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.store.plans import StepStatus

if TYPE_CHECKING:
    from sqlalchemy import Row

    from ai4k8s_chat.adapters.writing import KubeWrites
    from ai4k8s_chat.plans.context import PlanContext
    from ai4k8s_common.bus.transaction import Transaction

CALLS_SHARE = 60  # percent of the progress: the rest is the cluster getting there

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """How one thing stands. `failed` is a sentence where it will not get there."""

    done: bool
    words: str
    failed: str = ""


def on_follow(tx: Transaction, context: PlanContext, message: FollowPlan) -> None:
    """Look once; finish, or look again a moment later."""
    plan = repository.lock(tx.connection, message.plan_id)
    if plan is None or plan.status != PlanStatus.FOLLOWING.value:
        return
    looks = [*_of_scaler(tx, plan), *_of_cluster(tx, context, plan)]
    failed = [look.failed for look in looks if look.failed]
    waiting = [look for look in looks if not look.done and not look.failed]
    late = (context.clock() - plan.applied_at).total_seconds() > context.follow_seconds
    if waiting and not failed and not late:
        share = (100 - CALLS_SHARE) * (len(looks) - len(waiting)) // len(looks)
        progress = JobReport(plan.job_id, ApplyPlan.name, JobStatus.PROCESSING, CALLS_SHARE + share, waiting[0].words)
        try:
            report(tx, progress)
        except JobCancelledError:
            finish(tx, context, plan, "", f"It is not watched any more: {waiting[0].words}")
            return
        time.sleep(context.look_every_seconds)
        tx.send(FollowPlan(plan_id=plan.id))
        return
    unfinished = f"It goes on without being watched: {waiting[0].words}" if waiting and not failed else ""
    finish(tx, context, plan, "; ".join(failed), unfinished)


def finish(tx: Transaction, context: PlanContext, plan: Row[Any], problem: str, note: str = "") -> None:
    """Write down what became of a plan, tell who waits, and record it in the audit log."""
    steps = repository.steps(tx.connection, plan.id)
    done = sum(step.status == StepStatus.DONE.value for step in steps.values())
    total = len(plan.changes)
    status = PlanStatus.FAILED if problem else PlanStatus.APPLIED
    sentence = f"{done} of {total} changes made. {problem}" if problem else note or _done_words(total)
    result = {"done": done, "total": total, "sentence": sentence.strip(), "may_undo": done > 0}
    now = context.clock()
    repository.set_status(tx.connection, plan.id, status, result=result, finished_at=now)
    ended = JobStatus.FAILED if problem else JobStatus.COMPLETED
    words = result | {"plan_id": str(plan.id)}
    error = str(result["sentence"]) if problem else None
    report(tx, JobReport(plan.job_id, ApplyPlan.name, ended, 100, str(result["sentence"]), words, error))
    for entry in _entries(plan, problem, now):
        tx.audit(entry)
    log.info("plan_ended", plan_id=str(plan.id), status=status.value, done=done, total=total)


def _done_words(total: int) -> str:
    return "Done." if total == 1 else f"All {total} changes are done."


def _entries(plan: Row[Any], problem: str, now: Any) -> list[audit.Entry]:
    """One for each object: who looks for an object finds it."""
    result = audit.AuditResult.FAILED if problem else audit.AuditResult.DONE
    return [
        audit.Entry(
            audit.Actor(plan.applied_by),
            f"plan.{change['verb']}",
            plan.cluster_id,
            change["namespace"],
            f"{change['kind']}/{change['name']}",
            # The difference is masked; it says what was before and what is after.
            after={"plan": str(plan.id), "title": plan.title, "hash": plan.hash, "diff": change["diff"]},
            result=result,
            detail=problem,
            at=now,
        )
        for change in plan.changes
    ]


def _of_scaler(tx: Transaction, plan: Row[Any]) -> list[Look]:
    looks = []
    for position, step in sorted(repository.steps(tx.connection, plan.id).items()):
        if step.job_id is None:
            continue
        name = plan.changes[position]["name"]
        job = repository.scaler_job(tx.connection, step.job_id)
        if job is None or job.status == JobStatus.PROCESSING.value:
            looks.append(Look(done=False, words=f"{name}: the scaler is at it"))
        elif job.status == JobStatus.FAILED.value:
            detail = str(job.error or job.message)
            repository.end_step(tx.connection, plan.id, position, StepStatus.FAILED, detail=detail)
            looks.append(Look(done=True, words="", failed=f"{name}: {detail}"))
        else:
            repository.end_step(tx.connection, plan.id, position, StepStatus.DONE, detail=str(job.message))
            looks.append(Look(done=True, words=str(job.message)))
    return looks


def _of_cluster(tx: Transaction, context: PlanContext, plan: Row[Any]) -> list[Look]:
    if not plan.follows:
        return []
    cluster = repository.cluster(tx.connection, plan.cluster_id)
    if cluster is None:
        return [Look(done=True, words="", failed="the cluster is not connected any more")]
    try:
        with context.open_cluster(plan.cluster_id, cluster.sealed) as kube:
            return [_look(kube, follow) for follow in plan.follows]
    except Ai4k8sError as error:
        if error.retryable:
            return [Look(done=False, words=error.detail)]
        return [Look(done=True, words="", failed=error.detail)]


def _look(kube: KubeWrites, follow: dict[str, str]) -> Look:
    name = follow["path"].rpartition("/")[2]
    try:
        found = kube.read(follow["path"])
    except KubeNotFoundError:
        gone = follow["what"] == "gone"
        return Look(done=True, words=f"{name} is gone", failed="" if gone else f"{name} is not there any more")
    if follow["what"] == "gone":
        again = found["metadata"].get("uid") != follow["uid"]
        return Look(done=again, words=f"{name} is ending")
    return rollout(found)


def rollout(found: dict[str, Any]) -> Look:
    """How far a rollout is."""
    name, now = found["metadata"]["name"], progress(found)
    if not now.observed:
        return Look(done=False, words=f"{name}: waiting for its controller")
    if now.exceeded:
        return Look(done=True, words="", failed=f"{name}: the rollout exceeded its progress deadline")
    if now.updated < now.wanted or now.ready < now.wanted or (found["kind"] == "Deployment" and now.old > 0):
        return Look(done=False, words=f"{name}: {now.updated} of {now.wanted} pods updated, {now.ready} ready")
    return Look(done=True, words=f"{name}: {now.ready} of {now.wanted} pods updated and ready")
