"""The secrets of one installation, made once: what each component gets to know, and nothing more.

Everything is derived (HKDF) from one random root, so that making them again, after a run that was killed half way
or for a release that knows one more service, gives the same secrets. Keep the root in a backup: it is the key to
every stored cluster credential.

    python -m ai4k8s_common.security.installation files FOLDER       one file each, for compose
    python -m ai4k8s_common.security.installation manifest           Kubernetes Secrets as JSON, for kubectl apply
    python -m ai4k8s_common.security.installation kubernetes         makes them in the cluster it runs in
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ai4k8s_common.errors import Ai4k8sError, InvalidInputError
from ai4k8s_common.security.incluster import SecretsOfNamespace
from ai4k8s_common.services import Service
from ai4k8s_common.store.tables import readers_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = "root"
ROOT_BYTES = 32
DATABASE = "ai4k8s"
OWNER = "ai4k8s_owner"


class Component(StrEnum):
    """Who gets secrets besides the services."""

    MIGRATE = "migrate"
    SHARED = "shared"
    # The gateway's, in a Secret of its own: an upgrade makes it where the gateway's Secret exists already.
    PEOPLE = "people"
    # What the gateway signs with for chat; of these two only.
    INTERNAL = "internal"
    POSTGRES = "postgres"
    VALKEY = "valkey"


@dataclass(frozen=True)
class Servers:
    """Where the servers are: complete URLs of what exists, host names of what comes with the installation."""

    database_owner_url: str | None = None
    redis_url: str | None = None
    postgres_host: str = "postgres"
    valkey_host: str = "valkey"


def derive(root: bytes, purpose: str) -> bytes:
    """Make 32 bytes that tell nothing about the root or about those of any other purpose."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=f"ai4k8s {purpose}".encode()).derive(root)


def encode(raw: bytes) -> str:
    """Letters, digits, - and _ only: it stands in addresses and in configuration files."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def secrets_of_installation(root: bytes, servers: Servers) -> dict[str, dict[str, str]]:
    """Return what each component gets: component -> name of the secret -> value.

    Raises InvalidInputError for an owner's URL that roles cannot be put into.
    """
    owner_password, valkey_password = encode(derive(root, "postgres owner")), encode(derive(root, "valkey"))
    roles = {service: encode(derive(root, f"role {service.value}")) for service in Service}
    owner_url = servers.database_owner_url or _bundled_url(OWNER, owner_password, servers.postgres_host)
    valkey_url = f"redis://:{valkey_password}@{servers.valkey_host}:6379"
    private = X25519PrivateKey.from_private_bytes(derive(root, "credentials"))
    public_key = base64.urlsafe_b64encode(private.public_key().public_bytes_raw()).decode()
    private_key = base64.urlsafe_b64encode(private.private_bytes_raw()).decode()
    found: dict[str, dict[str, str]] = {
        Component.SHARED: {
            "broker-url": servers.redis_url or f"{valkey_url}/0",
            "redis-url": servers.redis_url or f"{valkey_url}/1",
            "credentials-public-key": public_key,
        },
        Component.MIGRATE: {
            "database-url": owner_url,
            "role-passwords": json.dumps({service.value: password for service, password in roles.items()}),
        },
        Component.PEOPLE: {"private-key": encode(derive(root, "people"))},
        Component.INTERNAL: {"internal-key": encode(derive(root, "internal"))},
        Component.POSTGRES: {"password": owner_password},
        Component.VALKEY: {"conf": f"requirepass {valkey_password}\n"},
    }
    for service, password in roles.items():
        found[service.value] = {"database-url": url_for_role(owner_url, service.role, password)}
        if service in readers_of("gateway.cluster_credentials") and service is not Service.GATEWAY:
            found[service.value]["credentials-private-key"] = private_key
    return found


def url_for_role(owner_url: str, role: str, password: str) -> str:
    """Put another role into the owner's URL. Raises InvalidInputError when it has no host."""
    parts = urlsplit(owner_url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.hostname:
        raise InvalidInputError("the owner's database URL must be postgresql://user:password@host:port/database")
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password)}@{where}"))


def _bundled_url(user: str, password: str, host: str) -> str:
    return f"postgresql://{user}:{password}@{host}:5432/{DATABASE}"


def write_files(folder: Path, servers: Servers) -> int:
    """Write every secret that is not there yet as FOLDER/<component>_<name>; return how many are new.

    The folder is for its owner only. The files are readable by all, since compose mounts them as they are into
    containers that run as somebody else. Only the root is never mounted, and closed.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    root_file = folder / ROOT
    if not root_file.exists():
        _write_new(root_file, encode(secrets.token_bytes(ROOT_BYTES)), 0o600)
    root = decode_root(root_file.read_text(encoding="utf-8"))
    new = 0
    for component, values in secrets_of_installation(root, servers).items():
        for name, value in values.items():
            path = folder / f"{component}_{name}".replace("-", "_")
            if not path.exists():
                _write_new(path, value, 0o444)
                new += 1
    return new


def _write_new(path: Path, value: str, mode: int) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(value, encoding="utf-8")
    draft.chmod(mode)
    draft.replace(path)  # whole or not at all


def decode_root(text: str) -> bytes:
    """Read a root. Raises InvalidInputError for anything that is not one: new secrets would lock the data away."""
    try:
        root = base64.urlsafe_b64decode(text.strip() + "=")
    except ValueError:
        root = b""
    if len(root) != ROOT_BYTES:
        raise InvalidInputError("the root secret is damaged", hint="Restore it from a backup.")
    return root


def kubernetes_secrets(root: bytes, servers: Servers, prefix: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the Secrets of an installation, the root's first."""
    contents = {ROOT: {ROOT: encode(root)}, **secrets_of_installation(root, servers)}
    return [secret(f"{prefix}-{component}", values, labels) for component, values in contents.items()]


def secret(name: str, values: Mapping[str, str], labels: Mapping[str, str]) -> dict[str, Any]:
    """Return one Secret's object."""
    metadata = {"name": name, "labels": dict(labels)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "stringData": dict(values)}


def make_in_cluster(api: SecretsOfNamespace, servers: Servers, prefix: str, labels: Mapping[str, str]) -> int:
    """Create every Secret that is not there yet; return how many are new."""
    name = f"{prefix}-{ROOT}"
    new = int(api.create(secret(name, {ROOT: encode(secrets.token_bytes(ROOT_BYTES))}, labels)))
    root = decode_root(api.read(name)[ROOT])  # ours or an earlier run's: whoever was first
    return new + sum(api.create(item) for item in kubernetes_secrets(root, servers, prefix, labels)[1:])


def _read(path: Path | None) -> str | None:
    return path.read_text(encoding="utf-8").strip() if path else None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make the secrets of an installation, once.")
    parser.add_argument("--database-url-file", type=Path, help="holds the URL of the owner of an existing database")
    parser.add_argument("--redis-url-file", type=Path, help="holds the URL of an existing Redis or Valkey")
    parser.add_argument("--postgres-host", default="postgres", help="where the installation's own Postgres will be")
    parser.add_argument("--valkey-host", default="valkey", help="where the installation's own Valkey will be")
    targets = parser.add_subparsers(dest="target", required=True)
    targets.add_parser("files").add_argument("folder", type=Path)
    for name in ("manifest", "kubernetes"):
        target = targets.add_parser(name)
        target.add_argument("--prefix", default="ai4k8s", help="begins the Secrets' names; the release's full name")
        target.add_argument("--label", action="append", default=[], metavar="KEY=VALUE")
    return parser.parse_args()


def main() -> None:
    """Entry point."""
    arguments = _arguments()
    try:
        servers = Servers(
            _read(arguments.database_url_file),
            _read(arguments.redis_url_file),
            arguments.postgres_host,
            arguments.valkey_host,
        )
        if arguments.target == "files":
            report: dict[str, Any] = {"folder": str(arguments.folder), "new": write_files(arguments.folder, servers)}
        else:
            labels = dict(label.split("=", 1) for label in arguments.label)
            if arguments.target == "kubernetes":
                api = SecretsOfNamespace.of_this_pod(os.environ)
                report = {"new": make_in_cluster(api, servers, arguments.prefix, labels)}
            else:
                items = kubernetes_secrets(secrets.token_bytes(ROOT_BYTES), servers, arguments.prefix, labels)
                report = {"apiVersion": "v1", "kind": "List", "items": items}
    except Ai4k8sError as error:
        sys.exit(f"{error.detail}. {error.hint}".strip())
    except OSError as error:
        sys.exit(f"{error}")
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
