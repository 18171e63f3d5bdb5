"""Use cases around nodes: show a cluster's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_gateway.clusters import service as clusters
from ai4k8s_gateway.nodes import repository
from ai4k8s_gateway.nodes.schemas import NodeView

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.accounts.service import Principal


def list_views(connection: Connection, principal: Principal, cluster_id: UUID) -> list[NodeView]:
    """Return a cluster's nodes. Raises NotFoundError, NotReadyError."""
    clusters.get_started(connection, principal, cluster_id)
    return [_view(row) for row in repository.of_cluster(connection, cluster_id)]


def _view(row: Row[Any]) -> NodeView:
    copied = {name: getattr(row, name) for name in NodeView.model_fields if name != "sampled_at"}
    return NodeView(**copied, sampled_at=row.at)
