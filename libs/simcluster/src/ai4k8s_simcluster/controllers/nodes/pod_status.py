"""A pod's status from those of its containers: phase and conditions as kubelets derive them."""

from ai4k8s_simcluster.controllers.context import set_condition
from ai4k8s_simcluster.types import Obj

_ORDER = ("PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready")


def pod_address(uid: str) -> str:
    """Return a pod's address, made from its uid."""
    number = int(uid.replace("-", "")[:6], 16)
    return f"10.{64 + (number >> 16) % 64}.{(number >> 8) & 0xFF}.{1 + (number & 0xFF) % 254}"


def _is_sidecar(container: Obj) -> bool:
    return container.get("restartPolicy") == "Always"


def initialized(pod: Obj, statuses: list[Obj]) -> bool:
    """Say whether a pod's init containers have done their work: ended well, or (sidecars) started."""
    by_name = {found["name"]: found for found in statuses}
    for container in pod["spec"].get("initContainers") or ():
        status = by_name.get(container["name"]) or {}
        terminated = (status.get("state") or {}).get("terminated")
        done = status.get("started") if _is_sidecar(container) else terminated and terminated["exitCode"] == 0
        if not done:
            return False
    return True


def phase_of(pod: Obj, statuses: list[Obj], *, init_failed: bool) -> str:
    """Return the phase: failed or succeeded when nothing will run again, running once everything has started."""
    if init_failed:
        return "Failed"
    policy = pod["spec"].get("restartPolicy", "Always")
    codes: list[int] = []
    begun = 0
    for status in statuses:
        state = status.get("state") or {}
        last = (status.get("lastState") or {}).get("terminated")
        if "terminated" in state:
            codes.append(int(state["terminated"]["exitCode"]))
        if "waiting" not in state or last:
            begun += 1
    if not statuses or begun < len(statuses):
        return "Pending"
    finished = len(codes) == len(statuses)
    if finished and policy == "Never":
        return "Failed" if any(codes) else "Succeeded"
    if finished and policy == "OnFailure" and not any(codes):
        return "Succeeded"
    return "Running"


def _names(containers: list[Obj], statuses: list[Obj], field: str) -> str:
    met = {status["name"] for status in statuses if status.get(field)}
    return " ".join(container["name"] for container in containers if container["name"] not in met)


def _conditions(pod: Obj, phase: str, statuses: list[Obj], init: list[Obj], *, sandbox: bool) -> list[Obj]:
    containers = list(pod["spec"].get("containers") or ())
    is_done = initialized(pod, init)
    prepared: Obj = {"type": "Initialized", "status": "True" if is_done else "False"}
    if not is_done:
        todo = [c for c in pod["spec"].get("initContainers") or () if not _init_done(c, init)]
        names = " ".join(container["name"] for container in todo)
        prepared |= {
            "reason": "ContainersNotInitialized",
            "message": f"containers with incomplete status: [{names}]",
        }
    found: list[Obj] = [
        {"type": "PodReadyToStartContainers", "status": "True" if sandbox else "False"},
        prepared,
    ]
    unready = _names(containers, statuses, "ready")
    for kind in ("ContainersReady", "Ready"):
        if phase in {"Succeeded", "Failed"}:
            reason = "PodCompleted" if phase == "Succeeded" else "PodFailed"
            found.append({"type": kind, "status": "False", "reason": reason})
        elif unready or not is_done:
            message = f"containers with unready status: [{unready}]"
            found.append({"type": kind, "status": "False", "reason": "ContainersNotReady", "message": message})
        else:
            found.append({"type": kind, "status": "True"})
    if phase == "Succeeded":
        found[1] |= {"reason": "PodCompleted"}
    return found


def _init_done(container: Obj, statuses: list[Obj]) -> bool:
    status = next((found for found in statuses if found["name"] == container["name"]), {})
    terminated = (status.get("state") or {}).get("terminated")
    return bool(status.get("started") if _is_sidecar(container) else terminated and terminated["exitCode"] == 0)


def gates_met(pod: Obj) -> bool:
    """Say whether every readiness gate of a pod has its condition."""
    conditions = {found["type"]: found["status"] for found in (pod.get("status") or {}).get("conditions") or ()}
    gates = pod["spec"].get("readinessGates") or ()
    return all(conditions.get(gate["conditionType"]) == "True" for gate in gates)


def pod_status(pod: Obj, host: str, statuses: list[Obj], init: list[Obj], now: str, *, sandbox: bool) -> Obj:
    """Return the status of a pod on a node. sandbox: whether it has its network already."""
    status = dict(pod.get("status") or {})
    init_failed = pod["spec"].get("restartPolicy") == "Never" and any(
        (found.get("state") or {}).get("terminated", {}).get("exitCode", 0) != 0 for found in init
    )
    phase = phase_of(pod, statuses, init_failed=init_failed)
    conditions = list(status.get("conditions") or [])
    running = phase in {"Pending", "Running"}
    for new in _conditions(pod, phase, statuses, init, sandbox=sandbox and running):
        held = new["type"] == "Ready" and new["status"] == "True" and not gates_met(pod)
        gate = {"status": "False", "reason": "ReadinessGatesNotReady"} if held else {}
        conditions = set_condition(conditions, {**new, **gate, "lastProbeTime": None}, now)
    last = [found for found in conditions if found["type"] == "PodScheduled"]
    own = [found for found in conditions if found["type"] in _ORDER]
    own.sort(key=lambda found: _ORDER.index(found["type"]))
    rest = [found for found in conditions if found["type"] not in {*_ORDER, "PodScheduled"}]
    status |= {
        "phase": phase,
        "conditions": [*rest, *own, *last],
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "startTime": status.get("startTime") or now,
        "containerStatuses": statuses,
    }
    if init:
        status["initContainerStatuses"] = init
    if sandbox:
        address = host if pod["spec"].get("hostNetwork") else pod_address(pod["metadata"]["uid"])
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    return status
