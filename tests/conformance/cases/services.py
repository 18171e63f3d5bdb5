"""Services, their addresses and endpoints; Ingress and NetworkPolicy as objects."""

from __future__ import annotations

from tests.conformance.case import Case, Mode, columns, given, is_exactly, kubectl, matches, refused, row, says, warns
from tests.conformance.manifests import deployment, service

_SERVICE = "kubernetes.io/docs/concepts/services-networking/service"
_SLICES = "kubernetes.io/docs/concepts/services-networking/endpoint-slices"

CASES = [
    Case(
        "service gets an address",
        Mode.WRITE,
        "recorded: services-endpoints 1",
        (
            given(service()),
            kubectl(
                "get svc $ID -o wide",
                columns("NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"),
                matches(r"^$ID\s+ClusterIP\s+\d+\.\d+\.\d+\.\d+\s+<none>\s+80/TCP\s+\S+\s+app=$ID$"),
            ),
        ),
    ),
    Case(
        "service address cannot be changed",
        Mode.WRITE,
        "recorded: services-endpoints 5",
        (
            given(service()),
            refused(
                'patch svc $ID --type=merge -p \'{"spec":{"clusterIP":"10.0.0.199","clusterIPs":["10.0.0.199"]}}\'',
                "spec.clusterIPs[0]: Invalid value",
            ),
        ),
    ),
    Case(
        "node port is given from the range",
        Mode.WRITE,
        _SERVICE,
        (
            given(service(spec="{type: NodePort}")),
            kubectl("get svc $ID -o jsonpath='{.spec.ports[0].nodePort}'", matches(r"^3[0-2]\d{3}$")),
            kubectl('patch svc $ID -p \'{"spec":{"type":"ClusterIP"}}\''),
            kubectl("get svc $ID -o jsonpath='{.spec.type}{.spec.ports[0].nodePort}'", is_exactly("ClusterIP")),
        ),
    ),
    Case(
        "node port outside the range",
        Mode.WRITE,
        "recorded: services-endpoints 8",
        (
            refused(
                "apply -f -",
                "provided port is not in the valid range",
                stdin='{apiVersion: v1, kind: Service, metadata: {name: "$ID"}, '
                "spec: {type: NodePort, ports: [{port: 80, nodePort: 80}]}}",
            ),
        ),
    ),
    Case(
        "load balancer waits for its address",
        Mode.WRITE,
        "recorded: table-output 8",
        (
            kubectl("create service loadbalancer $ID --tcp=80"),
            kubectl("get svc $ID", matches(r"^$ID\s+LoadBalancer\s+\S+\s+\S+\s+80:3[0-2]\d{3}/TCP")),
        ),
    ),
    Case(
        "headless service",
        Mode.WRITE,
        "recorded: object-defaults 10",
        (
            kubectl("create service clusterip $ID --clusterip=None"),
            kubectl("get svc $ID", row("$ID", "ClusterIP", "None", "<none>", "<none>")),
        ),
    ),
    Case(
        "external name",
        Mode.WRITE,
        "recorded: kubectl-create 11",
        (
            kubectl("create service externalname $ID --external-name=a.example.com", is_exactly("service/$ID created")),
            kubectl("get svc $ID", row("$ID", "ExternalName", "<none>", "a.example.com")),
        ),
    ),
    Case(
        "two ports need names",
        Mode.WRITE,
        "recorded: services-endpoints 7",
        (
            refused(
                "apply -f -",
                "spec.ports[0].name: Required value",
                stdin='{apiVersion: v1, kind: Service, metadata: {name: "$ID"}, spec: {ports: [{port: 80}, {port: 81}]}}',
            ),
        ),
    ),
    Case(
        "endpoint slices follow ready pods",
        Mode.WRITE,
        _SLICES,
        (
            given(service(), deployment(replicas=2)),
            kubectl(
                "get endpointslices -l kubernetes.io/service-name=$ID",
                columns("NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"),
                matches(r"^$ID-\S+\s+IPv4\s+8080\s+[\d.]+,[\d.]+\s"),
                within=60,
            ),
            kubectl("scale deploy/$ID --replicas=1"),
            kubectl(
                "get endpointslices -l kubernetes.io/service-name=$ID -o jsonpath='{.items[0].endpoints[*].targetRef.kind}'",
                is_exactly("Pod"),
                within=30,
            ),
        ),
    ),
    Case(
        "endpoints are still there, with a warning",
        Mode.WRITE,
        "recorded: kubectl-get 23",
        (
            given(service(), deployment()),
            kubectl(
                "get endpoints $ID",
                warns("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
                matches(r"^$ID\s+[\d.]+:8080\s"),
                within=60,
            ),
        ),
    ),
    Case(
        "describe a service",
        Mode.WRITE,
        "recorded: kubectl-get 74",
        (
            given(service()),
            kubectl(
                "describe svc $ID",
                matches(r"Type:\s+ClusterIP"),
                matches(r"Selector:\s+app=$ID"),
                matches(r"TargetPort:\s+8080/TCP"),
                matches(r"Session Affinity:\s+None"),
            ),
        ),
    ),
    Case(
        "expose a deployment",
        Mode.WRITE,
        "kubernetes.io/docs/reference/kubectl/generated/kubectl_expose",
        (
            given(deployment(replicas=0)),
            kubectl("expose deploy $ID --port=80 --target-port=8080", is_exactly("service/$ID exposed")),
            kubectl(
                "get svc $ID -o jsonpath='{.spec.selector.app} {.spec.ports[0].targetPort}'", is_exactly("$ID 8080")
            ),
        ),
    ),
    Case(
        "ingress",
        Mode.WRITE,
        "recorded: table-output 23",
        (
            kubectl(
                "create ingress $ID --rule='a.example.com/*=web:80'",
                is_exactly("ingress.networking.k8s.io/$ID created"),
            ),
            kubectl(
                "get ingress $ID",
                row("NAME", "CLASS", "HOSTS", "ADDRESS", "PORTS", "AGE"),
                row("$ID", "<none>", "a.example.com"),
            ),
        ),
    ),
    Case(
        "network policy",
        Mode.WRITE,
        "recorded: table-output 22",
        (
            given(
                '{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: "$ID"}, '
                "spec: {podSelector: {matchLabels: {a: b}}}}"
            ),
            kubectl("get netpol $ID", columns("NAME", "POD-SELECTOR", "AGE"), row("$ID", "a=b")),
            kubectl("get netpol $ID -o jsonpath='{.spec.policyTypes[*]}'", is_exactly("Ingress")),
        ),
    ),
    Case(
        "persistent volume claim waits",
        Mode.WRITE,
        "recorded: table-output 21",
        (
            given(
                '{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: "$ID"}, spec: {accessModes: [ReadWriteOnce], '
                "storageClassName: no-such-class, resources: {requests: {storage: 1Gi}}}}"
            ),
            kubectl("get pvc $ID", says("no-such-class"), row("$ID", "Pending")),
        ),
    ),
]
