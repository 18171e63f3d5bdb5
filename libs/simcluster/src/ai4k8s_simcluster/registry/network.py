"""How traffic finds pods: ingresses, policies, endpoint slices."""

from ai4k8s_simcluster.registry.model import Family, ResourceType

_NETWORKING = Family("networking.k8s.io", "v1", "io.k8s.api.networking.v1")
_DISCOVERY = Family("discovery.k8s.io", "v1", "io.k8s.api.discovery.v1")

INGRESS_CLASSES = _NETWORKING.resource("ingressclasses", "IngressClass", namespaced=False, generation=True)
INGRESSES = _NETWORKING.resource("ingresses", "Ingress", short=("ing",), status=True, generation=True)
NETWORK_POLICIES = _NETWORKING.resource("networkpolicies", "NetworkPolicy", short=("netpol",), generation=True)
ENDPOINT_SLICES = _DISCOVERY.resource("endpointslices", "EndpointSlice", generation=True)

NETWORKING_TYPES: tuple[ResourceType, ...] = (INGRESS_CLASSES, INGRESSES, NETWORK_POLICIES)
DISCOVERY_TYPES: tuple[ResourceType, ...] = (ENDPOINT_SLICES,)
