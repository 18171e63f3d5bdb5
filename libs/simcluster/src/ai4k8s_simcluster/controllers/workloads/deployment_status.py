"""What a Deployment says of itself: counts and the conditions Available, Progressing and ReplicaFailure."""

from dataclasses import dataclass

from ai4k8s_simcluster.clock import parse_rfc3339, rfc3339
from ai4k8s_simcluster.controllers.context import condition, without_empty
from ai4k8s_simcluster.controllers.workloads.rollout import limits_of
from ai4k8s_simcluster.types import Obj

PROGRESSING = "Progressing"
NO_DEADLINE = 2**31 - 1
_COMPLETE = "NewReplicaSetAvailable"
_TIMED_OUT = "ProgressDeadlineExceeded"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing to say in a condition."""

    status: str
    reason: str
    message: str


def _total(replicasets: list[Obj], name: str) -> int:
    return sum(int((item.get("status") or {}).get(name, 0)) for item in replicasets)


def set_said(conditions: list[Obj], kind: str, said: Said, now: str, *, again: bool = False) -> list[Obj]:
    """Return conditions with one set; the same status and reason again change nothing, unless asked for."""
    old = next((found for found in conditions if found["type"] == kind), None)
    if old is not None and (old["status"], old["reason"]) == (said.status, said.reason) and not again:
        return conditions
    since = old["lastTransitionTime"] if old is not None and old["status"] == said.status else now
    new = {
        "type": kind,
        "status": said.status,
        "lastUpdateTime": now,
        "lastTransitionTime": since,
        "reason": said.reason,
        "message": said.message,
    }
    return [*(found for found in conditions if found["type"] != kind), new]


def has_deadline(deployment: Obj) -> bool:
    """Say whether a Deployment's progress is watched."""
    return deployment["spec"].get("progressDeadlineSeconds") not in {None, NO_DEADLINE}


def progress_reason(conditions: list[Obj]) -> str:
    """Return the reason of the condition Progressing."""
    return str(next((found["reason"] for found in conditions if found["type"] == PROGRESSING), ""))


def counted_status(deployment: Obj, replicasets: list[Obj], current: Obj | None, now: float) -> Obj:
    """Return the status by the ReplicaSets as they are: counts, and whether enough is available."""
    old = deployment.get("status") or {}
    available = _total(replicasets, "availableReplicas")
    asked = sum(int(item["spec"].get("replicas", 1)) for item in replicasets)
    counts: Obj = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": _total(replicasets, "replicas"),
        "updatedReplicas": _total([current], "replicas") if current else 0,
        "readyReplicas": _total(replicasets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(asked - available, 0),
        "terminatingReplicas": _total(replicasets, "terminatingReplicas"),
        "collisionCount": old.get("collisionCount", 0),
    }
    least = deployment["spec"].get("replicas", 1) - limits_of(deployment["spec"]).unavailable
    said = (
        Said("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        if available >= least
        else Said("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    )
    conditions = set_said(list(old.get("conditions") or []), "Available", said, rfc3339(now))
    return {**without_empty(counts, "terminatingReplicas"), "conditions": conditions}


def is_complete(deployment: Obj, status: Obj) -> bool:
    """Say whether everything that is wanted runs, and nothing else."""
    replicas = deployment["spec"].get("replicas", 1)
    return bool(
        status.get("updatedReplicas", 0) == replicas
        and status.get("replicas", 0) == replicas
        and status.get("availableReplicas", 0) == replicas
        and status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    )


def _is_better(old: Obj, new: Obj) -> bool:
    def stale(status: Obj) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return any(new.get(name, 0) > old.get(name, 0) for name in grown) or stale(new) < stale(old)


def deadline_at(deployment: Obj, conditions: list[Obj]) -> float | None:
    """Return when a rollout will have made no progress for too long; None when that is not watched."""
    found = next((item for item in conditions if item["type"] == PROGRESSING), None)
    if found is None or not has_deadline(deployment) or found["reason"] in {_COMPLETE, _TIMED_OUT}:
        return None
    return parse_rfc3339(found["lastUpdateTime"]) + float(deployment["spec"]["progressDeadlineSeconds"])


def rollout_status(deployment: Obj, replicasets: list[Obj], current: Obj | None, now: float) -> Obj:
    """Return the status with what there is to say about the progress of the rollout."""
    status = counted_status(deployment, replicasets, current, now)
    conditions = list(status["conditions"])
    subject = f'ReplicaSet "{current["metadata"]["name"]}"' if current else f'Deployment "{_name(deployment)}"'
    if not has_deadline(deployment):
        conditions = [found for found in conditions if found["type"] != PROGRESSING]
    else:
        conditions = _progress(deployment, status, conditions, subject, now)
    conditions = _failure(conditions, replicasets, current)
    return {**status, "conditions": conditions}


def _progress(deployment: Obj, status: Obj, conditions: list[Obj], subject: str, now: float) -> list[Obj]:
    stamp = rfc3339(now)
    settled = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    if settled and progress_reason(conditions) == _COMPLETE:
        return conditions
    if is_complete(deployment, status):
        done = Said("True", _COMPLETE, f"{subject} has successfully progressed.")
        return set_said(conditions, PROGRESSING, done, stamp)
    if _is_better(deployment.get("status") or {}, status):
        going = Said("True", "ReplicaSetUpdated", f"{subject} is progressing.")
        return set_said(conditions, PROGRESSING, going, stamp, again=True)
    at = deadline_at(deployment, conditions)
    if at is not None and now > at:
        late = Said("False", _TIMED_OUT, f"{subject} has timed out progressing.")
        return set_said(conditions, PROGRESSING, late, stamp)
    return conditions


def _failure(conditions: list[Obj], replicasets: list[Obj], current: Obj | None) -> list[Obj]:
    """Return the conditions with the trouble of a ReplicaSet, the present one's first."""
    rest = [found for found in conditions if found["type"] != "ReplicaFailure"]
    for replicaset in (*((current,) if current else ()), *replicasets):
        found = condition(replicaset, "ReplicaFailure")
        if found is not None:
            old = next((item for item in conditions if item["type"] == "ReplicaFailure"), None)
            since = old["lastUpdateTime"] if old else found["lastTransitionTime"]
            return [*rest, {**found, "lastUpdateTime": since}]
    return rest


def _name(deployment: Obj) -> str:
    return str(deployment["metadata"]["name"])
