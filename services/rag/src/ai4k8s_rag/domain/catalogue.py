"""Every rule by its name: which check it belongs to, how bad it is, and its title."""

from __future__ import annotations

from dataclasses import dataclass

from ai4k8s_rag.domain.findings import Layer, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """What is known of a rule before it finds anything."""

    layer: Layer
    severity: Severity
    title: str


_SYNTAX, _SCHEMA, _MEANING, _POLICY = Layer.SYNTAX, Layer.SCHEMA, Layer.MEANING, Layer.POLICY

_LINES = """
syntax.yaml error The text is not YAML
syntax.too-large error The text, or what its aliases grow to, is too large
syntax.too-deep error The text is nested too deep
syntax.duplicate-key error A key is written twice in one mapping
syntax.not-an-object error A document is not a Kubernetes object
schema.unknown-kind info No schema is known for the kind
schema.unknown-field error A field does not exist
schema.required error A required field is missing
schema.type error A value is of the wrong type
schema.enum error A value is none of those allowed
schema.range error A number or length is out of its range
schema.pattern error A text does not have the required form
schema.quantity error A quantity cannot be read
schema.duplicate error Two items of a list have the same key
meaning.name-missing error An object has no name
meaning.name error A name is not allowed
meaning.label error A label is not allowed
meaning.annotation error An annotation is not allowed
meaning.namespace-of-cluster-kind warning A cluster-wide object names a namespace
meaning.duplicate-object error An object is defined twice
meaning.api-removed error The API version is not served any more
meaning.api-too-new error The API version does not exist yet
meaning.api-deprecated warning The API version will be removed
meaning.selector-mismatch error The selector does not match the pods of its own template
meaning.selector-empty error The selector selects nothing or everything
meaning.restart-policy error The restart policy is not allowed here
meaning.strategy error The update strategy contradicts itself
meaning.container-name error A container's name is not allowed or used twice
meaning.no-containers error There is no container
meaning.image error An image reference cannot be read
meaning.port-name error A port's name is not allowed or used twice
meaning.port-conflict error Two ports collide
meaning.probe error A probe is incomplete or contradicts itself
meaning.probe-port error A probe asks a port that does not exist
meaning.volume-unknown error A mount names a volume that does not exist
meaning.volume-unused warning A volume is not mounted anywhere
meaning.volume-source error A volume has no source or several
meaning.volume-name error A volume's name is not allowed or used twice
meaning.mount-path error A mount path is not allowed or used twice
meaning.request-over-limit error A request is larger than its limit
meaning.resource-negative error A resource quantity is negative
meaning.resource-name error There is no such resource
meaning.resource-suspicious warning A resource quantity is hardly meant as written
meaning.env error An environment variable is not allowed or contradicts itself
meaning.env-duplicate warning An environment variable is set twice
meaning.key-missing error A key is read from an object that does not have it
meaning.reference-missing warning A referenced object is not among those of its kind here
meaning.service-selects-nothing warning A Service selects no pods of this text
meaning.service-port error A Service's ports are not allowed
meaning.service-target-port warning A Service's target port is no port of its pods
meaning.service-type error A Service's fields contradict its type
meaning.ingress error An Ingress is not complete
meaning.ingress-port error An Ingress asks a port that its Service does not have
meaning.host error A host name is not allowed
meaning.hpa-bounds error The least number of pods is above the largest
meaning.hpa-metric error A metric of an autoscaler is not complete
meaning.hpa-no-request error An autoscaler measures against requests that are not set
meaning.hpa-static-replicas warning Replicas are set although an autoscaler owns them
meaning.hpa-twice warning Two autoscalers own the same workload
meaning.vpa-bounds error The least allowed is above the most
meaning.vpa-with-hpa warning A VPA and an HPA act on the same resource
meaning.pdb error A disruption budget contradicts itself
meaning.pdb-blocks warning A disruption budget forbids every eviction
meaning.pdb-selects-nothing warning A disruption budget selects no pods of this text
meaning.cron error A schedule cannot be read
meaning.cron-never warning A schedule never comes
meaning.time-zone error There is no such time zone
meaning.job error A Job contradicts itself
meaning.statefulset-service warning A StatefulSet's Service is not headless
meaning.pvc error A claim is not complete
meaning.pv error A volume is not complete
meaning.data-key error A key of the data is not allowed
meaning.data-twice error A key is in two parts of the data
meaning.data-too-large error The data are larger than an object may be
meaning.secret-base64 error Secret data are not base64
meaning.network-policy error A NetworkPolicy cannot be read
meaning.network-policy-type warning Rules of a NetworkPolicy have no effect
meaning.cidr error An address range cannot be read
meaning.role-rule error A rule of a role is not complete
meaning.role-binding error A binding is not complete
meaning.quota error A quota or limit range contradicts itself
meaning.toleration error A toleration contradicts itself
meaning.spread error A spread constraint is not complete
policy.privileged error A container is privileged
policy.host-namespaces error A pod shares the host's network, processes or memory
policy.host-path error A pod mounts a path of the host
policy.host-port error A pod takes a port of the host
policy.capabilities error A capability beyond the baseline is added
policy.proc-mount error /proc is not masked
policy.seccomp-unconfined error The seccomp profile is switched off
policy.apparmor-unconfined error The AppArmor profile is switched off
policy.selinux error An SELinux type or user is set that is not allowed
policy.sysctl error A kernel parameter is set that is not safe
policy.windows-host-process error A container runs as a process of the host
policy.host-probe error A probe or hook asks another host
policy.run-as-root error A container may run as root
policy.privilege-escalation error A process may gain more privileges
policy.drop-capabilities error Capabilities are not dropped
policy.seccomp-missing error No seccomp profile is set
policy.volume-type error A kind of volume is used that the restricted profile forbids
policy.image-tag warning An image is not pinned to a version
policy.no-requests warning A container has no requests
policy.no-memory-limit warning A container has no memory limit
policy.no-readiness info Traffic reaches pods that may not be ready
policy.no-pdb info Nothing keeps some pods alive through evictions
policy.no-spread info All pods may end on one node
policy.secret-in-env warning A secret is written in an environment variable
policy.secret-in-configmap warning A secret is written in a ConfigMap
policy.secret-in-text warning A secret's value stands in the text
policy.rbac-wildcard warning A role allows everything of something
policy.rbac-escalation warning A role lets its holder take more rights
policy.rbac-secrets warning A role reads all Secrets
policy.rbac-exec warning A role runs commands in all pods
policy.rbac-cluster-admin warning A binding makes somebody master of the cluster
policy.rbac-anonymous error A binding gives rights to everybody
policy.suspicious-command error A command opens a door to strangers
policy.unpinned-script warning A command runs what it just downloaded
policy.open-network info A policy lets everybody in
"""

_LAYERS = {"syntax": _SYNTAX, "schema": _SCHEMA, "meaning": _MEANING, "policy": _POLICY}

RULES: dict[str, Rule] = {
    name: Rule(_LAYERS[name.partition(".")[0]], Severity(severity), title)
    for name, severity, title in (line.split(" ", 2) for line in _LINES.strip().splitlines())
}

# Pod Security Standards: errors where the profile asks for them, else advice (restricted) under baseline.
BASELINE = frozenset(
    {
        "policy.privileged",
        "policy.host-namespaces",
        "policy.host-path",
        "policy.host-port",
        "policy.capabilities",
        "policy.proc-mount",
        "policy.seccomp-unconfined",
        "policy.apparmor-unconfined",
        "policy.selinux",
        "policy.sysctl",
        "policy.windows-host-process",
        "policy.host-probe",
    }
)
RESTRICTED = frozenset(
    {
        "policy.run-as-root",
        "policy.privilege-escalation",
        "policy.drop-capabilities",
        "policy.seccomp-missing",
        "policy.volume-type",
    }
)
