"""What viewers, operators, administrators and strangers are offered on the pages: exactly what the policy table says.

Each act names the route behind it; who may do it follows from the route's rule. An act that somebody may not do is absent
or disabled, and the page gives the reason. Refused requests show up in the console, and fail the test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect

from ai4k8s_common.rights import LEAST_ROLE, Permission, Role
from ai4k8s_gateway.access.rules import Scope, table
from ai4k8s_gateway.app import create_api
from tests.support.feed import feed_workload
from tests.support.feed_plans import add_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.support.browser import Visit
    from tests.support.gateway import Person, RunningGateway

pytestmark = pytest.mark.browser

RULES = {(ruled.method, ruled.path): ruled.rule for ruled in table(create_api().routes)}
CLUSTER, WORKLOAD, TEAM = "/clusters/{cluster_id}", "/workloads/{workload_id}", "/teams/{team_id}"


@dataclass(frozen=True)
class Act:
    """A control of a page, and the route that it is for."""

    control: Literal["button", "spinbutton", "textbox", "combobox"]
    name: str
    route: str
    #: What whoever may not reads instead.
    reason: str = ""
    #: What an approval asks for is written in the plan rather than in the route's rule.
    permission: Permission | None = None


@dataclass(frozen=True)
class Place:
    """A page, what shows that it is there, and what can be done on it."""

    path: str
    landmark: str
    acts: tuple[Act, ...]


FREEZING = "To freeze it, set budgets or add windows takes an operator"
SETTLING = "To apply or dismiss it takes an operator"
APPROVING = "You cannot approve or refuse it: this needs 'object:write'"
PLACES = (
    Place(
        CLUSTER + WORKLOAD,
        "Requests",
        (
            Act("spinbutton", "Min pods", f"PUT {WORKLOAD}/policy", "To change the policy takes an operator"),
            Act(
                "spinbutton", "Set pods", f"POST {WORKLOAD}/predictive/apply", "To set pods, schedules, an HPA or a VPA"
            ),
            Act("button", "Add a schedule", f"POST {WORKLOAD}/schedules"),
            Act("button", "Create an HPA", f"POST {CLUSTER}/hpas"),
            Act("button", "Freeze web", "POST /freezes"),
            Act("button", "Replay its past", f"POST {WORKLOAD}/backtest", "To replay its past takes an operator"),
        ),
    ),
    Place(
        f"{CLUSTER}/autoscaling",
        "Budgets",
        (
            Act("button", "Freeze roles", "POST /freezes", FREEZING),
            Act("button", "Add a window", f"POST {CLUSTER}/maintenance-windows", FREEZING),
            Act("spinbutton", "Pods at most", f"PUT {CLUSTER}/budgets/{{namespace}}", FREEZING),
        ),
    ),
    Place(
        "/approvals",
        "Recommended by the scaler",
        (
            Act("button", "Approve", "POST /plans/{plan_id}/approve", APPROVING, Permission.OBJECT_WRITE),
            Act("button", "Refuse", "POST /plans/{plan_id}/refuse", APPROVING, Permission.OBJECT_WRITE),
            Act("button", "Apply: set 6", "POST /decisions/{decision_id}/apply", SETTLING),
            Act("button", "Dismiss", "POST /decisions/{decision_id}/dismiss", SETTLING),
        ),
    ),
    Place(
        f"{CLUSTER}/chat",
        "roles",
        (Act("combobox", "Ask, or type a kubectl line", f"POST {CLUSTER}/conversations/{{conversation_id}}/messages"),),
    ),
    Place(
        f"{CLUSTER}/connection",
        "Connection test",
        (Act("button", "Test again", f"POST {CLUSTER}/test", "An administrator of its team changes its connection"),),
    ),
    Place(
        TEAM,
        "Members",
        (
            Act("textbox", "Ask somebody in", f"POST {TEAM}/members", "Its administrators change this"),
            Act("textbox", "New service account", f"POST {TEAM}/service-accounts", "Its administrators change this"),
        ),
    ),
    Place("/tokens", "Your tokens", (Act("textbox", "New token", "POST /tokens"),)),
    Place(
        "/people", "People", (Act("button", "Make a link", "GET /people", "Only administrators look after accounts"),)
    ),
    Place(
        "/audit",
        "What was done",
        (Act("button", "Verify", "GET /audit/verify", "administrators of the installation verify"),),
    ),
    Place(
        "/system",
        "Prices",
        (
            Act("spinbutton", "One core", "PUT /prices", "An administrator sets them"),
            Act(
                "button",
                "Send again",
                "POST /system/dead-letters/{service_name}/{dead_letter_id}/retry",
                "only administrators may look into them",
            ),
        ),
    ),
)


def may(act: Act, role: Role, *, is_admin: bool) -> bool:
    """What the table says."""
    method, _, path = act.route.partition(" ")
    rule = RULES[method, f"/api/v1{path}"]
    if rule.scope is Scope.INSTALLATION:
        return is_admin
    permission = act.permission or rule.permission
    return permission is None or role.rank >= LEAST_ROLE[permission].rank


@dataclass(frozen=True)
class World:
    """A team with a cluster in which something waits, and its members."""

    gateway: RunningGateway
    people: dict[str, Person]
    ids: dict[str, str]

    def address(self, path: str) -> str:
        """Where a page is."""
        return path.format(**self.ids)


@pytest.fixture(scope="module")
def world(shared_gateway: RunningGateway) -> World:
    gateway = shared_gateway
    admin, foreign, viewer, operator, lead = gateway.admin(), *(gateway.person() for _ in range(4))
    team = lead.send("POST", "/teams", {"name": "browsing"}).json()["team"]["id"]
    for person, role in ((viewer, "viewer"), (operator, "operator")):
        lead.send("POST", f"/teams/{team}/members", {"username": person.username, "role": role})
    cluster_id = lead.add_cluster("roles", team_id=team)["id"]
    web = feed_workload(gateway.database, cluster_id)
    web.feed_samples(hours=1, every_seconds=60)
    web.feed_decisions(2)
    gateway.execute(
        "UPDATE scaler.decisions SET mode = 'recommend', outcome = 'observed', action = 'scale_up', from_replicas = 4,"
        " to_replicas = 6, decided_at = now() + interval '5 min'"
        " WHERE id = (SELECT id FROM scaler.decisions WHERE cluster_id = %s ORDER BY decided_at DESC LIMIT 1)",
        (cluster_id,),
    )
    add_plan(gateway.database, cluster_id, lead.id)
    gateway.execute(
        "INSERT INTO scaler.dead_letters (message_id, contract, queue, payload, attempts, error, died_at)"
        " VALUES (gen_random_uuid(), 'scaler.evaluate.v1', 'scaler.cycle', '{}', 5, 'ValueError', now())"
    )
    people = {"viewer": viewer, "operator": operator, "lead": lead, "admin": admin, "foreign": foreign}
    return World(gateway, people, {"cluster_id": cluster_id, "team_id": team, "workload_id": str(web.id)})


def offered(page: Page, act: Act) -> bool:
    """Whether the control is there and can be used."""
    control = page.get_by_role(act.control, name=act.name, exact=True)
    return control.count() > 0 and control.first.is_enabled()


def wrong_on(page: Page, place: Place, role: Role, *, is_admin: bool) -> list[str]:
    """Where a page differs from the table."""
    main = page.locator("main")
    allowed = {act: may(act, role, is_admin=is_admin) for act in place.acts}
    for act, is_allowed in allowed.items():
        if is_allowed:
            expect(page.get_by_role(act.control, name=act.name, exact=True).first).to_be_enabled()
        elif act.reason:
            expect(main).to_contain_text(act.reason)
    text = main.inner_text()
    needless = [
        f"{role} reads '{act.reason}'" for act in place.acts if allowed[act] and act.reason and act.reason in text
    ]
    return needless + [
        f"{role} is offered '{act.name}'" for act in place.acts if not allowed[act] and offered(page, act)
    ]


def go(seen: Visit, path: str) -> None:
    """Go to another page without loading everything anew."""
    if seen.page.url == "about:blank":
        seen.open(path)
    else:
        seen.page.evaluate(
            "path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')) }", path
        )


ROLES = {"viewer": Role.VIEWER, "operator": Role.OPERATOR, "lead": Role.ADMIN, "admin": Role.ADMIN}


@pytest.mark.parametrize("name", ROLES)
def test_the_pages_offer_what_the_table_allows(world: World, visit: Callable[..., Visit], name: str) -> None:
    seen = visit(world.gateway.url).log_in_as(world.people[name])
    wrong = []
    for place in PLACES:
        go(seen, world.address(place.path))
        expect(seen.page.get_by_role("heading", name=place.landmark, exact=True).first).to_be_visible()
        wrong += wrong_on(seen.page, place, ROLES[name], is_admin=name == "admin")
    assert wrong == []


def test_a_stranger_finds_nothing_of_another_teams(world: World, visit: Callable[..., Visit]) -> None:
    seen = visit(world.gateway.url).log_in_as(world.people["foreign"])
    for path in (f"{CLUSTER}/autoscaling", CLUSTER + WORKLOAD, TEAM):
        go(seen, world.address(path))
        expect(seen.page.get_by_role("heading", name="Not found, or not yours to see")).to_be_visible()
    go(seen, "/approvals")
    expect(seen.page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    seen.complaints[:] = [said for said in seen.complaints if "404 (Not Found)" not in said]
