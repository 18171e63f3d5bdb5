"""What the rules see, and what they find."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    Objects = Sequence[Mapping[str, Any]]


class Severity(StrEnum):
    """How much it hurts."""

    CRITICAL = "critical"  # something does not serve now
    WARNING = "warning"  # it will not for long, or only just does
    INFO = "info"

    @property
    def rank(self) -> int:
        """Lower comes first."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, with what shows it, what is likely behind it and what to do next."""

    rule: str
    severity: Severity
    subject: str
    title: str
    evidence: tuple[str, ...]
    cause: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate somebody relies on."""

    subject: str
    not_after: datetime


@dataclass(frozen=True, slots=True)
class State:
    """What was read. `pods` are only those that may have something wrong; other lists are whole."""

    now: datetime
    pods: Objects = ()
    nodes: Objects = ()
    workloads: Objects = ()
    services: Objects = ()
    slices: Objects = ()
    autoscalers: Objects = ()
    quotas: Objects = ()
    claims: Objects = ()
    warnings: Objects = ()
    certificates: Sequence[Certificate] = ()
    # What could not be read, and why: a rule that saw nothing must not say that all is well.
    gaps: Mapping[str, str] = field(default_factory=dict)


def named(found: Mapping[str, Any]) -> str:
    """Namespace and name of an object."""
    meta = found["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if meta.get("namespace") else str(meta["name"])


def owner_of(pod: Mapping[str, Any]) -> str:
    """What a pod belongs to, for telling pods of one workload as one: a Deployment by the name it gave its pods."""
    meta = pod["metadata"]
    owner = next((o for o in meta.get("ownerReferences") or () if o.get("controller")), None)
    if owner is None:
        return f"pod {named(pod)}"
    name, template = str(owner["name"]), str((meta.get("labels") or {}).get("pod-template-hash") or "")
    if owner["kind"] == "ReplicaSet" and template and name.endswith(f"-{template}"):
        return f"deployment {meta['namespace']}/{name.removesuffix(f'-{template}')}"
    return f"{str(owner['kind']).lower()} {meta['namespace']}/{name}"


def condition(found: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """One of an object's conditions, or nothing."""
    conditions = (found.get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one.get("type") == kind), {})


def events_about(state: State, uid: str, reasons: frozenset[str]) -> list[Mapping[str, Any]]:
    """Return the warnings about one object, of some reasons."""
    return [
        event
        for event in state.warnings
        if (event.get("involvedObject") or {}).get("uid") == uid and event.get("reason") in reasons
    ]
