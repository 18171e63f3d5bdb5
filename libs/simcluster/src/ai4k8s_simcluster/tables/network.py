"""How services, endpoints and rules for traffic are shown."""

from typing import Any

from ai4k8s_simcluster.selectors import write_selector
from ai4k8s_simcluster.tables.layout import AGE, NAME, NONE, UNSET, Column, Layout, created, few, name_of, pairs, wide
from ai4k8s_simcluster.types import Obj

_SERVICE = "core.v1.ServiceSpec."


def _port(port: Obj) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}"


def _balancers(obj: Obj) -> list[str]:
    found = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [str(one.get("ip") or one.get("hostname")) for one in found]


def _external(obj: Obj) -> str:
    spec = obj["spec"]
    addresses = list(spec.get("externalIPs") or ())
    match spec["type"]:
        case "LoadBalancer":
            return ",".join([*_balancers(obj), *addresses]) or "<pending>"
        case "ExternalName":
            return str(spec.get("externalName"))
    return ",".join(addresses) or NONE


def _service(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    return [
        name_of(obj),
        spec["type"],
        spec.get("clusterIP") or NONE,
        _external(obj),
        ",".join(_port(port) for port in spec.get("ports") or ()) or NONE,
        created(obj, now),
        pairs(spec.get("selector")),
    ]


def _endpoints(obj: Obj, now: float) -> list[Any]:
    found = []
    for subset in obj.get("subsets") or ():
        ports = subset.get("ports") or [{}]
        addresses = subset.get("addresses") or ()
        found += [
            f"{address['ip']}:{port['port']}" if port else address["ip"] for port in ports for address in addresses
        ]
    return [name_of(obj), few(found) or NONE, created(obj, now)]


def _endpoint_slice(obj: Obj, now: float) -> list[Any]:
    ports = [str(port.get("port", "*")) for port in obj.get("ports") or ()]
    addresses = [address for endpoint in obj.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    return [name_of(obj), obj.get("addressType"), few(ports) or UNSET, few(addresses) or UNSET, created(obj, now)]


def _ingress(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    return [
        name_of(obj),
        spec.get("ingressClassName") or NONE,
        few(hosts) or "*",
        ",".join(_balancers(obj)),
        "80, 443" if spec.get("tls") else "80",
        created(obj, now),
    ]


def _ingress_class(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    parameters = spec.get("parameters")
    shown = NONE
    if parameters:
        group = parameters.get("apiGroup")
        shown = f"{parameters['kind']}{'.' + group if group else ''}/{parameters['name']}"
    return [name_of(obj), spec.get("controller", ""), shown, created(obj, now)]


def _network_policy(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), write_selector(obj["spec"].get("podSelector")) or NONE, created(obj, now)]


LAYOUTS = {
    "Service": Layout(
        (
            NAME,
            Column("Type", field=_SERVICE + "type"),
            Column("Cluster-IP", field=_SERVICE + "clusterIP"),
            Column("External-IP", field=_SERVICE + "externalIPs"),
            Column("Port(s)", field=_SERVICE + "ports"),
            AGE,
            wide("Selector", _SERVICE + "selector"),
        ),
        _service,
    ),
    "Endpoints": Layout((NAME, Column("Endpoints", field="core.v1.Endpoints.subsets"), AGE), _endpoints),
    "EndpointSlice": Layout(
        (
            NAME,
            Column("AddressType", field="discovery.v1.EndpointSlice.addressType"),
            Column("Ports", field="discovery.v1.EndpointSlice.ports"),
            Column("Endpoints", field="discovery.v1.EndpointSlice.endpoints"),
            AGE,
        ),
        _endpoint_slice,
    ),
    "Ingress": Layout(
        (
            NAME,
            Column(
                "Class", text="The name of the IngressClass resource that should be used for additional configuration"
            ),
            Column("Hosts", text="Hosts that incoming requests are matched against before the ingress rule"),
            Column("Address", text="Address is a list containing ingress points for the load-balancer"),
            Column("Ports", text="Ports of TLS configurations that open"),
            AGE,
        ),
        _ingress,
    ),
    "IngressClass": Layout(
        (
            NAME,
            Column("Controller", text="Controller that is responsible for handling this class"),
            Column("Parameters", text="A reference to a resource with additional parameters"),
            AGE,
        ),
        _ingress_class,
    ),
    "NetworkPolicy": Layout(
        (NAME, Column("Pod-Selector", field="networking.v1.NetworkPolicySpec.podSelector"), AGE), _network_policy
    ),
}
