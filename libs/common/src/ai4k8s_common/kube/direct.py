"""A cluster given by its address and a token, or by what older API servers still take: username and password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.addresses import check_name, check_server
from ai4k8s_common.kube.credentials import ClusterCredential
from ai4k8s_common.kube.kubeconfig import SERVICE_ACCOUNT_HINT, check_ca

if TYPE_CHECKING:
    from pydantic import SecretStr

    from ai4k8s_common.kube.addresses import AccessPolicy

DEPRECATED = (
    "Username and password are taken by no Kubernetes since 1.19 unless a proxy in front of it does; use a service "
    "account's token."
)


@dataclass(frozen=True)
class DirectAccess:
    """What a person types in. `ca_pem` is empty when the certificate is one that this machine trusts anyway."""

    server: str
    ca_pem: str = ""
    token: SecretStr | None = None
    username: str = ""
    password: SecretStr | None = None
    tls_server_name: str = ""


def direct_credential(access: DirectAccess, policy: AccessPolicy) -> ClusterCredential:
    """Check what was typed in. Raises InvalidInputError with what to do instead."""
    token = access.token.get_secret_value().strip() if access.token is not None else ""
    if token and access.username:
        raise InvalidInputError("give a token, or a username and password, not both")
    if not token and not (access.username and access.password):
        raise InvalidInputError("there is no token", hint=SERVICE_ACCOUNT_HINT)
    if any(c.isspace() or not c.isprintable() for c in token):
        raise InvalidInputError(
            "the token has spaces or line breaks in it",
            hint="Paste the token alone: kubectl prints it as one line of letters, digits, dots, - and _.",
        )
    if access.tls_server_name:
        check_name(access.tls_server_name, "the TLS server name", policy)
    return ClusterCredential.model_validate(
        {
            "server": check_server(access.server.strip(), policy),
            "ca_pem": check_ca(access.ca_pem.strip() + "\n", "the CA certificate") if access.ca_pem.strip() else None,
            "tls_server_name": access.tls_server_name or None,
            "token": token or None,
            "username": access.username or None,
            "password": access.password if access.username else None,
        }
    )
