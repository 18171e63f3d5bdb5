"""Faults of nodes: lost ones, and ones that run short of something. What follows is the controllers' affair."""

from ai4k8s_simcluster.controllers.context import Context, condition, set_condition
from ai4k8s_simcluster.faults.book import Entry, FaultBook
from ai4k8s_simcluster.faults.model import FaultError, FaultKind, PressureKind
from ai4k8s_simcluster.registry import NODES
from ai4k8s_simcluster.store import Stored

KUBELET = "sim.ai4k8s.io/kubelet"
STOPPED = "stopped"
_PRESSURE = {
    PressureKind.MEMORY: ("MemoryPressure", "Memory", "memory available"),
    PressureKind.DISK: ("DiskPressure", "Disk", "disk space available"),
    PressureKind.PID: ("PIDPressure", "PID", "PID available"),
}


class NodeFaults:
    """Carries out what the book says of nodes."""

    def __init__(self, context: Context, book: FaultBook) -> None:
        self._context = context
        book.begun.append(self._begin)
        book.ended.append(self._end)

    def _begin(self, entry: Entry) -> None:
        fault = entry.fault
        if fault.kind not in {FaultKind.NODE_LOSS, FaultKind.PRESSURE}:
            return
        node = self._context.store.get(NODES, "", fault.node)
        if node is None:
            raise FaultError(f"there is no node {fault.node}; `kubectl get nodes` lists them")
        self._apply(entry, node, wrong=True)

    def _end(self, entry: Entry) -> None:
        node = self._context.store.get(NODES, "", entry.fault.node)
        if node is not None and entry.fault.kind in {FaultKind.NODE_LOSS, FaultKind.PRESSURE}:
            self._apply(entry, node, wrong=False)

    def _apply(self, entry: Entry, node: Stored, *, wrong: bool) -> None:
        if entry.fault.kind is FaultKind.NODE_LOSS:
            self._stop_kubelet(node, stopped=wrong)
        else:
            self._press(node, entry.fault.resource, pressed=wrong)

    def _stop_kubelet(self, node: Stored, *, stopped: bool) -> None:
        annotations = {k: v for k, v in (node.obj["metadata"].get("annotations") or {}).items() if k != KUBELET}
        if stopped:
            annotations[KUBELET] = STOPPED
        metadata = {**node.obj["metadata"], "annotations": annotations}
        self._context.store.put(NODES, {**node.obj, "metadata": metadata})

    def _press(self, node: Stored, resource: PressureKind, *, pressed: bool) -> None:
        kind, word, what = _PRESSURE[resource]
        now = self._context.timestamp()
        reason = f"KubeletHasInsufficient{word}" if pressed else f"KubeletHasSufficient{word}"
        message = f"kubelet has {'insufficient' if pressed else 'sufficient'} {what}"
        if resource is PressureKind.DISK:
            reason = "KubeletHasDiskPressure" if pressed else "KubeletHasNoDiskPressure"
            message = f"kubelet has {'' if pressed else 'no '}disk pressure"
        new = {
            "type": kind,
            "status": "True" if pressed else "False",
            "lastHeartbeatTime": now,
            "reason": reason,
            "message": message,
        }
        status = node.obj.get("status") or {}
        changed = set_condition(list(status.get("conditions") or []), new, now)
        self._context.writer.set_status(NODES, node, {**status, "conditions": changed})
        told = condition({"status": {"conditions": changed}}, kind)
        if told is not None and told["lastTransitionTime"] == now:
            note = f"Node {node.name} status is now: {reason}"
            self._context.events.record(node.obj, "Normal", reason, note, "kubelet", host=node.name)
