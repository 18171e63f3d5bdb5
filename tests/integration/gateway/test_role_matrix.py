"""Every role against every route, room and tool: what happens is what the policy table says; nothing is without a rule.

The requests are generated from the table itself, so that a new route is tried the day it is made. They run in one
process against one database, and every transaction is rolled back: what may be done is done, and undone.
"""

from __future__ import annotations

import asyncio
import uuid
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from ai4k8s_chat.domain.modes import ModeRule, ToolMode
from ai4k8s_chat.domain.tools import TOOLS, Access
from ai4k8s_chat.executing import Caller, Toolbox, run
from ai4k8s_common.bus import live
from ai4k8s_common.bus.transaction import Bus, Transaction
from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import Ai4k8sError, ForbiddenError, NotFoundError
from ai4k8s_common.plans import PlanOrigin
from ai4k8s_common.rights import LEAST_ROLE, Permission, Role
from ai4k8s_common.services import Service
from ai4k8s_common.store.isolation import see_everything
from ai4k8s_common.store.rights import read_rights
from ai4k8s_gateway.access.rooms import ROOMS, may_hear
from ai4k8s_gateway.access.rules import Audience, Ruled, Scope, table
from ai4k8s_gateway.app import create_api, create_app
from ai4k8s_gateway.metrics import Metrics
from tests.support.bus import open_bus
from tests.support.feed import FedWorkload
from tests.support.gateway import KUBECONFIG

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

    from starlette.types import ASGIApp, Receive, Send
    from starlette.types import Scope as AsgiScope

    from ai4k8s_chat.domain.tools import Tool
    from tests.support.gateway import Person, RunningGateway

ROUTES = list(table(create_api().routes))
#: Public, and yet it wants the cluster's own metric token.
OWN_TOKEN = {"get_floor"}


class RollingBack(Bus):
    """Undoes everything at the end."""

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self.engine.connect() as connection, connection.begin() as doing:
            yield Transaction(connection, self)
            doing.rollback()


@dataclass(frozen=True)
class Actor:
    """Somebody who tries everything."""

    name: str
    role: Role | None  # in the team whose things are tried; None: not a member
    headers: dict[str, str]
    is_admin: bool = False
    is_token: bool = False
    scopes: frozenset[Permission] | None = None
    user_id: str = ""
    token_id: uuid.UUID | None = None


@dataclass(frozen=True)
class World:
    """A team with a cluster and something of everything in it, and people around."""

    app: ASGIApp
    gateway: RunningGateway
    ids: dict[str, Any]
    actors: dict[str, Actor]

    def bodies(self) -> dict[str, Any]:
        """What routes take whose rule asks about what the body names."""
        window = {"title": "night", "cron": "0 2 * * *", "duration_minutes": 60, "time_zone": "UTC"}
        cpu = {"kind": "cpu", "utilization_percent": 80}
        hpa = {"target": {"kind": "Deployment", "name": "web"}}
        return {
            "add_cluster": {"name": "another", "kubeconfig": KUBECONFIG, "team_id": self.ids["team_id"]},
            "freeze": {"cluster_id": self.ids["cluster_id"], "reason": "tried"},
            "add_maintenance_window": window,
            "create_hpa": {"namespace": "shop", "name": "web", **hpa, "max_replicas": 3, "metrics": [cpu]},
            "create_vpa": {"namespace": "shop", "name": "web", **hpa},
            "write_manifest": {"request": "nginx", "cluster_id": self.ids["cluster_id"]},
            "mute_subject": {"subject_kind": "node", "name": "n1"},
            "unmute_subject": None,
            "make_plan": {"cluster_id": self.ids["cluster_id"], "title": "tried", "manifests": "kind: Pod"},
            "invite": {"team_id": self.ids["team_id"], "role": "viewer"},
        }


@pytest.fixture(scope="module")
def world(shared_gateway: RunningGateway) -> World:
    gateway = shared_gateway
    lead, operator, viewer, foreign = (gateway.person() for _ in range(4))
    team = _sent(lead.send("POST", "/teams", {"name": f"team-{uuid.uuid4().hex[:6]}"}))["team"]["id"]
    for person, role in ((operator, "operator"), (viewer, "viewer")):
        _sent(lead.send("POST", f"/teams/{team}/members", {"username": person.username, "role": role}))
    cluster = lead.add_cluster("matrix", team_id=team)["id"]
    ids = {"team_id": team, "cluster_id": cluster, "user_id": viewer.id, **_things(gateway, cluster)}
    small, small_id = _token(lead, ["chat:use"])
    whole, whole_id = _token(lead, [p.value for p in Permission if p is not Permission.INSTALLATION_MANAGE])
    tokens: dict[str, Any] = {"role": Role.ADMIN, "is_token": True, "user_id": lead.id}
    admin = gateway.admin()
    actors = [
        Actor("anonymous", None, {}),
        Actor("viewer", Role.VIEWER, _as(viewer), user_id=viewer.id),
        Actor("operator", Role.OPERATOR, _as(operator), user_id=operator.id),
        Actor("lead", Role.ADMIN, _as(lead), user_id=lead.id),
        Actor("admin", Role.ADMIN, _as(admin), is_admin=True, user_id=admin.id),
        Actor("foreign", None, _as(foreign), user_id=foreign.id),
        Actor(
            "small token",
            headers=_bearer(small),
            scopes=frozenset({Permission.CHAT_USE}),
            token_id=small_id,
            **tokens,
        ),
        Actor("whole token", headers=_bearer(whole), scopes=frozenset(Permission), token_id=whole_id, **tokens),
    ]
    usual = gateway.wiring
    bus = RollingBack(usual.bus.service, usual.bus.engine, usual.bus.publisher, usual.bus.live)
    app = create_app(replace(usual, bus=bus, metrics=Metrics()))
    return World(app, gateway, ids, {actor.name: actor for actor in actors})


def _sent(response: httpx.Response) -> dict[str, Any]:
    assert response.is_success, response.text
    answer: dict[str, Any] = response.json()
    return answer


def _token(person: Person, scopes: list[str]) -> tuple[str, uuid.UUID]:
    made = _sent(person.send("POST", "/tokens", {"name": "matrix", "scopes": scopes}))
    (row,) = person.get("/tokens").json()["items"][:1]
    return str(made["token"]), uuid.UUID(row["id"])


def _as(person: Person) -> dict[str, str]:
    return {"Cookie": f"ai4k8s_session={person.cookie}", "X-CSRF-Token": person.csrf_token}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _things(gateway: RunningGateway, cluster: str) -> dict[str, Any]:
    """One of each kind that an address may name."""
    numbers: dict[str, Any] = {}

    def add(name: str, statement: str) -> None:
        ((numbers[name],),) = gateway.execute(f"{statement} RETURNING id", (cluster,))

    add(
        "workload_id",
        "INSERT INTO collector.workloads (cluster_id, namespace, kind, name, api_version, resource_version,"
        " desired_replicas, ready_replicas, updated_replicas, first_seen_at, last_seen_at)"
        " VALUES (%s, 'shop', 'Deployment', 'web', 'apps/v1', '1', 2, 2, 2, now(), now())",
    )
    add(
        "incident_id",
        "INSERT INTO forecaster.incidents (cluster_id, namespace, severity, title, opened_at, last_at)"
        " VALUES (%s, 'shop', 'low', 'odd', now(), now())",
    )
    add(
        "schedule_id",
        "INSERT INTO gateway.schedules (cluster_id, effect, title, cron, duration_minutes, time_zone)"
        " VALUES (%s, 'maintenance', 'night', '0 2 * * *', 60, 'UTC')",
    )
    add("freeze_id", "INSERT INTO gateway.freezes (cluster_id, namespace) VALUES (%s, 'other')")
    fed = FedWorkload(gateway.database, cluster, numbers["workload_id"], datetime.now(UTC))
    numbers["decision_id"] = fed.feed_decisions(2)[0]
    numbers["plan_id"] = uuid.uuid4()
    gateway.execute(
        "INSERT INTO chat.plans (id, cluster_id, asked_by, origin, title, hash, calls, undo_calls, changes, effects,"
        " needs, status, expires_at) VALUES (%s, %s, %s, 'page', 'tried', 'x', '', '', '[]', '[]', '[]', 'ready',"
        " now() + interval '5 minutes')",
        (numbers["plan_id"], cluster, uuid.uuid4()),
    )
    return numbers


def expected(actor: Actor, route: Ruled) -> int | None:
    """What the table says: a status that refuses, or None for being let through."""
    rule = route.rule
    if rule.audience is Audience.PUBLIC:
        return None
    if actor.name == "anonymous":
        return 401
    if actor.is_token and (rule.person_only or rule.audience is Audience.PERSON):
        return 403
    if rule.permission is None:
        return None
    has_scope = actor.scopes is None or rule.permission in actor.scopes
    if rule.scope is Scope.SEEN:  # everybody here has a team of their own
        return None if has_scope else 403
    if rule.scope is Scope.INSTALLATION:
        return None if actor.is_admin else 403
    if actor.role is None:
        return 404
    return None if has_scope and actor.role.rank >= LEAST_ROLE[rule.permission].rank else 403


@dataclass
class Answer:
    """What came back, and whether the rule let it through."""

    status: int
    text: str
    passed: bool

    def fits(self, wanted: int | None, public: bool) -> bool:
        if wanted is not None:
            return self.status == wanted
        # A wrong password is 401 as well, and says that the rule let it through.
        return self.status not in {403, 500} and (self.passed or public)


async def ask(world: World, actor: Actor, route: Ruled) -> Answer:
    state: dict[str, Any] = {}

    async def probe(scope: AsgiScope, receive: Receive, send: Send) -> None:
        scope["state"] = state
        await world.app(scope, receive, send)

    body = world.bodies().get(route.name, {})
    transport = httpx.ASGITransport(app=probe, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=actor.headers) as http:
        answer = await http.request(route.method, _address(world, route), json=body)
    return Answer(answer.status_code, answer.text[:200], bool(state.get("passed")))


def _address(world: World, route: Ruled) -> str:
    usual: MutableMapping[str, Any] = {
        **world.ids, "namespace": "shop", "name": "web", "act": "pause", "service_name": "scaler",
        "dead_letter_id": 1, "mute_id": 1,
    }  # fmt: skip
    address = route.path
    while "{" in address:
        before, _, rest = address.partition("{")
        name, _, after = rest.partition("}")
        address = f"{before}{usual.get(name, uuid.uuid4())}{after}"
    return address


ACTORS = ["anonymous", "viewer", "operator", "lead", "admin", "foreign", "small token", "whole token"]


@pytest.mark.parametrize("name", ACTORS)
def test_every_route_answers_whoever_asks_as_the_table_says(world: World, name: str) -> None:
    actor = world.actors[name]

    async def everything() -> list[str]:
        wrong = []
        for route in ROUTES:
            wanted = expected(actor, route)
            if route.name in OWN_TOKEN or (actor.name == "whole token" and wanted is None):
                continue  # what a token for everything may do, its owner was tried with
            answer = await ask(world, actor, route)
            if not answer.fits(wanted, route.rule.audience is Audience.PUBLIC):
                wrong.append(f"{route.method} {route.path} ({route.name}): {answer}, not {wanted or 'let through'}")
        return wrong

    wrong = asyncio.run(everything())
    assert not wrong, "\n".join(wrong)


def test_what_asks_about_its_body_is_tried_with_one(world: World) -> None:
    asking = {route.name for route in ROUTES if route.rule.scope is Scope.BODY}
    assert asking == set(world.bodies())


def test_every_kind_of_room_has_a_rule_and_lets_in_whom_it_says(world: World) -> None:
    kinds = {name.removesuffix("_room") for name in vars(live) if name.endswith("_room")}
    assert kinds == set(ROOMS)
    cluster = f"cluster:{world.ids['cluster_id']}"
    with world.gateway.wiring.bus.transaction() as tx:
        see_everything(tx.connection)
        for actor in world.actors.values():
            if not actor.user_id or actor.is_token:
                continue
            rights = read_rights(tx.connection, uuid.UUID(actor.user_id))
            assert may_hear(rights, cluster) is (actor.role is not None), actor.name
            assert may_hear(rights, f"user:{actor.user_id}")
            assert not may_hear(rights, f"user:{world.ids['user_id']}") or actor.name == "viewer"
            assert not may_hear(rights, f"unheard:{world.ids['cluster_id']}")


class Reached(Exception):  # noqa: N818  # not a failure: how far a call came
    """A call came to where it would have been carried out."""


def reached(*_: object) -> Any:
    raise Reached


#: What tools want to know beyond the cluster, so that nothing but rights can be in their way.
WISHES: dict[str, Any] = {
    "name": "web", "kind": "Deployment", "image": "web:2", "command": ["id"], "manifest": "kind: Pod", "max_replicas": 3,
    "values": {"a": "b"}, "request": "nginx",
}  # fmt: skip
FURTHER: dict[str, dict[str, Any]] = {
    "pods_delete": {"name": "web"},
    "resources_delete": {"name": "web"},
    "resources_scale": {"replicas": 3},
}


def outcome_of(world: World, tx: Transaction, actor: Actor, tool: Tool) -> str:
    """What a tool says to somebody; there is no cluster behind it."""
    wanted = tool.arguments.model_json_schema()["required"]
    given = {name: WISHES[name] for name in wanted if name != "cluster"} | FURTHER.get(tool.name, {})
    nowhere = cast("Any", reached)
    box = Toolbox(nowhere, nowhere, nowhere, lambda *_: [ModeRule(ToolMode.ASK)], utc_now)
    caller = Caller(read_rights(tx.connection, uuid.UUID(actor.user_id), actor.token_id), PlanOrigin.MCP)
    try:
        run(tx, box, caller, tool.name, {"cluster": world.ids["cluster_id"], **given})
    except NotFoundError as error:
        return "hidden" if "no cluster" in error.detail else "allowed"
    except ForbiddenError as error:
        return "off" if "switched off" in error.detail else "forbidden"
    except Reached:
        pass
    except Ai4k8sError as error:
        return f"{error.code}: {error.detail}"
    return "allowed"


def outcome_by_table(actor: Actor, tool: Tool) -> str:
    """What the table says of it."""
    if actor.role is None and not actor.is_admin:
        return "hidden"
    if actor.scopes is not None and Permission.CLUSTER_READ not in actor.scopes:
        return "hidden"  # not even that the cluster is there
    role = Role.ADMIN if actor.is_admin else actor.role
    assert role is not None
    if role.rank < LEAST_ROLE[tool.permission].rank:
        return "forbidden"
    return "off" if tool.access is Access.PRIVILEGED else "allowed"


@pytest.mark.parametrize("name", [name for name in ACTORS if name != "anonymous"])
def test_every_tool_answers_whoever_asks_as_the_table_says(world: World, name: str) -> None:
    actor = world.actors[name]
    broker = world.gateway.wiring.bus_settings.broker_url.get_secret_value()
    with closing(open_bus(world.gateway.database, broker, Service.CHAT)) as bus, bus.transaction() as tx:
        said = {tool.name: outcome_of(world, tx, actor, tool) for tool in TOOLS}
    assert said == {tool.name: outcome_by_table(actor, tool) for tool in TOOLS}
