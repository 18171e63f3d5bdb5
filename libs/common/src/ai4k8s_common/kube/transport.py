"""One way out to clusters: addresses checked and pinned, TLS from memory, answers bounded in time and size.

The proxy variables of the environment are ignored and redirects are not followed: a credential goes to the
address it was given for, or nowhere.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import time
from base64 import b64encode
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

import httpx

from ai4k8s_common.kube.addresses import AccessPolicy, Endpoint, check_address, parse_endpoint
from ai4k8s_common.kube.bastion import shared_tunnels
from ai4k8s_common.kube.errors import (
    KubeError,
    KubeProtocolError,
    KubeTlsError,
    KubeUnavailableError,
    hint_for,
)
from ai4k8s_common.kube.tls import ssl_context
from ai4k8s_common.kube.wire import MAX_ANSWER_BYTES, Answer, Request

if TYPE_CHECKING:
    from ai4k8s_common.kube.bastion import Tunnel
    from ai4k8s_common.kube.credentials import ClusterCredential

USER_AGENT = "ai4k8s"
# What a bastion that does not reach the server looks like: the forwarded connection just ends.
_ENDED = "UNEXPECTED_EOF_WHILE_READING"
PARALLEL_REQUESTS = 8


@dataclass(frozen=True)
class Timeouts:
    """Seconds one request may take: to connect, between two pieces of an answer, and in all."""

    connect_seconds: float = 4.0
    read_seconds: float = 8.0
    total_seconds: float = 15.0

    def httpx(self) -> httpx.Timeout:
        """As httpx wants it."""
        return httpx.Timeout(
            self.read_seconds, connect=self.connect_seconds, pool=self.total_seconds, read=self.read_seconds
        )


@dataclass(frozen=True)
class Target:
    """A server and what is sent along with every request to it."""

    what: str
    endpoint: Endpoint
    headers: dict[str, str] = field(repr=False)
    tls: ssl.SSLContext | bool
    server_name: str
    policy: AccessPolicy
    timeouts: Timeouts
    tunnel: Tunnel | None = None

    @classmethod
    def of_cluster(cls, credential: ClusterCredential, policy: AccessPolicy, timeouts: Timeouts) -> Self:
        """Return the target that a credential describes. Raises InvalidInputError."""
        tunnel = None
        if credential.bastion is not None:
            # Behind a bastion loopback means the bastion's own, where its user may go anyway.
            endpoint = parse_endpoint(credential.server, "the API server", replace(policy, allow_loopback=True))
            tunnel = shared_tunnels().tunnel(credential.bastion, endpoint.host, endpoint.port, policy)
        else:
            endpoint = parse_endpoint(credential.server, "the API server", policy)
        headers = {"accept": "application/json", "user-agent": USER_AGENT}
        if credential.token is not None:
            headers["authorization"] = f"Bearer {credential.token.get_secret_value()}"
        elif credential.username is not None and credential.password is not None:
            pair = f"{credential.username}:{credential.password.get_secret_value()}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        tls = ssl_context(credential) if endpoint.scheme == "https" else False
        name = credential.tls_server_name or endpoint.host
        return cls("the API server", endpoint, headers, tls, name, policy, timeouts, tunnel)

    def check(self, addresses: list[str]) -> list[str]:
        """Return the addresses in the order of trying, or refuse them."""
        for address in addresses:
            check_address(address, f"{self.what} '{self.endpoint.host}'", self.policy)
        return list(dict.fromkeys(addresses))

    def arguments(self, request: Request, address: str) -> dict[str, Any]:
        """Arguments of httpx's `stream` for one request to one checked address."""
        host = f"[{address}]" if ":" in address else address
        named = f"[{self.endpoint.host}]" if ":" in self.endpoint.host else self.endpoint.host
        headers = {"host": f"{named}:{self.endpoint.port}", **self.headers}
        if request.accept:
            headers["accept"] = request.accept
        if request.content_type:
            headers["content-type"] = request.content_type
        return {
            "method": request.method.value,
            "url": f"{self.endpoint.scheme}://{host}:{self.endpoint.port}{self.endpoint.path}{request.path}",
            "params": dict(request.params),
            "headers": headers,
            "content": request.body,
            "extensions": {"sni_hostname": self.server_name},
        }

    def options(self) -> dict[str, Any]:
        """Arguments of httpx's clients."""
        return {"trust_env": False, "follow_redirects": False, "timeout": self.timeouts.httpx()}

    def connections(self) -> dict[str, Any]:
        """Arguments of httpx's transports."""
        return {
            "verify": self.tls,
            "trust_env": False,
            "uds": None if self.tunnel is None else self.tunnel.path,
            "limits": httpx.Limits(
                max_connections=PARALLEL_REQUESTS,
                max_keepalive_connections=PARALLEL_REQUESTS,
                keepalive_expiry=30.0,
            ),
        }

    def scrubbed(self, answer: Answer) -> Answer:
        """Take out what was sent as a secret: proxies print requests into their error pages, and we print those."""
        secret = self.headers.get("authorization", "").rpartition(" ")[2].encode()
        if answer.status < HTTPStatus.BAD_REQUEST or not secret or secret not in answer.body:
            return answer
        return replace(answer, body=answer.body.replace(secret, b"[redacted]"))

    def unresolved(self, error: OSError) -> KubeUnavailableError:
        """The error for a name that leads nowhere."""
        return KubeUnavailableError(
            f"the name '{self.endpoint.host}' of {self.what} cannot be resolved: {error.strerror or error}",
            hint="Check the address and this server's DNS.",
        )

    def literal(self) -> str | None:
        """The host if it is an address already."""
        try:
            return str(ipaddress.ip_address(self.endpoint.host))
        except ValueError:
            return None


class _Body:
    """Collects an answer and gives up when it grows too large or takes too long."""

    def __init__(self, request: Request, target: Target, deadline: float) -> None:
        self._request, self._target, self._deadline = request, target, deadline
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > MAX_ANSWER_BYTES:
            raise KubeProtocolError(f"{self._request.what} answers with more than {MAX_ANSWER_BYTES} bytes")
        if time.monotonic() > self._deadline:
            seconds = self._target.timeouts.total_seconds
            raise KubeUnavailableError(f"{self._request.what} was not answered whole within {seconds:g} s")

    def answer(self, response: httpx.Response) -> Answer:
        return Answer(response.status_code, response.headers, b"".join(self._pieces))


class SyncTransport:
    """Sends requests one after another; safe to share between threads."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._http = httpx.Client(transport=httpx.HTTPTransport(**target.connections()), **target.options())
        self._address: str | None = target.literal()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def send(self, request: Request) -> Answer:
        """Return the whole answer, whatever its status. Raises KubeError."""
        deadline = time.monotonic() + self._target.timeouts.total_seconds
        error: KubeError | None = None
        for address in self._addresses():
            body = _Body(request, self._target, deadline)
            try:
                with self._http.stream(**self._target.arguments(request, address)) as response:
                    for piece in response.iter_bytes():
                        body.add(piece)
                self._address = address
                return self._target.scrubbed(body.answer(response))
            except httpx.ConnectError as failure:
                self._address = self._target.literal()
                error = translate(request, self._target, failure)
            except (httpx.HTTPError, httpx.InvalidURL) as failure:
                raise translate(request, self._target, failure) from None
        raise error or self._target.unresolved(OSError("no addresses"))

    def _addresses(self) -> list[str]:
        if self._target.tunnel is not None:
            self._target.tunnel.ensure()
            return [self._target.endpoint.host]
        if self._address is not None:
            return self._target.check([self._address])
        endpoint = self._target.endpoint
        try:
            found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise self._target.unresolved(error) from None
        return self._target.check([str(entry[4][0]) for entry in found])


class AsyncTransport:
    """Sends many requests at once within one event loop."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._http = httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(**target.connections()), **target.options())
        self._address: str | None = target.literal()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def send(self, request: Request) -> Answer:
        """Return the whole answer, whatever its status. Raises KubeError."""
        deadline = time.monotonic() + self._target.timeouts.total_seconds
        error: KubeError | None = None
        for address in await self._addresses():
            body = _Body(request, self._target, deadline)
            try:
                async with self._http.stream(**self._target.arguments(request, address)) as response:
                    async for piece in response.aiter_bytes():
                        body.add(piece)
                self._address = address
                return self._target.scrubbed(body.answer(response))
            except httpx.ConnectError as failure:
                self._address = self._target.literal()
                error = translate(request, self._target, failure)
            except (httpx.HTTPError, httpx.InvalidURL) as failure:
                raise translate(request, self._target, failure) from None
        raise error or self._target.unresolved(OSError("no addresses"))

    async def _addresses(self) -> list[str]:
        if self._target.tunnel is not None:
            await self._target.tunnel.ensure_async()
            return [self._target.endpoint.host]
        if self._address is not None:
            return self._target.check([self._address])
        endpoint = self._target.endpoint
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise self._target.unresolved(error) from None
        return self._target.check([str(entry[4][0]) for entry in found])


def translate(request: Request, target: Target, failure: Exception) -> KubeError:
    """Say what a failure of httpx means. Its own text can hold addresses but no headers."""
    where = f"{target.endpoint.host}:{target.endpoint.port}"
    tls = _tls_failure(failure)
    if target.tunnel is not None and (
        tls == _ENDED or (tls is None and not isinstance(failure, httpx.TimeoutException))
    ):
        return KubeUnavailableError(
            f"the connection to {where} through the bastion {target.tunnel.bastion.host} broke",
            hint="Check that the bastion reaches the API server; a connection test says where it ends.",
        )
    if tls is not None:
        return KubeTlsError(f"TLS with {target.what} at {where} failed: {tls}", hint=hint_for(KubeTlsError))
    hint = hint_for(KubeUnavailableError)
    if isinstance(failure, httpx.ConnectTimeout | httpx.ConnectError):
        reason = "does not answer" if isinstance(failure, httpx.ConnectTimeout) else "refuses connections"
        return KubeUnavailableError(f"{target.what} at {where} {reason}", hint=hint)
    if isinstance(failure, httpx.TimeoutException):
        return KubeUnavailableError(f"{request.what} was not answered in time by {where}", hint=hint)
    if isinstance(failure, httpx.RemoteProtocolError | httpx.DecodingError):
        return KubeUnavailableError(f"{request.what}: the answer of {where} was cut off: {failure}", hint=hint)
    return KubeUnavailableError(f"{request.what}: the connection to {where} broke", hint=hint)


def _tls_failure(failure: BaseException | None) -> str | None:
    while failure is not None:
        if isinstance(failure, ssl.SSLCertVerificationError):
            return failure.verify_message
        if isinstance(failure, ssl.SSLError):
            return failure.reason or "handshake failed"
        failure = failure.__cause__ or failure.__context__
    return None
