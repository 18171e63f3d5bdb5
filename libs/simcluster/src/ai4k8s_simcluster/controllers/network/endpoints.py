"""Endpoints and EndpointSlices: for every Service with a selector, the pods that it leads to."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from ai4k8s_simcluster.controllers.context import is_terminating, managed_by, owner_reference
from ai4k8s_simcluster.controllers.network.backends import Backend, backend_of
from ai4k8s_simcluster.controllers.reconciler import Handler, Reconciler
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import ENDPOINT_SLICES, ENDPOINTS, NODES, PODS, SERVICES
from ai4k8s_simcluster.store import Change, Stored
from ai4k8s_simcluster.types import Obj

_TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_SLICE_CONTROLLER = "endpointslice-controller.k8s.io"
_SERVICE_NAME = "kubernetes.io/service-name"
_HEADLESS = "service.kubernetes.io/headless"
_PER_SLICE = 100
_MOST_ENDPOINTS = 1_000
_ZONE = "topology.kubernetes.io/zone"

Ports = tuple[tuple[str, str, int | None, str | None], ...]


class EndpointController(Reconciler):
    """Keeps every Service's Endpoints and EndpointSlices."""

    resource: ClassVar = SERVICES
    component: ClassVar = "endpoint-slice-controller"

    def watches(self) -> Mapping[str, Handler]:
        """Follow Services and the pods behind them; slices that somebody else changed or deleted are put right."""
        return {
            SERVICES.key: self.on_own_change,
            PODS.key: self._on_pod,
            ENDPOINT_SLICES.key: self.on_dependent_change,
        }

    def _on_pod(self, change: Change) -> None:
        before = change.previous
        if before is not None and _seen(before.obj) == _seen(change.stored.obj) and not _left(change):
            return
        for service in self.store.listing(SERVICES, change.stored.namespace):
            selector = service.obj["spec"].get("selector")
            if not selector:
                continue
            for item in (change.stored, before):
                if item is not None and selector.items() <= (item.obj["metadata"].get("labels") or {}).items():
                    self.queue.add((service.namespace, service.name))

    def forget(self, namespace: str, name: str) -> None:
        """Take away the Endpoints of a Service that is gone; its slices go as its dependents."""
        stored = self.store.get(ENDPOINTS, namespace, name)
        if stored is not None and _is_ours(stored.obj):
            self.store.remove(ENDPOINTS, stored.obj)

    def reconcile(self, stored: Stored) -> None:
        """Bring a Service's slices and Endpoints up to date."""
        spec = stored.obj["spec"]
        if is_terminating(stored.obj) or not spec.get("selector") or spec.get("type") == "ExternalName":
            return
        pods = [
            pod
            for pod in self.store.listing(PODS, stored.namespace)
            if spec["selector"].items() <= (pod.obj["metadata"].get("labels") or {}).items()
        ]
        found = [backend for pod in pods if (backend := backend_of(stored.obj, pod)) is not None]
        try:
            self._keep_slices(stored, found)
            self._keep_endpoints(stored, found)
        except ApiError as error:
            if error.code not in {403, 404}:  # the namespace is on its way out
                raise

    def _keep_slices(self, service: Stored, backends: list[Backend]) -> None:
        """Fill slices by the ports that pods offer, a hundred each, changing as few as possible."""
        existing = [
            item
            for item in managed_by(self.context, ENDPOINT_SLICES, service.uid)
            if item.obj["metadata"]["labels"].get(_MANAGED_BY) == _SLICE_CONTROLLER
        ]
        by_ports: dict[Ports, list[Backend]] = {}
        for backend in backends:
            by_ports.setdefault(backend.ports, []).append(backend)
        if not by_ports:
            by_ports = {(): []}
        for ports, members in by_ports.items():
            shown = _shown_ports(ports)
            same = [item for item in existing if item.obj.get("ports") == shown]
            if not members:  # an empty Service keeps one slice, whatever its ports were
                same = existing[:1]
            wanted = self._placed(members, same)
            for item, endpoints in wanted:
                self._write_slice(service, item, endpoints, shown)
                existing = [other for other in existing if item is None or other.name != item.name]
        for item in existing:
            self.store.remove(ENDPOINT_SLICES, item.obj)

    def _placed(self, members: list[Backend], slices: list[Stored]) -> list[tuple[Stored | None, list[Obj]]]:
        """Return which slice has which endpoints: those that are in one stay there, in their order."""
        left = {backend.pod.uid: backend for backend in members}
        placed: list[tuple[Stored | None, list[Obj]]] = []
        for item in slices:
            kept: list[Obj] = []
            for endpoint in item.obj.get("endpoints") or ():
                backend = left.pop((endpoint.get("targetRef") or {}).get("uid", ""), None)
                if backend is not None:
                    kept.append(self._endpoint(backend))
            placed.append((item, kept))
        rest = [self._endpoint(backend) for backend in left.values()]
        for _, kept in placed:
            room = max(_PER_SLICE - len(kept), 0)
            kept.extend(rest[:room])
            rest = rest[room:]
        while rest or not placed:
            placed.append((None, rest[:_PER_SLICE]))
            rest = rest[_PER_SLICE:]
        return [(item, endpoints) for at, (item, endpoints) in enumerate(placed) if endpoints or not at]

    def _endpoint(self, backend: Backend) -> Obj:
        endpoint: Obj = {
            "addresses": [backend.address],
            "conditions": {"ready": backend.ready, "serving": backend.serving, "terminating": backend.terminating},
            "targetRef": backend.reference(),
            "nodeName": backend.node,
        }
        node = self.store.get(NODES, "", backend.node)
        zone = (node.obj["metadata"].get("labels") or {}).get(_ZONE) if node else None
        return {**endpoint, **({"zone": zone} if zone else {})}

    def _write_slice(self, service: Stored, item: Stored | None, endpoints: list[Obj], ports: Any) -> None:
        own = {_MANAGED_BY: _SLICE_CONTROLLER, _SERVICE_NAME: service.name}
        if service.obj["spec"].get("clusterIP") == "None":
            own[_HEADLESS] = ""
        labels = {**(service.obj["metadata"].get("labels") or {}), **own}
        named = [self._with_hostname(service.name, endpoint) for endpoint in endpoints]
        if item is not None:
            same = (item.obj.get("endpoints") or []) == named and item.obj.get("ports") == ports
            if same and item.obj["metadata"]["labels"] == labels:
                return
            metadata = {**item.obj["metadata"], "labels": labels}
            metadata["annotations"] = {_TRIGGER: self.context.timestamp()}
            self.writer.update(
                ENDPOINT_SLICES, item, {**item.obj, "metadata": metadata, "endpoints": named, "ports": ports}
            )
            return
        metadata = {
            "generateName": f"{service.name}-",
            "namespace": service.namespace,
            "labels": labels,
            "annotations": {_TRIGGER: self.context.timestamp()},
            "ownerReferences": [owner_reference(service.obj)],
        }
        self.writer.create(
            ENDPOINT_SLICES, {"metadata": metadata, "addressType": "IPv4", "endpoints": named, "ports": ports}
        )

    def _with_hostname(self, service: str, endpoint: Obj) -> Obj:
        reference = endpoint["targetRef"]
        pod = self.store.get(PODS, reference["namespace"], reference["name"])
        spec = pod.obj["spec"] if pod else {}
        if not spec.get("hostname") or spec.get("subdomain") != service:
            return endpoint
        conditions = {"addresses": endpoint["addresses"], "conditions": endpoint["conditions"]}
        return {**conditions, "hostname": spec["hostname"], **endpoint}

    def _keep_endpoints(self, service: Stored, backends: list[Backend]) -> None:
        subsets = _subsets(service, backends[:_MOST_ENDPOINTS])
        stored = self.store.get(ENDPOINTS, service.namespace, service.name)
        labels = {**(service.obj["metadata"].get("labels") or {})}
        labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller"
        if service.obj["spec"].get("clusterIP") == "None":
            labels[_HEADLESS] = ""
        if stored is not None and (stored.obj.get("subsets") or []) == subsets:
            return
        metadata: Obj = {
            **(stored.obj["metadata"] if stored else {"name": service.name, "namespace": service.namespace}),
            "labels": labels,
            "annotations": {_TRIGGER: self.context.timestamp()},
        }
        endpoints: Obj = {"metadata": metadata, **({"subsets": subsets} if subsets else {})}
        if stored is None:
            self.writer.create(ENDPOINTS, endpoints)
        else:
            whole = {key: value for key, value in stored.obj.items() if key != "subsets"}
            self.writer.update(ENDPOINTS, stored, {**whole, **endpoints})


def _subsets(service: Stored, backends: Iterable[Backend]) -> list[Obj]:
    """Return the addresses by the ports that they offer, ready and not ready apart, in the order of addresses."""
    by_ports: dict[Ports, tuple[list[Obj], list[Obj]]] = {}
    for backend in sorted(backends, key=lambda found: found.address):
        if backend.terminating and not backend.ready:
            continue
        address: Obj = {"ip": backend.address}
        if hostname := backend.hostname(service.name):
            address["hostname"] = hostname
        address |= {"nodeName": backend.node, "targetRef": backend.reference()}
        by_ports.setdefault(backend.ports, ([], []))[not backend.ready].append(address)
    subsets: list[Obj] = []
    for ports, (ready, unready) in by_ports.items():
        subset: Obj = {}
        if ready:
            subset["addresses"] = ready
        if unready:
            subset["notReadyAddresses"] = unready
        subset["ports"] = [
            {**({"name": name} if name else {}), "port": number, "protocol": protocol}
            for name, protocol, number, _ in ports
        ]
        subsets.append(subset)
    return subsets


def _shown_ports(ports: Ports) -> Any:
    if not ports:
        return None
    return [
        {"name": name, "protocol": protocol, "port": number, **({"appProtocol": used} if used else {})}
        for name, protocol, number, used in ports
    ]


def _is_ours(endpoints: Obj) -> bool:
    labels = endpoints["metadata"].get("labels") or {}
    return bool(labels.get("endpoints.kubernetes.io/managed-by") == "endpoint-controller")


def _left(change: Change) -> bool:
    return change.kind.value == "DELETED"


def _seen(pod: Obj) -> tuple[Any, ...]:
    """Return what of a pod an endpoint shows."""
    status = pod.get("status") or {}
    ready = next((c["status"] for c in status.get("conditions") or () if c["type"] == "Ready"), None)
    metadata = pod["metadata"]
    return metadata.get("labels"), status.get("podIP"), ready, status.get("phase"), metadata.get("deletionTimestamp")
