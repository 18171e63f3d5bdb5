"""Throttling, attention, passwords, and the committed OpenAPI document."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from ai4k8s_gateway import openapi
from ai4k8s_gateway.accounts.passwords import Passwords
from ai4k8s_gateway.domain.attention import ClusterHealth, findings
from ai4k8s_gateway.domain.throttle import wait_seconds

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HEALTHY = ClusterHealth(
    status="connected",
    status_since=NOW - timedelta(days=1),
    reason="",
    metrics_available=True,
    metrics_detail="",
    last_success_at=NOW - timedelta(seconds=20),
    created_at=NOW - timedelta(days=2),
    interval_seconds=15,
    paused=False,
    started=True,
    reason_code="",
    hold_since=None,
    hold_reason="",
)


def test_a_few_mistakes_cost_nothing():
    assert wait_seconds(4, 4, 4, 0) == 0


def test_each_further_mistake_doubles_the_pause_up_to_a_limit():
    waits = [wait_seconds(count, count, count, 0) for count in range(5, 16)]

    assert waits[:4] == [15, 30, 60, 120]
    assert waits[-1] == 900


def test_a_pause_ends():
    assert wait_seconds(5, 5, 5, 10) == 5
    assert wait_seconds(5, 5, 5, 16) == 0


def test_guessing_from_elsewhere_does_not_lock_a_person_out():
    assert wait_seconds(0, 40, 0, 0) == 0


def test_guessing_spread_over_names_or_clients_is_slowed_down():
    assert wait_seconds(1, 1, 60, 0) > 0
    assert wait_seconds(1, 60, 1, 0) > 0


def test_a_healthy_cluster_needs_nobody():
    assert findings(HEALTHY, NOW) == []


@pytest.mark.parametrize(
    ("health", "kind"),
    [
        (replace(HEALTHY, status=None), "waiting"),
        (replace(HEALTHY, status="pending"), "waiting"),
        (replace(HEALTHY, status="unreachable", reason="refused"), "unreachable"),
        (
            replace(HEALTHY, status="unreachable", reason_code="bastion_host_key_changed", reason="another key"),
            "bastion_changed",
        ),
        (replace(HEALTHY, status=None, started=False), "not_started"),
        (replace(HEALTHY, metrics_available=False, metrics_detail="no metrics.k8s.io"), "no_metrics"),
        (replace(HEALTHY, last_success_at=NOW - timedelta(minutes=2)), "stale"),
        (replace(HEALTHY, hold_since=NOW, hold_reason="stages stopped"), "held"),
        (replace(HEALTHY, paused=True), "paused"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(health: ClusterHealth, kind: str):
    (finding,) = findings(health, NOW)

    assert finding.kind == kind
    assert finding.action
    assert finding.scaling_held


def test_a_late_cycle_alarms_only_after_three_intervals():
    slow = replace(HEALTHY, interval_seconds=600, last_success_at=NOW - timedelta(seconds=1700))

    assert findings(slow, NOW) == []
    assert findings(slow, NOW + timedelta(seconds=200))[0].kind == "stale"


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))


def test_passwords_are_argon2id_and_salted(passwords: Passwords):
    first, second = passwords.hash("secret"), passwords.hash("secret")

    assert first.startswith("$argon2id$")
    assert first != second
    assert passwords.verify(first, "secret")
    assert not passwords.verify(first, "Secret")


def test_nobodys_password_is_never_right(passwords: Passwords):
    assert not passwords.verify(None, "secret")
    assert not passwords.verify("not a hash", "secret")


def test_weaker_hashes_are_noticed(passwords: Passwords):
    assert Passwords().is_outdated(passwords.hash("secret"))


def test_the_committed_api_document_is_the_apps():
    committed = Path(__file__).parents[3] / "services/gateway/openapi.json"

    assert committed.read_text(encoding="utf-8") == openapi.document(), (
        "run: .venv/bin/python -m ai4k8s_gateway.openapi > services/gateway/openapi.json"
    )


FOR_VISITORS = {
    "register",
    "list_ways_in",
    "see_invitation",
    "see_reset",
    "reset_password",
    "forgot_password",
    "start_single_sign_on",
    "finish_single_sign_on",
}


def test_every_operation_is_described_and_tells_its_errors():
    document = json.loads(openapi.document())
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description") or operation.get("summary"), (method, path)
            if path.startswith("/api/") and operation["operationId"] not in FOR_VISITORS:
                assert "401" in operation["responses"], (method, path)
