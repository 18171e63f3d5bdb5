"""Use cases around advice: read the newest list, and have the advisor work."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import select

from ai4k8s_common.contracts.advisor import ExplainDecision, RecommendForCluster
from ai4k8s_common.errors import NotFoundError
from ai4k8s_common.store.advisor import cluster_recommendations
from ai4k8s_gateway.advice.schemas import ClusterRecommendations, RecommendedItem
from ai4k8s_gateway.clusters import service as clusters
from ai4k8s_gateway.decisions import repository as decisions
from ai4k8s_gateway.jobs import service as jobs

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.jobs.schemas import JobView


def explain(tx: Transaction, principal: Principal, decision_id: UUID) -> JobView:
    """Have a decision explained. Raises NotFoundError."""
    row = decisions.one(tx.connection, principal, decision_id)
    if row is None:
        raise NotFoundError("there is no such decision")
    command = ExplainDecision(job_id=uuid.uuid4(), decision_id=decision_id, requested_by=principal.user_id)
    return jobs.start(tx, principal, command, row.cluster_id, namespace=row.namespace)


def recommend(tx: Transaction, principal: Principal, cluster_id: UUID) -> JobView:
    """Have a cluster's list made anew. Raises NotFoundError."""
    clusters.get(tx.connection, principal, cluster_id)
    command = RecommendForCluster(job_id=uuid.uuid4(), cluster_id=cluster_id, requested_by=principal.user_id)
    return jobs.start(tx, principal, command, cluster_id)


def recommended(connection: Connection, principal: Principal, cluster_id: UUID) -> ClusterRecommendations:
    """Return a cluster's newest list. Raises NotFoundError."""
    clusters.get(connection, principal, cluster_id)
    table = cluster_recommendations
    row = connection.execute(select(table).where(table.c.cluster_id == cluster_id)).one_or_none()
    if row is None:
        return ClusterRecommendations(made_at=None, provider="rules", note="", items=[])
    items = [RecommendedItem.model_validate(item) for item in row.items]
    return ClusterRecommendations(made_at=row.made_at, provider=row.provider, note=row.note, items=items)
