"""What each write would call: pure functions from the read state to the exact calls of a plan.

Every call carries the version of the object that was read, so that the plan is void once somebody else changed it.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai4k8s_common.errors import InvalidInputError, NotFoundError
from ai4k8s_common.plans import ApiCall, CallKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ai4k8s_chat.domain.kinds import Kind
    from ai4k8s_chat.domain.rollouts import Revision

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True, slots=True)
class Draft:
    """Calls in their order, and the sentence that says what they do; or (no calls) a manifest as it was given."""

    title: str
    calls: tuple[ApiCall, ...]
    notes: tuple[str, ...] = ()  # what a person should know before approving
    manifests: str = ""
    namespace: str | None = None  # for objects of the manifest that name none


def call_on(kind: CallKind, path: str, found: Mapping[str, Any], body: Mapping[str, Any] | None = None) -> ApiCall:
    """Return a call bound to the very object that was read, at the version that was read."""
    meta = found["metadata"]
    return ApiCall(kind, path, body, uid=str(meta["uid"]), resource_version=str(meta["resourceVersion"]))


def replicas_wanted(now: int, exact: int | None, by: int | None, percent: int | None) -> int:
    """How many replicas a wish means. A share changes at least one: more is rounded up, less is rounded down."""
    if exact is not None:
        return exact
    if percent is None:
        return now + (by or 0)
    wanted = now * (100 + percent) / 100
    return math.ceil(wanted) if percent > 0 else math.floor(wanted)


def delete(paths: Sequence[tuple[str, Mapping[str, Any]]], grace_seconds: int | None = None) -> tuple[ApiCall, ...]:
    """Delete objects that were read."""
    body = None if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
    return tuple(call_on(CallKind.DELETE, path, found, body) for path, found in paths)


def label(path: str, found: Mapping[str, Any], target: str, values: Mapping[str, str | None]) -> ApiCall:
    """Set or (None) remove labels or annotations."""
    return call_on(CallKind.PATCH, path, found, {"metadata": {target: dict(values)}})


def restart(path: str, found: Mapping[str, Any], at: datetime) -> ApiCall:
    """Replace all pods by touching their template, as kubectl does."""
    stamp = at.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    template = {"metadata": {"annotations": {RESTARTED_AT: stamp}}}
    return call_on(CallKind.PATCH, path, found, {"spec": {"template": template}})


def set_image(path: str, found: Mapping[str, Any], container: str | None, image: str) -> ApiCall:
    """Change one container's image. Raises InvalidInputError where it is not clear which."""
    inside = (found.get("spec") or {}).get("template") or {}
    present = copy.deepcopy((inside.get("spec") or {}).get("containers") or [])
    names = [str(one["name"]) for one in present]
    if container is None and len(names) != 1:
        raise InvalidInputError("say which container gets the image", hint=f"There are: {', '.join(names)}.")
    chosen = container or names[0]
    if chosen not in names:
        raise NotFoundError(f"there is no container '{chosen}'", hint=f"There are: {', '.join(names)}.")
    for one in present:
        if one["name"] == chosen:
            one["image"] = image
    # A merge patch replaces lists whole: all containers are written as they were read, at that version.
    return call_on(CallKind.PATCH, path, found, {"spec": {"template": {"spec": {"containers": present}}}})


def undo(path: str, found: Mapping[str, Any], known: Sequence[Revision], to: int | None) -> tuple[ApiCall, Revision]:
    """Go back to a revision, by default the one before the present. Raises NotFoundError."""
    numbers = [revision.number for revision in known]
    if to is None:
        if len(known) < 2:
            raise NotFoundError("there is no revision before the present one")
        chosen = known[-2]
    else:
        found_revision = next((revision for revision in known if revision.number == to), None)
        if found_revision is None:
            raise NotFoundError(f"there is no revision {to}", hint=f"There are: {', '.join(map(str, numbers))}.")
        chosen = found_revision
    body = copy.deepcopy(dict(found))
    body.pop("status", None)
    body["metadata"] = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
    body["spec"] = {**body["spec"], "template": copy.deepcopy(dict(chosen.template))}
    return call_on(CallKind.REPLACE, path, found, body), chosen


def cordon(path: str, found: Mapping[str, Any], *, on: bool) -> ApiCall:
    """Let no (or again) new pods come to a node."""
    return call_on(CallKind.PATCH, path, found, {"spec": {"unschedulable": True if on else None}})


@dataclass(frozen=True, slots=True)
class Drain:
    """What a drain leaves and what stands in its way."""

    evicted: tuple[Mapping[str, Any], ...]
    left: tuple[str, ...]
    problems: tuple[str, ...]


def drain(pods: Sequence[Mapping[str, Any]], *, daemon_sets: bool, empty_dirs: bool, force: bool) -> Drain:
    """Choose the pods to evict from a node, by kubectl's rules."""
    evicted: list[Mapping[str, Any]] = []
    left: list[str] = []
    problems: list[str] = []
    for pod in pods:
        meta, name = pod["metadata"], f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        owner = next((o for o in meta.get("ownerReferences") or () if o.get("controller")), None)
        done = (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}
        if MIRROR in (meta.get("annotations") or {}):
            left.append(f"{name} is the node's own")
        elif owner is not None and owner["kind"] == "DaemonSet":
            (left if daemon_sets else problems).append(f"{name} belongs to a DaemonSet")
        elif owner is None and not done and not force:
            problems.append(f"{name} would not be made again (force evicts it all the same)")
        elif not empty_dirs and not done and _has_empty_dir(pod):
            problems.append(f"{name} keeps data in an emptyDir that would be lost (delete_empty_dir_data)")
        else:
            evicted.append(pod)
    return Drain(tuple(evicted), tuple(left), tuple(problems))


def _has_empty_dir(pod: Mapping[str, Any]) -> bool:
    return any("emptyDir" in volume for volume in (pod.get("spec") or {}).get("volumes") or ())


def evict(path: str, pod: Mapping[str, Any], grace_seconds: int | None) -> ApiCall:
    """Evict one pod, within its disruption budget."""
    meta = pod["metadata"]
    body: dict[str, Any] = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
    }
    options: dict[str, Any] = {"preconditions": {"uid": meta["uid"]}}
    if grace_seconds is not None:
        options["gracePeriodSeconds"] = grace_seconds
    body["deleteOptions"] = options
    return call_on(CallKind.EVICT, f"{path}/eviction", pod, body)


def run_pod(
    kind: Kind,
    namespace: str,
    name: str,
    image: str,
    *,
    command: Sequence[str],
    port: int | None,
    environment: Mapping[str, str],
    labels: Mapping[str, str],
) -> ApiCall:
    """Create one pod."""
    container: dict[str, Any] = {"name": name, "image": image}
    if command:
        container["args"] = list(command)
    if port is not None:
        container["ports"] = [{"containerPort": port}]
    if environment:
        container["env"] = [{"name": key, "value": value} for key, value in environment.items()]
    metadata = {"name": name, "namespace": namespace, "labels": {"run": name, **labels}}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}
    return ApiCall(CallKind.CREATE, kind.collection(namespace), body)
