"""How a request came, and what that says about the session's cookie.

Over TLS (our own, or that of a proxy whose X-Forwarded-Proto is believed by setting) the cookie is `__Host-` and
Secure: no other host, path or plain connection can read or set it. Without TLS there is one place where nobody listens:
a browser's own machine, which is where the names of the loopback address always lead. There the cookie has a plain
name, and each kind of connection believes only its own.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from ai4k8s_common.errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from starlette.responses import Response

PLAIN_COOKIE = "ai4k8s_session"
SECURE_COOKIE = f"__Host-{PLAIN_COOKIE}"
_SECURE_SCHEMES = frozenset({"https", "wss"})


class InsecureTransportError(ForbiddenError):
    """A password or session would go over a network in the clear."""

    code = "insecure_transport"


def is_secure(scope: Mapping[str, Any]) -> bool:
    """Whether the request came over TLS, as far as we can know."""
    return scope["scheme"] in _SECURE_SCHEMES


def is_loopback(scope: Mapping[str, Any]) -> bool:
    """Whether the caller's address bar names the caller's own machine."""
    try:
        name = (urlsplit(f"//{Headers(scope=dict(scope)).get('host', '')}").hostname or "").rstrip(".")
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def cookie_name(scope: Mapping[str, Any]) -> str | None:
    """Return the name that counts on this kind of connection; None where no session may be."""
    if is_secure(scope):
        return SECURE_COOKIE
    return PLAIN_COOKIE if is_loopback(scope) else None


def session_token(scope: Mapping[str, Any]) -> str | None:
    """Return the session's token, if one came."""
    name = cookie_name(scope)
    sent = Headers(scope=dict(scope)).get("cookie", "")
    return cookie_parser(sent).get(name) if name else None


def check_transport(scope: Mapping[str, Any]) -> None:
    """Refuse to take a password or to begin a session where others can listen. Raises InsecureTransportError."""
    if cookie_name(scope) is None:
        raise InsecureTransportError(
            "logging in over plain HTTP would show the password and the session to the network",
            hint="Open the page by its https:// address. A proxy that ends TLS must be named in "
            "AI4K8S_GATEWAY_TRUSTED_PROXIES and send X-Forwarded-Proto; AI4K8S_GATEWAY_TLS_CERTIFICATE and "
            "AI4K8S_GATEWAY_TLS_KEY serve TLS without one. For one person a tunnel does: "
            "ssh -L 5003:127.0.0.1:5003 HOST, or kubectl port-forward, and then http://localhost:5003.",
        )


def set_session_cookie(response: Response, scope: Mapping[str, Any], token: str, max_age_seconds: float) -> None:
    """Hand a token to the browser. Raises InsecureTransportError."""
    check_transport(scope)
    response.set_cookie(
        cookie_name(scope) or SECURE_COOKIE,
        token,
        max_age=max(1, int(max_age_seconds)),
        path="/",
        httponly=True,
        secure=is_secure(scope),
        samesite="lax",
    )


def delete_session_cookie(response: Response, scope: Mapping[str, Any]) -> None:
    """Take it back."""
    name = cookie_name(scope) or SECURE_COOKIE
    response.delete_cookie(name, path="/", secure=is_secure(scope), httponly=True, samesite="lax")
