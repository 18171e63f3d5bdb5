"""Passes an MCP request on to chat with a signed word about who asks; cookie and token stay here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from ai4k8s_common.errors import NotConfiguredError, UnavailableError
from ai4k8s_common.security.identity import HEADER, MCP_AUDIENCE, sign

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pydantic import SecretStr

    from ai4k8s_common.security.identity import Identity

SECONDS = 90.0
_SENT = ("content-type", "accept", "mcp-protocol-version", "mcp-method", "mcp-name", "traceparent")
_RETURNED = ("content-type", "mcp-protocol-version", "cache-control")


class McpUnavailableError(UnavailableError):
    """Chat's MCP server does not answer."""

    code = "mcp_unavailable"


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that go on: those of the protocol, and never a credential."""
    return {
        name: value for name, value in headers.items() if name.lower() in _SENT or name.lower().startswith("mcp-param-")
    }


async def forward(
    url: str, key: SecretStr | None, identity: Identity, headers: Mapping[str, str], body: bytes, now: datetime
) -> httpx.Response:
    """Send on, and return the whole answer. Raises NotConfiguredError, McpUnavailableError."""
    if key is None:
        raise NotConfiguredError("MCP is not set up here", hint="Give AI4K8S_INTERNAL_KEY to the gateway and to chat.")
    sent = {**passed_on(headers), HEADER: sign(key, identity, MCP_AUDIENCE, now)}
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client:
            return await client.post(url, content=body, headers=sent)
    except httpx.HTTPError as error:
        raise McpUnavailableError(
            f"the MCP server does not answer ({type(error).__name__})", hint="It runs as its own process: chat-mcp."
        ) from None


def returned(headers: httpx.Headers) -> dict[str, str]:
    """Return the headers of an answer that go back."""
    return {name: headers[name] for name in _RETURNED if name in headers}
