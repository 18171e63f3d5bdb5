"""API tokens: for what they were made, while they count, and never more than their owner may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.support.gateway import Person, RunningGateway


class Program:
    """Something that has a token and nothing else."""

    def __init__(self, gateway: RunningGateway, token: str) -> None:
        self.url, self.token = gateway.url, token

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=20)

    def get(self, path: str) -> httpx.Response:
        return self.ask("GET", path)


@pytest.fixture
def ada(shared_gateway: RunningGateway) -> Person:
    return shared_gateway.person()


def make(person: Person, *scopes: str, **more: object) -> dict[str, Any]:
    response = person.send("POST", "/tokens", {"name": "test", "scopes": list(scopes), **more})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def test_a_token_needs_neither_cookie_nor_csrf_token_and_is_shown_once(shared_gateway: RunningGateway, ada: Person):
    cluster = ada.add_cluster("by-token")["id"]
    made = make(ada, "cluster:read", "workload:scale")
    program = Program(shared_gateway, made["token"])

    assert program.get("/clusters").json()["items"][0]["id"] == cluster
    assert program.ask("PUT", f"/clusters/{cluster}/budgets/shop", {"max_replicas": 3}).status_code == 200
    refused = program.ask("PATCH", f"/clusters/{cluster}", {"interval_seconds": 60})
    assert (refused.status_code, refused.json()["detail"]) == (403, "this token is not made for 'cluster:manage'")

    (listed,) = ada.get("/tokens").json()["items"]
    assert "token" not in listed
    assert made["token"].startswith(listed["prefix"])
    assert (listed["last_used_from"], listed["scopes"]) == ("127.0.0.1", ["cluster:read", "workload:scale"])
    kept = shared_gateway.execute("SELECT * FROM gateway.api_tokens WHERE id = %s", (made["id"],))
    assert made["token"] not in str(kept)


def test_a_bound_token_sees_its_clusters_only(shared_gateway: RunningGateway, ada: Person):
    bound, other = ada.add_cluster("bound")["id"], ada.add_cluster("other")["id"]
    program = Program(shared_gateway, make(ada, "cluster:read", "cluster:manage", cluster_ids=[bound])["token"])

    assert [item["id"] for item in program.get("/clusters").json()["items"]] == [bound]
    assert program.get(f"/clusters/{other}").status_code == 404
    assert program.ask("POST", "/clusters", {"name": "third", "kubeconfig": "x"}).status_code == 403


def test_a_token_ends_when_it_is_revoked_over_or_its_owner_is_disabled(shared_gateway: RunningGateway, ada: Person):
    revoked, over, alive = (make(ada, "cluster:read") for _ in range(3))
    programs = [Program(shared_gateway, one["token"]) for one in (revoked, over, alive)]
    assert [program.get("/clusters").status_code for program in programs] == [200, 200, 200]

    assert ada.send("DELETE", f"/tokens/{revoked['id']}").status_code == 204
    shared_gateway.execute("UPDATE gateway.api_tokens SET expires_at = now() WHERE id = %s", (over["id"],))
    assert [program.get("/clusters").status_code for program in programs] == [401, 401, 200]

    shared_gateway.execute("UPDATE gateway.users SET disabled = true WHERE id = %s", (ada.id,))
    assert programs[2].get("/clusters").status_code == 401


def test_a_token_can_neither_make_another_nor_be_made_for_what_its_owner_may_not(
    shared_gateway: RunningGateway, ada: Person
):
    wide = make(ada, "cluster:read", "team:manage")
    again = Program(shared_gateway, wide["token"]).ask("POST", "/tokens", {"name": "more", "scopes": ["cluster:read"]})
    assert again.status_code == 403
    refused = ada.send("POST", "/tokens", {"name": "root", "scopes": ["installation:manage"]})
    assert (refused.status_code, "nowhere among the rights" in refused.json()["detail"]) == (422, True)


def test_a_service_account_acts_in_its_team_by_its_role_and_ends_with_its_membership(
    shared_gateway: RunningGateway, ada: Person
):
    team = ada.send("POST", "/teams", {"name": f"robots of {ada.username}"}).json()["team"]["id"]
    cluster = ada.add_cluster("robots", team_id=team)["id"]
    detail = ada.send("POST", f"/teams/{team}/service-accounts", {"name": "bot", "role": "operator"}).json()
    (account,) = (member["user_id"] for member in detail["members"] if member["is_service_account"])
    path = f"/teams/{team}/service-accounts/{account}/tokens"
    token = ada.send("POST", path, {"name": "ci", "scopes": ["cluster:read", "workload:scale"]}).json()["token"]
    program = Program(shared_gateway, token)

    assert program.ask("PUT", f"/clusters/{cluster}/budgets/shop", {"max_replicas": 3}).status_code == 200
    assert program.get("/auth/session").json()["user"]["username"] == f"robots of {ada.username}/bot"
    ada.send("DELETE", f"/teams/{team}/members/{account}")
    assert program.get("/clusters").status_code == 401
