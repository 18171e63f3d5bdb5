"""The second factor: asked for at log-in, each code once, and a way back for who lost it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pyotp

from tests.support.gateway import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.support.gateway import Person, RunningGateway


def log_in(gateway: RunningGateway, username: str, code: str | None = None) -> httpx.Response:
    body = {"username": username, "password": PASSWORD, "code": code}
    return httpx.post(f"{gateway.url}/api/v1/auth/login", json=body)


def set_up(person: Person) -> tuple[pyotp.TOTP, list[str]]:
    begun = person.send("POST", "/me/second-factor", {"password": PASSWORD})
    assert begun.status_code == 200, begun.text
    app = pyotp.TOTP(begun.json()["secret"])
    confirmed = person.send("POST", "/me/second-factor/confirm", {"code": app.now()})
    assert confirmed.status_code == 200, confirmed.text
    person.csrf_token = confirmed.json()["session"]["csrf_token"]
    return app, confirmed.json()["recovery_codes"]


def later(app: pyotp.TOTP) -> str:
    """The code of the next half minute, which serves already and was not used."""
    return app.at(time.time() + 30)


def code_of(answer: httpx.Response) -> Any:
    return answer.json().get("code")


def test_it_counts_once_confirmed_and_is_then_asked_for_at_log_in(shared_gateway: RunningGateway):
    ada = shared_gateway.person()
    elsewhere = shared_gateway.visitor(ada.username).log_in()
    assert ada.send("POST", "/me/second-factor", {"password": "a guess"}).status_code == 401
    begun = ada.send("POST", "/me/second-factor", {"password": PASSWORD}).json()
    picture = ada.get("/me/second-factor/picture.svg")
    assert (picture.headers["content-type"], picture.headers["cache-control"]) == ("image/svg+xml", "no-store")
    assert b"<svg" in picture.content
    assert pyotp.parse_uri(begun["address"]).secret == begun["secret"]
    assert log_in(shared_gateway, ada.username).status_code == 200  # not yet confirmed
    assert code_of(ada.send("POST", "/me/second-factor/confirm", {"code": "000000"})) == "wrong_code"

    app, _ = set_up(ada)

    assert elsewhere.get("/auth/session").status_code == 401  # begun without it
    assert ada.get("/me/second-factor/picture.svg").status_code == 404  # never shown again
    assert code_of(ada.send("POST", "/me/second-factor", {"password": PASSWORD})) == "conflict"
    assert code_of(log_in(shared_gateway, ada.username)) == "second_step_required"
    assert code_of(log_in(shared_gateway, ada.username, "123456")) == "wrong_code"
    assert log_in(shared_gateway, ada.username, later(app)).status_code == 200


def test_a_code_that_was_seen_does_not_serve_again(shared_gateway: RunningGateway):
    ada = shared_gateway.person()
    app, _ = set_up(ada)
    code = later(app)

    assert log_in(shared_gateway, ada.username, code).status_code == 200
    assert code_of(log_in(shared_gateway, ada.username, code)) == "wrong_code"
    assert code_of(log_in(shared_gateway, ada.username, app.now())) == "wrong_code"


def test_a_recovery_code_serves_once_and_new_ones_end_the_old(shared_gateway: RunningGateway):
    ada = shared_gateway.person()
    app, codes = set_up(ada)
    stored = str(
        shared_gateway.execute("SELECT r::text, f::text FROM gateway.recovery_codes r, gateway.second_factors f")
    )
    assert not [secret for secret in (*codes, app.secret) if secret in stored]

    assert log_in(shared_gateway, ada.username, codes[0].upper().replace("-", " ")).status_code == 200
    assert code_of(log_in(shared_gateway, ada.username, codes[0])) == "wrong_code"
    assert ada.get("/me").json()["recovery_codes_left"] == 9
    renewed = ada.send("POST", "/me/second-factor/recovery-codes", {"password": PASSWORD, "code": later(app)}).json()[
        "recovery_codes"
    ]

    assert code_of(log_in(shared_gateway, ada.username, codes[1])) == "wrong_code"
    assert log_in(shared_gateway, ada.username, renewed[0]).status_code == 200


def test_codes_cannot_be_guessed_by_who_knows_the_password(shared_gateway: RunningGateway):
    ada = shared_gateway.person()
    set_up(ada)

    answers = [log_in(shared_gateway, ada.username, f"{number:06}") for number in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


def test_it_is_taken_away_with_password_and_code_or_by_an_administrator(shared_gateway: RunningGateway):
    ada, bob = shared_gateway.person(), shared_gateway.person()
    app, _ = set_up(ada)
    set_up(bob)

    assert code_of(ada.send("POST", "/me/second-factor/remove", {"password": PASSWORD})) == "second_step_required"
    removed = ada.send("POST", "/me/second-factor/remove", {"password": PASSWORD, "code": later(app)})
    assert removed.status_code == 200
    assert log_in(shared_gateway, ada.username).status_code == 200
    freed = shared_gateway.admin().send("DELETE", f"/people/{bob.id}/second-factor")
    assert freed.json()["has_second_factor"] is False
    assert log_in(shared_gateway, bob.username).status_code == 200


def test_who_needs_one_can_do_nothing_else_before_it_is_set_up(start_gateway: Callable[..., RunningGateway]):
    gateway = start_gateway(second_factor_for=("operator",))
    ada = gateway.person()

    assert ada.get("/auth/session").json()["needs_second_factor"] is True
    assert code_of(ada.get("/clusters")) == "second_factor_required"
    app, _ = set_up(ada)
    assert ada.get("/clusters").status_code == 200
    refused = ada.send("POST", "/me/second-factor/remove", {"password": PASSWORD, "code": later(app)})
    assert refused.status_code == 409
    assert gateway.admin().get("/clusters").status_code == 200


def test_without_a_key_it_is_told_what_is_missing(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gateway.wiring.secrets, "_keys", None)

    answer = gateway.person().send("POST", "/me/second-factor", {"password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (501, "not_configured")
    assert "AI4K8S_PEOPLE_PRIVATE_KEY" in answer.json()["hint"]
