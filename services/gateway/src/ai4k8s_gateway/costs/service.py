"""Use cases around prices: show them, set them, and what something costs by them. Without prices nothing is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.errors import ForbiddenError
from ai4k8s_gateway.clusters import service as cluster_service
from ai4k8s_gateway.costs import repository
from ai4k8s_gateway.costs.schemas import CostView, PriceList, PricesView

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.costs.schemas import NewPrices

GIB = 2.0**30
MILLI = 1000.0

log = structlog.stdlib.get_logger(__name__)


def list_prices(connection: Connection, principal: Principal) -> PriceList:
    """Return what is set."""
    installation = repository.of_installation(connection)
    return PriceList(
        installation=None if installation is None else _view(installation),
        clusters=[_view(row) for row in repository.of_clusters(connection, principal)],
        may_change_installation=principal.is_admin,
    )


def set_installation(tx: Transaction, principal: Principal, new: NewPrices) -> PriceList:
    """Set the installation's prices. Raises ForbiddenError."""
    if not principal.is_admin:
        raise ForbiddenError("only administrators set the installation's prices", hint="Ask an administrator.")
    repository.put(tx.connection, None, {**new.model_dump(), "updated_by": principal.user_id})
    log.info("prices_set", cluster_id=None, user_id=str(principal.user_id))
    return list_prices(tx.connection, principal)


def set_cluster(tx: Transaction, principal: Principal, cluster_id: UUID, new: NewPrices | None) -> PriceList:
    """Give a cluster prices of its own, or take them away. Raises NotFoundError, ForbiddenError."""
    cluster_service.require_manage(tx.connection, principal, cluster_id)
    if new is None:
        repository.drop(tx.connection, cluster_id)
    else:
        repository.put(tx.connection, cluster_id, {**new.model_dump(), "updated_by": principal.user_id})
    log.info("prices_set", cluster_id=str(cluster_id), user_id=str(principal.user_id))
    return list_prices(tx.connection, principal)


def pod_hour(row: Row[Any]) -> float | None:
    """What an hour of one pod costs, by a row that holds its requests and prices; None without prices or requests."""
    cpu, memory = row.cpu_request_millicores, row.memory_request_bytes
    if row.core_hour is None or (not cpu and not memory):
        return None
    return float((cpu or 0.0) / MILLI * row.core_hour + (memory or 0.0) / GIB * row.gib_hour)


def cost_of(row: Row[Any], wanted_replicas: int | None) -> CostView | None:
    """What a workload costs now, and at the size that is wanted."""
    price = pod_hour(row)
    if price is None:
        return None
    return CostView(
        currency=row.currency,
        pod_hour=price,
        now_hour=price * row.desired_replicas,
        wanted_hour=None if wanted_replicas is None else price * wanted_replicas,
    )


def _view(row: Row[Any]) -> PricesView:
    return PricesView(
        cluster_id=row.cluster_id,
        core_hour=row.core_hour,
        gib_hour=row.gib_hour,
        currency=row.currency,
        updated_at=row.updated_at,
    )
