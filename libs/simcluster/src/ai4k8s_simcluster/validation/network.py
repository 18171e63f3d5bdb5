"""What is wrong with services, endpoints and rules for traffic."""

import ipaddress
from typing import Any

from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.validation import rules

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_BAD_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_BAD_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
_MOST_ENDPOINTS = 1000


def _address(path: str, value: str) -> rules.Causes:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return [Cause.invalid(path, value, _BAD_IP)]
    return []


def _network(path: str, value: str) -> rules.Causes:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return [Cause.invalid(path, value, _BAD_CIDR)]
    if "/" not in value:
        return [Cause.invalid(path, value, _BAD_CIDR)]
    return []


def check_service(obj: Obj) -> rules.Causes:
    """Check a Service."""
    spec = obj["spec"]
    kind, ports = spec.get("type"), spec.get("ports") or []
    headless = spec.get("clusterIP") == "None"
    causes: rules.Causes = []
    if not ports and not headless and kind != "ExternalName":
        causes.append(Cause.required("spec.ports"))
    if kind == "LoadBalancer" and headless:
        causes.append(Cause.invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for LoadBalancer services"))
    if kind == "NodePort" and headless:
        causes.append(Cause.invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for NodePort services"))
    if kind == "ExternalName":
        causes += _external_name(spec)
    names: set[str] = set()
    for at, port in enumerate(ports):
        causes += _service_port(f"spec.ports[{at}]", port, names, several=len(ports) > 1)
    causes += rules.labels("spec.selector", spec.get("selector"))
    causes += rules.one_of("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None"))
    causes += _cluster_ips(spec)
    for at, address in enumerate(spec.get("externalIPs") or ()):
        causes += _address(f"spec.externalIPs[{at}]", address)
    causes += rules.one_of("spec.type", kind, _TYPES)
    return causes + _port_uses(ports, kind) + _policies(spec)


def _external_name(spec: Obj) -> rules.Causes:
    causes: rules.Causes = []
    if spec.get("clusterIPs"):
        causes.append(Cause.forbidden("spec.clusterIPs[0]", "may not be set for ExternalName services"))
    name = str(spec.get("externalName") or "").rstrip(".")
    if not name:
        return [*causes, Cause.required("spec.externalName")]
    return causes + rules.refused("spec.externalName", name, rules.subdomain(name))


def _service_port(path: str, port: Obj, names: set[str], *, several: bool) -> rules.Causes:
    causes: rules.Causes = []
    name = port.get("name")
    if several and not name:
        causes.append(Cause.required(f"{path}.name"))
    elif name:
        causes += rules.refused(f"{path}.name", name, rules.label(name))
        if name in names:
            causes.append(Cause.duplicate(f"{path}.name", name))
        names.add(name)
    causes += rules.port(f"{path}.port", port.get("port", 0))
    causes += rules.one_of(f"{path}.protocol", port.get("protocol"), _PROTOCOLS)
    return causes + rules.port_or_name(f"{path}.targetPort", port.get("targetPort"))


def _cluster_ips(spec: Obj) -> rules.Causes:
    causes: rules.Causes = []
    found = spec.get("clusterIPs") or ([spec["clusterIP"]] if spec.get("clusterIP") else [])
    if spec.get("clusterIP") and spec.get("clusterIPs") and spec["clusterIP"] != spec["clusterIPs"][0]:
        causes.append(Cause.invalid("spec.clusterIPs", spec["clusterIPs"], "first value must match `clusterIP`"))
    for at, address in enumerate(found):
        if address != "None":
            causes += _address(f"spec.clusterIPs[{at}]", address)
    return causes


def _port_uses(ports: list[Obj], kind: Any) -> rules.Causes:
    causes: rules.Causes = []
    if kind == "ClusterIP":
        detail = "may not be used when `type` is 'ClusterIP'"
        causes += [
            Cause.forbidden(f"spec.ports[{at}].nodePort", detail)
            for at, port in enumerate(ports)
            if port.get("nodePort")
        ]
    seen: set[tuple[Any, Any]] = set()
    node_ports: set[tuple[Any, Any]] = set()
    for at, port in enumerate(ports):
        node_port = (port.get("protocol"), port.get("nodePort"))
        if port.get("nodePort") and node_port in node_ports:
            causes.append(Cause.duplicate(f"spec.ports[{at}]", _internal(Protocol=node_port[0], NodePort=node_port[1])))
        node_ports.add(node_port)
    for at, port in enumerate(ports):
        key = (port.get("protocol"), port.get("port"))
        if key in seen:
            causes.append(Cause.duplicate(f"spec.ports[{at}]", _internal(Protocol=key[0], Port=key[1])))
        seen.add(key)
    return causes


def _internal(**fields: Any) -> Obj:
    """Return a port as the server's internal type shows it, with only some fields set."""
    bare = {"Name": "", "Protocol": "", "AppProtocol": None, "Port": 0, "TargetPort": 0, "NodePort": 0}
    return {**bare, **fields}


def _policies(spec: Obj) -> rules.Causes:
    causes: rules.Causes = []
    external, internal = spec.get("externalTrafficPolicy"), spec.get("internalTrafficPolicy")
    if external is not None:
        if spec.get("type") not in {"NodePort", "LoadBalancer"} and not spec.get("externalIPs"):
            detail = "may only be set for externally-accessible services"
            causes.append(Cause.invalid("spec.externalTrafficPolicy", external, detail))
        causes += rules.one_of("spec.externalTrafficPolicy", external, ("Cluster", "Local"))
    if internal is not None:
        causes += rules.one_of("spec.internalTrafficPolicy", internal, ("Cluster", "Local"))
    return causes


def check_service_change(old: Obj, new: Obj) -> rules.Causes:
    """Return what is wrong with changing a Service: its address stays as long as it needs one."""
    before, after = old["spec"], new["spec"]
    needs = before.get("type") != "ExternalName" and after.get("type") != "ExternalName"
    if not needs or not before.get("clusterIP") or before.get("clusterIP") == after.get("clusterIP"):
        return []
    return [Cause.invalid("spec.clusterIPs[0]", after.get("clusterIPs"), "may not change once set")]


def _endpoint_address(path: str, value: str) -> rules.Causes:
    causes = _address(path, value)
    if causes:
        return causes
    found = ipaddress.ip_address(value)
    if found.is_unspecified:
        causes.append(Cause.invalid(path, value, f"may not be unspecified ({value})"))
    if found.is_loopback:
        causes.append(Cause.invalid(path, value, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if found.is_link_local:
        detail = "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
        causes.append(Cause.invalid(path, value, detail))
    if found.is_multicast:
        detail = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        causes.append(Cause.invalid(path, value, detail))
    return causes


def check_endpoints(obj: Obj) -> rules.Causes:
    """Check Endpoints."""
    causes: rules.Causes = []
    for at, subset in enumerate(obj.get("subsets") or ()):
        path = f"subsets[{at}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            causes.append(Cause.required(path, "must specify `addresses` or `notReadyAddresses`"))
        for part in ("addresses", "notReadyAddresses"):
            for number, address in enumerate(subset.get(part) or ()):
                causes += _endpoint_address(f"{path}.{part}[{number}].ip", address.get("ip", ""))
        ports = subset.get("ports") or []
        for number, port in enumerate(ports):
            if len(ports) > 1 and not port.get("name"):
                causes.append(Cause.required(f"{path}.ports[{number}].name"))
            causes += rules.port(f"{path}.ports[{number}].port", port.get("port", 0))
            causes += rules.one_of(f"{path}.ports[{number}].protocol", port.get("protocol"), _PROTOCOLS)
    return causes


def check_endpoint_slice(obj: Obj) -> rules.Causes:
    """Check an EndpointSlice."""
    kind = obj.get("addressType")
    causes: rules.Causes = []
    if not kind:
        causes.append(Cause.required("addressType"))
    else:
        causes += rules.one_of("addressType", kind, _ADDRESS_TYPES)
    endpoints = obj.get("endpoints") or []
    if len(endpoints) > _MOST_ENDPOINTS:
        message = f"Too many: {len(endpoints)}: must have at most {_MOST_ENDPOINTS} items"
        return [*causes, Cause("endpoints", "FieldValueTooMany", message)]
    for at, endpoint in enumerate(endpoints):
        addresses = endpoint.get("addresses") or []
        if not addresses:
            causes.append(Cause.required(f"endpoints[{at}].addresses", "must contain at least 1 address"))
        if kind in {"IPv4", "IPv6"}:
            for number, address in enumerate(addresses):
                causes += _endpoint_address(f"endpoints[{at}].addresses[{number}]", address)
    for at, port in enumerate(obj.get("ports") or ()):
        causes += rules.one_of(f"ports[{at}].protocol", port.get("protocol"), _PROTOCOLS)
    return causes


def check_endpoint_slice_change(old: Obj, new: Obj) -> rules.Causes:
    """Return what is wrong with changing an EndpointSlice."""
    before, after = old.get("addressType"), new.get("addressType")
    return [] if before == after else [Cause.invalid("addressType", after, rules.IMMUTABLE)]


def check_network_policy(obj: Obj) -> rules.Causes:
    """Check a NetworkPolicy."""
    spec = obj["spec"]
    causes = rules.label_selector("spec.podSelector", spec.get("podSelector"))
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for at, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{at}]"
            for number, port in enumerate(rule.get("ports") or ()):
                causes += _policy_port(f"{path}.ports[{number}]", port)
            for number, peer in enumerate(rule.get(peers) or ()):
                causes += _peer(f"{path}.{peers}[{number}]", peer)
    types = spec.get("policyTypes") or []
    if len(types) > 2:
        detail = "may not specify more than two policyTypes"
        return [*causes, Cause.invalid("spec.policyTypes", types, detail)]
    for at, kind in enumerate(types):
        causes += rules.one_of(f"spec.policyTypes[{at}]", kind, ("Ingress", "Egress"))
    return causes


def _policy_port(path: str, port: Obj) -> rules.Causes:
    causes = rules.one_of(f"{path}.protocol", port.get("protocol"), _PROTOCOLS)
    if port.get("port") is not None:
        causes += rules.port_or_name(f"{path}.port", port["port"])
        end = port.get("endPort")
        if end is not None and isinstance(port["port"], int) and end < port["port"]:
            causes.append(Cause.invalid(f"{path}.endPort", port["port"], "must be greater than or equal to `port`"))
    elif port.get("endPort") is not None:
        detail = "may not be specified when `port` is not specified"
        causes.append(Cause.invalid(f"{path}.endPort", port["endPort"], detail))
    return causes


def _peer(path: str, peer: Obj) -> rules.Causes:
    causes: rules.Causes = []
    for name in ("podSelector", "namespaceSelector"):
        if peer.get(name) is not None:
            causes += rules.label_selector(f"{path}.{name}", peer[name])
    block = peer.get("ipBlock")
    if block is not None:
        causes += (
            _network(f"{path}.ipBlock.cidr", block.get("cidr", ""))
            if block.get("cidr")
            else [Cause.required(f"{path}.ipBlock.cidr")]
        )
        for at, exception in enumerate(block.get("except") or ()):
            causes += _network(f"{path}.ipBlock.except[{at}]", exception)
    given = [name for name in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(name) is not None]
    if not given:
        causes.append(Cause.required(path, "must specify a peer"))
    elif block is not None and len(given) > 1:
        causes.append(Cause.forbidden(path, "may not specify both ipBlock and another peer"))
    return causes


def check_ingress(obj: Obj) -> rules.Causes:
    """Check an Ingress."""
    spec = obj.get("spec") or {}
    causes: rules.Causes = []
    if not spec.get("rules") and not spec.get("defaultBackend"):
        detail = "either `defaultBackend` or `rules` must be specified"
        causes.append(Cause.invalid("spec", spec.get("rules"), detail))
    if spec.get("defaultBackend"):
        causes += _backend("spec.defaultBackend", spec["defaultBackend"])
    for at, rule in enumerate(spec.get("rules") or ()):
        path, host = f"spec.rules[{at}]", rule.get("host")
        if host:
            bare = host.removeprefix("*.")
            causes += rules.refused(f"{path}.host", host, rules.subdomain(bare))
        if rule.get("http") is not None:
            causes += _paths(f"{path}.http.paths", rule["http"].get("paths") or [])
    if spec.get("ingressClassName") is not None:
        name = spec["ingressClassName"]
        causes += rules.refused("spec.ingressClassName", name, rules.subdomain(name))
    return causes


def _paths(path: str, paths: list[Obj]) -> rules.Causes:
    if not paths:
        return [Cause.required(path)]
    causes: rules.Causes = []
    for at, found in enumerate(paths):
        where, kind = f"{path}[{at}]", found.get("pathType")
        if kind is None:
            causes.append(Cause.required(f"{where}.pathType", "pathType must be specified"))
        elif kind not in _PATH_TYPES:
            causes.append(Cause.unsupported(f"{where}.pathType", kind, _PATH_TYPES))
        text = found.get("path", "")
        if (kind in {"Exact", "Prefix"} or text) and not text.startswith("/"):
            causes.append(Cause.invalid(f"{where}.path", text, "must be an absolute path"))
        causes += _backend(f"{where}.backend", found.get("backend") or {})
    return causes


def _backend(path: str, backend: Obj) -> rules.Causes:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        return [Cause.invalid(path, "", "cannot set both resource and service backends")]
    if service is None and resource is None:
        return [Cause.required(path, "resource or service backend is required")]
    if service is None:
        return []
    causes: rules.Causes = []
    if not service.get("name"):
        causes.append(Cause.required(f"{path}.service.name"))
    else:
        causes += rules.refused(f"{path}.service.name", service["name"], rules.label_1035(service["name"]))
    port = service.get("port") or {}
    if port.get("name") and port.get("number"):
        causes.append(Cause.invalid(path, "", "cannot set both port name & port number"))
    elif port.get("name"):
        causes += rules.refused(f"{path}.service.port.name", port["name"], rules.port_name(port["name"]))
    elif port.get("number"):
        causes += rules.port(f"{path}.service.port.number", port["number"])
    else:
        causes.append(Cause.required(path, "port name or number is required"))
    return causes
