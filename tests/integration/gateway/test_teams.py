"""Teams and their members: roles that count at the next request, in the cluster or namespace they are given for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.gateway import Person, RunningGateway


@pytest.fixture
def lead(shared_gateway: RunningGateway) -> Person:
    return shared_gateway.person()


@pytest.fixture
def ann(shared_gateway: RunningGateway) -> Person:
    return shared_gateway.person()


def make_team(lead: Person, *members: tuple[Person, str]) -> str:
    made = lead.send("POST", "/teams", {"name": f"team of {lead.username}"})
    assert made.status_code == 201, made.text
    team: str = made.json()["team"]["id"]
    for person, role in members:
        asked = lead.send("POST", f"/teams/{team}/members", {"username": person.username, "role": role})
        assert asked.status_code == 201, asked.text
    return team


def budget(person: Person, cluster: str, namespace: str) -> int:
    """The status of a write that an operator of that namespace may do."""
    return person.send("PUT", f"/clusters/{cluster}/budgets/{namespace}", {"max_replicas": 9}).status_code


def test_a_teams_clusters_are_its_members_by_their_role_and_nobody_elses(
    shared_gateway: RunningGateway, lead: Person, ann: Person
):
    team = make_team(lead, (ann, "viewer"))
    cluster = lead.add_cluster("shared", team_id=team)["id"]
    stranger = shared_gateway.person()

    seen = ann.get(f"/clusters/{cluster}").json()
    assert (seen["role"], seen["may_change"], seen["may_manage"]) == ("viewer", False, False)
    assert (budget(ann, cluster, "shop"), budget(stranger, cluster, "shop")) == (403, 404)
    refused = ann.send("PUT", f"/clusters/{cluster}/budgets/shop", {"max_replicas": 9}).json()
    assert refused["detail"] == "this needs the role 'operator' and you are 'viewer' here"
    assert stranger.get(f"/teams/{team}").status_code == 404

    lead.send("PUT", f"/teams/{team}/members/{ann.id}", {"role": "operator"})
    assert budget(ann, cluster, "shop") == 200
    assert ann.send("PATCH", f"/clusters/{cluster}", {"interval_seconds": 60}).status_code == 403

    lead.send("DELETE", f"/teams/{team}/members/{ann.id}")
    assert ann.get(f"/clusters/{cluster}").status_code == 404


def test_another_role_counts_in_its_namespace_only_wider_or_narrower(lead: Person, ann: Person):
    team = make_team(lead, (ann, "viewer"))
    cluster = lead.add_cluster("places", team_id=team)["id"]
    places = f"/teams/{team}/members/{ann.id}/places"

    assert lead.send("PUT", places, {"cluster_id": cluster, "namespace": "dev", "role": "operator"}).status_code == 200
    assert [budget(ann, cluster, name) for name in ("dev", "prod")] == [200, 403]
    lead.send("PUT", places, {"cluster_id": cluster, "role": "operator"})
    lead.send("PUT", places, {"cluster_id": cluster, "namespace": "prod", "role": "viewer"})
    assert [budget(ann, cluster, name) for name in ("dev", "prod", "other")] == [200, 403, 200]

    shown: list[dict[str, Any]] = lead.get(f"/teams/{team}").json()["members"]
    (held,) = (member["places"] for member in shown if member["user_id"] == ann.id)
    assert [(place["namespace"], place["role"]) for place in held] == [
        (None, "operator"),
        ("dev", "operator"),
        ("prod", "viewer"),
    ]
    lead.send("PUT", places, {"cluster_id": cluster, "role": None})
    assert budget(ann, cluster, "other") == 403


def test_a_team_keeps_an_administrator_and_goes_only_without_clusters(lead: Person, ann: Person):
    team = make_team(lead, (ann, "admin"))
    cluster = lead.add_cluster("kept", team_id=team)["id"]

    assert ann.send("DELETE", f"/teams/{team}/members/{lead.id}").status_code == 204
    assert ann.send("DELETE", f"/teams/{team}/membership").status_code == 409
    assert ann.send("PUT", f"/teams/{team}/members/{ann.id}", {"role": "viewer"}).status_code == 409
    assert ann.send("DELETE", f"/teams/{team}").status_code == 409
    own = next(item["id"] for item in ann.get("/teams").json()["items"] if item["personal"])
    assert ann.send("DELETE", f"/teams/{own}").status_code == 409

    assert ann.send("PUT", f"/clusters/{cluster}/team", {"team_id": own}).status_code == 204
    assert ann.send("DELETE", f"/teams/{team}").status_code == 204
    assert ann.get(f"/clusters/{cluster}").json()["team_id"] == own
    assert lead.get(f"/clusters/{cluster}").status_code == 404


def test_a_cluster_is_given_only_to_a_team_in_which_one_may_connect_some(lead: Person, ann: Person):
    theirs = make_team(ann, (lead, "operator"))
    cluster = lead.add_cluster("mine")["id"]

    assert lead.send("PUT", f"/clusters/{cluster}/team", {"team_id": theirs}).status_code == 403
    refused = lead.send("POST", "/clusters", {"name": "x", "kubeconfig": "x", "team_id": theirs})
    assert refused.status_code == 403
