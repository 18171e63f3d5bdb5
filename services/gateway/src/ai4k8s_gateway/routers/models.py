"""Language models: who is asked for what, how they are, what they cost."""

from http import HTTPStatus

from fastapi import APIRouter

from ai4k8s_common.clock import utc_now
from ai4k8s_common.llm.types import Use
from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import Scope, require
from ai4k8s_gateway.dependencies import Tx, User, Wired
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.jobs.schemas import JobView
from ai4k8s_gateway.models import service
from ai4k8s_gateway.models.schemas import ModelsView

router = APIRouter(prefix="/models", tags=["models"], responses=responses_for(HTTPStatus.UNAUTHORIZED))


@router.get("", dependencies=[require(Permission.CLUSTER_READ, Scope.SEEN)])
def get_models(user: User, tx: Tx, wiring: Wired) -> ModelsView:
    """Per use the chain of providers with their states, and what was spent: by all, and by you."""
    return service.view(tx.connection, wiring.bus_settings.redis_url, user, utc_now())


@router.post(
    "/{use}/test",
    status_code=HTTPStatus.ACCEPTED,
    responses=responses_for(HTTPStatus.FORBIDDEN),
    dependencies=[require(Permission.INSTALLATION_MANAGE, Scope.INSTALLATION)],
)
def test_models(use: Use, user: User, tx: Tx) -> JobView:
    """Ask each model of a use one tiny question; the job's result says what works. For administrators."""
    return service.test(tx, user, use)
