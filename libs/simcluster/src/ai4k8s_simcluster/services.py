"""The addresses and node ports of services: given out once each, kept while they are needed, free again afterwards.

What is taken is read from the services themselves, so there is no second record that could disagree with them.
"""

import ipaddress
import zlib
from collections.abc import Iterator

from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.registry import SERVICES
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.types import Obj

NETWORK = ipaddress.IPv4Network("10.96.0.0/12")
NODE_PORTS = range(30000, 32768)
_RESERVED = 16
_WITH_ADDRESS = {"ClusterIP", "NodePort", "LoadBalancer"}
_WITH_NODE_PORTS = {"NodePort", "LoadBalancer"}
_ADDRESS_FIELDS = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")


def carry_over(old: Obj, new: Obj) -> None:
    """Let a changed Service keep what was allocated to it, and let go of what its type no longer has, in place."""
    before, after = old["spec"], new["spec"]
    kind = after.get("type", "ClusterIP")
    if before.get("type") in _WITH_ADDRESS and kind in _WITH_ADDRESS:
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if not after.get(name) and before.get(name):
                after[name] = before[name]
    if before.get("type") in _WITH_NODE_PORTS and kind in _WITH_NODE_PORTS:
        known = {(port.get("protocol"), port["port"]): port.get("nodePort") for port in before.get("ports") or ()}
        for port in after.get("ports") or ():
            found = known.get((port.get("protocol", "TCP"), port.get("port")))
            if found and not port.get("nodePort"):
                port["nodePort"] = found
    _drop_unneeded(before, after, kind)


def _drop_unneeded(before: Obj, after: Obj, kind: str) -> None:
    if kind == "ExternalName" and before.get("type") != "ExternalName":
        for name in _ADDRESS_FIELDS:
            if after.get(name) == before.get(name):
                after.pop(name, None)
    if kind not in _WITH_NODE_PORTS and before.get("type") in _WITH_NODE_PORTS:
        given = {port.get("nodePort") for port in before.get("ports") or ()}
        for port in after.get("ports") or ():
            if port.get("nodePort") in given:
                port.pop("nodePort", None)
        after.pop("externalTrafficPolicy", None)
    if kind != "LoadBalancer" and before.get("type") == "LoadBalancer":
        after.pop("allocateLoadBalancerNodePorts", None)


class Addresses:
    """Gives services their addresses and node ports."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def allocate(self, service: Obj, old: Obj | None = None) -> list[Cause]:
        """Fill in what a valid Service needs, in place; return why that cannot be."""
        spec = service["spec"]
        causes: list[Cause] = []
        if spec["type"] in _WITH_ADDRESS:
            causes += self._address(service, old)
        if spec["type"] in _WITH_NODE_PORTS and spec.get("allocateLoadBalancerNodePorts", True):
            causes += self._node_ports(spec, old)
        return causes

    def _others(self, old: Obj | None) -> Iterator[Obj]:
        uid = old["metadata"]["uid"] if old else None
        return (found.obj["spec"] for found in self._store.values(SERVICES) if found.uid != uid)

    def _address(self, service: Obj, old: Obj | None) -> list[Cause]:
        spec = service["spec"]
        wanted = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or ()), "")
        if wanted == "None":
            spec["clusterIP"], spec["clusterIPs"] = "None", ["None"]
            if not spec.get("selector") and old is None:
                spec["ipFamilies"], spec["ipFamilyPolicy"] = ["IPv4", "IPv6"], "RequireDualStack"
            return []
        if old and wanted and wanted == old["spec"].get("clusterIP"):
            return []
        taken = {found.get("clusterIP") for found in self._others(old)}
        if not wanted:
            wanted = self._free_address(service["metadata"], taken)
        elif ipaddress.ip_address(wanted) not in NETWORK:
            return [_refused(wanted, "the provided network does not match the current range")]
        elif wanted in taken:
            return [_refused(wanted, "provided IP is already allocated")]
        spec["clusterIP"], spec["clusterIPs"] = wanted, [wanted]
        return []

    def _free_address(self, metadata: Obj, taken: set[str | None]) -> str:
        """Return an address that depends on the service's name, so that the same cluster gets the same ones."""
        usable = NETWORK.num_addresses - _RESERVED - 1
        begin = zlib.crc32(f"{metadata.get('namespace')}/{metadata.get('name')}".encode())
        for step in range(usable):
            found = str(NETWORK.network_address + _RESERVED + (begin + step) % usable)
            if found not in taken:
                return found
        raise OverflowError("every address of the service network is taken")

    def _node_ports(self, spec: Obj, old: Obj | None) -> list[Cause]:
        causes: list[Cause] = []
        taken = {port.get("nodePort") for found in self._others(old) for port in found.get("ports") or ()}
        for at, port in enumerate(spec.get("ports") or ()):
            wanted = port.get("nodePort")
            if not wanted:
                begin = zlib.crc32(f"{spec['clusterIP']}/{port['port']}".encode())
                candidates = (NODE_PORTS[(begin + step) % len(NODE_PORTS)] for step in range(len(NODE_PORTS)))
                wanted = next((number for number in candidates if number not in taken), None)
            detail = ""
            if wanted is None:
                detail = "all node ports are taken"
            elif wanted not in NODE_PORTS:
                detail = "provided port is not in the valid range. The range of valid ports is 30000-32767"
            elif wanted in taken:
                detail = "provided port is already allocated"
            if detail:
                causes.append(Cause.invalid(f"spec.ports[{at}].nodePort", wanted or 0, detail))
                continue
            port["nodePort"] = wanted
            taken.add(wanted)
        return causes


def _refused(address: str, why: str) -> Cause:
    return Cause.invalid("spec.clusterIPs", [address], f"failed to allocate IP {address}: {why}")
