"""Plain HTTPS to one cluster: requests as they were recorded, and watches read line by line."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

# The name under which the recordings' client wrote: field ownership is recorded with it.
_USER_AGENT = "python-requests/2"
_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """What came back; header names in small letters."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Stream:
    """What a watch brought, and how long it stayed open."""

    status: int
    events: list[Any] = field(default_factory=list)
    seconds: float = 0.0
    closed_by_server: bool = False
    body: Any = None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _decoded(data: bytes, headers: dict[str, str]) -> Any:
    text = data.decode(errors="replace")
    if "json" in headers.get("content-type", ""):
        with suppress(ValueError):
            return json.loads(text)
    return text or None


class Client:
    """A caller of one cluster."""

    def __init__(self, url: str, ca_file: Path, token: str) -> None:
        self.url = url
        self.token = token
        self._pool = urllib3.PoolManager(ca_certs=str(ca_file), retries=False, maxsize=4)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        token: str | None = "",
    ) -> Answer:
        """Send one request; an empty token means the administrator's, None none at all. Raises HTTPError."""
        answer = self._pool.request(
            method,
            self.url + path,
            body=_encoded(body),
            headers=self._headers(headers, token),
            timeout=_TIMEOUT_SECONDS,
            redirect=False,
        )
        kept = _lower(answer.headers)
        return Answer(answer.status, kept, _decoded(answer.data, kept))

    def watch(
        self,
        path: str,
        headers: dict[str, str] | None = None,
        token: str | None = "",
        *,
        longest_seconds: float,
        enough: Callable[[list[Any]], bool],
        opened: Callable[[], None] | None = None,
    ) -> Stream:
        """Read a watch until there is enough, the server closes it, or time is up. Raises HTTPError."""
        answer = self._pool.request(
            "GET",
            self.url + path,
            headers=self._headers(headers, token),
            timeout=urllib3.Timeout(connect=_TIMEOUT_SECONDS, read=longest_seconds),
            preload_content=False,
        )
        stream = Stream(answer.status)
        began = time.monotonic()
        try:
            if answer.status != 200:
                stream.body = _decoded(answer.read(), _lower(answer.headers))
                return stream
            if opened is not None:
                threading.Thread(target=opened, daemon=True).start()
            for line in _read_lines(answer, longest_seconds):
                stream.events.append(json.loads(line))
                if enough(stream.events):
                    return stream
            stream.closed_by_server = True
        except HTTPError:
            pass  # nothing came for as long as the recording's client waited
        finally:
            stream.seconds = time.monotonic() - began
            answer.close()
        return stream

    def _headers(self, headers: dict[str, str] | None, token: str | None) -> dict[str, str]:
        found = {"User-Agent": _USER_AGENT, "Accept": "application/json", **(headers or {})}
        if token is not None:
            found["Authorization"] = f"Bearer {token or self.token}"
        return found


def _encoded(body: Any) -> bytes | None:
    if body is None:
        return None
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def _read_lines(answer: urllib3.BaseHTTPResponse, longest_seconds: float) -> Iterator[bytes]:
    deadline = time.monotonic() + longest_seconds
    buffer = b""
    for piece in answer.stream(65536):
        buffer += piece
        *lines, buffer = buffer.split(b"\n")
        yield from (line for line in lines if line.strip())
        if time.monotonic() > deadline:
            raise urllib3.exceptions.TimeoutError("read long enough")
    if buffer.strip():
        yield buffer
