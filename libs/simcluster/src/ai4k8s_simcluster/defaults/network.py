"""What the server fills in of services, endpoints and rules for traffic."""

from ai4k8s_simcluster.defaults.filling import fill, items, part
from ai4k8s_simcluster.types import Obj

_CLIENT_IP_SECONDS = 10800


def default_service(service: Obj) -> None:
    """Fill in a Service; addresses and node ports are allocated apart."""
    spec = service["spec"]
    fill(spec, type="ClusterIP", sessionAffinity="None")
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        fill(part(part(spec, "sessionAffinityConfig"), "clientIP"), timeoutSeconds=_CLIENT_IP_SECONDS)
    for port in items(spec, "ports"):
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in {None, 0, ""}:
            port["targetPort"] = port.get("port")
    if spec["type"] in {"NodePort", "LoadBalancer"}:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec["type"] in {"ClusterIP", "NodePort", "LoadBalancer"}:
        fill(spec, internalTrafficPolicy="Cluster", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    part(service, "status").setdefault("loadBalancer", {})


def default_endpoints(endpoints: Obj) -> None:
    """Fill in Endpoints."""
    for subset in items(endpoints, "subsets"):
        for port in items(subset, "ports"):
            port.setdefault("protocol", "TCP")


def default_endpoint_slice(endpoint_slice: Obj) -> None:
    """Fill in an EndpointSlice."""
    endpoint_slice.setdefault("endpoints", None)
    endpoint_slice.setdefault("ports", None)
    for endpoint in items(endpoint_slice, "endpoints"):
        endpoint.setdefault("conditions", {})
    for port in items(endpoint_slice, "ports"):
        fill(port, name="", protocol="TCP")


def default_ingress(ingress: Obj) -> None:
    """Fill in an Ingress."""
    part(ingress, "status").setdefault("loadBalancer", {})


def default_ingress_class(ingress_class: Obj) -> None:
    """Fill in an IngressClass."""
    parameters = (ingress_class.get("spec") or {}).get("parameters")
    if isinstance(parameters, dict):
        parameters.setdefault("scope", "Cluster")


def default_network_policy(policy: Obj) -> None:
    """Fill in a NetworkPolicy: it is about ingress, and about egress where it has rules for it."""
    spec = policy["spec"]
    for rule in [*items(spec, "ingress"), *items(spec, "egress")]:
        for port in items(rule, "ports"):
            port.setdefault("protocol", "TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
