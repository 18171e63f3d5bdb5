"""The scheduler: a node with room for each pod, or the reason why there is none."""

from collections import Counter
from dataclasses import dataclass, field

from ai4k8s_simcluster.controllers.context import Context, condition, is_terminating, set_condition
from ai4k8s_simcluster.quantity import cores, parse_quantity
from ai4k8s_simcluster.registry import NODES, PODS
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj

_COMPONENT = "default-scheduler"
_REPEAT_SECONDS = 300.0
_TAINTED = "node(s) had untolerated taint(s)"
_UNSCHEDULABLE = "node(s) were unschedulable"
_SELECTOR = "node(s) didn't match Pod's node affinity/selector"
_TOO_MANY = "Too many pods"


@dataclass
class _Room:
    """What a node has left."""

    node: Obj
    free: dict[str, float]
    capacity: dict[str, float]
    pods: int = 0
    refusals: list[str] = field(default_factory=list)

    def take(self, requests: dict[str, float]) -> None:
        for name, amount in requests.items():
            self.free[name] = self.free.get(name, 0.0) - amount
        self.pods += 1

    def load(self) -> float:
        shares = [1 - self.free[name] / self.capacity[name] for name in ("cpu", "memory") if self.capacity.get(name)]
        return sum(shares) / max(len(shares), 1)


def pod_requests(pod: Obj) -> dict[str, float]:
    """Return what a pod asks of its node, by resource."""
    total: dict[str, float] = {}
    for container in pod["spec"].get("containers") or []:
        for name, amount in ((container.get("resources") or {}).get("requests") or {}).items():
            value = cores(amount) if name == "cpu" else float(parse_quantity(amount))
            total[name] = total.get(name, 0.0) + value
    return total


def _tolerates(pod: Obj, taint: Obj) -> bool:
    for found in pod["spec"].get("tolerations") or []:
        effect_fits = not found.get("effect") or found["effect"] == taint["effect"]
        exists = found.get("operator") == "Exists"
        key_fits = found.get("key") == taint["key"] or (exists and not found.get("key"))
        if effect_fits and key_fits and (exists or found.get("value", "") == taint.get("value", "")):
            return True
    return False


def refusals(pod: Obj, room: "_Room", requests: dict[str, float]) -> list[str]:
    """Return why a node cannot take a pod; nothing when it can."""
    node = room.node
    if node["spec"].get("unschedulable"):
        return [_UNSCHEDULABLE]
    taints = [taint for taint in node["spec"].get("taints") or [] if taint["effect"] != "PreferNoSchedule"]
    if not all(_tolerates(pod, taint) for taint in taints):
        return [_TAINTED]
    wanted = pod["spec"].get("nodeSelector") or {}
    if not wanted.items() <= (node["metadata"].get("labels") or {}).items():
        return [_SELECTOR]
    found = [_TOO_MANY] if room.pods >= room.capacity.get("pods", 110) else []
    tiny = 1e-9
    found += [f"Insufficient {name}" for name, amount in requests.items() if amount > room.free.get(name, 0.0) + tiny]
    return found


def explain(refused: list[list[str]]) -> str:
    """Say in the scheduler's words why no node fits."""
    counts = Counter(reason for reasons in refused for reason in reasons)
    texts = sorted(f"{number} {reason}" for reason, number in counts.items())
    total = len(refused)
    preempt = f"preemption: 0/{total} nodes are available: {total} Preemption is not helpful for scheduling."
    listed = ", ".join(texts) or "no nodes available to schedule pods"
    return f"0/{total} nodes are available: {listed}. no new claims to deallocate, {preempt}"


class Scheduler:
    """Assigns pods to nodes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._told: dict[str, float] = {}

    def sync(self) -> None:
        """Try every pod that has no node yet."""
        pods = self._context.store.listing(PODS)
        waiting = [
            pod
            for pod in pods
            if not pod.obj["spec"].get("nodeName")
            and not is_terminating(pod.obj)
            and pod.obj["spec"].get("schedulerName") == _COMPONENT
        ]
        if not waiting:
            return
        rooms = self._rooms(pods)
        waiting.sort(key=lambda pod: (pod.obj["metadata"]["creationTimestamp"], pod.version))
        for pod in waiting:
            self._place(pod, rooms)

    def _rooms(self, pods: list[Stored]) -> list[_Room]:
        rooms: dict[str, _Room] = {}
        for node in self._context.store.listing(NODES):
            raw = (node.obj.get("status") or {}).get("allocatable") or {}
            capacity = {name: float(parse_quantity(amount)) for name, amount in raw.items()}
            rooms[node.name] = _Room(node.obj, dict(capacity), capacity)
        for pod in pods:
            room = rooms.get(pod.obj["spec"].get("nodeName", ""))
            if room is not None and (pod.obj.get("status") or {}).get("phase") not in {"Succeeded", "Failed"}:
                room.take(pod_requests(pod.obj))
        return list(rooms.values())

    def _place(self, stored: Stored, rooms: list[_Room]) -> None:
        requests = pod_requests(stored.obj)
        refused: list[list[str]] = []
        fitting: list[_Room] = []
        for room in rooms:
            reasons = refusals(stored.obj, room, requests)
            refused.append(reasons)
            if not reasons:
                fitting.append(room)
        if not fitting:
            self._refuse(stored, explain(refused))
            return
        best = min(fitting, key=lambda room: (round(room.load(), 6), room.node["metadata"]["name"]))
        best.take(requests)
        self._assign(stored, best.node["metadata"]["name"])

    def _assign(self, stored: Stored, node: str) -> None:
        context = self._context
        status = stored.obj.get("status") or {}
        new = {"type": "PodScheduled", "status": "True", "lastProbeTime": None}
        conditions = set_condition(status.get("conditions") or [], new, context.timestamp())
        pod = {
            **stored.obj,
            "spec": {**stored.obj["spec"], "nodeName": node},
            "status": {**status, "conditions": conditions},
        }
        context.store.put(PODS, pod)
        self._told.pop(stored.obj["metadata"]["uid"], None)
        message = f"Successfully assigned {stored.namespace}/{stored.name} to {node}"
        context.events.record(stored.obj, "Normal", "Scheduled", message, _COMPONENT)

    def _refuse(self, stored: Stored, message: str) -> None:
        context = self._context
        now = context.clock.now()
        uid = stored.obj["metadata"]["uid"]
        old = condition(stored.obj, "PodScheduled")
        changed = old is None or old.get("message") != message
        if changed or now - self._told.get(uid, now) >= _REPEAT_SECONDS:
            context.events.record(stored.obj, "Warning", "FailedScheduling", message, _COMPONENT)
            self._told[uid] = now
        self._told.setdefault(uid, now)
        if not changed:
            return
        status = stored.obj.get("status") or {}
        new = {
            "type": "PodScheduled",
            "observedGeneration": stored.obj["metadata"].get("generation", 1),
            "status": "False",
            "lastProbeTime": None,
            "reason": "Unschedulable",
            "message": message,
        }
        conditions = set_condition(status.get("conditions") or [], new, context.timestamp())
        context.store.put(PODS, {**stored.obj, "status": {**status, "conditions": conditions}})
