"""Opens a cluster for reading, from the sealed credential in the store, and keeps the connection a while.

A TLS handshake with a cluster takes longer than most answers. What was opened stays open for those who ask next, as
long as the credential is still the same one: it is read at each use, and another one means another connection.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from ai4k8s_common.kube.client import KubeClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from uuid import UUID

    from ai4k8s_common.kube.access import Credentials
    from ai4k8s_common.kube.discovery import Discovery
    from ai4k8s_common.kube.transport import Timeouts
    from ai4k8s_common.kube.types import Table

FIELD_MANAGER = "ai4k8s-chat"
IDLE_SECONDS = 120.0
DISCOVERED_FOR_SECONDS = 30.0


class KubeReads(Protocol):
    """What tools read with. Methods raise KubeError only."""

    def read(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Read one object, or one page of a list."""
        ...

    def table(self, path: str, params: Mapping[str, str] | None = None) -> Table:
        """Read one page as it would be printed."""
        ...

    def text(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """Read a log."""
        ...

    def discover(self) -> Discovery:
        """Return every kind that the cluster serves."""
        ...


class ClusterOpener(Protocol):
    """Gives a way to read one cluster."""

    def __call__(self, cluster_id: UUID, sealed: bytes | None) -> AbstractContextManager[KubeReads]:
        """Open. Raises Ai4k8sError when the credential cannot be read or must not be used."""
        ...


class KeptClient(KubeClient):
    """A client for many answers, which remembers the cluster's kinds for half a minute."""

    _discovered: tuple[float, Discovery] | None = None

    def discover(self) -> Discovery:
        """Return every kind that the cluster serves, as it was a moment ago."""
        kept, now = self._discovered, time.monotonic()
        if kept is None or now - kept[0] > DISCOVERED_FOR_SECONDS:
            kept = self._discovered = (now, super().discover())
        return kept[1]


@dataclass
class _Kept:
    """One open client. Closed by whoever uses it last, once it was let go."""

    client: KeptClient
    digest: bytes
    users: int = 0
    used_at: float = 0.0
    let_go: bool = False


@dataclass(frozen=True)
class SealedClusterOpener:
    """The real one; safe to share between threads."""

    credentials: Credentials
    timeouts: Timeouts
    clock: Callable[[], float] = time.monotonic
    _kept: dict[UUID, _Kept] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def __call__(self, cluster_id: UUID, sealed: bytes | None) -> Iterator[KubeClient]:
        """Unseal, and connect where nothing is connected by this very credential."""
        credential = self.credentials.open(cluster_id, sealed)
        digest = sha256(credential.to_json()).digest()
        with self._lock:
            self._let_go_of_idle()
            kept = self._kept.get(cluster_id)
            if kept is None or kept.digest != digest:
                client = KeptClient(credential, self.credentials.policy, self.timeouts, field_manager=FIELD_MANAGER)
                if kept is not None:
                    self._let_go(cluster_id)
                kept = self._kept[cluster_id] = _Kept(client, digest)
            kept.users += 1
        try:
            yield kept.client
        finally:
            with self._lock:
                kept.users -= 1
                kept.used_at = self.clock()
                self._close_if_over(kept)

    def _let_go_of_idle(self) -> None:
        over = self.clock() - IDLE_SECONDS
        for cluster_id in [key for key, one in self._kept.items() if not one.users and one.used_at < over]:
            self._let_go(cluster_id)

    def _let_go(self, cluster_id: UUID) -> None:
        kept = self._kept.pop(cluster_id)
        kept.let_go = True
        self._close_if_over(kept)

    @staticmethod
    def _close_if_over(kept: _Kept) -> None:
        if kept.let_go and not kept.users:
            kept.client.close()
