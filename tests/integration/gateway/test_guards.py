"""Forged, foreign, too large and unreadable requests change nothing and are told so in one form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.gateway import KUBECONFIG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.gateway import RunningGateway

NEW_CLUSTER = {"name": "prod", "kubeconfig": KUBECONFIG}


def is_problem(response: httpx.Response) -> bool:
    body = response.json()
    return (
        response.headers["content-type"] == "application/problem+json"
        and body["status"] == response.status_code
        and {"type", "title", "status", "detail", "code", "hint"} <= body.keys()
    )


def test_an_unsafe_request_without_the_csrf_token_changes_nothing(gateway: RunningGateway):
    ada = gateway.person()

    response = ada.http.post("/api/v1/clusters", json=NEW_CLUSTER)

    assert (response.status_code, response.json()["code"]) == (403, "csrf")
    assert ada.get("/clusters").json()["items"] == []


def test_another_sessions_csrf_token_does_not_serve(gateway: RunningGateway):
    ada, bob = gateway.person(), gateway.person()

    response = ada.http.post("/api/v1/clusters", json=NEW_CLUSTER, headers={"X-CSRF-Token": bob.csrf_token})

    assert response.json()["code"] == "csrf"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_request_from_another_sites_page_changes_nothing(gateway: RunningGateway, headers: dict[str, str]):
    ada = gateway.person()

    response = ada.send("POST", "/clusters", NEW_CLUSTER, **headers)

    assert (response.status_code, response.json()["code"]) == (403, "foreign_origin")
    assert is_problem(response)
    assert ada.get("/clusters").json()["items"] == []


def test_our_own_page_is_not_foreign(gateway: RunningGateway):
    ada = gateway.person()

    response = ada.send("POST", "/clusters", NEW_CLUSTER, Origin=gateway.url)

    assert response.status_code == 201


def test_unknown_host_names_are_refused_against_rebinding(start_gateway: Callable[..., RunningGateway]):
    gateway = start_gateway(public_url="https://ai4k8s.example.org", allowed_hosts=("inner.example",))

    def status(host: str) -> int:
        return httpx.get(f"{gateway.url}/api/v1/auth/session", headers={"Host": host}).status_code

    assert status("evil.example") == 421
    assert [status(host) for host in ("ai4k8s.example.org", "inner.example:8080", "localhost:5003", "[::1]:5003")] == [
        401
    ] * 4


def test_probes_may_call_by_any_name(gateway: RunningGateway):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert httpx.get(gateway.url + path, headers={"Host": "gateway.svc"}).status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_refused(gateway: RunningGateway, chunked: bool):
    def chunks() -> Iterator[bytes]:
        for _ in range(300):
            yield b" " * 10_000

    body = chunks() if chunked else b" " * 3_000_000

    response = httpx.post(f"{gateway.url}/api/v1/auth/login", content=body)

    assert response.status_code == 413
    assert is_problem(response)


@pytest.mark.parametrize("depth", [500, 10_000, 900_000])
def test_deeply_nested_json_is_refused(gateway: RunningGateway, depth: int):
    body = b'{"username":' + b"[" * depth + b"]" * depth + b"}"
    headers = {"Content-Type": "application/json"}

    response = httpx.post(f"{gateway.url}/api/v1/auth/login", content=body, headers=headers)

    assert response.status_code == 422
    assert is_problem(response)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[]", b'{"username": "x"}', b'{"password": 1, "username": []}']
)
def test_unreadable_and_incomplete_bodies_are_problems(gateway: RunningGateway, body: bytes):
    headers = {"Content-Type": "application/json"}

    response = httpx.post(f"{gateway.url}/api/v1/auth/login", content=body, headers=headers)

    assert response.status_code == 422
    assert is_problem(response)


def test_every_kind_of_error_is_a_problem(gateway: RunningGateway):
    ada = gateway.person()
    answers = [
        ada.get("/clusters/00000000-0000-0000-0000-000000000000"),
        ada.get("/clusters/not-a-uuid"),
        ada.get("/nothing/here"),
        ada.http.put("/api/v1/clusters"),
        gateway.visitor().get("/clusters"),
    ]

    assert [answer.status_code for answer in answers] == [404, 422, 404, 405, 401]
    assert all(is_problem(answer) for answer in answers)


def test_security_headers_are_on_every_answer(gateway: RunningGateway):
    for path in ("/", "/api/v1/clusters", "/healthz", "/nothing.js"):
        headers = httpx.get(gateway.url + path).headers

        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"


def test_api_answers_are_never_cached(gateway: RunningGateway):
    assert gateway.person().get("/clusters").headers["cache-control"] == "no-store"


def test_no_route_but_the_few_public_ones_answers_without_log_in(gateway: RunningGateway):
    http = gateway.visitor().http
    document = http.get("/api/v1/openapi.json").json()
    public = {
        "register",
        "log_in",
        "list_ways_in",
        "see_invitation",
        "see_reset",
        "reset_password",
        "start_single_sign_on",
        "finish_single_sign_on",
        "forgot_password",
        "live",
        "ready",
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation["operationId"] in public:
                continue
            address = path.replace("{workload_id}", "1").replace("{", "").replace("}", "")
            for part in ("cluster_id", "decision_id", "job_id", "session_id", "user_id", "invitation_id"):
                address = address.replace(part, "00000000-0000-0000-0000-000000000000")
            response = http.request(method, address, json={})
            assert response.status_code == 401, (method, path, response.text)
