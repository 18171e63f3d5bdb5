"""Whether a node has somebody on it: a kubelet that answers.

A node on which the annotation `sim.ai4k8s.io/kubelet: stopped` stands is lost: nothing on it moves, and after the
grace period the control plane notices.
"""

from ai4k8s_simcluster.controllers.context import condition
from ai4k8s_simcluster.types import Obj

KUBELET = "sim.ai4k8s.io/kubelet"
STOPPED = "stopped"
NEVER_UPDATED = "NodeStatusNeverUpdated"


def is_stopped(node: Obj) -> bool:
    """Say whether a node's kubelet was stopped by its annotation."""
    return (node["metadata"].get("annotations") or {}).get(KUBELET) == STOPPED


def has_kubelet(node: Obj) -> bool:
    """Say whether a node ever had a kubelet: one that was only registered has not."""
    ready = condition(node, "Ready")
    return ready is not None and ready.get("reason") != NEVER_UPDATED


def has_running_kubelet(node: Obj) -> bool:
    """Say whether a node's kubelet does its work."""
    return has_kubelet(node) and not is_stopped(node)
