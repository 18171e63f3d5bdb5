"""Rules about pods: waiting, crashing, killed, not ready. Pods of one workload with one trouble are one finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.diagnosis.state import Finding, Severity, condition, events_about, named, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ai4k8s_chat.domain.diagnosis.state import State

_PULL = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"})
_CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_UNHEALTHY = frozenset({"Unhealthy", "ProbeWarning"})
_MOUNT = frozenset({"FailedMount", "FailedAttachVolume"})
PATIENCE = timedelta(minutes=2)
REMEMBERED = timedelta(hours=24)
TERMINATING_PATIENCE = timedelta(minutes=10)
_SHOWN_PODS = 3


@dataclass(frozen=True, slots=True)
class _Trouble:
    """One pod's trouble, before those of one workload are told together."""

    rule: str
    severity: Severity
    title: str
    evidence: tuple[str, ...]
    cause: str
    next_step: str


def find(state: State) -> Iterator[Finding]:
    """Every rule about pods."""
    groups: dict[tuple[str, str, str], tuple[_Trouble, list[str]]] = {}
    for pod in state.pods:
        for trouble in _troubles(pod, state):
            key = (owner_of(pod), trouble.rule, trouble.cause)
            groups.setdefault(key, (trouble, []))[1].append(named(pod))
    for (owner, _, _), (trouble, pods) in groups.items():
        others = f" and {len(pods) - _SHOWN_PODS} more" if len(pods) > _SHOWN_PODS else ""
        who = f"{len(pods)} pods: {', '.join(pods[:_SHOWN_PODS])}{others}" if len(pods) > 1 else f"pod {pods[0]}"
        yield Finding(
            trouble.rule,
            trouble.severity,
            owner,
            trouble.title,
            (who, *trouble.evidence),
            trouble.cause,
            trouble.next_step,
        )


def _troubles(pod: Mapping[str, Any], state: State) -> Iterator[_Trouble]:
    yield from _terminating(pod, state)
    if pod["metadata"].get("deletionTimestamp"):
        return
    status = pod.get("status") or {}
    phase = status.get("phase")
    if phase == "Failed":
        yield _failed(status)
        return
    explained = False
    for one in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        trouble = _container(pod, one, state)
        if trouble is not None:
            explained = True
            yield trouble
    if phase == "Pending" and not explained:
        yield from _pending(pod, state)
    elif phase == "Running" and not explained:
        yield from _not_ready(pod, state)


def _failed(status: Mapping[str, Any]) -> _Trouble:
    reason, message = str(status.get("reason") or "failed"), str(status.get("message") or "")
    if reason == "Evicted":
        cause = "Its node ran short of what it evicted for, and this pod used more of it than it asked for."
        return _Trouble(
            "evicted",
            Severity.WARNING,
            "was evicted by its node",
            (message,),
            cause,
            "Look at the node's pressure, and give the pod requests that fit what it uses.",
        )
    return _Trouble(
        "failed-pod",
        Severity.WARNING,
        f"ended as {reason}",
        (message,) if message else (),
        "One of its containers ended in an error and is not started again.",
        "Read its log.",
    )


def _container(pod: Mapping[str, Any], one: Mapping[str, Any], state: State) -> _Trouble | None:
    waiting = (one.get("state") or {}).get("waiting") or {}
    ended = (one.get("lastState") or {}).get("terminated") or (one.get("state") or {}).get("terminated") or {}
    reason, message = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
    name = f"container {one.get('name')}"
    if reason in _PULL:
        return _image_pull(one, name, reason, message)
    if reason in _CONFIG:
        return _config(name, reason, message)
    restarts = int(one.get("restartCount") or 0)
    if ended.get("reason") == "OOMKilled" and _lately(ended, state):
        return _oom(pod, one, name, restarts)
    if reason == "CrashLoopBackOff":
        return _crash_loop(name, ended, restarts, message, events_about(state, pod["metadata"]["uid"], _UNHEALTHY))
    return None


def _image_pull(one: Mapping[str, Any], name: str, reason: str, message: str) -> _Trouble:
    lowered = message.lower()
    if reason == "InvalidImageName":
        cause = "The image's name is not a valid one."
    elif "not found" in lowered or "manifest unknown" in lowered:
        cause = "There is no image of that name and tag in its registry."
    elif any(word in lowered for word in ("unauthorized", "denied", "authentication", "forbidden")):
        cause = "The registry does not let this cluster in: imagePullSecrets are missing or wrong."
    elif any(word in lowered for word in ("timeout", "no such host", "connection refused", "i/o")):
        cause = "The registry cannot be reached from the node."
    else:
        cause = "The image does not exist, its registry cannot be reached, or it needs credentials."
    evidence = (f"{name}: {reason} of image {one.get('image')}", *((message,) if message else ()))
    return _Trouble(
        "image-pull",
        Severity.CRITICAL,
        "cannot pull its image",
        evidence,
        cause,
        "Check the image's name and tag; set another image, or roll back.",
    )


def _config(name: str, reason: str, message: str) -> _Trouble:
    missing = "not found" in message.lower()
    cause = "It refers to a ConfigMap, Secret or key that is not there." if missing else "Its container cannot be made."
    return _Trouble(
        "container-config",
        Severity.CRITICAL,
        "cannot start its container",
        (f"{name}: {reason}: {message}",),
        cause,
        "Create what is missing, or take the reference out; events of the pod say which.",
    )


def _oom(pod: Mapping[str, Any], one: Mapping[str, Any], name: str, restarts: int) -> _Trouble:
    spec: Mapping[str, Any] = next(
        (c for c in pod["spec"].get("containers") or () if c.get("name") == one.get("name")), {}
    )
    limit = ((spec.get("resources") or {}).get("limits") or {}).get("memory")
    cause = (
        f"It uses more memory than its limit of {limit}."
        if limit
        else "Its node ran out of memory, and it has no limit of its own."
    )
    ready = bool(one.get("ready"))
    return _Trouble(
        "oom",
        Severity.WARNING if ready else Severity.CRITICAL,
        "is killed for its memory (OOMKilled)",
        (f"{name}: {restarts} restarts, last ended by OOMKilled",),
        cause,
        "Raise the memory limit, or find what leaks; recommendations show a size from its own history.",
    )


_EXITS = {
    1: "The program ends with an error of its own; its log says which.",
    2: "The program does not accept how it is called; check its command and arguments.",
    126: "Its command cannot be executed.",
    127: "Its command is not in the image.",
    128: "Its command cannot be started.",
    137: "It is killed from outside: by a failing liveness probe, or by the node for memory.",
    139: "It crashes with a segmentation fault.",
    143: "It is told to end (SIGTERM), by a failing liveness probe for example.",
    0: "It ends without an error, and is expected to keep running.",
}


def _crash_loop(
    name: str, ended: Mapping[str, Any], restarts: int, message: str, probes: list[Mapping[str, Any]]
) -> _Trouble:
    code = ended.get("exitCode")
    said = str(ended.get("message") or "").strip()
    evidence = [f"{name}: {restarts} restarts" + (f", last exit code {code}" if code is not None else "")]
    evidence += [text for text in (said[:300], message[:200]) if text]
    liveness = [str(event.get("message")) for event in probes if "liveness" in str(event.get("message")).lower()]
    cause = _EXITS.get(int(code), f"The program ends with code {code}.") if code is not None else _EXITS[1]
    if liveness and code in {137, 143}:
        cause = "Its liveness probe fails, and it is killed for that."
        evidence.append(liveness[0][:300])
    return _Trouble(
        "crash-loop",
        Severity.CRITICAL,
        "is crash-looping",
        tuple(evidence),
        cause,
        "Read the log of its previous run; if it began with a deploy, roll back.",
    )


def _pending(pod: Mapping[str, Any], state: State) -> Iterator[_Trouble]:
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        message = str(scheduled.get("message") or "")
        yield _Trouble("pending", Severity.CRITICAL, "waits for a node", (message,), *_unschedulable(message))
        return
    mounts = events_about(state, pod["metadata"]["uid"], _MOUNT)
    if mounts:
        message = str(mounts[0].get("message") or "")
        yield _Trouble(
            "mount",
            Severity.CRITICAL,
            "cannot mount its volumes",
            (message[:400],),
            "A volume, ConfigMap or Secret it mounts is missing or held by another node.",
            "Look at the claim or object that the message names.",
        )
    elif _older(pod, state, PATIENCE):
        yield _Trouble(
            "starting",
            Severity.WARNING,
            "has been starting for long",
            (),
            "Its image is large, its init containers take long, or its node is slow.",
            "Look at the pod's events.",
        )


def _unschedulable(message: str) -> tuple[str, str]:
    lowered = message.lower()
    if "unbound immediate persistentvolumeclaims" in lowered or "persistentvolumeclaim" in lowered:
        return "Its PersistentVolumeClaim is not bound.", "Look at the claim and its storage class."
    if "insufficient" in lowered:
        what = " and ".join(word for word in ("cpu", "memory", "pods") if f"insufficient {word}" in lowered)
        what = what or "what it asks for"
        return (
            f"No node has enough {what} left for what it requests.",
            "Add a node, lower its requests, or free some: see nodes by use and recommendations.",
        )
    if "taint" in lowered:
        return "The nodes that are left have taints it does not tolerate.", "Add a toleration, or untaint a node."
    if "affinity" in lowered or "selector" in lowered:
        return "No node matches its node selector or affinity.", "Compare them with the nodes' labels."
    return "No node can take it.", "The scheduler's message says what each node lacks."


def _not_ready(pod: Mapping[str, Any], state: State) -> Iterator[_Trouble]:
    if condition(pod, "Ready").get("status") != "False" or not _older(pod, state, PATIENCE):
        return
    probes = events_about(state, pod["metadata"]["uid"], _UNHEALTHY)
    said = tuple(str(event.get("message"))[:300] for event in probes[:2])
    cause = "Its readiness probe fails: the program does not answer as the probe expects, or not in time."
    unready = str(condition(pod, "Ready").get("message") or "it is running and not ready")
    yield _Trouble(
        "probe",
        Severity.WARNING,
        "runs and is not ready",
        (unready, *said),
        cause if probes else "A container is not ready, and no failing probe was reported lately.",
        "Read its log, and compare the probe's path, port and time-out with what the program does.",
    )


def _terminating(pod: Mapping[str, Any], state: State) -> Iterator[_Trouble]:
    at = pod["metadata"].get("deletionTimestamp")
    if at and state.now - datetime.fromisoformat(str(at)) > TERMINATING_PATIENCE:
        held = ", ".join(pod["metadata"].get("finalizers") or ())
        yield _Trouble(
            "terminating",
            Severity.WARNING,
            "does not end",
            (f"asked to end at {at}", *((f"finalizers: {held}",) if held else ())),
            "A finalizer holds it." if held else "Its node does not answer.",
            "Look at the node it is on, and at who sets the finalizer.",
        )


def _older(pod: Mapping[str, Any], state: State, than: timedelta) -> bool:
    return state.now - datetime.fromisoformat(str(pod["metadata"]["creationTimestamp"])) > than


def _lately(ended: Mapping[str, Any], state: State) -> bool:
    at = ended.get("finishedAt")
    return at is None or state.now - datetime.fromisoformat(str(at)) <= REMEMBERED
