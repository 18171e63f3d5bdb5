"""The HTTP client that a provider's package is given: its reads end with the call, whatever the server does.

The packages use two generations of one HTTP library (httpx with httpcore, httpx2 with httpcore2), which are alike in
all that is used here; so modules are parameters.
"""

from __future__ import annotations

import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ai4k8s_common.llm.calls import LOOK_EVERY_SECONDS, current_call

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from types import ModuleType

CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class HttpLibrary:
    """One generation of the HTTP library."""

    web: ModuleType  # httpx, httpx2
    core: ModuleType  # httpcore, httpcore2

    @classmethod
    def first(cls) -> HttpLibrary:
        """Return httpx."""
        import httpcore  # noqa: PLC0415 - heavy, and only for who asks a model
        import httpx  # noqa: PLC0415

        return cls(httpx, httpcore)

    @classmethod
    def second(cls) -> HttpLibrary:
        """Return httpx2."""
        import httpcore2  # noqa: PLC0415
        import httpx2  # noqa: PLC0415

        return cls(httpx2, httpcore2)


class PatientStream:
    """A connection whose reads are short looks, until the call is over."""

    def __init__(self, inner: Any, core: ModuleType) -> None:
        self._inner = inner
        self._core = core

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what comes. Raises ModelTimeoutError, ModelCancelledError, BadAnswerError through the packages above."""
        call = current_call()
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            call.check()
            try:
                data: bytes = self._inner.read(max_bytes, timeout=min(LOOK_EVERY_SECONDS, call.remaining_seconds))
            except self._core.ReadTimeout:
                if until is not None and time.monotonic() > until:
                    raise
                continue
            call.count(len(data))
            return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the call's time counts
        """Send."""
        call = current_call()
        call.check()
        self._inner.write(buffer, timeout=max(0.01, call.remaining_seconds))

    def close(self) -> None:
        """Close."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> PatientStream:
        """Begin TLS."""
        left = max(0.01, min(current_call().remaining_seconds, timeout or CONNECT_SECONDS))
        return PatientStream(self._inner.start_tls(ssl_context, server_hostname, left), self._core)

    def get_extra_info(self, info: str) -> Any:
        """Pass on."""
        return self._inner.get_extra_info(info)


class PatientBackend:
    """Opens such connections."""

    def __init__(self, core: ModuleType) -> None:
        self._inner = core.SyncBackend()
        self._core = core

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - ours
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> PatientStream:
        """Connect."""
        call = current_call()
        call.check()
        left = max(0.01, min(call.remaining_seconds, CONNECT_SECONDS))
        return PatientStream(self._inner.connect_tcp(host, port, left, local_address, socket_options), self._core)

    def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Any = None) -> PatientStream:
        """Connect to a socket of this machine."""
        return PatientStream(self._inner.connect_unix_socket(path, timeout, socket_options), self._core)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        current_call().wait(seconds)


def http_client(library: HttpLibrary, host: str, scheme: str = "https") -> Any:
    """Return a client for one server: bounded by the call, through the operator's proxy if any, without redirects."""
    web, core = library.web, library.core
    pool = _pool(core, web.create_ssl_context(), _proxy(host, scheme))

    class Stream(web.SyncByteStream):  # type: ignore[name-defined,misc]  # its module is a parameter
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __iter__(self) -> Iterator[bytes]:
            yield from self._inner

        def close(self) -> None:
            self._inner.close()

    class Transport(web.BaseTransport):  # type: ignore[name-defined,misc]
        def handle_request(self, request: Any) -> Any:
            url = core.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            )
            answer = pool.handle_request(
                core.Request(
                    method=request.method,
                    url=url,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
            return web.Response(
                status_code=answer.status,
                headers=answer.headers,
                stream=Stream(answer.stream),
                extensions=answer.extensions,
            )

        def close(self) -> None:
            pool.close()

    return web.Client(transport=Transport(), follow_redirects=False, timeout=None)


def _pool(core: ModuleType, tls: ssl.SSLContext, proxy: str | None) -> Any:
    backend = PatientBackend(core)
    # None is kept: one that rested may be dead, a request sent on it is not safe to send again, and against the seconds
    # that a model takes a handshake is nothing.
    options = {"ssl_context": tls, "network_backend": backend, "max_keepalive_connections": 0}
    if proxy is None:
        return core.ConnectionPool(**options)
    parts = urlsplit(proxy)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return core.HTTPProxy(proxy_url=bare, proxy_auth=login, **options)


def _proxy(host: str, scheme: str) -> str | None:
    if host in {"127.0.0.1", "localhost", "::1"} or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(scheme)
