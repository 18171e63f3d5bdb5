"""Who asks too often is told so, and when to go on; who is limited is the caller, and nobody when Redis is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from ai4k8s_standalone.ports import pick_free

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.gateway import RunningGateway


def test_a_caller_is_limited_alone_and_told_how_they_stand(start_gateway: Callable[..., RunningGateway]):
    gateway = start_gateway(rate_per_minute=5, rate_changes_per_minute=2)
    ada, bob = gateway.person(), gateway.person()

    first = ada.get("/clusters")
    assert first.headers["ratelimit-policy"] == '"caller";q=5;w=60'
    assert first.headers["ratelimit"].startswith('"caller";r=4;t=')
    answers = [ada.get("/clusters") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
    refused = answers[-1]
    assert (refused.json()["code"], refused.headers["content-type"]) == ("rate_limited", "application/problem+json")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit"].startswith('"caller";r=0;t=')

    changes = [bob.send("POST", "/teams", {"name": f"{bob.username} {number}"}) for number in range(3)]
    assert [change.status_code for change in changes] == [201, 201, 429]
    assert changes[0].headers["ratelimit-policy"] == '"caller";q=5;w=60, "changes";q=2;w=60'


def test_strangers_are_limited_by_address_and_so_is_guessing_tokens(start_gateway: Callable[..., RunningGateway]):
    gateway = start_gateway(rate_strangers_per_minute=3)
    address = f"{gateway.url}/api/v1/clusters"
    guesses = [httpx.get(address, headers={"Authorization": f"Bearer ai4k8s_{n}"}).status_code for n in range(5)]
    assert guesses == [401, 401, 401, 429, 429]
    assert httpx.get(f"{gateway.url}/healthz").status_code == 200


def test_nobody_is_limited_while_redis_is_away(start_gateway: Callable[..., RunningGateway]):
    gateway = start_gateway(rate_per_minute=2, redis_url=f"redis://127.0.0.1:{pick_free()}/0")
    ada = gateway.person()

    answers = [ada.get("/clusters") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert "ratelimit" not in answers[-1].headers
