"""Opens a cluster for plans: to read, to try calls, and to make them. The one place in chat that can write."""

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
    from ai4k8s_common.kube.transport import Timeouts
    from ai4k8s_common.plans import ApiCall

#: Server-side field manager: who changed what, for everybody who looks at an object.
FIELD_MANAGER = "ai4k8s-plans"


class KubeWrites(Protocol):
    """What plans need of a cluster. Methods raise KubeError only."""

    def read(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Read one object, or one page of a list."""
        ...

    def make(self, call: ApiCall, *, dry_run: bool = False) -> dict[str, Any]:
        """Make one call, or let the server only try it; returns the object as it is then."""
        ...


class WriteOpener(Protocol):
    """Gives a way to change one cluster."""

    def __call__(self, cluster_id: UUID, sealed: bytes | None) -> AbstractContextManager[KubeWrites]:
        """Open. Raises Ai4k8sError when the credential cannot be read or must not be used."""
        ...


@dataclass(frozen=True)
class SealedWriteOpener:
    """The real one; the plaintext lives in this call only."""

    credentials: Credentials
    timeouts: Timeouts

    @contextmanager
    def __call__(self, cluster_id: UUID, sealed: bytes | None) -> Iterator[KubeClient]:
        """Unseal, connect, and close at the end."""
        credential = self.credentials.open(cluster_id, sealed)
        with KubeClient(credential, self.credentials.policy, self.timeouts, field_manager=FIELD_MANAGER) as client:
            yield client
