"""The pods behind a Service: their addresses, the ports that they offer under its names, and whether they serve."""

from dataclasses import dataclass

from ai4k8s_simcluster.controllers.context import is_ready, is_terminating
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj


@dataclass(frozen=True, slots=True)
class Backend:
    """One pod behind a Service."""

    pod: Stored
    address: str
    ready: bool
    serving: bool
    terminating: bool
    ports: tuple[tuple[str, str, int | None, str | None], ...]

    @property
    def node(self) -> str:
        """Return the node it is on."""
        return str(self.pod.obj["spec"].get("nodeName", ""))

    def reference(self) -> Obj:
        """Return what an endpoint says of its pod."""
        return {"kind": "Pod", "namespace": self.pod.namespace, "name": self.pod.name, "uid": self.pod.uid}

    def hostname(self, service: str) -> str:
        """Return the name under which a headless Service knows the pod; nothing when it does not."""
        spec = self.pod.obj["spec"]
        return str(spec.get("hostname", "")) if spec.get("subdomain") == service else ""


def _target_port(pod: Obj, port: Obj) -> int | None:
    """Return the number of the port that a pod offers for a Service's port; a name is looked up in its containers."""
    target = port.get("targetPort", port.get("port"))
    if isinstance(target, int):
        return target
    for container in pod["spec"].get("containers") or ():
        for offered in container.get("ports") or ():
            same = offered.get("name") == target and offered.get("protocol", "TCP") == port.get("protocol", "TCP")
            if same:
                return int(offered["containerPort"])
    return None


def backend_of(service: Obj, pod: Stored) -> Backend | None:
    """Return a pod as a backend of a Service; None when it has no address, or will never serve again."""
    status = pod.obj.get("status") or {}
    address = status.get("podIP")
    if not address or status.get("phase") in {"Succeeded", "Failed"}:
        return None
    ports: list[tuple[str, str, int | None, str | None]] = []
    for port in service["spec"].get("ports") or ():
        number = _target_port(pod.obj, port)
        if number is not None:
            ports.append((port.get("name", ""), port.get("protocol", "TCP"), number, port.get("appProtocol")))
    if service["spec"].get("ports") and not ports:
        return None
    serving = is_ready(pod.obj)
    leaving = is_terminating(pod.obj)
    anyway = bool(service["spec"].get("publishNotReadyAddresses"))
    return Backend(pod, str(address), anyway or (serving and not leaving), anyway or serving, leaving, tuple(ports))
