"""Single sign-on against a real provider: who comes back is who the provider says, and nobody else's account."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from ai4k8s_common.store.gateway import UserRole
from ai4k8s_gateway.accounts.oidc_settings import OidcSettings
from ai4k8s_gateway.accounts.single_sign_on import local_path
from ai4k8s_standalone.ports import pick_free
from tests.support.gateway import PASSWORD, gateways
from tests.support.processes import Processes
from tests.support.stores import Valkey, new_database
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_standalone.embedded.valkey import EmbeddedValkey
    from tests.support.gateway import Person, RunningGateway
    from tests.support.stores import SharedPostgres


@dataclass
class House:
    """A gateway, and a provider in a process of its own."""

    gateway: RunningGateway
    provider: str

    def says(self, subject: str, **claims: object) -> None:
        """Let the provider know somebody."""
        httpx.put(f"{self.provider}/users/{subject}", json=claims).raise_for_status()

    def go(self, visitor: Person, path: str = "/auth/sso/start", body: object = None) -> str:
        """Ask the gateway where to go."""
        answer = visitor.send("POST", path, body or {})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["address"])

    def log_in_there(self, address: str, subject: str) -> str:
        """Log in at the provider; return where it sends the browser."""
        return str(httpx.post(address, data={"sub": subject}).headers["location"])

    def come(self, subject: str, visitor: Person | None = None, **body: object) -> tuple[Person, httpx.Response]:
        """The whole way, there and back."""
        visitor = visitor or self.gateway.visitor(subject)
        return visitor, visitor.http.get(self.log_in_there(self.go(visitor, body=body), subject))


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory,
    shared_postgres: SharedPostgres,
    migrated_template: str,
    valkey_of_this_process: EmbeddedValkey,
) -> Iterator[House]:
    processes = Processes(tmp_path_factory.mktemp("provider"))
    port = pick_free()
    provider = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"]
    process = processes.start(command, environment={}, name="provider")
    settings = OidcSettings(
        issuer=provider,
        client_secret=SecretStr("client-secret"),
        label="Example Corp",
        default_role=UserRole.VIEWER,
        role_of_group={"sre": UserRole.OPERATOR, "platform": UserRole.ADMIN},
        team_of_group={"shop-people": "shop:operator"},
    )
    with (
        contextlib.closing(_Ending(processes)),
        contextlib.contextmanager(new_database)(shared_postgres, migrated_template) as database,
        gateways(database, Valkey(valkey_of_this_process)) as start,
    ):
        gateway = start(oidc=settings, registration="invitation")
        ready = f"{provider}/.well-known/openid-configuration"
        eventually(lambda: httpx.get(ready).is_success, 30, ignoring=httpx.TransportError, message=process.output)
        gateway.execute("INSERT INTO gateway.teams (name) VALUES ('shop')")
        yield House(gateway, provider)


class _Ending:
    def __init__(self, processes: Processes) -> None:
        self.close = processes.end_all


def problem_of(response: httpx.Response) -> str:
    assert response.status_code == 303
    query = parse_qs(urlsplit(response.headers["location"]).query)
    return query.get("problem", [""])[0]


def member_of_shop(house: House, user_id: str) -> list[Any]:
    return house.gateway.execute(
        "SELECT role FROM gateway.memberships m JOIN gateway.teams t ON t.id = team_id WHERE name = 'shop' AND user_id = %s",
        (user_id,),
    )


def test_who_comes_for_the_first_time_gets_an_account_and_the_provider_decides_their_rights(house: House):
    house.says(
        "1001", preferred_username="Ada L.", email="ada@example.org", email_verified=True, groups=["sre", "shop-people"]
    )

    ada, response = house.come("1001", return_to="/clusters")

    assert (response.status_code, response.headers["location"]) == (303, "/clusters")
    session = ada.get("/auth/session").json()
    assert session["user"]["username"] == "Ada-L"
    assert session["user"]["role"] == "operator"
    assert member_of_shop(house, session["user"]["id"]) == [("operator",)]
    assert ada.get("/me/sessions").json()["items"][0]["method"] == "single_sign_on"
    # Later they have left both groups, and are called otherwise: the same person, with less.
    house.says("1001", preferred_username="Ada King", email="king@example.org", email_verified=True, groups=[])
    again, _ = house.come("1001")
    now = again.get("/auth/session").json()["user"]
    assert (now["id"], now["role"]) == (session["user"]["id"], "viewer")
    assert member_of_shop(house, now["id"]) == []
    assert ada.get("/auth/session").json()["user"]["role"] == "viewer"
    told = [
        row[0]
        for row in house.gateway.execute("SELECT action FROM gateway.audit_entries WHERE action = 'follow_groups'")
    ]
    assert told


def test_an_account_is_never_taken_over_by_an_address(house: House):
    admin = _local(house, "root")
    for subject, is_verified in (("2001", True), ("2002", False)):
        house.says(subject, preferred_username="root", email="root@example.org", email_verified=is_verified, groups=[])

    verified, answer = house.come("2001")
    unverified, _ = house.come("2002")

    assert problem_of(answer) == "sso_email_taken"
    assert verified.get("/auth/session").status_code == 401
    other = unverified.get("/auth/session").json()["user"]
    assert (other["id"] != admin.id, other["username"] != "root", other["role"]) == (True, True, "viewer")
    assert unverified.get("/me").json()["email"] is None


def test_an_account_is_linked_from_inside_with_its_password_and_by_the_session_that_asked(house: House):
    bob, eve = _local(house, "bob"), _local(house, "eve")
    house.says("3001", preferred_username="bobby", groups=["platform"])
    assert bob.send("POST", "/me/single-sign-on", {"password": "a guess"}).status_code == 401

    stolen = house.log_in_there(house.go(eve, "/me/single-sign-on", {"password": PASSWORD}), "3001")
    assert problem_of(bob.http.get(stolen)) == "sso_lost"  # begun by another browser: it links nobody
    back = bob.http.get(house.log_in_there(house.go(bob, "/me/single-sign-on", {"password": PASSWORD}), "3001"))

    assert back.headers["location"] == "/profile"
    assert [item["label"] for item in bob.get("/me").json()["identities"]] == ["bobby"]
    twice = eve.http.get(house.log_in_there(house.go(eve, "/me/single-sign-on", {"password": PASSWORD}), "3001"))
    assert problem_of(twice) == "sso_identity_taken"
    came, _ = house.come("3001")
    assert came.get("/auth/session").json()["user"] == {"id": bob.id, "username": "bob", "role": "admin"}
    assert bob.send("POST", "/me/single-sign-on/unlink", {"password": PASSWORD}).status_code == 204
    assert bob.get("/me").json()["identities"] == []


def test_a_log_in_comes_back_once_to_the_browser_that_began_it(house: House):
    house.says("4001", preferred_username="carol")
    carol, victim = house.gateway.visitor("carol"), house.gateway.visitor("victim")

    back = house.log_in_there(house.go(carol), "4001")

    # An attacker's own log-in, pushed onto somebody else, logs them in nowhere, and is spent by it.
    assert problem_of(victim.http.get(back)) == "sso_lost"
    assert problem_of(carol.http.get(back)) == "sso_lost"
    back = house.log_in_there(house.go(carol), "4001")
    assert problem_of(carol.http.get(back.replace("state=", "state=x"))) == "sso_lost"
    assert problem_of(carol.http.get(f"{back}&iss=https%3A%2F%2Fevil.example")) == "sso_refused"
    denied = httpx.post(house.go(carol), data={"action": "deny"}).headers["location"]
    assert carol.http.get(denied).headers["location"].startswith("/login?problem=")
    assert carol.get("/auth/session").status_code == 401


def test_an_invitation_is_accepted_by_single_sign_on_and_disabling_holds(house: House):
    root = _local(house, "inviter", "admin")
    link = root.send("POST", "/people/invitations", {"role": "operator"}).json()
    house.says("5001", preferred_username="dora")

    dora, _ = house.come("5001", invitation_token=link["path"].partition("#")[2])

    user = dora.get("/auth/session").json()["user"]
    assert root.get("/people/invitations").json()["items"] == []
    assert dora.send("POST", "/me/password", {"new_password": PASSWORD}).status_code == 403  # CSRF
    dora.csrf_token = dora.get("/auth/session").json()["csrf_token"]
    assert dora.send("POST", "/me/password", {"new_password": PASSWORD}).status_code == 200  # came in just now
    root.send("PATCH", f"/people/{user['id']}", {"disabled": True})
    assert problem_of(house.come("5001")[1]) == "sso_refused"


def _local(house: House, name: str, role: str = "operator") -> Person:
    gateway = house.gateway
    hashed = gateway.wiring.passwords.hash(PASSWORD)
    gateway.execute(
        "INSERT INTO gateway.users (username, email, password_hash, role) VALUES (%s, %s, %s, %s)",
        (name, f"{name}@example.org", hashed, role),
    )
    return gateway.visitor(name).log_in()


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:1", "/a\nb", ""]
)
def test_nobody_is_sent_elsewhere_after_log_in(path: str):
    assert local_path(path) == "/"
    assert local_path("/clusters/1?a=b#c") == "/clusters/1?a=b#c"


def test_without_a_provider_it_is_told_so(shared_gateway: RunningGateway):
    answer = httpx.post(f"{shared_gateway.url}/api/v1/auth/sso/start", json={})

    assert (answer.status_code, answer.json()["code"]) == (501, "not_configured")
    assert httpx.get(f"{shared_gateway.url}/api/v1/auth/ways").json()["single_sign_on"] is None
