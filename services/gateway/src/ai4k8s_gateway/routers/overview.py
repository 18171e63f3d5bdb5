"""All clusters at a glance."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter

from ai4k8s_common.clock import utc_now
from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import Scope, require
from ai4k8s_gateway.dependencies import Tx, User, Wired
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.overview import service
from ai4k8s_gateway.overview.schemas import Overview

router = APIRouter(
    prefix="/overview", tags=["overview"], responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND)
)


@router.get("", dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)])
def get_overview(user: User, tx: Tx, wiring: Wired, cluster_id: UUID | None = None) -> Overview:
    """What needs you, then each cluster's health with its ingredients; of one cluster or of all you may see."""
    return service.view(tx.connection, wiring.clusters, user, utc_now(), cluster_id)
