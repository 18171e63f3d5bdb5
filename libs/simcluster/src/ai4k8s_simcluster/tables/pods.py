"""How pods are shown: the one word that says how a pod is takes most of the thought."""

from collections.abc import Sequence
from typing import Any

from ai4k8s_simcluster.tables.layout import AGE, NAME, NONE, Column, Layout, age, created, name_of, pairs, wide
from ai4k8s_simcluster.types import Obj

_SPEC, _STATUS = "core.v1.PodSpec.", "core.v1.PodStatus."
_ENDED = {"Succeeded", "Failed"}


def _ended_word(ended: Obj) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _restartable(pod: Obj) -> set[str]:
    containers = pod["spec"].get("initContainers") or ()
    return {container["name"] for container in containers if container.get("restartPolicy") == "Always"}


def _initializing(pod: Obj) -> str:
    """Return the word of a pod whose init containers are not through, nothing when they are."""
    sidecars, total = _restartable(pod), len(pod["spec"].get("initContainers") or ())
    for at, found in enumerate((pod.get("status") or {}).get("initContainerStatuses") or ()):
        state = found.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting") or {}
        if ended is not None and not ended.get("exitCode"):
            continue
        if found.get("name") in sidecars and found.get("started"):
            continue
        if ended is not None:
            return f"Init:{_ended_word(ended)}"
        if waiting.get("reason") and waiting["reason"] != "PodInitializing":
            return f"Init:{waiting['reason']}"
        return f"Init:{at}/{total}"
    return ""


def _running(pod: Obj, word: str) -> str:
    status = pod.get("status") or {}
    has_running = False
    for found in reversed(status.get("containerStatuses") or []):
        state = found.get("state") or {}
        if (state.get("waiting") or {}).get("reason"):
            word = str(state["waiting"]["reason"])
        elif state.get("terminated") is not None:
            word = _ended_word(state["terminated"])
        elif found.get("ready") and state.get("running") is not None:
            has_running = True
    if word == "Completed" and has_running:
        conditions = status.get("conditions") or ()
        ready = any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)
        return "Running" if ready else "NotReady"
    return word


def pod_status(pod: Obj) -> str:
    """Return the one word that says how a pod is."""
    status = pod.get("status") or {}
    word = str(status.get("reason") or status.get("phase") or "Unknown")
    conditions = {found["type"]: found for found in status.get("conditions") or ()}
    if conditions.get("PodScheduled", {}).get("reason") == "SchedulingGated":
        word = "SchedulingGated"
    starting = _initializing(pod)
    initialized = conditions.get("Initialized", {}).get("status") == "True"
    word = starting if starting and not initialized else _running(pod, word)
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if status.get("phase") not in _ENDED:
            return "Terminating"
    return word


def _restarts(statuses: Sequence[Obj], now: float) -> str:
    count = sum(int(found.get("restartCount", 0)) for found in statuses)
    ends = [((found.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for found in statuses]
    last = max(filter(None, ends), default=None)
    return f"{count} ({age(last, now)} ago)" if count and last else str(count)


def _gates(pod: Obj) -> str:
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or ()]
    conditions = (pod.get("status") or {}).get("conditions") or ()
    met = {found["type"] for found in conditions if found.get("status") == "True"}
    return f"{sum(gate in met for gate in gates)}/{len(gates)}" if gates else NONE


def _pod(pod: Obj, now: float) -> list[Any]:
    status, sidecars = pod.get("status") or {}, _restartable(pod)
    inits = [found for found in status.get("initContainerStatuses") or () if found.get("name") in sidecars]
    statuses = [*inits, *(status.get("containerStatuses") or ())]
    ready = sum(
        bool(found.get("ready") and (found.get("state") or {}).get("running") is not None) for found in statuses
    )
    addresses = [found["ip"] for found in status.get("podIPs") or ()]
    return [
        name_of(pod),
        f"{ready}/{len(pod['spec'].get('containers') or ()) + len(sidecars)}",
        pod_status(pod),
        _restarts(statuses, now),
        created(pod, now),
        addresses[0] if addresses else status.get("podIP") or NONE,
        pod["spec"].get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _gates(pod),
    ]


def containers_of(template: Obj) -> list[str]:
    """Return the names and the images of a template's containers."""
    containers = (template.get("spec") or {}).get("containers") or []
    return [",".join(found["name"] for found in containers), ",".join(found.get("image", "") for found in containers)]


def _template(obj: Obj, _: float) -> list[Any]:
    template = obj.get("template") or {}
    return [name_of(obj), *containers_of(template), pairs((template.get("metadata") or {}).get("labels"))]


CONTAINERS = wide("Containers", text="Names of each container in the template.")
IMAGES = wide("Images", text="Images referenced by each container in the template.")
LAYOUTS = {
    "Pod": Layout(
        (
            NAME,
            Column("Ready", text="The aggregate readiness state of this pod for accepting traffic."),
            Column("Status", text="The aggregate status of the containers in this pod."),
            Column(
                "Restarts",
                text="The number of times the containers in this pod have been restarted and when the last container "
                "in this pod has restarted.",
            ),
            AGE,
            wide("IP", _STATUS + "podIP"),
            wide("Node", _SPEC + "nodeName"),
            wide("Nominated Node", _STATUS + "nominatedNodeName"),
            wide("Readiness Gates", _SPEC + "readinessGates"),
        ),
        _pod,
    ),
    "PodTemplate": Layout(
        (
            NAME,
            Column("Containers", text=CONTAINERS.text),
            Column("Images", text=IMAGES.text),
            Column("Pod Labels", text="The labels for the pod template."),
        ),
        _template,
    ),
}
