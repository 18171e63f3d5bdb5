"""Spoils the answers of an application: late, never, refused, cut short, broken off.

It stands in front of everything, authentication too, as a proxy or an overloaded server would. The control endpoints
under /sim/ are spared: faults must be removable.
"""

import asyncio
from email.utils import formatdate
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ai4k8s_simcluster.api.rendering import error_response
from ai4k8s_simcluster.auth.attributes import attributes_of
from ai4k8s_simcluster.auth.users import ANONYMOUS, User
from ai4k8s_simcluster.clock import Clock
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.faults.book import Entry, FaultBook
from ai4k8s_simcluster.faults.model import Fault, FaultKind

_SPARED = "/sim/"
_LOOK_SECONDS = 0.1
_CONFLICT = (
    "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and "
    "try again"
)
_REASONS: dict[int, tuple[str, str]] = {
    401: ("Unauthorized", "Unauthorized"),
    403: ("Forbidden", "forbidden: refused by a fault on demand"),
    409: ("Conflict", _CONFLICT),
    410: ("Expired", "The provided continue parameter is too old to display a consistent list result."),
    429: ("TooManyRequests", "Too many requests, please try again later."),
    500: ("InternalError", "Internal error occurred: a fault on demand"),
    502: ("", "Bad Gateway"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "Timeout: request did not complete within the allotted timeout"),
}  # fmt: skip
_NOBODY = User(ANONYMOUS)


def verb_of(method: str, path: str, query: bytes) -> str:
    """Return the Kubernetes verb of a request, whoever makes it."""
    return attributes_of(_NOBODY, method, path, dict(parse_qsl(query.decode("latin-1")))).verb


class FaultInjector:
    """An application with faults."""

    def __init__(self, application: ASGIApp, book: FaultBook, clock: Clock) -> None:
        self._application = application
        self._book = book
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or spoil the answer."""
        if scope["type"] != "http" or scope["path"].startswith(_SPARED):
            await self._application(scope, receive, self._dated(send))
            return
        verb = verb_of(scope["method"], scope["path"], scope.get("query_string", b""))
        cut: Fault | None = None
        for entry in self._book.hitting(scope["path"], verb):
            match entry.fault.kind:
                case FaultKind.LATENCY:
                    await asyncio.sleep(entry.fault.seconds)
                case FaultKind.HANG:
                    await self._hang(entry)
                case FaultKind.ERROR:
                    await error_response(refusal(entry.fault))(scope, receive, self._dated(send))
                    return
                case _:
                    cut = entry.fault
        sender = self._dated(send)
        if cut is None:
            await self._application(scope, receive, sender)
        else:
            await _Cut(cut, self._application).answer(scope, receive, sender)

    async def _hang(self, entry: Entry) -> None:
        while self._book.holds(entry.number):  # noqa: ASYNC110 - it also ends by time, which sets no event
            await asyncio.sleep(_LOOK_SECONDS)

    def _dated(self, send: Send) -> Send:
        """Give every answer the date of this server's clock."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                moment = formatdate(self._clock.now() + self._book.skew_seconds(), usegmt=True)
                message["headers"] = [*message.get("headers", ()), (b"date", moment.encode())]
            await send(message)

        return dated


class _EndedError(Exception):
    """The answer was cut; whoever still writes it may stop."""


class _Cut:
    """One answer that ends in the middle of its body."""

    def __init__(self, fault: Fault, application: ASGIApp) -> None:
        self._fault = fault
        self._application = application

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def cutting(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"content-length"]
                await send({**message, "headers": headers})
                return
            body = message.get("body", b"")
            if not body:
                await send(message)
                return
            await send({"type": "http.response.body", "body": body[: max(1, len(body) // 2)], "more_body": True})
            if self._fault.kind is FaultKind.TRUNCATE:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            raise _EndedError

        try:
            await self._application(scope, receive, cutting)
        except _EndedError:
            return  # with the body unfinished, the server breaks the connection off


def refusal(fault: Fault) -> ApiError:
    """Return the error that a fault answers with, in the words of a real server."""
    reason, message = _REASONS[fault.status]
    headers = {"Retry-After": str(fault.retry_after)} if fault.status in {429, 503} else {}
    details = {"retryAfterSeconds": fault.retry_after} if headers else None
    return ApiError(fault.status, reason, message, details, headers)
