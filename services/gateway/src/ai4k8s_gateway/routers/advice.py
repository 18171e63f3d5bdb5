"""What people ask the advisor for."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter

from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import require
from ai4k8s_gateway.advice import service
from ai4k8s_gateway.advice.schemas import ClusterRecommendations
from ai4k8s_gateway.dependencies import Tx, User
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.jobs.schemas import JobView

router = APIRouter(tags=["advice"], responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND))
READ = require(Permission.CLUSTER_READ)


@router.post(
    "/decisions/{decision_id}/explanation",
    status_code=HTTPStatus.ACCEPTED,
    responses=responses_for(HTTPStatus.FORBIDDEN),
    dependencies=[READ],
)
def explain_decision(decision_id: UUID, user: User, tx: Tx) -> JobView:
    """Explain a decision in plain words. The job's result has `text`, `provider`, `note` and the `facts` behind it."""
    return service.explain(tx, user, decision_id)


@router.get("/clusters/{cluster_id}/llm-recommendations", dependencies=[READ])
def list_llm_recommendations(cluster_id: UUID, user: User, tx: Tx) -> ClusterRecommendations:
    """What is worth doing in a cluster, as it was last asked for; worded by a model where its words hold."""
    return service.recommended(tx.connection, user, cluster_id)


@router.post(
    "/clusters/{cluster_id}/llm-recommendations",
    status_code=HTTPStatus.ACCEPTED,
    responses=responses_for(HTTPStatus.FORBIDDEN),
    dependencies=[READ],
)
def make_llm_recommendations(cluster_id: UUID, user: User, tx: Tx) -> JobView:
    """Make that list anew from incidents, sizes, capacity and decisions."""
    return service.recommend(tx, user, cluster_id)
