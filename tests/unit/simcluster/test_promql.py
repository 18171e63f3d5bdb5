"""The query language: what is understood is computed as Prometheus computes it, the rest is refused."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ai4k8s_simcluster.prom.app import format_value
from ai4k8s_simcluster.prom.engine import Engine, Sources
from ai4k8s_simcluster.prom.series import NAME, STALE, Series
from ai4k8s_simcluster.prom.syntax import PromqlError, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

MAIN_QUERY = (
    "sum by (namespace, workload, workload_type) (sum by (namespace, pod) "
    '(rate(container_cpu_usage_seconds_total{container!=""}[2m])) * on (namespace, pod) group_left (workload, '
    "workload_type) max by (namespace, pod, workload, workload_type) (namespace_workload_pod:kube_pod_owner:relabel))"
)


class Fixed:
    """Series that a test made."""

    def __init__(self, *series: Series) -> None:
        self._series = series

    def names(self) -> set[str]:
        return {series.labels[NAME] for series in self._series}

    def series(self, name: str) -> list[Series]:
        return [series for series in self._series if series.labels[NAME] == name]

    def find(self, labels: Mapping[str, str]) -> Series | None:
        return next((series for series in self._series if series.labels == labels), None)


def make(name: str, points: list[tuple[float, float]], **labels: str) -> Series:
    times = np.array([round(t * 1000) for t, _ in points], dtype=np.int64)
    return Series({NAME: name, **labels}, times, np.array([v for _, v in points], dtype=float))


def ask(query: str, at: float, *series: Series):
    """Evaluate at one time: {labels: value}, or the scalar."""
    value = Engine(Sources(Fixed(*series))).evaluate(parse(query), np.array([round(at * 1000)], dtype=np.int64))
    if not isinstance(value, list):
        return float(value[0])
    return {
        tuple(sorted((k, v) for k, v in row.labels.items())): float(row.values[0]) for row in value if row.present[0]
    }


def only(result: dict[str, Any]) -> float:
    assert len(result) == 1
    return float(next(iter(result.values())))


COUNTER = make("c", [(15.0 * i, 7.5 * i) for i in range(100)], pod="a")


@pytest.mark.parametrize(
    ("query", "expected"),
    [("rate(c[2m])", 0.5), ("increase(c[2m])", 60.0), ("irate(c[2m])", 0.5)],
)
def test_a_steady_counter_has_its_steady_rate(query: str, expected: float) -> None:
    assert only(ask(query, 600, COUNTER)) == pytest.approx(expected)


def test_the_start_of_a_range_is_open_and_its_end_closed() -> None:
    series = make("g", [(0, 1), (60, 2), (120, 4)])
    assert only(ask("sum_over_time(g[2m])", 120, series)) == 6
    assert only(ask("count_over_time(g[1m])", 120, series)) == 1


def test_rate_extrapolates_by_half_an_interval_when_the_border_is_far() -> None:
    # Samples at 10, 20, 30 in the range (0, 60]: 10 s to the start is within 1.1 intervals, 30 s to the end is not.
    series = make("c", [(10, 100), (20, 110), (30, 120)])
    assert only(ask("increase(c[1m])", 60, series)) == pytest.approx(20 * (20 + 10 + 5) / 20)


def test_rate_never_extrapolates_a_counter_below_zero() -> None:
    # It would reach zero 1 s before its first sample, so only that second is added at the start.
    series = make("c", [(10, 1), (20, 11), (30, 21)])
    assert only(ask("increase(c[30s])", 30, series)) == pytest.approx(20 * (20 + 1 + 0) / 20)


def test_a_counter_that_starts_anew_does_not_count_backwards() -> None:
    series = make("c", [(0, 0), (30, 30), (60, 60), (90, 10), (120, 40)])
    assert only(ask("increase(c[2m])", 120, series)) == pytest.approx(70 * 4 / 3)  # 30 + 10 + 30 in 90 of 120 s
    assert only(ask("irate(c[2m])", 90, series)) == pytest.approx(10 / 30)


def test_one_sample_makes_no_rate() -> None:
    assert ask("rate(c[2m])", 60, make("c", [(30, 1)])) == {}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("avg_over_time(g[5m])", 3.0), ("max_over_time(g[5m])", 5.0), ("min_over_time(g[5m])", 1.0),
        ("max_over_time(g[3m])", 5.0), ("max_over_time(g[1m])", 2.0),
    ],
)  # fmt: skip
def test_functions_over_time(query: str, expected: float) -> None:
    series = make("g", [(60, 3), (120, 1), (180, 5), (240, 4), (300, 2)])
    assert only(ask(query, 300, series)) == expected


def test_extremes_agree_with_a_plain_count_at_every_time() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=400)
    series = make("g", [(10.0 * i, float(v)) for i, v in enumerate(values)])
    at = np.arange(0, 4_200_000, 7_000, dtype=np.int64)
    rows = Engine(Sources(Fixed(series))).evaluate(parse("max_over_time(g[3m])"), at)
    assert isinstance(rows, list)
    for moment, value, present in zip(at, rows[0].values, rows[0].present, strict=True):
        inside = values[(series.times > moment - 180_000) & (series.times <= moment)]
        assert present == bool(len(inside))
        if len(inside):
            assert value == inside.max()


def test_an_instant_looks_back_five_minutes_and_no_further() -> None:
    series = make("g", [(0, 7)])
    assert only(ask("g", 299, series)) == 7
    assert ask("g", 300, series) == {}


def test_a_series_that_ended_is_gone_at_once() -> None:
    series = make("g", [(0, 7), (15, STALE)])
    assert ask("g", 20, series) == {}
    assert only(ask("max_over_time(g[1m])", 20, series)) == 7


def test_selectors_compare_labels_in_four_ways() -> None:
    series = [make("g", [(0, i)], pod=pod) for i, pod in enumerate(("web-1", "web-2", "db-1"))]
    assert only(ask('g{pod="db-1"}', 1, *series)) == 2
    assert len(ask('g{pod!="db-1"}', 1, *series)) == 2
    assert len(ask('g{pod=~"web-.*"}', 1, *series)) == 2
    assert ask('g{pod=~"web"}', 1, *series) == {}, "regular expressions match whole values"
    assert only(ask('g{pod!~"web-.*"}', 1, *series)) == 2
    assert len(ask('g{container=""}', 1, *series)) == 3, "a missing label is empty"
    assert len(ask('{__name__=~"g|h"}', 1, *series)) == 3


def test_aggregations_group_by_labels_or_without_them() -> None:
    series = [make("g", [(0, v)], ns=ns, pod=pod) for ns, pod, v in (("a", "x", 1), ("a", "y", 3), ("b", "z", 5))]
    assert ask("sum by (ns) (g)", 1, *series) == {(("ns", "a"),): 4, (("ns", "b"),): 5}
    assert ask("sum(g) by (ns)", 1, *series) == ask("sum without (pod) (g)", 1, *series)
    assert ask("avg(g)", 1, *series) == {(): 3}
    assert (only(ask("max(g)", 1, *series)), only(ask("min(g)", 1, *series)), only(ask("count(g)", 1, *series))) == (
        5,
        1,
        3,
    )


def test_arithmetic_knows_precedence_and_scalars() -> None:
    assert ask("1 + 2 * 3 ^ 2 ^ 0 - 4 / 2", 1) == 5
    assert ask("-2 ^ 2", 1) == -4
    assert math.isnan(ask("0 / 0", 1))
    result = ask("g * 2 + 1", 1, make("g", [(0, 3)], a="b"))
    assert result == {(("a", "b"),): 7}, "the metric name is dropped"


def test_vectors_meet_on_equal_labels() -> None:
    left = [make("l", [(0, 10)], pod="a"), make("l", [(0, 20)], pod="b")]
    right = [make("r", [(0, 2)], pod="a", node="n")]
    assert ask("l / on (pod) r", 1, *left, *right) == {(("pod", "a"),): 5}
    assert ask("l / ignoring (node) r", 1, *left, *right) == {(("pod", "a"),): 5}
    assert ask("l / r", 1, *left, *right) == {}


def test_group_left_takes_labels_over_from_the_one_side() -> None:
    usage = [make("u", [(0, 1)], ns="s", pod="a"), make("u", [(0, 2)], ns="s", pod="b")]
    owner = [make("o", [(0, 1)], ns="s", pod=pod, workload="web") for pod in ("a", "b")]
    result = ask("sum by (workload) (u * on (ns, pod) group_left (workload) o)", 1, *usage, *owner)
    assert result == {(("workload", "web"),): 3}


def test_many_to_many_and_unsaid_many_to_one_are_errors() -> None:
    left = [make("l", [(0, 1)], pod="a", c="1"), make("l", [(0, 1)], pod="a", c="2")]
    right = [make("r", [(0, 1)], pod="a", d="1")]
    with pytest.raises(PromqlError, match="must be explicit"):
        ask("l * on (pod) r", 1, *left, *right)
    with pytest.raises(PromqlError, match="many-to-many matching not allowed"):
        ask("r * on (pod) group_left (c) l", 1, *left, *right)


def test_the_collector_s_main_query_joins_usage_to_workloads() -> None:
    pods = [("web-1", "web", 0.5), ("web-2", "web", 0.25), ("db-1", "db", 1.0)]
    usage = [
        make(
            "container_cpu_usage_seconds_total",
            [(15 * i, 15 * i * v) for i in range(41)],
            namespace="shop",
            pod=p,
            container="app",
        )
        for p, _, v in pods
    ]
    whole = make(
        "container_cpu_usage_seconds_total", [(15 * i, 99 * i) for i in range(41)], namespace="shop", pod="web-1"
    )
    owners = [
        make(
            "namespace_workload_pod:kube_pod_owner:relabel",
            [(15 * i, 1) for i in range(41)],
            namespace="shop",
            pod=p,
            workload=w,
            workload_type="deployment",
        )
        for p, w, _ in pods
    ]
    result = ask(MAIN_QUERY, 600, *usage, whole, *owners)
    by_workload = {dict(labels)["workload"]: value for labels, value in result.items()}
    assert by_workload == {"web": pytest.approx(0.75), "db": pytest.approx(1.0)}


@pytest.mark.parametrize(
    "query",
    [
        "", "g offset 5m", "g @ 100", "g > 1", "g and g", "g or g", "g unless g", "histogram_quantile(0.9, g)",
        "topk(3, g)", "quantile(0.5, g)", "rate(g)", "rate(g[5m:1m])", "g[5m", "sum(g[5m])", "absent(g)", "{}",
        'g{a=~"("}', "g{a=1}", "sum by g (g)", "label_replace(g, 'a', 'b', 'c', 'd')", "1 == 1", "(rate(g[1m]))[5m:]",
        "g * on (a) 2", "predict_linear(g[5m], 60)", "g{", "5 5",
    ],
)  # fmt: skip
def test_what_is_not_served_is_refused(query: str) -> None:
    with pytest.raises(PromqlError):
        ask(query, 1, make("g", [(0, 1)]))


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.1, "0.1"), (1e-7, "0.0000001"), (1e21, "1000000000000000000000"), (-2.5, "-2.5"),
     (math.nan, "NaN"), (math.inf, "+Inf"), (-math.inf, "-Inf"), (123456789.25, "123456789.25")],
)  # fmt: skip
def test_values_are_written_without_exponents(value: float, text: str) -> None:
    assert format_value(value) == text
