"""What is told of anomalies, incidents and a cluster's health."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ai4k8s_forecaster.domain.account import Finding, Severity, account
from ai4k8s_forecaster.domain.grouping import TOGETHER, Beginning, OpenIncident, group, title
from ai4k8s_forecaster.domain.health import Seen, health
from ai4k8s_forecaster.domain.known_causes import bins_since, rises, steps, told
from ai4k8s_forecaster.domain.watch import begin_watch, scan

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def test_the_description_tells_numbers_and_how_long_it_took() -> None:
    spike = Finding("cpu", 3.0, before=300.0, now=950.0, expected=310.0, minutes=5, limit=1000.0)
    leak = Finding("memory_per_pod", 0.8, before=2.0**28, now=2.0**30, expected=2.0**28, minutes=120)
    said = account([spike, leak], of_node=False)
    assert said.description == (
        "CPU rose from 30 % to 95 % of its pods' requests in 5 minutes; 31 % was expected. Also unusual: Memory."
    )
    assert said.severity is Severity.CRITICAL
    assert said.score == 0.75
    assert account([leak], of_node=False).description == (
        "Memory rose from 256 MiB a pod to 1 GiB a pod over 2 hours; 256 MiB a pod was expected."
    )
    missing = Finding("requests", 2.0, before=1.0, now=1.0, expected=50.0, minutes=30)
    assert account([missing], of_node=False).description == (
        "Requests stayed at 1 requests/s in 30 minutes; 50 requests/s was expected."
    )


@pytest.mark.parametrize(
    ("ratio", "now", "saturated", "severity"),
    [
        (1.1, 320.0, False, Severity.LOW),
        (1.6, 320.0, False, Severity.MEDIUM),
        (9.0, 320.0, False, Severity.HIGH),  # large, and nobody feels it
        (9.0, 180.0, False, Severity.LOW),  # large only beside a quiet past
        (1.1, 320.0, True, Severity.HIGH),
        (3.0, 990.0, False, Severity.CRITICAL),
        (3.0, 5.0, False, Severity.CRITICAL),  # nobody comes any more
    ],
)
def test_severity_weighs_size_by_consequence(ratio: float, now: float, saturated: bool, severity: Severity) -> None:
    finding = Finding("cpu", ratio, 100.0, now, 100.0, 5, limit=1000.0, saturated=saturated)
    assert account([finding], of_node=False).severity is severity


def test_what_begins_together_in_one_place_is_one_incident() -> None:
    begin = [
        Beginning("shop", "shop/web", Severity.LOW, "CPU rose."),
        Beginning("shop", "shop/api", Severity.HIGH, "CPU fell."),
        Beginning("", "node-1", Severity.LOW, "Memory rose."),
    ]
    old = OpenIncident(7, "shop", NOW - TOGETHER - timedelta(minutes=1))
    young = OpenIncident(8, "", NOW - timedelta(minutes=5))
    groups = {one.place: one for one in group(begin, [old, young], NOW)}
    assert (groups["shop"].incident_id, groups["shop"].members) == (None, [0, 1])
    assert (groups[""].incident_id, groups[""].members) == (8, [2])
    assert title(begin[:2]) == "shop/api and 1 more: CPU fell."


def test_known_causes_explain_what_follows_and_a_scale_up_explains_no_rise() -> None:
    past = 100 + np.random.default_rng(1).normal(0, 2, (3, 8 * 288))
    watch = begin_watch(past, past.shape[1] - 1, 0.0)
    never, just = np.full(3, np.inf), np.array([0.0, 30.0, np.inf])
    rise, fall = (scan(watch, np.c_[past, np.full((3, 1), value)]) for value in (300.0, 10.0))
    assert told("cpu", rise, just, never, never)[0].tolist() == [0, 1, 1]
    assert told("cpu", rise, just, never, never)[2].tolist() == [0, 0, 1]
    assert told("cpu", rise, never, just, never)[0].tolist() == [1, 1, 1]
    assert told("cpu", fall, never, just, just)[0].tolist() == [0, 1, 1]
    assert told("memory_per_pod", rise, never, just, never)[0].tolist() == [0, 1, 1]


def test_counters_and_steps() -> None:
    counts = np.array([[1.0, 1.0, 2.0, 2.0], [np.nan, 5.0, 1.0, 1.0]])
    assert bins_since(rises(counts)).tolist() == [1.0, np.inf]
    assert steps(np.array([[100.0, 105.0, 80.0, np.nan, 80.0]])).tolist() == [[0, 0, -25, 0, 0]]


def test_a_healthy_cluster_has_a_hundred_points_and_says_why() -> None:
    well = Seen(
        seconds_since_success=20, metrics_available=True, nodes=3, nodes_ready=3, cpu_used_share=0.4,
        pods_wanted=10, pods_ready=10, restarts=0, workloads=4, workloads_foreseen=4, forecasts_judged=100,
        forecasts_inside=95,
    )  # fmt: skip
    judged = health(well)
    assert judged.score == 100
    assert {part.sentence for part in judged.ingredients} >= {"All 3 nodes ready.", "No restart within the hour."}


def test_what_is_wrong_costs_points_costliest_first_and_what_is_not_known_costs_none() -> None:
    sick = Seen(
        seconds_since_success=20, metrics_available=True, nodes=4, nodes_ready=3, cpu_used_share=0.99,
        pods_wanted=10, pods_ready=9, restarts=3, oom_kills=1, open_anomalies=(0, 0, 1, 1), failed_changes=1,
    )  # fmt: skip
    judged = health(sick)
    assert judged.score == round(100 - sum(part.lost for part in judged.ingredients), 1)
    assert [part.lost for part in judged.ingredients] == sorted(
        (part.lost for part in judged.ingredients), reverse=True
    )
    assert "2 open anomalies: 1 critical, 1 high." in {part.sentence for part in judged.ingredients}
    assert all(
        part.lost == 0 and not part.known
        for part in health(Seen()).ingredients
        if part.name not in {"anomalies", "changes"}
    )
    assert health(Seen(seconds_since_success=3600, metrics_available=True)).score <= 60
