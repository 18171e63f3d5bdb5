"""Use cases around prices: show them, set them, and what something costs by them. Without prices nothing is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.errors import ForbiddenError, InvalidInputError, NotFoundError
from ai4k8s_common.store.pricing import pod_hour
from ai4k8s_gateway.clusters import service as cluster_service
from ai4k8s_gateway.costs import repository
from ai4k8s_gateway.costs.schemas import CostView, PoolPricesView, PriceList, PricesView

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.costs.schemas import NewPoolPrices, NewPrices

log = structlog.stdlib.get_logger(__name__)


def list_prices(connection: Connection, principal: Principal) -> PriceList:
    """Return what is set."""
    installation = repository.of_installation(connection)
    return PriceList(
        installation=None if installation is None else _view(installation),
        clusters=[_view(row) for row in repository.of_clusters(connection, principal)],
        pools=[_pool_view(row) for row in repository.of_pools(connection, principal)],
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


def set_pool(tx: Transaction, principal: Principal, cluster_id: UUID, new: NewPoolPrices) -> PriceList:
    """Give some nodes of a cluster prices of their own. Raises NotFoundError, ForbiddenError, InvalidInputError."""
    cluster_service.require_manage(tx.connection, principal, cluster_id)
    if not repository.has_prices(tx.connection, cluster_id):
        raise InvalidInputError(
            "this cluster has no prices that a pool's could differ from",
            hint="Set the installation's or the cluster's first: they say the currency.",
        )
    repository.put_pool(tx.connection, cluster_id, {**new.model_dump(), "updated_by": principal.user_id})
    log.info("pool_prices_set", cluster_id=str(cluster_id), pool=new.pool, user_id=str(principal.user_id))
    return list_prices(tx.connection, principal)


def drop_pool(tx: Transaction, principal: Principal, cluster_id: UUID, pool: str) -> PriceList:
    """Let nodes cost what the cluster's others do. Raises NotFoundError, ForbiddenError."""
    cluster_service.require_manage(tx.connection, principal, cluster_id)
    if not repository.drop_pool(tx.connection, cluster_id, pool):
        raise NotFoundError("these nodes have no prices of their own")
    return list_prices(tx.connection, principal)


def cost_of(row: Row[Any], wanted_replicas: int | None) -> CostView | None:
    """What a workload costs now, and at the size that is wanted."""
    price = pod_hour(row.cpu_request_millicores, row.memory_request_bytes, row.core_hour, row.gib_hour)
    if price is None or row.currency is None:
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


def _pool_view(row: Row[Any]) -> PoolPricesView:
    return PoolPricesView(
        cluster_id=row.cluster_id,
        cluster_name=row.cluster_name,
        pool=row.pool,
        core_hour=row.core_hour,
        gib_hour=row.gib_hour,
        nodes=row.nodes,
        updated_at=row.updated_at,
    )
