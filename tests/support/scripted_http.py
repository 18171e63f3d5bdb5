"""A small HTTP server that answers exactly what a test scripted, down to broken connections."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to answer. `cut_after` sends only so many bytes of the body it announced, then hangs up."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    hang: bool = False
    drip_seconds: float | None = None

    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Script = Callable[[Seen], Reply]


class ScriptedServer:
    """Answers by a function; remembers what it was asked."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.seen: list[Seen] = []
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                outer.handle(self)

            do_GET = do_POST = do_PATCH = handle_any  # noqa: N815  # the names that http.server calls

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.scheme = "http"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self.scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("content-length", 0))
        seen = Seen(
            handler.command,
            parts.path,
            {key: values[0] for key, values in parse_qs(parts.query).items()},
            {key.lower(): value for key, value in handler.headers.items()},
            handler.rfile.read(length),
        )
        self.seen.append(seen)
        reply = self.script(seen)
        if reply.hang:
            self.released.wait(30)
            handler.close_connection = True
            return
        raw = reply.raw()
        with contextlib.suppress(OSError):
            self._send(handler, reply, raw)

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply, raw: bytes) -> None:
        handler.send_response(reply.status)
        for name, value in {"content-type": "application/json", **reply.headers}.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(raw)))
        handler.end_headers()
        if reply.drip_seconds is not None:
            for position in range(len(raw)):
                handler.wfile.write(raw[position : position + 1])
                handler.wfile.flush()
                if self.released.wait(reply.drip_seconds):
                    break
        handler.wfile.write(raw if reply.cut_after is None else raw[: reply.cut_after])
        if reply.cut_after is not None:
            handler.wfile.flush()
            handler.close_connection = True

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@contextmanager
def scripted(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """Run a server for the length of a test."""
    server = ScriptedServer(script, tls)
    try:
        yield server
    finally:
        server.close()


def in_turn(*replies: Reply) -> Script:
    """Answer each reply once, then the last one for ever."""
    waiting = list(replies)
    lock = threading.Lock()

    def script(_: Seen) -> Reply:
        with lock:
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return script
