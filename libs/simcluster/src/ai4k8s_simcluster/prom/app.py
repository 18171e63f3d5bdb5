"""Prometheus' HTTP API, over plain HTTP as Prometheus serves it."""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, cast
from urllib.parse import parse_qsl

import numpy as np
import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ai4k8s_simcluster.clock import Clock
from ai4k8s_simcluster.prom import syntax
from ai4k8s_simcluster.prom.engine import Engine, Row, Sources
from ai4k8s_simcluster.prom.series import NAME, Series
from ai4k8s_simcluster.prom.syntax import PromqlError, Selector, parse_duration_ms, parse_selector
from ai4k8s_simcluster.types import FloatArray, IntArray, Obj

_MOST_POINTS = 11_000
_TEXT_FORM = "text/plain; version=0.0.4"
_TOO_MANY_POINTS = (
    "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
)
_LABEL_VALUES = re.compile(r"^/api/v1/label/([^/]+)/values$")
Parameters = list[tuple[str, str]]


async def _unhurried(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Make pieces in the loop that owns the store, letting others have their turn in between."""
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


class BadDataError(Exception):
    """A request that Prometheus answers with 400 bad_data."""


def format_value(value: float) -> str:
    """Write a sample value as Prometheus does: the shortest digits that read back, never an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def _seconds(milliseconds: int) -> float | int:
    whole, rest = divmod(int(milliseconds), 1000)
    return whole + rest / 1000 if rest else whole


def _time_ms(text: str, name: str) -> int:
    try:
        moment = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text).timestamp()
        except ValueError as error:
            raise BadDataError(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp') from error
    if not math.isfinite(moment):
        raise BadDataError(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp')
    return round(moment * 1000)


def _duration_ms(text: str, name: str) -> int:
    try:
        return round(float(text) * 1000)
    except ValueError:
        try:
            return parse_duration_ms(text)
        except PromqlError as error:
            raise BadDataError(f'invalid parameter "{name}": cannot parse "{text}" to a valid duration') from error


def _success(data: Any) -> Response:
    return Response(orjson.dumps({"status": "success", "data": data}), 200, media_type="application/json")


def _failure(kind: str, message: str, status: int) -> Response:
    body = {"status": "error", "errorType": kind, "error": message}
    return Response(orjson.dumps(body), status, media_type="application/json")


def _first(parameters: Parameters, name: str) -> str:
    return next((value for key, value in parameters if key == name), "")


def _metric(row: Row) -> dict[str, str]:
    return dict(sorted(row.labels.items()))


class PrometheusApplication:
    """An ASGI application that is a Prometheus."""

    def __init__(
        self, snapshot: Callable[[], Sources], exposition: Callable[[], Iterator[bytes]], clock: Clock
    ) -> None:
        self._snapshot = snapshot
        self._exposition = exposition
        self._clock = clock
        self._routes: dict[str, Callable[[Sources, Parameters], Any]] = {
            "/api/v1/query": self._query,
            "/api/v1/query_range": self._query_range,
            "/api/v1/series": self._series,
            "/api/v1/labels": self._labels,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        if path in {"/-/healthy", "/-/ready"}:
            word = "Healthy" if path.endswith("healthy") else "Ready"
            return PlainTextResponse(f"Prometheus Server is {word}.\n")
        if path == "/metrics":
            return StreamingResponse(_unhurried(self._exposition()), media_type=_TEXT_FORM)
        if path == "/api/v1/status/buildinfo":
            return _success(_BUILD_INFO)
        handler = self._routes.get(path)
        label = _LABEL_VALUES.match(path)
        if handler is None and label:
            handler = partial(self._label_values, label.group(1))
        if handler is None:
            return PlainTextResponse("404 page not found\n", 404)
        if request.method not in {"GET", "POST"} or (label and request.method != "GET"):
            return PlainTextResponse("Method Not Allowed\n", 405)
        parameters: Parameters = list(request.query_params.multi_items())
        if request.method == "POST":
            parameters = [*parse_qsl((await request.body()).decode(), keep_blank_values=True), *parameters]
        try:
            data = await asyncio.to_thread(handler, self._snapshot(), parameters)
        except (BadDataError, PromqlError) as error:
            return _failure("bad_data", str(error), 400)
        return _success(data)

    def _expression(self, parameters: Parameters) -> syntax.Expression:
        try:
            return syntax.parse(_first(parameters, "query"))
        except PromqlError as error:
            raise BadDataError(f'invalid parameter "query": {error}') from error

    def _query(self, sources: Sources, parameters: Parameters) -> Obj:
        text = _first(parameters, "time")
        at = _time_ms(text, "time") if text else round(self._clock.now() * 1000)
        expression = self._expression(parameters)
        if isinstance(expression, Selector) and expression.range_ms:
            return _raw_matrix(sources.select(expression), at, expression.range_ms)
        value = Engine(sources).evaluate(expression, np.array([at], dtype=np.int64))
        if not isinstance(value, list):
            return {"resultType": "scalar", "result": [_seconds(at), format_value(float(value[0]))]}
        result = [
            {"metric": _metric(row), "value": [_seconds(at), format_value(float(row.values[0]))]}
            for row in value
            if row.present[0]
        ]
        return {"resultType": "vector", "result": result}

    def _query_range(self, sources: Sources, parameters: Parameters) -> Obj:
        start, end = (_time_ms(_first(parameters, name), name) for name in ("start", "end"))
        if end < start:
            raise BadDataError('invalid parameter "end": end timestamp must not be before start time')
        step = _duration_ms(_first(parameters, "step"), "step")
        if step <= 0:
            raise BadDataError(
                'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
                "Try a positive integer"
            )
        if (end - start) / step > _MOST_POINTS:
            raise BadDataError(_TOO_MANY_POINTS)
        expression = self._expression(parameters)
        at: IntArray = np.arange(start, end + 1, step, dtype=np.int64)
        value = Engine(sources).evaluate(expression, at)
        if not isinstance(value, list):
            return {"resultType": "matrix", "result": [{"metric": {}, "values": _points(at, value)}]}
        rows = sorted((row for row in value if row.present.any()), key=lambda row: sorted(row.labels.items()))
        result = [{"metric": _metric(row), "values": _points(at[row.present], row.values[row.present])} for row in rows]
        return {"resultType": "matrix", "result": result}

    def _selected(self, sources: Sources, parameters: Parameters, *, required: bool) -> list[Series]:
        texts = [value for key, value in parameters if key == "match[]"]
        if required and not texts:
            raise BadDataError("no match[] parameter provided")
        try:
            selectors = [parse_selector(text) for text in texts]
        except PromqlError as error:
            raise BadDataError(f'invalid parameter "match[]": {error}') from error
        if not selectors:
            selectors = [parse_selector(f'{{{NAME}=~".+"}}')]
        start_text, end_text = _first(parameters, "start"), _first(parameters, "end")
        start = _time_ms(start_text, "start") if start_text else 0
        end = _time_ms(end_text, "end") if end_text else round(self._clock.now() * 1000)
        found = {tuple(sorted(s.labels.items())): s for selector in selectors for s in sources.select(selector)}
        return [series for series in found.values() if _overlaps(series, start, end)]

    def _series(self, sources: Sources, parameters: Parameters) -> list[dict[str, str]]:
        found = self._selected(sources, parameters, required=True)
        return [dict(sorted(series.labels.items())) for series in found]

    def _labels(self, sources: Sources, parameters: Parameters) -> list[str]:
        return sorted(
            {name for series in self._selected(sources, parameters, required=False) for name in series.labels}
        )

    def _label_values(self, name: str, sources: Sources, parameters: Parameters) -> list[str]:
        found = self._selected(sources, parameters, required=False)
        return sorted({series.labels[name] for series in found if name in series.labels})


def _overlaps(series: Series, start: int, end: int) -> bool:
    first = int(np.searchsorted(series.times, start, side="left"))
    return first < len(series.times) and int(series.times[first]) <= end


def _points(at: IntArray, values: FloatArray) -> list[list[Any]]:
    times = [_seconds(moment) for moment in cast("list[int]", at.tolist())]
    return [[moment, format_value(value)] for moment, value in zip(times, values.tolist(), strict=True)]


def _raw_matrix(found: list[Series], at: int, range_ms: int) -> Obj:
    result = []
    for series in found:
        inside = (series.times > at - range_ms) & (series.times <= at) & ~np.isnan(series.values)
        if inside.any():
            points = _points(series.times[inside], series.values[inside])
            result.append({"metric": dict(sorted(series.labels.items())), "values": points})
    return {"resultType": "matrix", "result": result}


_BUILD_INFO = {
    "version": "3.0.0+simcluster",
    "revision": "",
    "branch": "",
    "buildUser": "",
    "buildDate": "",
    "goVersion": "",
}
