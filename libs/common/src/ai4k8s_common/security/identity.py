"""Who is behind a request that one of our services passes on to another: signed, for one receiver, for a minute.

The gateway knows people and tokens and passes neither on. What it says instead is worth nothing elsewhere or later.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from ai4k8s_common.errors import UnauthenticatedError

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import SecretStr

HEADER = "X-AI4K8s-Identity"
MCP_AUDIENCE = "chat.mcp"
LASTS = timedelta(seconds=60)
CLOCKS_DIFFER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, and the API token they came with if they did."""

    user_id: UUID
    token_id: UUID | None = None


def sign(key: SecretStr, identity: Identity, audience: str, now: datetime) -> str:
    """Return what the receiver can check."""
    claims = {
        "sub": str(identity.user_id),
        "token": None if identity.token_id is None else str(identity.token_id),
        "aud": audience,
        "iat": now.timestamp(),
    }
    body = _encode(json.dumps(claims, separators=(",", ":")).encode())
    return f"{body}.{_encode(_signature(key, body))}"


def verify(key: SecretStr, text: str, audience: str, now: datetime) -> Identity:
    """Read what was signed for this receiver just now. Raises UnauthenticatedError for anything else."""
    try:
        return _read(key, text, audience, now)
    except (ValueError, KeyError, TypeError):
        raise UnauthenticatedError(
            "this request does not say whom it is for", hint="Come through the gateway, with an API token."
        ) from None


def _read(key: SecretStr, text: str, audience: str, now: datetime) -> Identity:
    body, _, signature = text.partition(".")
    if not hmac.compare_digest(_decode(signature), _signature(key, body)):
        raise ValueError("signature")
    claims = json.loads(_decode(body))
    age = now.timestamp() - float(claims["iat"])
    if claims["aud"] != audience or not -CLOCKS_DIFFER.total_seconds() <= age <= LASTS.total_seconds():
        raise ValueError("audience or age")
    return Identity(UUID(claims["sub"]), UUID(claims["token"]) if claims["token"] else None)


def _signature(key: SecretStr, body: str) -> bytes:
    return hmac.new(key.get_secret_value().encode(), f"identity:{body}".encode(), hashlib.sha256).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
