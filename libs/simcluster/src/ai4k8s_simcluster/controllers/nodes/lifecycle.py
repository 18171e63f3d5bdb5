"""The life of nodes: heartbeats, the notice that they stopped, and the taints that say what is wrong."""

from collections.abc import Mapping
from typing import ClassVar

from ai4k8s_simcluster.apply.authors import CONTROLLER_MANAGER
from ai4k8s_simcluster.clock import parse_rfc3339, rfc3339_micro
from ai4k8s_simcluster.controllers.context import Context, condition, set_condition
from ai4k8s_simcluster.controllers.nodes.presence import NEVER_UPDATED, has_kubelet, is_stopped
from ai4k8s_simcluster.controllers.reconciler import Handler, Reconciler
from ai4k8s_simcluster.registry import LEASES, NAMESPACES, NODES, PODS
from ai4k8s_simcluster.store import Change, ChangeKind, Stored
from ai4k8s_simcluster.types import Obj

LEASE_NAMESPACE = "kube-node-lease"
_LEASE_SECONDS = 40
_RENEW_SECONDS = 10.0
_STATUS_SECONDS = 300.0
_GRACE_SECONDS = 50.0
_MOST_LEASES = 100  # beyond that, renewals alone would fill the log of changes: leases of large clusters stand still
_TTL = "node.alpha.kubernetes.io/ttl"
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_NOT_READY = "node.kubernetes.io/not-ready"
_UNREACHABLE = "node.kubernetes.io/unreachable"
_PRESSURE = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}
_OWN_TAINTS = {_UNSCHEDULABLE, _NOT_READY, _UNREACHABLE, *_PRESSURE.values()}
_REPORTED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
_GOOD = {
    "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}


class NodeController(Reconciler):
    """Watches over nodes."""

    resource: ClassVar = NODES
    component: ClassVar = "node-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._beaten_at: dict[str, float] = {}
        self._reported_at: dict[str, float] = {}

    def watches(self) -> Mapping[str, Handler]:
        """Follow nodes."""
        return {NODES.key: self._on_node}

    def _on_node(self, change: Change) -> None:
        self.on_own_change(change)
        name = change.stored.name
        if change.kind is ChangeKind.DELETED:
            message = f"Node {name} event: Removing Node {name} from Controller"
            self.event(change.stored.obj, "Normal", "RemovingNode", message)

    def forget(self, namespace: str, name: str) -> None:
        """Drop what is remembered of a node that is gone, and its lease."""
        del namespace
        self._beaten_at.pop(name, None)
        self._reported_at.pop(name, None)
        lease = self.store.get(LEASES, LEASE_NAMESPACE, name)
        if lease is not None:
            self.store.remove(LEASES, lease.obj)

    def reconcile(self, stored: Stored) -> None:
        """Let the kubelet report, notice when it does not, and keep the taints."""
        now = self.context.clock.now()
        if stored.name not in self._beaten_at:
            self._register(stored, now)
        if has_kubelet(stored.obj) and not is_stopped(stored.obj):
            self._beat(stored, now)
        else:
            self._miss(stored, now)
        fresh = self.fresh(stored)
        if fresh is not None:
            self._keep_taints(fresh)

    def _register(self, stored: Stored, now: float) -> None:
        self._beaten_at[stored.name] = self._reported_at[stored.name] = now
        message = f"Node {stored.name} event: Registered Node {stored.name} in Controller"
        self.event(stored.obj, "Normal", "RegisteredNode", message)
        annotations = stored.obj["metadata"].get("annotations") or {}
        if _TTL not in annotations:
            metadata = {**stored.obj["metadata"], "annotations": {**annotations, _TTL: "0"}}
            self.writer.put(NODES, stored, {**stored.obj, "metadata": metadata}, manager=CONTROLLER_MANAGER)

    def _beat(self, stored: Stored, now: float) -> None:
        """Do what a kubelet does every ten seconds and every five minutes."""
        ready = condition(stored.obj, "Ready")
        came_back = ready is not None and ready["status"] == "Unknown"
        self._beaten_at[stored.name] = now
        self._renew(stored, now)
        if came_back or now - self._reported_at[stored.name] >= _STATUS_SECONDS:
            self._reported_at[stored.name] = now
            self._report(stored, came_back=came_back)
        leased = self.store.get(LEASES, LEASE_NAMESPACE, stored.name) is not None
        self.later(stored, _RENEW_SECONDS if leased else _STATUS_SECONDS)

    def _renew(self, stored: Stored, now: float) -> None:
        lease = self.store.get(LEASES, LEASE_NAMESPACE, stored.name)
        if lease is None:
            if self.store.count(NODES) > _MOST_LEASES or self.store.get(NAMESPACES, "", LEASE_NAMESPACE) is None:
                return
            owner = {
                "apiVersion": "v1",
                "kind": "Node",
                "name": stored.name,
                "uid": stored.obj["metadata"]["uid"],
            }
            metadata = {"name": stored.name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]}
            spec = {
                "holderIdentity": stored.name,
                "leaseDurationSeconds": _LEASE_SECONDS,
                "renewTime": rfc3339_micro(now),
            }
            self.writer.create(LEASES, {"metadata": metadata, "spec": spec})
        elif now - parse_rfc3339(lease.obj["spec"]["renewTime"]) >= _RENEW_SECONDS - 0.5:
            spec = {**lease.obj["spec"], "renewTime": rfc3339_micro(now)}
            self.store.put(LEASES, {**lease.obj, "spec": spec})

    def _report(self, stored: Stored, *, came_back: bool) -> None:
        now = self.context.timestamp()
        status = dict(stored.obj.get("status") or {})
        conditions = [{**found, "lastHeartbeatTime": now} for found in status.get("conditions") or []]
        if came_back:
            for kind, (value, reason, message) in _GOOD.items():
                new = {"type": kind, "status": value, "reason": reason, "message": message, "lastHeartbeatTime": now}
                conditions = _set_in_place(conditions, new, now)
            self.context.events.record(
                stored.obj, "Normal", "NodeReady", f"Node {stored.name} status is now: NodeReady", "kubelet",
                host=stored.name,
            )  # fmt: skip
        self.writer.set_status(NODES, stored, {**status, "conditions": conditions})

    def _miss(self, stored: Stored, now: float) -> None:
        """Mark a node whose kubelet has been silent for longer than the grace period."""
        lost_at = self._beaten_at[stored.name] + _GRACE_SECONDS
        if now < lost_at:
            self.queue.add(("", stored.name), lost_at)
            return
        ready = condition(stored.obj, "Ready")
        if ready is not None and ready["status"] == "Unknown":
            return
        never = ready is None
        reason = NEVER_UPDATED if never else "NodeStatusUnknown"
        message = "Kubelet never posted node status." if never else "Kubelet stopped posting node status."
        stamp = self.context.timestamp()
        status = dict(stored.obj.get("status") or {})
        conditions = list(status.get("conditions") or [])
        for kind in _REPORTED:
            old = condition(stored.obj, kind)
            beat = old.get("lastHeartbeatTime") if old else stored.obj["metadata"]["creationTimestamp"]
            new = {
                "type": kind, "status": "Unknown", "lastHeartbeatTime": beat, "reason": reason, "message": message,
            }  # fmt: skip
            conditions = _set_in_place(conditions, new, stamp)
        self.writer.set_status(NODES, stored, {**status, "conditions": conditions}, manager=CONTROLLER_MANAGER)
        if not never:
            self.event(stored.obj, "Normal", "NodeNotReady", f"Node {stored.name} status is now: NodeNotReady")
            self._mark_pods(stored.name)

    def _mark_pods(self, node: str) -> None:
        """Say of the pods on a lost node that they are not ready: nobody knows."""
        for pod in self.store.on_node(node):
            ready = condition(pod.obj, "Ready")
            if ready is None or ready["status"] != "True":
                continue
            new = {key: value for key, value in ready.items() if key != "lastTransitionTime"} | {"status": "False"}
            conditions = _set_in_place(pod.obj["status"]["conditions"], new, self.context.timestamp())
            self.writer.set_status(
                PODS, pod, {**pod.obj["status"], "conditions": conditions}, manager=CONTROLLER_MANAGER
            )
            self.event(pod.obj, "Warning", "NodeNotReady", "Node is not ready")

    def _keep_taints(self, stored: Stored) -> None:
        """Taint a node by its conditions and by being cordoned, and take away what no longer holds."""
        wanted = _wanted_taints(stored.obj)
        old = (stored.obj.get("spec") or {}).get("taints") or []
        kept = [found for found in old if found["key"] not in _OWN_TAINTS or (found["key"], found["effect"]) in wanted]
        have = {(found["key"], found["effect"]) for found in kept}
        now = self.context.timestamp()
        new = [*kept, *({"key": k, "effect": e, "timeAdded": now} for k, e in wanted if (k, e) not in have)]
        if new == old:
            return
        spec = {key: value for key, value in (stored.obj.get("spec") or {}).items() if key != "taints"}
        changed = {**stored.obj, "spec": {**spec, **({"taints": new} if new else {})}}
        self.writer.put(NODES, stored, changed, manager=CONTROLLER_MANAGER)


def _wanted_taints(node: Obj) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    ready = condition(node, "Ready")
    if ready is None:
        found.append((_NOT_READY, "NoSchedule"))
    elif ready["status"] != "True":
        key = _UNREACHABLE if ready["status"] == "Unknown" else _NOT_READY
        found += [(key, "NoSchedule"), (key, "NoExecute")]
    for kind, key in _PRESSURE.items():
        pressed = condition(node, kind)
        if pressed is not None and pressed["status"] == "True":
            found.append((key, "NoSchedule"))
    if (node.get("spec") or {}).get("unschedulable"):
        found.append((_UNSCHEDULABLE, "NoSchedule"))
    return found


def _set_in_place(conditions: list[Obj], new: Obj, now: str) -> list[Obj]:
    """Return conditions with one set where it stood before."""
    at = next((i for i, found in enumerate(conditions) if found["type"] == new["type"]), None)
    complete = set_condition(conditions, new, now)[-1]
    if at is None:
        return [*conditions, complete]
    return [*conditions[:at], complete, *conditions[at + 1 :]]
