"""How to reach and convince one cluster's API server: the secret that is sealed in the store.

It is opened only by the services that talk to clusters, kept in memory there, and never printed: the secret
fields hide themselves from repr and logs.
"""

from __future__ import annotations

import json
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, SecretStr, TypeAdapter, ValidationError, model_validator

from ai4k8s_common.errors import Ai4k8sError


class CredentialUnreadableError(Ai4k8sError):
    """A stored credential opens but does not hold what it should."""

    code = "credential_unreadable"


class _Secret(BaseModel):
    """Plaintext to be sealed: hides its secrets from repr, and gives them up only for sealing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_json(self) -> bytes:
        """Return the plaintext to be sealed. Never store or log it as it is."""
        return json.dumps(_revealed(self)).encode()


def _revealed(model: BaseModel) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in model:
        if isinstance(value, SecretStr):
            values[name] = value.get_secret_value()
        elif isinstance(value, BaseModel):
            values[name] = _revealed(value)
        elif value is not None:
            values[name] = value
    return values


class Bastion(_Secret):
    """An SSH server through which the API server is reached.

    `host_key` is the one a person confirmed, as OpenSSH writes it: "ssh-ed25519 AAAA...". Any other is refused.
    """

    host: str
    port: int = 22
    user: str
    private_key: SecretStr
    passphrase: SecretStr | None = None
    host_key: str


class MountedAccess(_Secret):
    """A context of a kubeconfig in the operator's directory; the file stays there and is read at each use."""

    source: Literal["mounted"] = "mounted"
    file: str
    context: str
    bastion: Bastion | None = None


class InClusterAccess(_Secret):
    """The cluster that AI4K8s itself runs in, as the service account of whoever asks."""

    source: Literal["in_cluster"] = "in_cluster"
    bastion: Bastion | None = None


class ClusterCredential(_Secret):
    """An API server and one way to log in there: token, client certificate, or username and password."""

    server: str
    ca_pem: str | None = None
    tls_server_name: str | None = None
    insecure_skip_tls_verify: bool = False
    token: SecretStr | None = None
    client_certificate_pem: str | None = None
    client_key_pem: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None
    bastion: Bastion | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.client_certificate_pem is None) != (self.client_key_pem is None):
            raise ValueError("a client certificate and its key go together")
        if (self.username is None) != (self.password is None):
            raise ValueError("a username and a password go together")
        return self

    @classmethod
    def from_json(cls, plaintext: bytes) -> Self:
        """Read an unsealed credential.

        Raises CredentialUnreadableError without repeating any of its content.
        """
        try:
            return cls.model_validate_json(plaintext)
        except ValidationError:
            raise _unreadable() from None


StoredAccess = ClusterCredential | MountedAccess | InClusterAccess
_STORED: TypeAdapter[StoredAccess] = TypeAdapter(StoredAccess)


def read_stored(plaintext: bytes) -> StoredAccess:
    """Read what was sealed: a credential, or where to find one.

    Raises CredentialUnreadableError without repeating any of its content.
    """
    try:
        return _STORED.validate_json(plaintext)
    except ValidationError:
        raise _unreadable() from None


def _unreadable() -> CredentialUnreadableError:
    return CredentialUnreadableError(
        "the stored credential is not readable by this version",
        hint="Give the cluster's credential again, in its settings.",
    )
