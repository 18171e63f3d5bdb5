"""What a core and a GiB cost: of the installation, or of one cluster."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import Scope, require
from ai4k8s_gateway.costs import service
from ai4k8s_gateway.costs.schemas import NewPoolPrices, NewPrices, PriceList
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for

router = APIRouter(prefix="/prices", tags=["prices"], responses=responses_for(HTTPStatus.UNAUTHORIZED))
REFUSED = responses_for(HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY)


@router.get("", dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)])
def list_prices(user: User, tx: Tx) -> PriceList:
    """The prices that are set."""
    return service.list_prices(tx.connection, user)


@router.put("", responses=REFUSED, dependencies=[require(Permission.INSTALLATION_MANAGE, Scope.INSTALLATION)])
def set_prices(body: NewPrices, user: User, tx: Tx) -> PriceList:
    """Set the installation's prices, for clusters without their own. For administrators."""
    return service.set_installation(tx, user, body)


@router.put(
    "/clusters/{cluster_id}",
    responses={**REFUSED, **responses_for(HTTPStatus.NOT_FOUND)},
    dependencies=[require(Permission.CLUSTER_MANAGE)],
)
def set_cluster_prices(cluster_id: UUID, body: NewPrices, user: User, tx: Tx) -> PriceList:
    """Give a cluster prices of its own."""
    return service.set_cluster(tx, user, cluster_id, body)


@router.delete(
    "/clusters/{cluster_id}",
    responses=responses_for(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND),
    dependencies=[require(Permission.CLUSTER_MANAGE)],
)
def drop_cluster_prices(cluster_id: UUID, user: User, tx: Tx) -> PriceList:
    """Let a cluster follow the installation's prices again."""
    return service.set_cluster(tx, user, cluster_id, None)


@router.put(
    "/clusters/{cluster_id}/pools",
    responses={**REFUSED, **responses_for(HTTPStatus.NOT_FOUND)},
    dependencies=[require(Permission.CLUSTER_MANAGE)],
)
def set_pool_prices(cluster_id: UUID, body: NewPoolPrices, user: User, tx: Tx) -> PriceList:
    """Give a cluster's node pool, or nodes with a label, prices of their own."""
    return service.set_pool(tx, user, cluster_id, body)


@router.delete(
    "/clusters/{cluster_id}/pools",
    responses={**REFUSED, **responses_for(HTTPStatus.NOT_FOUND)},
    dependencies=[require(Permission.CLUSTER_MANAGE)],
)
def drop_pool_prices(
    cluster_id: UUID, pool: Annotated[str, Query(min_length=1, max_length=200)], user: User, tx: Tx
) -> PriceList:
    """Let these nodes cost what the cluster's others do."""
    return service.drop_pool(tx, user, cluster_id, pool)
