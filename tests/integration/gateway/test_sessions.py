"""Sessions: on which connections they may be, how their tokens change, and how a person ends them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.gateway import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.gateway import RunningGateway

TLS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
LONG_AGO = "UPDATE gateway.sessions SET rotated_at = now() - interval '2 hours' WHERE user_id = %s"


def log_in(url: str, name: str, **headers: str) -> httpx.Response:
    return httpx.post(f"{url}/api/v1/auth/login", json={"username": name, "password": PASSWORD}, headers=headers)


def who(url: str, cookie: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{url}/api/v1/auth/session", headers={"Cookie": cookie, **headers})


def test_a_log_in_over_plain_http_from_elsewhere_is_refused_with_what_to_do(shared_gateway: RunningGateway):
    ada = shared_gateway.person()
    elsewhere = {"Host": "192.0.2.1:5003"}

    refused = log_in(shared_gateway.url, ada.username, **elsewhere)
    registered = httpx.post(
        f"{shared_gateway.url}/api/v1/auth/register",
        json={"username": "eve", "email": "eve@example.org", "password": PASSWORD},
        headers=elsewhere,
    )

    assert (refused.status_code, refused.json()["code"]) == (403, "insecure_transport")
    assert "TRUSTED_PROXIES" in refused.json()["hint"]
    assert "set-cookie" not in refused.headers
    assert registered.json()["code"] == "insecure_transport"
    # A session that was begun on the machine itself does not count elsewhere either.
    assert who(shared_gateway.url, f"ai4k8s_session={ada.cookie}", **elsewhere).status_code == 401


def test_a_header_that_says_https_is_believed_from_a_named_proxy_alone(
    shared_gateway: RunningGateway, start_gateway: Callable[..., RunningGateway]
):
    liar = log_in(shared_gateway.url, shared_gateway.person().username, **TLS, Host="192.0.2.1")
    assert liar.json()["code"] == "insecure_transport"

    behind = start_gateway(trusted_proxies="127.0.0.0/8", public_url="https://ai4k8s.example.org")
    behind.person("ada")
    cookie = log_in(behind.url, "ada", **TLS, Host="ai4k8s.example.org").headers["set-cookie"]

    assert cookie.startswith("__Host-ai4k8s_session=")
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}
    token = cookie.partition("=")[2].partition(";")[0]
    secure = {**TLS, "Host": "ai4k8s.example.org"}
    assert who(behind.url, f"__Host-ai4k8s_session={token}", **secure).status_code == 200
    # A plain cookie is one that a neighbouring host or a plain connection could have planted.
    assert who(behind.url, f"ai4k8s_session={token}", **secure).status_code == 401
    # And where failures and sessions are counted, the proxy's word about the address holds.
    assert behind.execute("SELECT client FROM gateway.sessions ORDER BY created_at DESC LIMIT 1") == [("203.0.113.7",)]


def test_a_token_changes_with_age_and_the_old_one_ends_once_the_new_one_is_used(shared_gateway: RunningGateway):
    ada = shared_gateway.person()
    old = ada.cookie
    assert "set-cookie" not in ada.get("/auth/session").headers
    shared_gateway.execute(LONG_AGO, (ada.id,))

    ada.get("/auth/session")

    new = ada.cookie
    assert new != old
    # Its answer may have been lost: the old one still counts, and is told the same new one.
    again = who(shared_gateway.url, f"ai4k8s_session={old}")
    assert again.status_code == 200
    assert f"ai4k8s_session={new};" in again.headers["set-cookie"]
    assert ada.get("/auth/session").status_code == 200
    # What was under way then still counts for a moment; later it does not.
    assert who(shared_gateway.url, f"ai4k8s_session={old}").status_code == 200
    shared_gateway.execute("UPDATE gateway.sessions SET previous_until = now() WHERE user_id = %s", (ada.id,))
    assert who(shared_gateway.url, f"ai4k8s_session={old}").status_code == 401
    assert ada.send("POST", "/auth/logout").status_code == 204


def test_requests_at_once_are_handed_one_and_the_same_new_token(shared_gateway: RunningGateway):
    ada = shared_gateway.person()
    shared_gateway.execute(LONG_AGO, (ada.id,))
    cookie = f"ai4k8s_session={ada.cookie}"

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: who(shared_gateway.url, cookie), range(6)))

    handed = {answer.headers["set-cookie"].partition(";")[0] for answer in answers if "set-cookie" in answer.headers}
    assert {answer.status_code for answer in answers} == {200}
    assert len(handed) == 1
    assert who(shared_gateway.url, handed.pop()).status_code == 200


@pytest.mark.parametrize("origin", ["http://ai4k8s.example.org", "https://evil.example"])
def test_a_page_that_did_not_come_over_tls_forges_nothing_over_it(
    start_gateway: Callable[..., RunningGateway], origin: str
):
    behind = start_gateway(trusted_proxies="127.0.0.1", public_url="https://ai4k8s.example.org")
    behind.person("ada")

    forged = log_in(behind.url, "ada", **TLS, Host="ai4k8s.example.org", Origin=origin)
    own = log_in(behind.url, "ada", **TLS, Host="ai4k8s.example.org", Origin="https://ai4k8s.example.org")

    assert (forged.status_code, forged.json()["code"]) == (403, "foreign_origin")
    assert own.status_code == 200
