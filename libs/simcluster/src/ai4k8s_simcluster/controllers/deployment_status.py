"""What a Deployment says of itself: counts and the conditions Available and Progressing."""

from ai4k8s_simcluster.clock import parse_rfc3339, rfc3339
from ai4k8s_simcluster.controllers.context import without_empty
from ai4k8s_simcluster.types import Obj


def _total(replicasets: list[Obj], name: str) -> int:
    return sum(int((item.get("status") or {}).get(name, 0)) for item in replicasets)


def _set(conditions: list[Obj], kind: str, text: tuple[str, str, str], now: str) -> list[Obj]:
    status, reason, message = text
    old = next((found for found in conditions if found["type"] == kind), None)
    if old is not None and (old["status"], old["reason"], old["message"]) == (status, reason, message):
        return conditions
    since = old["lastTransitionTime"] if old is not None and old["status"] == status else now
    new = {
        "type": kind,
        "status": status,
        "lastUpdateTime": now,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }
    return [*(found for found in conditions if found["type"] != kind), new]


def _reason(conditions: list[Obj]) -> str:
    return str(next((found["reason"] for found in conditions if found["type"] == "Progressing"), ""))


def _touch(conditions: list[Obj], now: str) -> list[Obj]:
    return [{**found, "lastUpdateTime": now} if found["type"] == "Progressing" else found for found in conditions]


def _progressing(deployment: Obj, status: Obj, conditions: list[Obj], current: Obj | None, now: float) -> list[Obj]:
    """Return the conditions with Progressing as it now stands."""
    stamp = rfc3339(now)
    if current is None:
        return conditions
    name = current["metadata"]["name"]
    settled = status["replicas"] == status["updatedReplicas"] and _reason(conditions) == "NewReplicaSetAvailable"
    if settled:
        return conditions
    wanted = deployment["spec"].get("replicas", 1)
    if status["updatedReplicas"] == wanted == status["replicas"] == status["availableReplicas"]:
        message = f'ReplicaSet "{name}" has successfully progressed.'
        return _set(conditions, "Progressing", ("True", "NewReplicaSetAvailable", message), stamp)
    old = deployment.get("status") or {}
    if not _reason(conditions) or _reason(conditions) == "NewReplicaSetAvailable":
        message = f'Created new replica set "{name}"'
        return _set(conditions, "Progressing", ("True", "NewReplicaSetCreated", message), stamp)
    better = (
        status["updatedReplicas"] > old.get("updatedReplicas", 0)
        or status["readyReplicas"] > old.get("readyReplicas", 0)
        or status["availableReplicas"] > old.get("availableReplicas", 0)
        or status["replicas"] - status["updatedReplicas"] < old.get("replicas", 0) - old.get("updatedReplicas", 0)
    )
    if better:
        text = ("True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
        changed = _set(conditions, "Progressing", text, stamp)
        return _touch(changed, stamp)
    last = next(found["lastUpdateTime"] for found in conditions if found["type"] == "Progressing")
    if now - parse_rfc3339(last) > deployment["spec"].get("progressDeadlineSeconds", 600):
        message = f'ReplicaSet "{name}" has timed out progressing.'
        return _set(conditions, "Progressing", ("False", "ProgressDeadlineExceeded", message), stamp)
    return conditions


def deployment_status(
    deployment: Obj, replicasets: list[Obj], current: Obj | None, unavailable_limit: int, now: float
) -> Obj:
    """Return the status of a Deployment, given its ReplicaSets and the one of its template."""
    wanted = deployment["spec"].get("replicas", 1)
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
    }
    conditions = list((deployment.get("status") or {}).get("conditions") or [])
    conditions = _progressing(deployment, counts, conditions, current, now)
    if available >= wanted - unavailable_limit:
        text = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        text = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    conditions = _set(conditions, "Available", text, rfc3339(now))
    return {**without_empty(counts, "terminatingReplicas"), "conditions": conditions}
