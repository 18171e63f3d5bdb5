"""Reads a cluster's Prometheus: the present in one query, the past in as many as its limits ask for.

Prometheus answers a range of at most 11,000 points a series; longer ranges are asked in pieces on one grid,
so that the pieces join without seam or overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPMethod, HTTPStatus
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

import msgspec

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.addresses import AccessPolicy, parse_endpoint
from ai4k8s_common.kube.errors import (
    KubeError,
    KubeForbiddenError,
    KubeInvalidError,
    KubeProtocolError,
    KubeThrottledError,
    KubeUnauthorizedError,
    KubeUnavailableError,
)
from ai4k8s_common.kube.transport import USER_AGENT, AsyncTransport, SyncTransport, Target, Timeouts
from ai4k8s_common.kube.wire import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

MAX_POINTS = 11_000
QUERY_PATH = "/api/v1/query"
HINT = "Check the cluster's Prometheus address; the page works without it, but starts without history."


class _Series(msgspec.Struct, frozen=True):
    metric: dict[str, str]
    values: list[tuple[float, str]] | None = None
    value: tuple[float, str] | None = None


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    result_type: str
    result: list[_Series]


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    status: str
    data: _Data | None = None
    error_type: str = ""
    error: str = ""


@dataclass(frozen=True)
class Series:
    """One labelled series: Unix times in seconds and values, which may be NaN or infinite."""

    labels: dict[str, str]
    times: list[float]
    values: list[float]


@dataclass(frozen=True)
class TimeRange:
    """A grid from `start` to `end`, both included."""

    start: datetime
    end: datetime
    step: timedelta

    def pieces(self, max_points: int) -> Iterator[TimeRange]:
        """Cut into ranges of at most `max_points` grid points, on the same grid."""
        if self.step <= timedelta(0) or not 1 <= max_points <= MAX_POINTS:
            raise ValueError("a range needs a positive step, and a piece between 1 and 11,000 points")
        start = self.start
        while start <= self.end:
            end = min(start + self.step * (max_points - 1), self.end)
            yield TimeRange(start, end, self.step)
            start = end + self.step


class PrometheusClient:
    """One Prometheus. Every method raises KubeError only."""

    def __init__(self, url: str, policy: AccessPolicy | None = None, timeouts: Timeouts | None = None) -> None:
        self._transport = SyncTransport(_target(url, policy, timeouts))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def query(self, query: str, at: datetime | None = None) -> list[Series]:
        """Return the value of each series at one moment (default: now)."""
        return _read(self._transport.send(_question(QUERY_PATH, _instant(query, at))))

    def query_range(self, query: str, span: TimeRange) -> list[Series]:
        """Return each series over a range that fits into one answer.

        Raises KubeInvalidError when it does not; cut it with `TimeRange.pieces`.
        """
        if (span.end - span.start) // span.step + 1 > MAX_POINTS:
            raise KubeInvalidError(f"Prometheus answers at most {MAX_POINTS} points a series at once")
        step = f"{span.step.total_seconds():g}"
        values = {"query": query, "start": _unix(span.start), "end": _unix(span.end), "step": step}
        return _read(self._transport.send(_question("/api/v1/query_range", values)))


class AsyncPrometheusClient:
    """One Prometheus asked about the present, several questions at once. Methods raise KubeError only."""

    def __init__(self, url: str, policy: AccessPolicy | None = None, timeouts: Timeouts | None = None) -> None:
        self._transport = AsyncTransport(_target(url, policy, timeouts))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def query(self, query: str) -> list[Series]:
        """Return the present value of each series."""
        return _read(await self._transport.send(_question(QUERY_PATH, _instant(query, None))))


def _target(url: str, policy: AccessPolicy | None, timeouts: Timeouts | None) -> Target:
    policy = policy or AccessPolicy()
    endpoint = parse_endpoint(url, "Prometheus", policy)
    timeouts = timeouts or Timeouts(read_seconds=30.0, total_seconds=60.0)
    headers = {"accept": "application/json", "user-agent": USER_AGENT}
    return Target("Prometheus", endpoint, headers, endpoint.scheme == "https", endpoint.host, policy, timeouts)


def _question(path: str, values: dict[str, str]) -> Request:
    # POST, because long queries do not fit into a URL everywhere.
    return Request(
        path,
        method=HTTPMethod.POST,
        body=urlencode(values).encode(),
        content_type="application/x-www-form-urlencoded",
    )


def _instant(query: str, at: datetime | None) -> dict[str, str]:
    return {"query": query} | ({"time": _unix(at)} if at is not None else {})


def _read(answer: Answer) -> list[Series]:
    return [_series(raw) for raw in _decode(answer)]


def _series(raw: _Series) -> Series:
    points = raw.values if raw.values is not None else [raw.value] if raw.value is not None else []
    try:
        values = [float(text) for _, text in points]
    except ValueError:
        raise KubeProtocolError("Prometheus answered with a value that is no number", hint=HINT) from None
    return Series(raw.metric, [at for at, _ in points], values)


def _decode(answer: Answer) -> list[_Series]:
    try:
        body = msgspec.json.decode(answer.body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        if answer.status != HTTPStatus.OK:
            raise _refused(answer.status, "no reason given") from None
        raise KubeProtocolError("this does not answer like Prometheus does", hint=HINT) from None
    if answer.status != HTTPStatus.OK or body.status != "success" or body.data is None:
        raise _refused(answer.status, f"{body.error_type}: {body.error}"[:400])
    return body.data.result


def _refused(status: int, reason: str) -> KubeError:
    kinds: dict[int, type[KubeError]] = {
        400: KubeInvalidError,
        401: KubeUnauthorizedError,
        403: KubeForbiddenError,
        422: KubeInvalidError,
        429: KubeThrottledError,
    }
    kind = kinds.get(status, KubeUnavailableError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else KubeError)
    return kind(f"Prometheus answered {status}: {reason}", hint=HINT)


def _unix(at: datetime) -> str:
    if at.tzinfo is None:
        raise InvalidInputError("a time without a zone")
    return f"{at.astimezone(UTC).timestamp():.3f}"
