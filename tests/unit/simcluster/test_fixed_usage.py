"""Usage that is said by an annotation instead of being worked for."""

from __future__ import annotations

import pytest

from ai4k8s_simcluster.load.fixed import Rule, read_rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("cpu=50m", Rule(each=(0.05,))),
        ("cpu=54.5m", Rule(each=(0.0545,))),
        ("cpu=10m,50m,180m", Rule(each=(0.01, 0.05, 0.18))),
        ("total-cpu=1000m", Rule(total=1.0)),
        ("cpu=100m;memory=200Mi;missing=1", Rule(each=(0.1,), memory=200.0 * 2**20, missing=1)),
    ],
)
def test_a_rule_is_read(text: str, rule: Rule) -> None:
    assert read_rule(text) == rule


@pytest.mark.parametrize("text", ["", "cpu=much", "load=1", "cpu"])
def test_what_cannot_be_read_fixes_nothing(text: str) -> None:
    assert read_rule(text) is None
