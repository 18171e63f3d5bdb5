"""Single questions to a cluster, each one line of a connection test. What fails says what to do about it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from ai4k8s_collector.backfill import RULES_HINT
from ai4k8s_common.errors import Ai4k8sError, NotFoundError
from ai4k8s_common.kube.addresses import check_address, parse_endpoint
from ai4k8s_common.kube.errors import KubeForbiddenError, KubeNotFoundError, KubeTlsError
from ai4k8s_common.kube.granting import Missing, how_to_grant
from ai4k8s_common.kube.prometheus import PrometheusClient
from ai4k8s_common.kube.rights import Access, Feature
from ai4k8s_common.kube.transport import Target, Timeouts
from ai4k8s_common.kube.types import POD_METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ai4k8s_common.kube.addresses import AccessPolicy
    from ai4k8s_common.kube.bastion import Tunnel
    from ai4k8s_common.kube.client import KubeClient
    from ai4k8s_common.kube.credentials import ClusterCredential
    from ai4k8s_common.kube.rights import Right

QUICK = Timeouts(connect_seconds=3.0, read_seconds=5.0, total_seconds=6.0)
# Of kube-state-metrics: one number, however large the cluster is.
PRESENCE = "count(kube_deployment_spec_replicas)"
GRANT_HINT = "Apply the roles of docs/rights.md, which the page 'Add a cluster' prints too."
NAMESPACES_ASKED = 10
# Of what chat reads and plans write there are a hundred rules: asking for each in each namespace would take minutes.
NAMESPACES_ASKED_FOR_MANY = 2


class NotOfferedError(NotFoundError):
    """The cluster does not have this at all, which is no fault."""

    code = "not_offered"


def tunnel_of(credential: ClusterCredential, policy: AccessPolicy) -> Tunnel | None:
    """Return the way through the bastion, if there is one."""
    if credential.bastion is None:
        return None
    return Target.of_cluster(credential, policy, QUICK).tunnel


def enter_bastion(credential: ClusterCredential, policy: AccessPolicy) -> str:
    """Log in at the bastion."""
    tunnel = tunnel_of(credential, policy)
    if tunnel is None:
        raise NotOfferedError("reached directly, without a bastion")
    tunnel.ensure()
    return f"{tunnel.bastion.user} at {tunnel.bastion.host}"


def resolve(credential: ClusterCredential, policy: AccessPolicy) -> str:
    """Look the API server's name up, and refuse addresses that must not be reached."""
    if credential.bastion is not None:
        raise NotOfferedError("the bastion looks the name up")
    endpoint = parse_endpoint(credential.server, "the API server", policy)
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotFoundError(
            f"the name '{endpoint.host}' cannot be resolved: {error.strerror or error}",
            hint="Check the address and this server's DNS. If only another machine can see the cluster, add a bastion.",
        ) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        check_address(address, f"'{endpoint.host}'", policy)
    return ", ".join(addresses)


def connect(credential: ClusterCredential, policy: AccessPolicy) -> str:
    """Open a connection to the API server's port, from here or from the bastion."""
    tunnel = tunnel_of(credential, policy)
    if tunnel is not None:
        tunnel.reach()
        return f"port {tunnel.port}, from the bastion"
    endpoint = parse_endpoint(credential.server, "the API server", policy)
    try:
        with socket.create_connection((endpoint.host, endpoint.port), timeout=QUICK.connect_seconds):
            return f"port {endpoint.port}"
    except OSError as error:
        raise NotFoundError(
            f"{endpoint.host}:{endpoint.port} does not accept connections: {error.strerror or error}",
            hint="Check the port, firewalls between this server and the cluster, and that the API server runs. If only "
            "another machine can reach it, add a bastion.",
        ) from None


def shake_hands(client: KubeClient) -> str:
    """Check the server's certificate."""
    try:
        client.version()
    except KubeTlsError:
        raise
    except Ai4k8sError:
        # Whatever it is, it is not TLS: the next line says it.
        return ""
    return ""


def log_in(client: KubeClient) -> str:
    """Ask the cluster who we are to it."""
    name = client.own_name()
    return f"as {name}" if name else "the credential is known"


def may(client: KubeClient, right: Right, namespaces: Sequence[str], user: str = "") -> str:
    """Ask for each verb of a right, in the chosen namespaces where it is not about the whole cluster.

    What is not given for writing is no fault: most credentials are not meant to.
    """
    most = NAMESPACES_ASKED_FOR_MANY if right.feature in {Feature.CHAT_READS, Feature.CHANGES} else NAMESPACES_ASKED
    places = tuple(namespaces[:most]) if not right.cluster_wide else ()
    for place in places or ("",):
        for verb in right.verbs:
            try:
                allowed = client.allowed(verb, right.group, right.plural, right.subresource, place)
            except KubeNotFoundError:
                return "this API server does not say; it is seen when it is used"
            if not allowed:
                where = f" in {place}" if place else ""
                lacking = f"may not {verb} {right.name}{where}: {right.loss}"
                hint = (
                    how_to_grant(Missing(user, right.verbs, right.group, right.resource, place)) if user else GRANT_HINT
                )
                raise (NotOfferedError if right.access is Access.WRITE else KubeForbiddenError)(lacking, hint=hint)
    return ""


def see_usage(client: KubeClient) -> str:
    """Read one pod's usage."""
    try:
        client.probe(POD_METRICS)
    except KubeNotFoundError:
        raise NotFoundError(
            "the cluster has no metrics API",
            hint="Install metrics-server (kubernetes-sigs/metrics-server): without usage nothing is forecast.",
        ) from None
    return ""


def ask_prometheus(url: str | None, groups: frozenset[str], policy: AccessPolicy) -> str:
    """Ask Prometheus for something that every cluster's has."""
    if url is None:
        seen = "The Prometheus operator is installed there: " if "monitoring.coreos.com" in groups else ""
        raise NotOfferedError(
            "no address given",
            hint=f"{seen}give its address in the cluster's settings, and the first forecast comes at once instead of "
            "after days of watching.",
        )
    with PrometheusClient(url, policy, QUICK) as past:
        if not past.query(PRESENCE):
            raise NotFoundError("Prometheus answers, but knows nothing of this cluster", hint=RULES_HINT)
    return ""
