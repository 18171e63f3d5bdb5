"""Random tokens that exist only with who holds them: what is stored is a hash."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_BYTES = 32


def new_token() -> str:
    """Return 256 random bits for a cookie or a link."""
    return secrets.token_urlsafe(_BYTES)


def hash_token(token: str) -> bytes:
    """Return what is stored instead. No salt: the token itself cannot be guessed."""
    return hashlib.sha256(token.encode()).digest()


def follow_up(token: str, salt: bytes) -> str:
    """Return the token that follows this one.

    Whoever holds the old one and asks at the same time is handed the same new one; neither the store's content nor the
    old token alone tells it.
    """
    return base64.urlsafe_b64encode(hmac.digest(salt, token.encode(), hashlib.sha256)).decode().rstrip("=")
