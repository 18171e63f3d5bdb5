"""How far a rollout is and which revisions there were, read from objects; the words are kubectl's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REVISION = "deployment.kubernetes.io/revision"
CAUSE = "kubernetes.io/change-cause"
HASH = "pod-template-hash"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a workload: its number, and the pods it was for."""

    number: int
    cause: str
    images: tuple[str, ...]
    template: Mapping[str, Any]


def status(found: Mapping[str, Any]) -> tuple[bool, str]:
    """Return whether a rollout is done, and the sentence that says how far it is."""
    kind, name = str(found["kind"]), str(found["metadata"]["name"])
    now = found.get("status") or {}
    if int(found["metadata"].get("generation") or 0) > int(now.get("observedGeneration") or 0):
        return False, "Waiting for the change to be observed by its controller."
    if kind == "DaemonSet":
        return _daemon_set(name, now)
    wanted = int((found.get("spec") or {}).get("replicas", 1))
    if kind == "StatefulSet":
        return _stateful_set(name, wanted, now)
    return _deployment(name, wanted, now)


def _deployment(name: str, wanted: int, now: Mapping[str, Any]) -> tuple[bool, str]:
    for condition in now.get("conditions") or ():
        if condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return False, f'deployment "{name}" exceeded its progress deadline: it has failed.'
    updated, total = int(now.get("updatedReplicas") or 0), int(now.get("replicas") or 0)
    available = int(now.get("availableReplicas") or 0)
    if updated < wanted:
        return False, f'Waiting for deployment "{name}" rollout: {updated} of {wanted} new replicas have been updated.'
    if total > updated:
        left = total - updated
        return False, f'Waiting for deployment "{name}" rollout: {left} old replicas are pending termination.'
    if available < updated:
        return (
            False,
            f'Waiting for deployment "{name}" rollout: {available} of {updated} updated replicas are available.',
        )
    return True, f'deployment "{name}" successfully rolled out: {available} of {wanted} replicas are available.'


def _stateful_set(name: str, wanted: int, now: Mapping[str, Any]) -> tuple[bool, str]:
    updated, ready = int(now.get("updatedReplicas") or 0), int(now.get("readyReplicas") or 0)
    if now.get("updateRevision") != now.get("currentRevision") and updated < wanted:
        return False, f'Waiting for statefulset "{name}" rolling update: {updated} of {wanted} pods are updated.'
    if ready < wanted:
        return False, f'Waiting for statefulset "{name}": {ready} of {wanted} pods are ready.'
    return True, f'statefulset "{name}" rolling update complete: {ready} of {wanted} pods are ready.'


def _daemon_set(name: str, now: Mapping[str, Any]) -> tuple[bool, str]:
    wanted, updated = int(now.get("desiredNumberScheduled") or 0), int(now.get("updatedNumberScheduled") or 0)
    available = int(now.get("numberAvailable") or 0)
    if updated < wanted:
        return False, f'Waiting for daemon set "{name}" rollout: {updated} of {wanted} pods are updated.'
    if available < wanted:
        return False, f'Waiting for daemon set "{name}" rollout: {available} of {wanted} pods are available.'
    return True, f'daemon set "{name}" successfully rolled out: {available} of {wanted} pods are available.'


def revisions(found: Mapping[str, Any], owned: Sequence[Mapping[str, Any]]) -> list[Revision]:
    """Return a workload's revisions, oldest first, of the ReplicaSets or ControllerRevisions around it."""
    uid = found["metadata"]["uid"]
    own = [one for one in owned if any(o.get("uid") == uid for o in one["metadata"].get("ownerReferences") or ())]
    return sorted((_revision(one) for one in own), key=lambda revision: revision.number)


def _revision(one: Mapping[str, Any]) -> Revision:
    annotations = one["metadata"].get("annotations") or {}
    if "revision" in one:  # a ControllerRevision holds the patch that leads to it
        template = ((one.get("data") or {}).get("spec") or {}).get("template") or {}
        number = int(one["revision"])
    else:
        template = (one.get("spec") or {}).get("template") or {}
        number = int(annotations.get(REVISION) or 0)
    images = tuple(str(c.get("image")) for c in (template.get("spec") or {}).get("containers") or ())
    return Revision(number, str(annotations.get(CAUSE) or ""), images, _clean(template))


def _clean(template: Mapping[str, Any]) -> dict[str, Any]:
    """A template as its author wrote it: without what controllers added."""
    metadata = dict(template.get("metadata") or {})
    if metadata.get("labels"):
        metadata["labels"] = {key: value for key, value in metadata["labels"].items() if key != HASH}
    return {key: value for key, value in {**template, "metadata": metadata}.items() if key != "$patch"}
