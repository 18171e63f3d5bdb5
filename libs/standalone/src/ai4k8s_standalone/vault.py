"""Passwords and keys of one installation: generated once, readable by its owner only."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ai4k8s_common.security.sealed import generate_key_pair
from ai4k8s_common.services import Service
from ai4k8s_standalone.errors import StandaloneError
from ai4k8s_standalone.folder import write_private_json

if TYPE_CHECKING:
    from pathlib import Path

_PASSWORD_BYTES = 32
_OWNER_ONLY = 0o600


@dataclass(frozen=True)
class Vault:
    """Nothing of this has a default, and nothing of it is ever printed."""

    superuser_password: str = field(repr=False)
    valkey_password: str = field(repr=False)
    role_passwords: dict[Service, str] = field(repr=False)
    credentials_public_key: str
    credentials_private_key: str = field(repr=False)
    local_llm_key: str = field(repr=False)
    #: What the gateway signs with for chat; of these two only.
    internal_key: str = field(repr=False)
    #: For the gateway alone: what it must read again of people, such as the seeds of second factors.
    people_private_key: str = field(repr=False)
    #: Still readable, until everything is sealed for the present ones.
    old_credentials_private_keys: tuple[str, ...] = field(default=(), repr=False)
    old_people_private_keys: tuple[str, ...] = field(default=(), repr=False)

    @property
    def readable_private_keys(self) -> str:
        """The present key and the older ones, as services take them."""
        return ",".join((self.credentials_private_key, *self.old_credentials_private_keys))

    @property
    def readable_people_keys(self) -> str:
        """The same of people's secrets."""
        return ",".join((self.people_private_key, *self.old_people_private_keys))


def rotate(path: Path, vault: Vault) -> Vault:
    """Make new keys; the present private ones stay readable."""
    public, private = generate_key_pair()
    rotated = replace(
        vault,
        credentials_public_key=public,
        credentials_private_key=private,
        old_credentials_private_keys=(vault.credentials_private_key, *vault.old_credentials_private_keys),
        people_private_key=generate_key_pair()[1],
        old_people_private_keys=(vault.people_private_key, *vault.old_people_private_keys),
    )
    _write(path, rotated)
    return rotated


def forget_old_keys(path: Path, vault: Vault) -> None:
    """Once nothing is sealed for them any more."""
    _write(path, replace(vault, old_credentials_private_keys=(), old_people_private_keys=()))


def open_vault(path: Path) -> Vault:
    """Read the vault, or make it at the first start.

    Raises:
        StandaloneError: the file is not a vault; starting with new secrets would lock the data away for good.
    """
    if not path.exists():
        _write(path, _generate())
    path.chmod(_OWNER_ONLY)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        vault = Vault(
            superuser_password=content["superuser_password"],
            valkey_password=content["valkey_password"],
            role_passwords={Service(name): value for name, value in content["role_passwords"].items()},
            credentials_public_key=content["credentials_public_key"],
            credentials_private_key=content["credentials_private_key"],
            local_llm_key=content.get("local_llm_key", ""),
            people_private_key=content.get("people_private_key", ""),
            internal_key=content.get("internal_key", ""),
            old_credentials_private_keys=tuple(content.get("old_credentials_private_keys", ())),
            old_people_private_keys=tuple(content.get("old_people_private_keys", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StandaloneError(
            f"{path} does not hold what it should",
            "Restore it from a backup, or move the whole data folder away to start afresh.",
        ) from error
    return _complete(path, vault)


def _generate() -> Vault:
    public, private = generate_key_pair()
    return Vault(
        superuser_password=_password(),
        valkey_password=_password(),
        role_passwords={service: _password() for service in Service},
        credentials_public_key=public,
        credentials_private_key=private,
        local_llm_key=_password(),
        people_private_key=generate_key_pair()[1],
        internal_key=_password(),
    )


def _password() -> str:
    # Letters, digits, - and _ only: it stands in addresses and in a configuration file.
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def _complete(path: Path, vault: Vault) -> Vault:
    """A newer release may know a service, or a secret, more than the one that made the file."""
    missing = [service for service in Service if service not in vault.role_passwords]
    if missing or not (vault.local_llm_key and vault.people_private_key and vault.internal_key):
        vault.role_passwords.update({service: _password() for service in missing})
        vault = replace(
            vault,
            local_llm_key=vault.local_llm_key or _password(),
            people_private_key=vault.people_private_key or generate_key_pair()[1],
            internal_key=vault.internal_key or _password(),
        )
        _write(path, vault)
    return vault


def _write(path: Path, vault: Vault) -> None:
    write_private_json(
        path,
        {
            "superuser_password": vault.superuser_password,
            "valkey_password": vault.valkey_password,
            "role_passwords": {service.value: value for service, value in vault.role_passwords.items()},
            "credentials_public_key": vault.credentials_public_key,
            "credentials_private_key": vault.credentials_private_key,
            "local_llm_key": vault.local_llm_key,
            "old_credentials_private_keys": list(vault.old_credentials_private_keys),
            "people_private_key": vault.people_private_key,
            "internal_key": vault.internal_key,
            "old_people_private_keys": list(vault.old_people_private_keys),
        },
    )
