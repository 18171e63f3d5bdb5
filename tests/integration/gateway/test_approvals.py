"""An approval counts for one plan, one person with the right, five minutes, once. Everything else is tried here.

What gets past the gateway (a forged message, another approval in the store) is tried in integration/chat.
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from psycopg.types.json import Jsonb

from tests.support.feed_plans import add_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.gateway import Person, RunningGateway


@dataclass
class Desk:
    """A cluster, its owner, others with other rights, and ways to misuse plans on it."""

    gateway: RunningGateway
    owner: Person
    viewer: Person
    stranger: Person
    elsewhere: Person  # an operator in one other namespace
    cluster_id: str

    def plan(self, **values: Any) -> tuple[str, str]:
        """A plan that waits, asked for by the owner."""
        return add_plan(self.gateway.database, self.cluster_id, self.owner.id, **values)

    def approve(self, person: Person, plan_id: str, given: str) -> httpx.Response:
        """Say yes."""
        return person.send("POST", f"/plans/{plan_id}/approve", {"hash": given})

    def older(self, plan_id: str, seconds: int) -> None:
        """Let time pass for a plan."""
        self.gateway.execute(
            "UPDATE chat.plans SET expires_at = expires_at - make_interval(secs => %s) WHERE id = %s",
            (seconds, plan_id),
        )

    def orders(self, plan_id: str) -> int:
        """How many orders to apply it left."""
        query = (
            "SELECT count(*) FROM gateway.outbox WHERE contract = 'chat.apply_plan.v1' AND payload ->> 'plan_id' = %s"
        )
        return int(self.gateway.execute(query, (plan_id,))[0][0])


@pytest.fixture(scope="module")
def desk(shared_gateway: RunningGateway) -> Desk:
    owner, viewer, stranger, elsewhere = (shared_gateway.person() for _ in range(4))
    cluster_id = owner.add_cluster()["id"]
    for person in (viewer, elsewhere):
        shared_gateway.execute(
            "INSERT INTO gateway.memberships (team_id, user_id, role)"
            " SELECT team_id, %s, 'viewer' FROM gateway.clusters WHERE id = %s",
            (person.id, cluster_id),
        )
    shared_gateway.execute(
        "INSERT INTO gateway.role_overrides (cluster_id, namespace, user_id, role) VALUES (%s, 'other', %s, 'operator')",
        (cluster_id, elsewhere.id),
    )
    return Desk(shared_gateway, owner, viewer, stranger, elsewhere, cluster_id)


def api_token(desk: Desk) -> httpx.Client:
    token = f"ai4k8s_{uuid.uuid4().hex}{uuid.uuid4().hex}"
    desk.gateway.execute(
        "INSERT INTO gateway.api_tokens (user_id, name, token_hash, prefix, scopes) VALUES (%s, 'robot', %s, 'x', %s)",
        (desk.owner.id, hashlib.sha256(token.encode()).digest(), ["cluster:read", "object:write", "workload:scale"]),
    )
    return httpx.Client(base_url=desk.gateway.url, headers={"Authorization": f"Bearer {token}"})


def with_token(desk: Desk, plan_id: str, given: str) -> httpx.Response:
    with api_token(desk) as robot:
        assert robot.get("/api/v1/plans").status_code == 200
        return robot.post(f"/api/v1/plans/{plan_id}/approve", json={"hash": given})


def without_csrf(desk: Desk, plan_id: str, given: str) -> httpx.Response:
    return desk.owner.http.post(f"/api/v1/plans/{plan_id}/approve", json={"hash": given})


def from_another_site(desk: Desk, plan_id: str, given: str) -> httpx.Response:
    return desk.owner.send("POST", f"/plans/{plan_id}/approve", {"hash": given}, Origin="https://evil.example")


def after(desk: Desk, first: Callable[[str, str], object]) -> Callable[[str, str], httpx.Response]:
    def misuse(plan_id: str, given: str) -> httpx.Response:
        first(plan_id, given)
        return desk.approve(desk.owner, plan_id, given)

    return misuse


def set_status(desk: Desk, plan_id: str, status: str) -> None:
    desk.gateway.execute("UPDATE chat.plans SET status = %s WHERE id = %s", (status, plan_id))


def set_needs(desk: Desk, plan_id: str, needs: list[list[str]]) -> None:
    desk.gateway.execute("UPDATE chat.plans SET needs = %s WHERE id = %s", (Jsonb(needs), plan_id))


def as_elsewhere(desk: Desk, plan_id: str, given: str, needs: list[list[str]]) -> httpx.Response:
    set_needs(desk, plan_id, needs)
    return desk.approve(desk.elsewhere, plan_id, given)


SHOP, OTHER = ["object:write", "shop"], ["object:write", "other"]
MISUSES: dict[str, tuple[int, Callable[[Desk, str, str], httpx.Response]]] = {
    "the hash of another plan": (409, lambda d, p, _: d.approve(d.owner, p, d.plan()[1])),
    "the id of another plan": (409, lambda d, _, h: d.approve(d.owner, d.plan()[0], h)),
    "a part of the hash": (409, lambda d, p, h: d.approve(d.owner, p, h[:-1])),
    "the hash in capitals": (409, lambda d, p, h: d.approve(d.owner, p, h.upper())),
    "the hash with a space": (409, lambda d, p, h: d.approve(d.owner, p, f"{h[:-1]} ")),
    "no hash": (422, lambda d, p, _: d.approve(d.owner, p, "")),
    "a hash and more": (422, lambda d, p, h: d.approve(d.owner, p, f"{h}{h}")),
    "further fields": (422, lambda d, p, h: d.owner.send("POST", f"/plans/{p}/approve", {"hash": h, "force": True})),
    "a plan that is none": (404, lambda d, _, h: d.approve(d.owner, str(uuid.uuid4()), h)),
    "five minutes later": (409, lambda d, p, h: after(d, lambda p, _: d.older(p, 301))(p, h)),
    "a second time": (409, lambda d, p, h: after(d, lambda p, h: d.approve(d.owner, p, h))(p, h)),
    "after a refusal": (
        409,
        lambda d, p, h: after(d, lambda p, _: d.owner.send("POST", f"/plans/{p}/refuse", {}))(p, h),
    ),
    "while it is applied": (409, lambda d, p, h: after(d, lambda p, _: set_status(d, p, "applying"))(p, h)),
    "when it was applied": (409, lambda d, p, h: after(d, lambda p, _: set_status(d, p, "applied"))(p, h)),
    "when it had failed": (409, lambda d, p, h: after(d, lambda p, _: set_status(d, p, "failed"))(p, h)),
    "by a viewer": (403, lambda d, p, h: d.approve(d.viewer, p, h)),
    "by somebody of another team": (404, lambda d, p, h: d.approve(d.stranger, p, h)),
    "by an operator of another namespace": (403, lambda d, p, h: d.approve(d.elsewhere, p, h)),
    "by an operator of one of two namespaces": (403, lambda d, p, h: as_elsewhere(d, p, h, [OTHER, SHOP])),
    "by an operator of a namespace, for the cluster": (
        403,
        lambda d, p, h: as_elsewhere(d, p, h, [["object:write", ""]]),
    ),
    "by an operator, where it takes an administrator": (
        403,
        lambda d, p, h: as_elsewhere(d, p, h, [OTHER, ["cluster:manage", ""]]),
    ),
    "by an API token": (403, with_token),
    "by nobody": (401, lambda d, p, h: d.approve(d.gateway.visitor(), p, h)),
    "without the session's token": (403, without_csrf),
    "from another site": (403, from_another_site),
}


@pytest.mark.parametrize("how", MISUSES)
def test_an_approval_cannot_be_misused(desk: Desk, how: str) -> None:
    status, misuse = MISUSES[how]
    plan_id, given = desk.plan()
    before = desk.orders(plan_id)
    answer = misuse(desk, plan_id, given)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    allowed = 1 if how == "a second time" else 0
    assert desk.orders(plan_id) - before == allowed


def test_there_are_more_than_twenty_ways() -> None:
    assert len(MISUSES) >= 20


def test_of_many_who_approve_at_once_one_is_heard(desk: Desk) -> None:
    plan_id, given = desk.plan()
    answers: list[int] = []
    people = [desk.owner, desk.gateway.visitor(desk.owner.username).log_in()] * 3

    def approve(person: Person) -> None:
        answers.append(desk.approve(person, plan_id, given).status_code)

    threads = [threading.Thread(target=approve, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [202, *[409] * (len(people) - 1)]
    assert desk.orders(plan_id) == 1


def test_whoever_may_says_yes_to_what_was_shown_and_it_is_recorded(desk: Desk) -> None:
    plan_id, given = desk.plan(needs=[OTHER])
    shown = desk.elsewhere.get(f"/plans/{plan_id}").json()
    assert (shown["status"], shown["may_approve"], shown["hash"]) == ("waiting", True, given)
    assert shown["effects"][0]["text"] == "2 pods replaced."
    assert plan_id in [item["id"] for item in desk.viewer.get("/plans").json()["waiting"]]
    needs = desk.viewer.get("/overview").json()["needs"]
    assert "Waits for approval: Set the image of web" in [need["title"] for need in needs if need["kind"] == "approval"]
    assert desk.viewer.get(f"/plans/{plan_id}").json()["why_not"].startswith("this needs 'object:write'")
    assert plan_id not in desk.stranger.get("/plans").text
    job = desk.approve(desk.elsewhere, plan_id, given)
    assert job.status_code == 202
    ((verdict, by),) = desk.gateway.execute(
        "SELECT verdict, decided_by::text FROM gateway.plan_verdicts WHERE plan_id = %s", (plan_id,)
    )
    assert (verdict, by) == ("approve", desk.elsewhere.id)
    after_it = desk.viewer.get(f"/plans/{plan_id}").json()
    assert (after_it["status"], after_it["verdict"]["by"]) == ("approved", desk.elsewhere.username)
    ((name, thing, text),) = desk.gateway.execute(
        "SELECT actor, object, after FROM gateway.audit_entries WHERE action = 'approve_plan' AND result = 'done'"
        " AND after LIKE %s",
        (f"%{plan_id}%",),
    )
    assert (name, thing) == (desk.elsewhere.username, "Deployment/web")
    assert given in text


def test_an_operator_of_one_namespace_sees_and_approves_its_plans(desk: Desk) -> None:
    plan_id, given = desk.plan(needs=[OTHER])
    waiting = [item["id"] for item in desk.elsewhere.get("/plans").json()["waiting"]]
    shown = desk.elsewhere.get(f"/plans/{plan_id}").json()

    assert plan_id in waiting
    assert (shown["may_approve"], shown["may_refuse"], shown["why_not"]) == (True, True, "")
    assert desk.approve(desk.elsewhere, plan_id, given).status_code == 202
    assert desk.orders(plan_id) == 1


def test_who_may_only_look_is_told_so_and_cannot_refuse_or_undo(desk: Desk) -> None:
    plan_id, _ = desk.plan()
    shown = desk.viewer.get(f"/plans/{plan_id}").json()
    assert (shown["may_approve"], shown["may_refuse"]) == (False, False)
    assert "object:write" in shown["why_not"]
    assert desk.viewer.send("POST", f"/plans/{plan_id}/refuse", {"reason": ""}).status_code == 403

    done = {"sentence": "1 object changed.", "may_undo": True}
    plan_id, _ = desk.plan(status="applied", result=Jsonb(done))
    assert desk.owner.get(f"/plans/{plan_id}").json()["may_undo"] is True
    assert desk.viewer.get(f"/plans/{plan_id}").json()["may_undo"] is False
    assert desk.viewer.send("POST", f"/plans/{plan_id}/undo").status_code == 403


def test_a_no_is_for_good_and_whoever_asked_can_take_it_back(desk: Desk) -> None:
    plan_id, given = desk.plan()
    assert desk.viewer.send("POST", f"/plans/{plan_id}/refuse", {}).status_code == 403
    refused = desk.owner.send("POST", f"/plans/{plan_id}/refuse", {"reason": "not today"})
    assert (refused.json()["status"], refused.json()["verdict"]["reason"]) == ("refused", "not today")
    assert desk.approve(desk.owner, plan_id, given).status_code == 409
    assert desk.owner.send("POST", f"/plans/{plan_id}/undo").status_code == 409


def test_four_eyes_are_a_setting(start_gateway: Callable[..., RunningGateway]) -> None:
    gateway = start_gateway(plans_four_eyes=True)
    owner, admin = gateway.person(), gateway.admin()
    cluster_id = owner.add_cluster()["id"]
    plan_id, given = add_plan(gateway.database, cluster_id, owner.id)
    refused = owner.send("POST", f"/plans/{plan_id}/approve", {"hash": given})
    assert (refused.status_code, refused.json()["detail"]) == (403, "here somebody else approves what you asked for")
    assert admin.send("POST", f"/plans/{plan_id}/approve", {"hash": given}).status_code == 202


def test_what_a_plan_is_to_change_is_sealed_on_its_way(desk: Desk) -> None:
    manifest = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: canary-value-4711}"
    body = {"cluster_id": desk.cluster_id, "title": "A secret", "origin": "manifest", "manifests": manifest}
    answer = desk.owner.send("POST", "/plans", body)
    assert answer.status_code == 202, answer.text
    assert desk.stranger.send("POST", "/plans", body).status_code == 404
    assert desk.owner.send("POST", "/plans", body | {"calls": [{"kind": "delete", "path": "/x"}]}).status_code == 422
    for table in ("gateway.outbox", "gateway.jobs", "gateway.audit_entries"):
        rows = desk.gateway.execute(f"SELECT * FROM {table}")
        assert not any("canary-value" in str(row) for row in rows), table
