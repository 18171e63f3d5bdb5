"""The arithmetic of disruption budgets."""

from __future__ import annotations

from typing import Any

import pytest

from ai4k8s_simcluster.disruption import balance, selects


@pytest.mark.parametrize(
    ("spec", "pods", "scale", "healthy", "expected"),
    [
        # (expected pods, must be healthy, may be disrupted)
        ({"minAvailable": 2}, 3, 3, 3, (3, 2, 1)),
        ({"minAvailable": 2}, 4, 3, 2, (4, 2, 0)),
        ({"minAvailable": 5}, 3, 3, 3, (3, 5, 0)),
        ({"minAvailable": "50%"}, 3, 3, 3, (3, 2, 1)),
        ({"minAvailable": "100%"}, 0, 0, 0, (0, 0, 0)),
        ({"minAvailable": 0}, 0, 0, 0, (0, 0, 0)),
        ({"maxUnavailable": 1}, 3, 3, 3, (3, 2, 1)),
        ({"maxUnavailable": "50%"}, 3, 3, 3, (3, 1, 2)),
        ({"maxUnavailable": 5}, 3, 3, 2, (3, 0, 2)),
        ({"maxUnavailable": 1}, 1, 0, 1, (0, 0, 0)),
        ({"maxUnavailable": 0}, 3, 3, 3, (3, 3, 0)),
    ],
)
def test_how_many_may_be_disrupted(
    spec: dict[str, Any], pods: int, scale: int, healthy: int, expected: tuple[int, int, int]
) -> None:
    found = balance(spec, pods=pods, scale=scale, healthy=healthy)
    assert (found.expected, found.desired, found.allowed) == expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [({"matchLabels": {"app": "web"}}, True), ({"matchLabels": {"app": "api"}}, False), ({}, True), (None, False)],
)
def test_an_empty_selector_guards_all_and_none_guards_none(selector: Any, expected: bool) -> None:
    pod = {"metadata": {"name": "p", "labels": {"app": "web"}}}
    assert selects({"spec": {"selector": selector}}, pod) is expected
