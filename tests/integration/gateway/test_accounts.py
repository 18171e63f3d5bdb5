"""Accounts: registering, logging in and out, and what stops people who are not who they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import httpx
import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters

from tests.support.gateway import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.gateway import RunningGateway


def log_in(gateway: RunningGateway, username: str, password: str) -> httpx.Response:
    return httpx.post(f"{gateway.url}/api/v1/auth/login", json={"username": username, "password": password})


def test_a_registered_person_is_logged_in_and_an_operator(gateway: RunningGateway):
    ada = gateway.person("ada")

    session = ada.get("/auth/session").json()

    assert session["user"]["username"] == "ada"
    assert session["user"]["role"] == "operator"
    assert session["csrf_token"]


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(gateway: RunningGateway):
    gateway.person("ada")

    cookie = log_in(gateway, "ada", PASSWORD).headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie


def test_the_store_holds_neither_the_password_nor_the_cookie(gateway: RunningGateway):
    ada = gateway.person("ada")

    stored = str(gateway.execute("SELECT u::text, s::text FROM gateway.users u, gateway.sessions s"))

    assert PASSWORD not in stored
    assert ada.cookie not in stored
    assert "argon2id" in stored


def test_log_out_ends_the_session_also_for_who_copied_the_cookie(gateway: RunningGateway):
    ada = gateway.person("ada")
    thief = httpx.Client(base_url=gateway.url, cookies={"ai4k8s_session": ada.cookie})

    assert ada.send("POST", "/auth/logout").status_code == 204

    assert thief.get("/api/v1/auth/session").status_code == 401
    thief.close()


def test_a_disabled_person_is_refused_at_the_next_request(gateway: RunningGateway):
    ada = gateway.person("ada")

    gateway.execute("UPDATE gateway.users SET disabled = true")

    assert ada.get("/auth/session").status_code == 401
    assert log_in(gateway, "ada", PASSWORD).status_code == 401


@pytest.mark.parametrize("column", ["expires_at", "last_seen_at"])
def test_a_session_ends_by_age_and_by_idleness(gateway: RunningGateway, column: str):
    ada = gateway.person("ada")

    gateway.execute(f"UPDATE gateway.sessions SET {column} = now() - interval '30 days'")

    assert ada.get("/auth/session").status_code == 401


def test_a_name_is_taken_in_whatever_case(gateway: RunningGateway):
    gateway.person("ada")
    body = {"username": "ADA", "email": "other@example.org", "password": PASSWORD}

    response = httpx.post(f"{gateway.url}/api/v1/auth/register", json=body)

    assert response.status_code == 409
    assert response.json()["code"] == "conflict"


def test_registration_can_be_closed(start_gateway: Callable[..., RunningGateway]):
    gateway = start_gateway(registration="closed")
    body = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}

    response = httpx.post(f"{gateway.url}/api/v1/auth/register", json=body)

    assert (response.status_code, response.json()["code"]) == (403, "registration_closed")


def test_a_refused_registration_never_repeats_the_password(gateway: RunningGateway):
    body = {"username": "ada", "email": "ada@example.org", "password": "tooshort"}

    response = httpx.post(f"{gateway.url}/api/v1/auth/register", json=body)

    assert response.status_code == 422
    assert "tooshort" not in response.text


def test_guessing_is_throttled_for_known_and_unknown_names_alike(gateway: RunningGateway):
    gateway.person("ada")
    for name in ("ada", "nobody-of-that-name"):
        answers = [log_in(gateway, name, "wrong") for _ in range(6)]

        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
        assert answers[0].json() == {**answers[0].json(), "code": "wrong_credentials"}
        assert int(answers[-1].headers["retry-after"]) > 1


def test_the_right_password_is_throttled_too(gateway: RunningGateway):
    gateway.person("ada")
    for _ in range(5):
        log_in(gateway, "ada", "wrong")

    assert log_in(gateway, "ada", PASSWORD).status_code == 429


def test_a_success_forgives_earlier_mistakes(gateway: RunningGateway):
    gateway.person("ada")
    for _ in range(4):
        log_in(gateway, "ada", "wrong")

    assert log_in(gateway, "ada", PASSWORD).status_code == 200

    assert [log_in(gateway, "ada", "wrong").status_code for _ in range(4)] == [401] * 4


class CountingHasher(PasswordHasher):
    """Remembers the parameters of every hash that it checked a password against."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.checked: list[Parameters] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
        self.checked.append(extract_parameters(hash if isinstance(hash, str) else hash.decode()))
        return super().verify(hash, password)


def test_an_unknown_user_and_a_wrong_password_take_the_same_work(start_gateway: Callable[..., RunningGateway]):
    """Nearly all of a log-in's time is this work; two times themselves differ on a busy machine."""
    hasher = CountingHasher(time_cost=2, memory_cost=2048, parallelism=1)
    gateway = start_gateway(hasher=hasher)
    gateway.person("known")
    answers, work = [], []
    for name in ("known", "unknown"):
        hasher.checked.clear()
        answer = log_in(gateway, name, "wrong")
        answers.append((answer.status_code, answer.json()["code"], answer.json()["detail"]))
        work.append(list(hasher.checked))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401
    assert work[0] == work[1]
    assert len(work[0]) == 1
