"""Opens a cluster for changing replicas, from the sealed credential in the store.

The plaintext exists only inside this call and the client it returns; nothing of it is logged or kept.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ai4k8s_common.kube.client import KubeClient
from ai4k8s_common.kube.types import WorkloadRef

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from uuid import UUID

    from sqlalchemy import Row

    from ai4k8s_common.kube.access import Credentials
    from ai4k8s_common.kube.protocols import KubeScaler
    from ai4k8s_common.kube.transport import Timeouts

#: Server-side field manager: who changed `spec.replicas`, for everybody who looks at the object.
FIELD_MANAGER = "ai4k8s-scaler"


class ClusterOpener(Protocol):
    """Gives a way to change one cluster."""

    def __call__(self, cluster_id: UUID, sealed: bytes) -> AbstractContextManager[KubeScaler]:
        """Open. Raises Ai4k8sError when the credential cannot be read or must not be used."""
        ...


def ref_of(row: Row[Any]) -> WorkloadRef:
    """Where the workload of a row is in the API."""
    return WorkloadRef(row.kind, row.namespace, row.name, row.api_version, row.resource)


@dataclass(frozen=True)
class SealedClusterOpener:
    """The real one."""

    credentials: Credentials
    timeouts: Timeouts

    @contextmanager
    def __call__(self, cluster_id: UUID, sealed: bytes) -> Iterator[KubeScaler]:
        """Unseal, connect, and close at the end."""
        credential = self.credentials.open(cluster_id, sealed)
        with KubeClient(credential, self.credentials.policy, self.timeouts, field_manager=FIELD_MANAGER) as client:
            yield client
