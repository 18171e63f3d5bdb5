"""Which addresses a cluster may have, so that nobody can use AI4K8s to reach what only its host can reach.

Link-local addresses hold the cloud's metadata service, loopback ones our own database: a person who may add a
cluster must not get there through us. Names are checked again each time they are resolved, and the connection
goes to the very address that was checked.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from ai4k8s_common.errors import InvalidInputError

if TYPE_CHECKING:
    from ai4k8s_common.settings import ClusterAccessSettings

# Metadata services that are not link-local: AWS over IPv6, Alibaba Cloud, Oracle Cloud.
METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(text) for text in ("fd00:ec2::254", "100.100.100.200", "192.0.0.192", "169.254.169.254")
)
METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data"})
LOOPBACK_HINT = (
    "Give the address under which this server reaches the cluster. For a cluster on this very machine the "
    "operator can set AI4K8S_ALLOW_LOOPBACK_CLUSTERS=true."
)


@dataclass(frozen=True)
class AccessPolicy:
    """What the operator allows beyond the safe default."""

    allow_loopback: bool = False
    allow_insecure_tls: bool = False

    @classmethod
    def of(cls, settings: ClusterAccessSettings) -> Self:
        """What the operator's settings say."""
        return cls(settings.allow_loopback_clusters, settings.allow_insecure_clusters)


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens."""

    scheme: str
    host: str
    port: int
    path: str


def parse_endpoint(url: str, what: str, policy: AccessPolicy) -> Endpoint:
    """Take a URL apart and refuse what must not be reached; `what` names it in messages.

    Raises InvalidInputError with what to do instead.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidInputError(f"{what} is not a URL: {error}") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise InvalidInputError(f"{what} must look like https://host:port", hint="Include https:// in front.")
    if parts.username or parts.password:
        raise InvalidInputError(f"{what} must not carry a username or password", hint="Use a token instead.")
    if parts.query or parts.fragment:
        raise InvalidInputError(f"{what} must not have a query or fragment")
    check_name(host, what, policy)
    return Endpoint(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), parts.path.rstrip("/"))


def check_server(url: str, policy: AccessPolicy) -> str:
    """Return an API server's address as it is stored. Raises InvalidInputError, also for one without TLS."""
    endpoint = parse_endpoint(url, "the API server", policy)
    if endpoint.scheme == "http" and not (policy.allow_loopback and is_loopback(endpoint.host)):
        raise InvalidInputError(
            "the API server is given with http://, which would show the credential to the network",
            hint="Use the https:// address.",
        )
    return url.rstrip("/")


def check_name(host: str, what: str, policy: AccessPolicy) -> None:
    """Refuse a host by its text alone, before any look-up."""
    name = host.rstrip(".").lower()
    if name in METADATA_NAMES:
        raise InvalidInputError(f"{what} names the cloud's metadata service '{host}', not a cluster")
    if name == "localhost" or name.endswith(".localhost"):
        check_address("127.0.0.1", what, policy)
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        # Forms like 0x7f.1 or 2130706433 are numbers to the resolver and names to everybody else.
        if name.replace(".", "").replace("x", "").isalnum() and _looks_numeric(name):
            raise InvalidInputError(f"{what} has the address '{host}' in an unusual form; write it plainly") from None
    else:
        check_address(name, what, policy)


def check_address(address: str, what: str, policy: AccessPolicy) -> None:
    """Refuse a resolved address that must not be reached."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip in METADATA_ADDRESSES or ip.is_link_local:
        raise InvalidInputError(
            f"{what} is at {ip}, a link-local or metadata address",
            hint="Give the address of the cluster's API server; such addresses belong to the machine itself.",
        )
    if ip.is_unspecified or ip.is_multicast:
        raise InvalidInputError(f"{what} is at {ip}, which is no machine's address")
    if ip.is_loopback and not policy.allow_loopback:
        raise InvalidInputError(f"{what} is at {ip}, on the machine AI4K8s runs on", hint=LOOPBACK_HINT)


def is_loopback(host: str) -> bool:
    """Whether a host's text says loopback."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _looks_numeric(name: str) -> bool:
    labels = name.split(".")
    return all(label.isdigit() or (label.startswith("0x") and len(label) > 2) for label in labels)
