"""People: invited, given roles, disabled; their passwords changed and reset; nobody left out or let in by it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from ai4k8s_common.services import Service
from tests.support.gateway import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.gateway import Person, RunningGateway
    from tests.support.stores import Valkey

OTHER = "another horse battery"


def log_in(gateway: RunningGateway, username: str, password: str = PASSWORD) -> httpx.Response:
    return httpx.post(f"{gateway.url}/api/v1/auth/login", json={"username": username, "password": password})


def join(gateway: RunningGateway, name: str, token: str | None, email: str = "") -> httpx.Response:
    body = {"username": name, "email": email or f"{name}@example.org", "password": PASSWORD, "invitation_token": token}
    return httpx.post(f"{gateway.url}/api/v1/auth/register", json=body)


def token_of(link: httpx.Response) -> str:
    assert link.is_success, link.text
    return str(link.json()["path"].partition("#")[2])


@pytest.fixture(scope="module")
def root(shared_gateway: RunningGateway) -> Person:
    return shared_gateway.admin()


def test_an_invitation_makes_one_account_with_its_role_and_then_no_other(
    shared_gateway: RunningGateway, start_gateway: Callable[..., RunningGateway]
):
    gateway = start_gateway(registration="invitation")
    gateway.execute("INSERT INTO gateway.users (username, role) VALUES ('root', 'admin')")
    with gateway.wiring.bus.transaction() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE gateway.users SET password_hash = %s", (gateway.wiring.passwords.hash(PASSWORD),)
        )
    root = gateway.visitor("root").log_in()
    link = root.send("POST", "/people/invitations", {"role": "viewer", "email": "bob@example.org"})
    token = token_of(link)
    assert token not in str(gateway.execute("SELECT i::text FROM gateway.invitations i"))
    seen = httpx.post(f"{gateway.url}/api/v1/auth/invitation", json={"token": token}).json()
    assert (seen["role"], seen["email"]) == ("viewer", "bob@example.org")

    without, elsewhere = join(gateway, "eve", None), join(gateway, "eve", token)
    assert (without.status_code, without.json()["code"]) == (403, "registration_closed")
    assert elsewhere.status_code == 403  # it is for another address
    with ThreadPoolExecutor(3) as pool:
        joined = list(pool.map(lambda n: join(gateway, f"bob{n}", token, "bob@example.org"), range(3)))

    assert sorted(answer.status_code for answer in joined) == [201, 404, 404]
    made = next(answer.json() for answer in joined if answer.is_success)
    assert made["user"]["role"] == "viewer"
    assert join(gateway, "late", token, "bob@example.org").json()["code"] == "link_spent"
    assert root.get("/people/invitations").json()["items"] == []


def test_an_invitation_ends_with_its_time_and_when_it_is_taken_back(shared_gateway: RunningGateway, root: Person):
    old, taken = (root.send("POST", "/people/invitations", {"role": "admin", "hours": 1}) for _ in range(2))
    shared_gateway.execute("UPDATE gateway.invitations SET expires_at = now() WHERE id = %s", (old.json()["id"],))
    assert root.send("DELETE", f"/people/invitations/{taken.json()['id']}").status_code == 204

    answers = [join(shared_gateway, f"n{number}", token_of(link)) for number, link in enumerate((old, taken))]

    assert [answer.json()["code"] for answer in answers] == ["link_spent", "link_spent"]


def test_only_administrators_look_after_people(shared_gateway: RunningGateway):
    ada, bob = shared_gateway.person(), shared_gateway.person()

    answers = [
        ada.get("/people"),
        ada.send("POST", "/people/invitations", {"role": "admin"}),
        ada.send("PATCH", f"/people/{ada.id}", {"role": "admin"}),
        ada.send("POST", f"/people/{bob.id}/sign-out"),
        ada.send("POST", f"/people/{bob.id}/reset-link"),
        ada.send("DELETE", f"/people/{bob.id}/second-factor"),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert bob.get("/auth/session").json()["user"]["role"] == "operator"


def test_who_administers_a_team_invites_into_it_and_nowhere_else(shared_gateway: RunningGateway):
    ada, bob = shared_gateway.person(), shared_gateway.person()
    (team,), (own,) = (
        shared_gateway.execute("INSERT INTO gateway.teams (name) VALUES ('shop') RETURNING id")[0],
        shared_gateway.execute("SELECT id FROM gateway.teams WHERE personal_of = %s", (ada.id,))[0],
    )
    for person, role in ((ada, "admin"), (bob, "operator")):
        shared_gateway.execute("INSERT INTO gateway.memberships VALUES (%s, %s, %s)", (team, person.id, role))
    wanted = {"role": "operator", "team_id": str(team), "team_role": "operator"}

    link = ada.send("POST", "/people/invitations", wanted)
    refused = [
        ada.send("POST", "/people/invitations", {**wanted, "role": "admin"}),
        ada.send("POST", "/people/invitations", {"role": "viewer"}),
        ada.send("POST", "/people/invitations", {**wanted, "team_id": str(own)}),
        bob.send("POST", "/people/invitations", wanted),
        bob.send("DELETE", f"/people/invitations/{link.json()['id']}"),
    ]

    assert [answer.status_code for answer in refused] == [403, 403, 403, 403, 404]
    assert [item["id"] for item in ada.get("/people/invitations").json()["items"]] == [link.json()["id"]]
    assert bob.get("/people/invitations").json()["items"] == []
    joined = join(shared_gateway, "carol", token_of(link)).json()["user"]
    members = shared_gateway.execute("SELECT user_id::text, role FROM gateway.memberships WHERE team_id = %s", (team,))
    assert (joined["id"], "operator") in members


def test_a_role_counts_from_the_next_request_and_disabling_ends_every_session(
    shared_gateway: RunningGateway, root: Person
):
    ada = shared_gateway.person()
    before = ada.cookie

    assert root.send("PATCH", f"/people/{ada.id}", {"role": "viewer"}).json()["role"] == "viewer"
    assert ada.get("/auth/session").json()["user"]["role"] == "viewer"
    assert ada.cookie != before  # with other rights comes another token

    root.send("PATCH", f"/people/{ada.id}", {"disabled": True})
    assert ada.get("/auth/session").status_code == 401
    root.send("PATCH", f"/people/{ada.id}", {"disabled": False})
    assert ada.get("/auth/session").status_code == 401
    assert log_in(shared_gateway, ada.username).status_code == 200
    told = shared_gateway.execute(
        "SELECT after::jsonb FROM gateway.audit_entries WHERE action = 'change_person' AND object = %s ORDER BY seq",
        (f"person {ada.username}",),
    )
    assert [after for (after,) in told] == [{"role": "viewer"}, {"disabled": True}, {"disabled": False}]


def test_the_last_who_may_administer_stays_even_when_two_remove_each_other_at_once(gateway: RunningGateway):
    one, two = gateway.admin(), gateway.admin()

    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda pair: pair[0].send("PATCH", f"/people/{pair[1].id}", {"role": "viewer"}),
                [(one, two), (two, one)],
            )
        )

    assert sorted(answer.status_code for answer in answers) in ([200, 403], [200, 409])
    assert gateway.execute("SELECT count(*) FROM gateway.users WHERE role = 'admin'") == [(1,)]
    last = one if one.get("/auth/session").json()["user"]["role"] == "admin" else two
    refused = last.send("PATCH", f"/people/{last.id}", {"disabled": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


def test_a_new_password_asks_for_the_old_one_and_ends_all_other_sessions(shared_gateway: RunningGateway):
    ada = shared_gateway.person()
    elsewhere = shared_gateway.visitor(ada.username).log_in()
    thief = httpx.Client(base_url=shared_gateway.url, cookies={"ai4k8s_session": ada.cookie})

    wrong = ada.send("POST", "/me/password", {"current_password": "a guess", "new_password": OTHER})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_credentials")
    short = ada.send("POST", "/me/password", {"current_password": PASSWORD, "new_password": "short"})
    assert short.status_code == 422
    changed = ada.send("POST", "/me/password", {"current_password": PASSWORD, "new_password": OTHER})

    assert changed.status_code == 200
    assert changed.json()["csrf_token"] != ada.csrf_token
    assert ada.get("/auth/session").status_code == 200
    assert (elsewhere.get("/auth/session").status_code, thief.get("/api/v1/auth/session").status_code) == (401, 401)
    assert log_in(shared_gateway, ada.username).status_code == 401
    assert log_in(shared_gateway, ada.username, OTHER).status_code == 200
    thief.close()


def test_guessing_the_old_password_is_throttled_like_log_in(shared_gateway: RunningGateway):
    ada = shared_gateway.person()

    answers = [ada.send("POST", "/me/password", {"current_password": "guess", "new_password": OTHER}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


def test_a_reset_link_sets_a_password_once_and_ends_every_session(shared_gateway: RunningGateway, root: Person):
    ada = shared_gateway.person()
    first = token_of(root.send("POST", f"/people/{ada.id}/reset-link"))
    token = token_of(root.send("POST", f"/people/{ada.id}/reset-link"))
    reset = f"{shared_gateway.url}/api/v1/auth/reset"
    assert token not in str(shared_gateway.execute("SELECT r::text FROM gateway.password_resets r"))
    assert httpx.post(reset, json={"token": first}).json()["code"] == "link_spent"
    assert httpx.post(reset, json={"token": token}).json() == {"username": ada.username}

    answers = [httpx.post(f"{reset}/password", json={"token": token, "password": OTHER}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 404]
    assert ada.get("/auth/session").status_code == 401
    assert log_in(shared_gateway, ada.username, OTHER).status_code == 200
    told = shared_gateway.execute(
        "SELECT concat(after, before, object) FROM gateway.audit_entries WHERE action = 'reset_password'"
    )
    assert told
    assert all(token not in row[0] and OTHER not in row[0] for row in told)


def test_somebody_sees_their_own_sessions_and_ends_one_or_all_others(shared_gateway: RunningGateway):
    ada, stranger = shared_gateway.person(), shared_gateway.person()
    phone, laptop = (shared_gateway.visitor(ada.username) for _ in range(2))
    phone.http.headers["User-Agent"] = "A phone"
    phone.log_in()
    laptop.log_in()

    items = ada.get("/me/sessions").json()["items"]
    by_device = {item["user_agent"]: item for item in items}
    assert len(items) == 3
    assert [item["is_this"] for item in items].count(True) == 1
    assert by_device["A phone"]["client"] == "127.0.0.1"

    path = f"/me/sessions/{by_device['A phone']['id']}"
    assert stranger.send("DELETE", path).status_code == 404
    assert ada.send("DELETE", path).status_code == 204
    assert (phone.get("/auth/session").status_code, laptop.get("/auth/session").status_code) == (401, 200)
    assert ada.send("DELETE", "/me/sessions").json() == {"ended": 1}
    assert (ada.get("/auth/session").status_code, laptop.get("/auth/session").status_code) == (200, 401)


def test_an_act_that_is_worth_it_asks_for_the_password_once_more(start_gateway: Callable[..., RunningGateway]):
    gateway = start_gateway(step_up_minutes=15)
    root = gateway.admin()
    assert root.send("POST", "/people/invitations", {"role": "viewer"}).status_code == 201
    gateway.execute("UPDATE gateway.sessions SET authenticated_at = now() - interval '1 hour'")

    refused = root.send("POST", "/people/invitations", {"role": "viewer"})
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
    assert root.send("POST", "/me/step-up", {"password": "a guess"}).status_code == 401
    proven = root.send("POST", "/me/step-up", {"password": PASSWORD})
    root.csrf_token = proven.json()["csrf_token"]

    assert root.send("POST", "/people/invitations", {"role": "viewer"}).status_code == 201


def test_who_is_locked_out_gets_a_link_on_the_command_line(gateway: RunningGateway, valkey: Valkey):
    """As `ai4k8s user reset-password` runs it: the gateway's own program, with the gateway's database."""
    gateway.person("ada")
    gateway.execute("UPDATE gateway.users SET disabled = true")
    environment = {
        **os.environ,
        "AI4K8S_DATABASE_URL": gateway.database.url(Service.GATEWAY),
        "AI4K8S_BROKER_URL": valkey.url,
        "AI4K8S_REDIS_URL": valkey.url,
    }
    command = [sys.executable, "-m", "ai4k8s_gateway.people", "reset-password"]
    unknown = subprocess.run([*command, "nobody"], env=environment, capture_output=True, text=True, check=False)
    done = subprocess.run([*command, "ada"], env=environment, capture_output=True, text=True, check=True)

    assert (unknown.returncode, json.loads(unknown.stderr)["error"]) == (1, "there is nobody of the name 'nobody'")
    token = json.loads(done.stdout)["path"].partition("#")[2]
    body = {"token": token, "password": OTHER}
    assert httpx.post(f"{gateway.url}/api/v1/auth/reset/password", json=body).status_code == 200
    assert log_in(gateway, "ada", OTHER).status_code == 200
    assert gateway.execute("SELECT actor FROM gateway.audit_entries WHERE action = 'make_reset_link'") == [
        ("command line",)
    ]
