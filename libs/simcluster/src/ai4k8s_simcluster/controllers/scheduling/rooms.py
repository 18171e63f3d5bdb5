"""What each node has left: kept up to date from changes, so that placing a pod does not count all pods anew."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from ai4k8s_simcluster.quantity import parse_quantity
from ai4k8s_simcluster.types import Obj

Amounts = dict[str, int]
_DEFAULT_PODS = 110
_MILLI = 1000


@lru_cache(maxsize=4096)
def _amount(name: str, text: str) -> int:
    value = parse_quantity(text)
    if name == "cpu":
        value *= _MILLI
    return int(value.to_integral_value(rounding="ROUND_CEILING"))


def amounts(raw: Mapping[str, object] | None) -> Amounts:
    """Return resources as whole numbers: millicores of CPU, bytes, or plain counts."""
    return {name: _amount(name, str(text)) for name, text in (raw or {}).items()}


def _requests(container: Obj) -> Amounts:
    return amounts((container.get("resources") or {}).get("requests"))


def _add(total: Amounts, more: Amounts) -> None:
    for name, value in more.items():
        total[name] = total.get(name, 0) + value


def pod_requests(pod: Obj) -> Amounts:
    """Return what a pod asks of its node: its containers together, or one of the init containers before them."""
    spec = pod["spec"]
    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, _requests(container))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or ():
        own = _requests(container)
        if container.get("restartPolicy") == "Always":
            _add(sidecars, own)
            own = {}
        for name, value in own.items():
            peak[name] = max(peak.get(name, 0), value + sidecars.get(name, 0))
    _add(total, sidecars)
    for name, value in peak.items():
        total[name] = max(total.get(name, 0), value)
    _add(total, amounts(spec.get("overhead")))
    return total


def host_ports(pod: Obj) -> frozenset[tuple[str, str, int]]:
    """Return the ports that a pod takes on its node: protocol, address and number."""
    return frozenset(
        (port.get("protocol", "TCP"), port.get("hostIP") or "0.0.0.0", int(port["hostPort"]))  # noqa: S104 - "any"
        for container in pod["spec"].get("containers") or ()
        for port in container.get("ports") or ()
        if port.get("hostPort")
    )


def ports_clash(one: Iterable[tuple[str, str, int]], other: Iterable[tuple[str, str, int]]) -> bool:
    """Say whether two sets of ports cannot be on one node; any address clashes with each."""
    taken = list(other)
    return any(
        a[0] == b[0] and a[2] == b[2] and (a[1] == b[1] or "0.0.0.0" in {a[1], b[1]})  # noqa: S104 - "any"
        for a in one
        for b in taken
    )


class Room:
    """One node: what it can give, and the pods that are on it."""

    def __init__(self, node: Obj) -> None:
        self.pods: dict[tuple[str, str], Obj] = {}
        self.taken: Amounts = {}
        self.ports: dict[tuple[str, str], frozenset[tuple[str, str, int]]] = {}
        self.set_node(node)

    def set_node(self, node: Obj) -> None:
        """Take over a node as it now is."""
        self.node = node
        self.name = str(node["metadata"]["name"])
        self.labels: Mapping[str, str] = node["metadata"].get("labels") or {}
        self.capacity = amounts((node.get("status") or {}).get("allocatable"))

    def put(self, pod: Obj) -> None:
        """Count a pod."""
        key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
        if key in self.pods:
            self.remove(key)
        self.pods[key] = pod
        _add(self.taken, pod_requests(pod))
        if ports := host_ports(pod):
            self.ports[key] = ports

    def remove(self, key: tuple[str, str]) -> None:
        """Count a pod no longer."""
        pod = self.pods.pop(key, None)
        if pod is None:
            return
        for name, value in pod_requests(pod).items():
            self.taken[name] -= value
        self.ports.pop(key, None)

    def without(self, keys: Iterable[tuple[str, str]]) -> "Room":
        """Return the node as it would be without some pods."""
        gone = set(keys)
        copy = Room(self.node)
        for key, pod in self.pods.items():
            if key not in gone:
                copy.put(pod)
        return copy

    def lacks(self, requests: Amounts) -> tuple[list[str], bool]:
        """Return what a pod cannot get here, and whether it could never get it on this node."""
        found = ["Too many pods"] if len(self.pods) >= self.capacity.get("pods", _DEFAULT_PODS) else []
        never = False
        for name, value in requests.items():
            capacity = self.capacity.get(name, 0)
            if value > capacity - self.taken.get(name, 0):
                found.append(f"Insufficient {name}")
                never = never or value > capacity
        return found, never

    def load(self, requests: Amounts) -> float:
        """Return the mean share of CPU and memory in use, with a pod on it that asks for so much."""
        shares = [
            (self.taken.get(name, 0) + requests.get(name, 0)) / self.capacity[name]
            for name in ("cpu", "memory")
            if self.capacity.get(name)
        ]
        return sum(shares) / max(len(shares), 1)
