"""Valkey in a folder of our own: TCP on the loopback address only, a generated password, every write kept.

The package's own starter is not used: persistence is off there, and its server outlives a parent that is
killed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import redis

from ai4k8s_standalone.embedded.binaries import valkey_binary
from ai4k8s_standalone.ports import LOOPBACK
from ai4k8s_standalone.process import Command

if TYPE_CHECKING:
    from pathlib import Path

_PRIVATE_FILE = 0o600


@dataclass(frozen=True, kw_only=True)
class EmbeddedValkey:
    """A Valkey server whose data live in `folder`."""

    folder: Path
    port: int
    password: str = field(repr=False)
    max_memory_megabytes: int = 512
    keep_on_disk: bool = True

    @property
    def url(self) -> str:
        """The address of logical database 0."""
        return self.url_of(0)

    def url_of(self, database: int) -> str:
        """The address of one of its 16 logical databases."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> Command:
        """Write its configuration (a password must not stand in the process list), and say what to run."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        configuration = self.folder / "valkey.conf"
        descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE_FILE)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(self._configuration())
        return Command(
            name="valkey",
            arguments=(str(valkey_binary()), str(configuration)),
            working_directory=self.folder,
        )

    def answers(self) -> bool:
        """Whether it accepts our password and has loaded its data."""
        client = redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def finish_start(self) -> None:
        """Nothing is left to do."""

    def _configuration(self) -> str:
        lines = {
            "bind": LOOPBACK,
            "port": self.port,
            "protected-mode": "yes",
            "requirepass": self.password,
            "dir": f'"{self.folder}"',
            "daemonize": "no",
            "databases": 16,
            "save": '""',
            "appendonly": "yes" if self.keep_on_disk else "no",
            "appendfsync": "everysec",
            "auto-aof-rewrite-min-size": "16mb",
            "maxmemory": f"{self.max_memory_megabytes}mb",
            # Queues live here: refusing a write is noticed and repaired, a silently evicted message is not.
            "maxmemory-policy": "noeviction",
            "loglevel": "notice",
        }
        return "".join(f"{name} {value}\n" for name, value in lines.items())
