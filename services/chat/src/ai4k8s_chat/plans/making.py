"""Makes one call of an approved plan, on the very object it was planned on, or finds that it was made already.

A worker may die between the call and its record. Whoever comes next looks at the object: a call that would change
nothing any more is done, whoever did it; nothing is done twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.adapters.writing import FIELD_MANAGER
from ai4k8s_chat.domain.differences import cleaned, contains, fingerprint
from ai4k8s_common.errors import ConflictError
from ai4k8s_common.kube.errors import KubeConflictError, KubeNotFoundError
from ai4k8s_common.kube.writes import place_of
from ai4k8s_common.plans import CallKind

if TYPE_CHECKING:
    from ai4k8s_chat.adapters.writing import KubeWrites
    from ai4k8s_common.plans import ApiCall

#: Controllers write statuses all the time: a call that only lost against one of those is made again.
TRIES = 5


class ChangedSinceError(ConflictError):
    """The object is not what it was when the plan was made."""

    code = "changed_since"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was changed since the plan was made", hint="Look at it, and make the plan again.")


@dataclass(frozen=True, slots=True)
class Made:
    """What a call left behind."""

    uid: str = ""
    resource_version: str = ""
    detail: str = ""


def present(cluster: KubeWrites, call: ApiCall) -> dict[str, Any] | None:
    """Return the object of a call as it is now."""
    path = call.path
    if call.kind is CallKind.CREATE:
        path = f"{path}/{(call.body or {})['metadata']['name']}"
    try:
        return cluster.read(path)
    except KubeNotFoundError:
        return None


def was_made(cluster: KubeWrites, call: ApiCall) -> Made | None:
    """Whether a call that may have been made was: its object is where the call would leave it."""
    found = present(cluster, call)
    if call.kind in {CallKind.DELETE, CallKind.EVICT}:
        gone = found is None or found["metadata"].get("uid") != call.uid
        going = found is not None and found["metadata"].get("deletionTimestamp") is not None
        return Made(call.uid or "", "", "it was gone already") if gone or going else None
    if found is None:
        return None
    if call.kind is CallKind.CREATE:
        ours = any(entry.get("manager") == FIELD_MANAGER for entry in found["metadata"].get("managedFields") or ())
        return _made(found, "it was there already") if ours or contains(cleaned(found), _wanted(call)) else None
    tried = cluster.make(replace(call, uid=None, resource_version=None), dry_run=True)
    same = found["metadata"].get("uid") == call.uid and cleaned(tried) == cleaned(found)
    return _made(found, "it was in place already") if same else None


def check(cluster: KubeWrites, call: ApiCall) -> ApiCall:
    """Return the call on the object's present version. Raises ChangedSinceError for anything but a newer status."""
    found, place = present(cluster, call), place_of(call.path)
    what = f"{place.plural} {f'{place.namespace}/' if place.namespace else ''}{place.name}".rstrip()
    if call.kind is CallKind.CREATE:
        if found is not None:
            raise ChangedSinceError(f"{what} {found['metadata']['name']}")
        return call
    if found is None or found["metadata"].get("uid") != call.uid or fingerprint(found) != call.fingerprint:
        raise ChangedSinceError(what)
    return replace(call, resource_version=str(found["metadata"]["resourceVersion"]))


def make(cluster: KubeWrites, call: ApiCall) -> Made:
    """Check and make a call. Raises ChangedSinceError and KubeError."""
    for _ in range(TRIES - 1):
        try:
            return _once(cluster, call)
        except KubeConflictError:
            continue
    return _once(cluster, call)


def _once(cluster: KubeWrites, call: ApiCall) -> Made:
    answer = cluster.make(check(cluster, call))
    if call.kind in {CallKind.DELETE, CallKind.EVICT}:
        return Made(call.uid or "")
    return _made(answer, "")


def _made(found: dict[str, Any], detail: str) -> Made:
    metadata = found["metadata"]
    return Made(str(metadata.get("uid") or ""), str(metadata.get("resourceVersion") or ""), detail)


def _wanted(call: ApiCall) -> dict[str, Any]:
    return cleaned(dict(call.body or {}))
