"""The tools over standard input and output, for desktop clients: each call goes to a gateway's /mcp with an API token.

    AI4K8S_URL=http://127.0.0.1:5003 AI4K8S_TOKEN=... ai4k8s mcp

This process holds no cluster key and knows no tool: it lists what the gateway lists and calls what it is told.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import httpx2
from mcp import Client, types
from mcp.client.streamable_http import streamable_http_client
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

SECONDS = 120.0


def bridge(client: Client) -> Server[Any]:
    """Return a server whose tools are another one's."""

    async def list_tools(_: ServerRequestContext[Any, Any], __: object) -> types.ListToolsResult:
        return await client.list_tools()

    async def call_tool(_: ServerRequestContext[Any, Any], params: types.CallToolRequestParams) -> types.CallToolResult:
        return await client.call_tool(params.name, params.arguments or {})

    return Server(
        "ai4k8s", version=version("ai4k8s-chat"), title="AI4K8s", on_list_tools=list_tools, on_call_tool=call_tool
    )


async def serve(url: str, token: str) -> None:
    """Serve standard input and output until it ends."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=SECONDS) as http,
        Client(streamable_http_client(f"{url.rstrip('/')}/mcp", http_client=http)) as client,
        stdio_server() as (incoming, outgoing),
    ):
        server = bridge(client)
        await server.run(incoming, outgoing, server.create_initialization_options())


def run(url: str, token: str) -> None:
    """Serve, blocking."""
    asyncio.run(serve(url, token))
