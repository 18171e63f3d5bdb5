"""How to reach and convince one cluster's API server: the secret that is sealed in the store.

It is opened only by the services that talk to clusters, kept in memory there, and never printed: the secret
fields hide themselves from repr and logs.
"""

from __future__ import annotations

import json
from typing import Self

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, model_validator

from ai4k8s_common.errors import Ai4k8sError


class CredentialUnreadableError(Ai4k8sError):
    """A stored credential opens but does not hold what it should."""

    code = "credential_unreadable"


class ClusterCredential(BaseModel):
    """An API server and one way to log in there: token, client certificate, or username and password."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    server: str
    ca_pem: str | None = None
    tls_server_name: str | None = None
    insecure_skip_tls_verify: bool = False
    token: SecretStr | None = None
    client_certificate_pem: str | None = None
    client_key_pem: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.client_certificate_pem is None) != (self.client_key_pem is None):
            raise ValueError("a client certificate and its key go together")
        if (self.username is None) != (self.password is None):
            raise ValueError("a username and a password go together")
        return self

    def to_json(self) -> bytes:
        """Return the plaintext to be sealed. Never store or log it as it is."""
        values = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self
            if value is not None
        }
        return json.dumps(values).encode()

    @classmethod
    def from_json(cls, plaintext: bytes) -> Self:
        """Read an unsealed credential.

        Raises CredentialUnreadableError without repeating any of its content.
        """
        try:
            return cls.model_validate_json(plaintext)
        except ValidationError:
            raise CredentialUnreadableError(
                "the stored credential is not readable by this version",
                hint="Add the cluster's credential again.",
            ) from None
