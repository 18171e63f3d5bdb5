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


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rollout is, in pods. `ready` are those that count: available ones, but of a StatefulSet ready ones."""

    observed: bool
    exceeded: bool  # its progress deadline
    wanted: int
    updated: int
    ready: int
    total: int

    @property
    def old(self) -> int:
        """Pods of earlier revisions."""
        return self.total - self.updated


def progress(found: Mapping[str, Any]) -> Progress:
    """Read a workload's status: the fields are other ones for each kind."""
    now = found.get("status") or {}
    daemons = found["kind"] == "DaemonSet"
    wanted = now.get("desiredNumberScheduled") or 0 if daemons else (found.get("spec") or {}).get("replicas", 1)
    ready = {"DaemonSet": "numberAvailable", "StatefulSet": "readyReplicas"}.get(found["kind"], "availableReplicas")
    return Progress(
        observed=int(found["metadata"].get("generation") or 0) <= int(now.get("observedGeneration") or 0),
        exceeded=any(
            condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded"
            for condition in now.get("conditions") or ()
        ),
        wanted=int(wanted),
        updated=int(now.get("updatedNumberScheduled" if daemons else "updatedReplicas") or 0),
        ready=int(now.get(ready) or 0),
        total=int(now.get("replicas") or 0),
    )


def status(found: Mapping[str, Any]) -> tuple[bool, str]:
    """Return whether a rollout is done, and the sentence that says how far it is."""
    kind, name, now = str(found["kind"]), str(found["metadata"]["name"]), progress(found)
    if not now.observed:
        return False, "Waiting for the change to be observed by its controller."
    if kind == "DaemonSet":
        return _daemon_set(name, now)
    if kind == "StatefulSet":
        seen = found.get("status") or {}
        return _stateful_set(name, now, under_way=seen.get("updateRevision") != seen.get("currentRevision"))
    return _deployment(name, now)


def _deployment(name: str, now: Progress) -> tuple[bool, str]:
    waiting = f'Waiting for deployment "{name}" rollout:'
    if now.exceeded:
        return False, f'deployment "{name}" exceeded its progress deadline: it has failed.'
    if now.updated < now.wanted:
        return False, f"{waiting} {now.updated} of {now.wanted} new replicas have been updated."
    if now.old > 0:
        return False, f"{waiting} {now.old} old replicas are pending termination."
    if now.ready < now.updated:
        return False, f"{waiting} {now.ready} of {now.updated} updated replicas are available."
    return True, f'deployment "{name}" successfully rolled out: {now.ready} of {now.wanted} replicas are available.'


def _stateful_set(name: str, now: Progress, *, under_way: bool) -> tuple[bool, str]:
    if under_way and now.updated < now.wanted:
        return (
            False,
            f'Waiting for statefulset "{name}" rolling update: {now.updated} of {now.wanted} pods are updated.',
        )
    if now.ready < now.wanted:
        return False, f'Waiting for statefulset "{name}": {now.ready} of {now.wanted} pods are ready.'
    return True, f'statefulset "{name}" rolling update complete: {now.ready} of {now.wanted} pods are ready.'


def _daemon_set(name: str, now: Progress) -> tuple[bool, str]:
    waiting = f'Waiting for daemon set "{name}" rollout:'
    if now.updated < now.wanted:
        return False, f"{waiting} {now.updated} of {now.wanted} pods are updated."
    if now.ready < now.wanted:
        return False, f"{waiting} {now.ready} of {now.wanted} pods are available."
    return True, f'daemon set "{name}" successfully rolled out: {now.ready} of {now.wanted} pods are available.'


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
