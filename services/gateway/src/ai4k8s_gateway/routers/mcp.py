"""Streamable HTTP for MCP clients with an API token: one POST, one answer, no sessions."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from ai4k8s_common.clock import utc_now
from ai4k8s_common.security.identity import Identity
from ai4k8s_gateway.access.rules import caller
from ai4k8s_gateway.dependencies import User, Wired
from ai4k8s_gateway.http.problems import responses_for
from ai4k8s_gateway.mcp import proxy

router = APIRouter(tags=["mcp"])


@router.post(
    "/mcp",
    response_class=Response,
    responses=responses_for(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.SERVICE_UNAVAILABLE),
    dependencies=[caller("each tool asks for its own permission, with the token's scopes")],
)
async def serve_mcp(request: Request, user: User, wiring: Wired) -> Response:
    """Model Context Protocol: list and call the tools of clusters you may see."""
    answer = await proxy.forward(
        wiring.settings.mcp_url,
        wiring.internal_key,
        Identity(user.user_id, user.token_id),
        request.headers,
        await request.body(),
        utc_now(),
    )
    return Response(answer.content, answer.status_code, proxy.returned(answer.headers))
