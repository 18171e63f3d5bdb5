"""For probes and scrapers: outside /api, without log-in."""

from http import HTTPStatus

from fastapi import APIRouter, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from ai4k8s_gateway.access.rules import public
from ai4k8s_gateway.dependencies import Wired
from ai4k8s_gateway.system import service
from ai4k8s_gateway.system.schemas import ReadyView

router = APIRouter(tags=["operations"])


@router.get("/healthz", dependencies=[public("probes have no account")])
async def live() -> dict[str, str]:
    """Whether the process answers at all; asks nobody else."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    responses={HTTPStatus.SERVICE_UNAVAILABLE.value: {"model": ReadyView}},
    dependencies=[public("probes have no account")],
)
def ready(wiring: Wired, response: Response) -> ReadyView:
    """Whether requests can be served: store and broker."""
    readiness = service.readiness(wiring.bus)
    if not readiness.ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        response.headers["Retry-After"] = "2"
    return readiness


@router.get(
    "/metrics",
    response_class=Response,
    include_in_schema=False,
    dependencies=[public("scrapers have no account; keep it inside your network")],
)
def metrics(wiring: Wired) -> Response:
    """Prometheus' text format."""
    return Response(generate_latest(wiring.metrics.registry), media_type=CONTENT_TYPE_LATEST)
