"""Kubernetes Events on the workload: whoever runs `kubectl describe` reads what we did and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_common.kube.errors import KubeError
from ai4k8s_common.kube.wire import check_ref
from ai4k8s_scaler.adapters.cluster import FIELD_MANAGER

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from ai4k8s_common.kube.protocols import KubeScaler
    from ai4k8s_common.kube.types import WorkloadRef

MOST_CHARACTERS = 1_000

log = structlog.stdlib.get_logger(__name__)


def write_event(cluster: KubeScaler, ref: WorkloadRef, decision_id: UUID, reason: str, text: str, at: datetime) -> None:
    """Write one. The deed is done: that it could not be told here changes nothing about it."""
    check_ref(ref)
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    involved = {"apiVersion": ref.api_version, "kind": ref.kind, "namespace": ref.namespace}
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Event",
        # One decision, one event: a second delivery makes none.
        "metadata": {"name": f"{ref.name[:200]}.{decision_id.hex[:16]}", "namespace": ref.namespace},
        "involvedObject": {**involved, "name": ref.name},
        "reason": reason,
        "message": text[:MOST_CHARACTERS],
        "type": "Normal",
        "source": {"component": FIELD_MANAGER},
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
        "reportingComponent": FIELD_MANAGER,
        "reportingInstance": FIELD_MANAGER,
    }
    try:
        # `kubectl describe` asks for events by the object's uid; the scale subresource has the workload's.
        body["involvedObject"]["uid"] = cluster.get_scale(ref).uid
        cluster.create(f"/api/v1/namespaces/{ref.namespace}/events", body)
    except KubeError as error:
        log.warning("event_failed", decision_id=str(decision_id), error=error.detail)
