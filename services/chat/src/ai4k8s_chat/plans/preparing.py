"""Makes a plan: every call tried on the server, what it changes, what it affects, a way back. Nothing is written there.

`prepare` is what the tools of the chat call; routes of the gateway get here by a message.
"""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.plans import repository
from ai4k8s_chat.plans.handing import is_handed_over
from ai4k8s_chat.plans.manifests import calls_of
from ai4k8s_chat.plans.trying import AUTOSCALERS, Trial, Tried
from ai4k8s_common.bus.jobs import JobReport, write_job_report
from ai4k8s_common.errors import Ai4k8sError, ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from ai4k8s_common.kube.writes import place_of
from ai4k8s_common.plans import (
    LASTS_SECONDS,
    ApiCall,
    CallKind,
    PlanOrigin,
    PlanStatus,
    dump_calls,
    load_calls,
    plan_hash,
)
from ai4k8s_common.rights import Permission
from ai4k8s_common.services import Service
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.store.plans import StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from pydantic import JsonValue
    from sqlalchemy import Row

    from ai4k8s_chat.plans.context import PlanContext
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.chat import PreparePlan, UndoPlan
    from ai4k8s_common.kube.writes import Place
    from ai4k8s_common.rights import Rights

MAX_CALLS = 200
# Whoever writes these can give themselves rights, or change what everybody else may do.
_GUARDED = frozenset(
    {"rbac.authorization.k8s.io", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io"}
)


@dataclass(frozen=True)
class PlanAsk:
    """What somebody wants: calls, or objects as YAML."""

    plan_id: UUID
    cluster_id: UUID
    user_id: UUID
    origin: PlanOrigin
    title: str
    calls: tuple[ApiCall, ...] = ()
    manifests: str = ""
    namespace: str | None = None  # for objects of the manifests that name none; None: the cluster's default
    undo_of: UUID | None = None
    token_id: UUID | None = None


@dataclass(frozen=True)
class PreparedPlan:
    """What is shown of a plan; `hash` is what an approval must name."""

    plan_id: UUID
    hash: str
    title: str
    changes: list[dict[str, Any]]
    effects: list[dict[str, str]]
    needs: list[list[str]]
    undo_problem: str
    lasts_seconds: int = LASTS_SECONDS


def prepare(tx: Transaction, context: PlanContext, ask: PlanAsk) -> PreparedPlan:
    """Try everything on the cluster and write the plan down.

    Raises InvalidInputError where nothing would change, ForbiddenError where the asker may not even propose it,
    NotFoundError, ConflictError, and KubeError: what the server says to the dry-run.
    """
    cluster = repository.cluster(tx.connection, ask.cluster_id)
    if cluster is None:
        raise NotFoundError("there is no such cluster")

    def mode(place: Place, kind: str) -> str:
        return repository.policy_mode(tx.connection, ask.cluster_id, (place.namespace, kind, place.name))

    rights = context.rights_of(tx.connection, ask.user_id, ask.token_id)
    with context.open_cluster(ask.cluster_id, cluster.sealed) as kube:
        calls = ask.calls or tuple(calls_of(kube, ask.manifests, ask.namespace or cluster.default_namespace))
        if len(calls) > MAX_CALLS:
            raise InvalidInputError(f"a plan holds at most {MAX_CALLS} calls", hint="Narrow it down.")
        trial = Trial(kube, mode)
        tried: list[Tried] = []
        for call in calls:
            tried += trial.run(call)
    if not tried:
        raise InvalidInputError("nothing would change: the cluster is like this already")
    _check_scalable(tx, ask.cluster_id, tried)
    needs = needs_of(one.call for one in tried)
    for permission, namespace in needs:
        _require(rights, Permission(permission), ask.cluster_id, namespace)
    return _write(tx, context, ask, tried, needs)


def needs_of(calls: Iterable[ApiCall]) -> list[list[str]]:
    """Return the rights that calls need: permission and namespace; no namespace for what is in none."""
    found: list[list[str]] = []
    for call in calls:
        place = place_of(call.path)
        if place.group in _GUARDED:
            need = [Permission.CLUSTER_MANAGE.value, ""]
        elif is_handed_over(call):
            need = [Permission.WORKLOAD_SCALE.value, place.namespace]
        else:
            need = [Permission.OBJECT_WRITE.value, place.namespace]
        if need not in found:
            found.append(need)
    return found


def _require(rights: Rights, permission: Permission, cluster_id: UUID, namespace: str) -> None:
    if not rights.may(permission, cluster_id, namespace or None):
        where = f"in the namespace '{namespace}'" if namespace else "in the whole cluster"
        raise ForbiddenError(
            f"you may not do this {where}: it needs '{permission.value}'", hint="Ask an administrator of the cluster."
        )


def _check_scalable(tx: Transaction, cluster_id: UUID, tried: list[Tried]) -> None:
    """The scaler scales what is observed."""
    for one in tried:
        if one.call.kind is CallKind.SCALE:
            key = (one.place.namespace, one.kind, one.place.name)
            if repository.workload_id(tx.connection, cluster_id, key) is None:
                raise NotFoundError(
                    f"{one.kind} {one.place.namespace}/{one.place.name} has not been observed yet",
                    hint="Wait for the cluster's next cycle, or see whether its namespace is among the observed ones.",
                )


def _write(
    tx: Transaction, context: PlanContext, ask: PlanAsk, tried: list[Tried], needs: list[list[str]]
) -> PreparedPlan:
    calls = tuple(one.call for one in tried)
    problems = [f"{one.kind} {one.place.name}: {one.undo_problem}" for one in tried if one.undo is None]
    undo = [asdict(one.undo) if one.undo is not None else None for one in tried]
    plan = PreparedPlan(
        plan_id=ask.plan_id,
        hash=plan_hash(ask.cluster_id, calls),
        title=ask.title,
        changes=[_change(one) for one in tried],
        effects=_effects(tried),
        needs=needs,
        undo_problem="; ".join(problems),
    )
    now = context.clock()
    fresh = repository.add(
        tx.connection,
        {
            "id": ask.plan_id,
            "cluster_id": ask.cluster_id,
            "asked_by": ask.user_id,
            "origin": ask.origin.value,
            "title": ask.title,
            "hash": plan.hash,
            "calls": context.vault.close(ask.plan_id, dump_calls(calls)),
            "undo_calls": context.vault.close(ask.plan_id, json.dumps(undo).encode()),
            "undo_problem": plan.undo_problem,
            "changes": plan.changes,
            "effects": plan.effects,
            "needs": plan.needs,
            "follows": _follows(tried),
            "status": PlanStatus.WAITING.value,
            "undo_of": ask.undo_of,
            "created_at": now,
            "expires_at": now + timedelta(seconds=LASTS_SECONDS),
        },
    )
    if not fresh:
        raise ConflictError("this plan was prepared already")
    return plan


def _change(one: Tried) -> dict[str, Any]:
    return {
        "verb": one.call.kind.value,
        "api_version": one.place.api_version,
        "kind": one.kind,
        "namespace": one.place.namespace,
        "name": one.place.name,
        "diff": one.diff,
        "through": one.through,
    }


def _effects(tried: list[Tried]) -> list[dict[str, str]]:
    seen = {(effect.kind, effect.text): effect for one in tried for effect in one.effects}
    return [{"kind": e.kind.value, "weight": e.weight.value, "text": e.text} for e in seen.values()]


def _follows(tried: list[Tried]) -> list[dict[str, str]]:
    """What to watch once the calls are made: rollouts, and pods that shall go."""
    found = [{"path": one.place.path, "what": "rollout"} for one in tried if one.restarts]
    created = {"deployments", "statefulsets", "daemonsets"}
    found += [
        {"path": one.place.path, "what": "rollout"}
        for one in tried
        if one.call.kind is CallKind.CREATE and one.place.plural in created
    ]
    found += [
        {"path": one.place.path, "what": "gone", "uid": one.call.uid or ""}
        for one in tried
        if one.call.kind in {CallKind.EVICT, CallKind.DELETE} and one.place.plural not in AUTOSCALERS
    ]
    return found


def on_prepare(tx: Transaction, context: PlanContext, message: PreparePlan) -> None:
    """Prepare what came through the gateway, and tell who asked: also why it cannot be."""

    def ask() -> PlanAsk:
        given = json.loads(context.vault.open(message.plan_id, b64decode(message.sealed)))
        return PlanAsk(
            plan_id=message.plan_id,
            cluster_id=message.cluster_id,
            user_id=message.user_id,
            origin=message.origin,
            title=message.title,
            calls=tuple(ApiCall.of(values) for values in given.get("calls") or ()),
            manifests=str(given.get("manifests") or ""),
            token_id=message.token_id,
        )

    _prepare_for(tx, context, message, ask)


def on_undo(tx: Transaction, context: PlanContext, message: UndoPlan) -> None:
    """Prepare the way back of what was done of a plan, the last call first."""

    def ask() -> PlanAsk:
        done = repository.find(tx.connection, message.undo_of)
        if done is None:
            raise NotFoundError("there is no such plan")
        calls = inverse_calls(tx, context, done)
        if not calls:
            raise ConflictError("there is nothing of this plan to undo", hint=done.undo_problem)
        title = f"Undo: {done.title}"
        return PlanAsk(
            message.plan_id,
            done.cluster_id,
            message.user_id,
            PlanOrigin.UNDO,
            title,
            calls,
            undo_of=done.id,
            token_id=message.token_id,
        )

    _prepare_for(tx, context, message, ask)


def _prepare_for(
    tx: Transaction, context: PlanContext, message: PreparePlan | UndoPlan, ask: Callable[[], PlanAsk]
) -> None:
    try:
        plan = prepare(tx, context, ask())
    except Ai4k8sError as error:
        if error.retryable:
            raise
        words = f"{error.detail}. {error.hint}".strip()
        report(tx, JobReport(message.job_id, message.name, JobStatus.FAILED, 100, "not possible", error=words))
        return
    result: dict[str, JsonValue] = {"plan_id": str(plan.plan_id), "hash": plan.hash}
    report(tx, JobReport(message.job_id, message.name, JobStatus.COMPLETED, 100, "waiting for approval", result))


def inverse_calls(tx: Transaction, context: PlanContext, done: Row[Any]) -> tuple[ApiCall, ...]:
    """Return the inverse of each call that was made, in reverse. What was created is named by the uid it got."""
    given_up = done.status == PlanStatus.APPLYING.value and repository.job_failed(tx.connection, done.job_id)
    if done.status not in {PlanStatus.APPLIED.value, PlanStatus.FAILED.value} and not given_up:
        raise ConflictError(f"this plan is {done.status}: there is nothing to undo")
    undo = json.loads(context.vault.open(done.id, done.undo_calls))
    calls = load_calls(context.vault.open(done.id, done.calls))
    found: list[ApiCall] = []
    for position, step in sorted(repository.steps(tx.connection, done.id).items(), reverse=True):
        if step.status != StepStatus.DONE.value or undo[position] is None:
            continue
        values = dict(undo[position])
        if calls[position].kind is CallKind.CREATE:
            values["uid"] = step.uid
        found.append(ApiCall.of(values))
    return tuple(found)


def report(tx: Transaction, said: JobReport) -> None:
    """Say how a job ended with the transaction that ended it: who hears it finds the plan as it is told."""
    for event in write_job_report(tx.connection, Service.CHAT, said):
        tx.emit(event)
