"""The past is asked for in pieces that Prometheus accepts."""

from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.kube.errors import (
    KubeError,
    KubeInvalidError,
    KubeProtocolError,
    KubeUnauthorizedError,
    KubeUnavailableError,
)
from ai4k8s_common.kube.prometheus import PrometheusClient, TimeRange
from ai4k8s_common.kube.transport import Timeouts
from tests.support.scripted_http import Reply, in_turn, scripted

POLICY = AccessPolicy(allow_loopback=True)
QUICK = Timeouts(connect_seconds=0.5, read_seconds=0.3, total_seconds=0.6)
START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_range_is_read_with_its_labels() -> None:
    answer = {
        "status": "success",
        "data": {
            "resultType": "matrix",
            "result": [{"metric": {"workload": "web"}, "values": [[1767225600, "0.5"], [1767225660.5, "NaN"]]}],
        },
    }
    with scripted(in_turn(Reply(body=answer))) as server, PrometheusClient(server.url, POLICY, QUICK) as client:
        (series,) = client.query_range("up", TimeRange(START, START + MINUTE, MINUTE))
    assert series.labels == {"workload": "web"}
    assert series.times == [1767225600, 1767225660.5]
    assert series.values[0] == 0.5
    assert math.isnan(series.values[1])
    sent = parse_qs(server.seen[0].body.decode())
    assert sent == {"query": ["up"], "start": ["1767225600.000"], "end": ["1767225660.000"], "step": ["60"]}


def test_an_instant_is_read() -> None:
    answer = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "3"]}]}}
    with scripted(in_turn(Reply(body=answer))) as server, PrometheusClient(server.url, POLICY, QUICK) as client:
        assert client.query("up", START)[0].values == [3.0]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(400, {"status": "error", "errorType": "bad_data", "error": "parse error"}), KubeInvalidError),
        (Reply(401, b"no"), KubeUnauthorizedError),
        (Reply(503, b"starting"), KubeUnavailableError),
        (Reply(422, {"status": "error", "errorType": "execution", "error": "x"}), KubeInvalidError),
        (Reply(200, b"<html>"), KubeProtocolError),
        (Reply(200, {"status": "success"}), KubeError),
        (
            Reply(
                200,
                {
                    "status": "success",
                    "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "x"]}]},
                },
            ),
            KubeProtocolError,
        ),
        (Reply(hang=True), KubeUnavailableError),
    ],
)
def test_what_is_no_answer_is_an_error(reply: Reply, kind: type[KubeError]) -> None:
    with (
        scripted(in_turn(reply)) as server,
        PrometheusClient(server.url, POLICY, QUICK) as client,
        pytest.raises(kind),
    ):
        client.query("up")


def test_a_range_beyond_the_limit_is_not_even_asked() -> None:
    with PrometheusClient("http://10.0.0.1:9090", POLICY, QUICK) as client, pytest.raises(KubeInvalidError):
        client.query_range("up", TimeRange(START, START + timedelta(days=14), MINUTE))


@given(st.integers(0, 40_000), st.integers(1, 11_000), st.integers(1, 300))
def test_pieces_cover_the_grid_once(points: int, most: int, step_seconds: int) -> None:
    step = timedelta(seconds=step_seconds)
    span = TimeRange(START, START + step * points, step)
    pieces = list(span.pieces(most))
    assert pieces[0].start == span.start
    assert pieces[-1].end == span.end
    for left, right in itertools.pairwise(pieces):
        assert right.start - left.end == step
    assert all((piece.end - piece.start) // step + 1 <= most for piece in pieces)
