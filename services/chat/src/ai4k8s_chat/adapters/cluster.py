"""Opens a cluster for reading, from the sealed credential in the store; the plaintext lives in this call only."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ai4k8s_common.kube.client import KubeClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from uuid import UUID

    from ai4k8s_common.kube.access import Credentials
    from ai4k8s_common.kube.discovery import Discovery
    from ai4k8s_common.kube.transport import Timeouts
    from ai4k8s_common.kube.types import Table

FIELD_MANAGER = "ai4k8s-chat"


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


@dataclass(frozen=True)
class SealedClusterOpener:
    """The real one."""

    credentials: Credentials
    timeouts: Timeouts

    @contextmanager
    def __call__(self, cluster_id: UUID, sealed: bytes | None) -> Iterator[KubeClient]:
        """Unseal, connect, and close at the end."""
        credential = self.credentials.open(cluster_id, sealed)
        with KubeClient(credential, self.credentials.policy, self.timeouts, field_manager=FIELD_MANAGER) as client:
            yield client
