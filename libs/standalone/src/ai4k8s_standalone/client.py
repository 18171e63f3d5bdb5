"""A person's session with a gateway, for commands that ask a running AI4K8s for something."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any

from ai4k8s_standalone.errors import StandaloneError

if TYPE_CHECKING:
    from http.client import HTTPResponse

API = "/api/v1"
_WITHIN_SECONDS = 30.0


class Gateway:
    """Logged in for as long as this object lives."""

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise StandaloneError(f"{url} is no address of a page", "Name it like http://127.0.0.1:5003.")
        self._base = url.rstrip("/") + API
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._csrf = ""

    def log_in(self, username: str, password: str) -> None:
        """Raises StandaloneError with the gateway's own words."""
        self._csrf = str(self.post("/auth/login", {"username": username, "password": password})["csrf_token"])

    def get(self, path: str) -> Any:
        """Ask for something. Raises StandaloneError."""
        return self._ask(urllib.request.Request(self._base + path))  # noqa: S310 - the scheme was checked

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Ask for something to be done. Raises StandaloneError."""
        headers = {"Content-Type": "application/json", "X-CSRF-Token": self._csrf}
        request = urllib.request.Request(self._base + path, json.dumps(body).encode(), headers)  # noqa: S310
        return self._ask(request)

    def _ask(self, request: urllib.request.Request) -> Any:
        try:
            response: HTTPResponse
            with self._opener.open(request, timeout=_WITHIN_SECONDS) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise _told(error) from None
        except (OSError, ValueError) as error:
            raise StandaloneError(f"{self._base} does not answer: {error}", "See `ai4k8s status`.") from None


def _told(error: urllib.error.HTTPError) -> StandaloneError:
    """The problem detail of an answer that refuses."""
    try:
        problem = json.load(error)
        return StandaloneError(str(problem.get("detail") or problem.get("title")), str(problem.get("hint") or ""))
    except (ValueError, AttributeError):
        return StandaloneError(f"the gateway answered {error.code}", "See `ai4k8s logs gateway`.")
