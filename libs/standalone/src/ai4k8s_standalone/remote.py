"""A person's session with a gateway, from the command line."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import httpx

from ai4k8s_standalone.errors import StandaloneError

if TYPE_CHECKING:
    from types import TracebackType

_TIMEOUT_SECONDS = 30.0
_ASK_AGAIN_SECONDS = 0.5
_JOB_SECONDS = 120.0


class Remote:
    """Logged in once; sends the CSRF token along. Every method raises StandaloneError with what to do."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        _check(url)
        self._http = httpx.Client(base_url=url.rstrip("/"), timeout=_TIMEOUT_SECONDS, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def log_in(self, username: str, password: str) -> None:
        """Begin a session."""
        session = self.ask("POST", "/auth/login", {"username": username, "password": password})
        self._http.headers["X-CSRF-Token"] = session["csrf_token"]

    def log_out(self) -> None:
        """End it: what was only needed for one command must not stay open."""
        self.ask("POST", "/auth/logout")

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Send a request below /api/v1 and return its answer."""
        try:
            response = self._http.request(method, f"/api/v1{path}", json=body)
        except httpx.HTTPError as error:
            raise StandaloneError(
                f"{self._http.base_url} does not answer: {error}", "Give the address of the page with --url."
            ) from None
        if response.is_success:
            return response.json() if response.content else None
        raise _refused(response)

    def wait_for(self, job_id: str) -> dict[str, Any]:
        """Follow a job to its end."""
        deadline = time.monotonic() + _JOB_SECONDS
        while True:
            job: dict[str, Any] = self.ask("GET", f"/jobs/{job_id}")
            if job["status"] != "processing":
                return job
            if time.monotonic() > deadline:
                raise StandaloneError("the collector does not get to it", "See the system page: does it run?")
            time.sleep(_ASK_AGAIN_SECONDS)


def _refused(response: httpx.Response) -> StandaloneError:
    try:
        problem = response.json()
        return StandaloneError(str(problem["detail"]), str(problem.get("hint", "")))
    except (ValueError, KeyError, TypeError):
        return StandaloneError(
            f"{response.url} answered {response.status_code} and is no AI4K8s",
            "Give the address of the page with --url.",
        )


def _check(url: str) -> None:
    """A password and a kubeconfig go there: not in the clear over a network."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise StandaloneError(f"'{url}' is no address", "Such as https://ai4k8s.example.org")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise StandaloneError(
            f"'{url}' would show your password and the kubeconfig to the network", "Use its https:// address."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
