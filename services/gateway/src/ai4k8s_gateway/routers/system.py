"""The installation, for people who are logged in."""

from http import HTTPStatus

from fastapi import APIRouter

from ai4k8s_common.clock import utc_now
from ai4k8s_gateway.dependencies import Tx, User, Wired
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.system import service
from ai4k8s_gateway.system.schemas import SystemView

router = APIRouter(prefix="/system", tags=["system"], responses=responses_for(HTTPStatus.UNAUTHORIZED))


@router.get("")
def get_system(user: User, tx: Tx, wiring: Wired) -> SystemView:
    """Processes, queues, dead letters and cycles."""
    return service.view(tx.connection, wiring.clusters, user, utc_now())
