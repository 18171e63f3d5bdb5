"""The installation, for people who are logged in."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from ai4k8s_common.clock import utc_now
from ai4k8s_common.rights import Permission
from ai4k8s_common.services import Service
from ai4k8s_common.store.gateway import Verdict
from ai4k8s_gateway.access.rules import Scope, require
from ai4k8s_gateway.dependencies import Tx, User, Wired
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.system import dead_letters, service
from ai4k8s_gateway.system.schemas import DeadLetterList, SystemView, VerdictView

router = APIRouter(prefix="/system", tags=["system"], responses=responses_for(HTTPStatus.UNAUTHORIZED))


@router.get("", dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)])
def get_system(user: User, tx: Tx, wiring: Wired) -> SystemView:
    """Services, processes, queues, how many dead letters, and the cycles of your clusters."""
    return service.view(tx.connection, wiring.clusters, user, utc_now())


DECIDING = responses_for(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)


@router.get(
    "/dead-letters",
    responses=responses_for(HTTPStatus.FORBIDDEN),
    dependencies=[require(Permission.INSTALLATION_MANAGE, Scope.INSTALLATION)],
)
def list_dead_letters(user: User, tx: Tx, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> DeadLetterList:
    """Messages that were given up on, newest first. For administrators."""
    return DeadLetterList(items=dead_letters.list_views(tx.connection, user, limit))


@router.post(
    "/dead-letters/{service_name}/{dead_letter_id}/retry",
    status_code=HTTPStatus.ACCEPTED,
    responses=DECIDING,
    dependencies=[require(Permission.INSTALLATION_MANAGE, Scope.INSTALLATION)],
)
def retry_dead_letter(service_name: Service, dead_letter_id: int, user: User, tx: Tx) -> VerdictView:
    """Send it once more, with all its attempts before it. For administrators."""
    return dead_letters.decide(tx.connection, user, service_name, dead_letter_id, Verdict.RETRY)


@router.post(
    "/dead-letters/{service_name}/{dead_letter_id}/discard",
    status_code=HTTPStatus.ACCEPTED,
    responses=DECIDING,
    dependencies=[require(Permission.INSTALLATION_MANAGE, Scope.INSTALLATION)],
)
def discard_dead_letter(service_name: Service, dead_letter_id: int, user: User, tx: Tx) -> VerdictView:
    """Forget it. For administrators."""
    return dead_letters.decide(tx.connection, user, service_name, dead_letter_id, Verdict.DISCARD)
