"""Every page in every look: whole, within its window, and without anything that keeps somebody out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.support.browser import NARROW, WIDE
from tests.support.page_data import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.browser import Visit
    from tests.support.gateway import Person, RunningGateway
    from tests.support.page_data import Filled

pytestmark = pytest.mark.browser

# Each width and each theme once: what a theme breaks, it breaks at every width.
LOOKS = [
    pytest.param((viewport, scheme), id=f"{viewport['width']}-{scheme}")
    for viewport, scheme in ((WIDE, "light"), (NARROW, "dark"))
]


@pytest.fixture(scope="module")
def ada(shared_gateway: RunningGateway) -> Person:
    return shared_gateway.admin()


@pytest.fixture(scope="module")
def filled(shared_gateway: RunningGateway, ada: Person) -> Filled:
    return fill(shared_gateway, ada)


@dataclass
class Looker:
    """Looks at one page after another in one look; tells at the end what was wrong with any of them."""

    seen: Visit
    look: str
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def check(self, name: str) -> None:
        """Whole, readable, within the window."""
        self.seen.screenshot(f"{name}-{self.look}")
        found = self.seen.accessibility_violations()
        if self.seen.is_wider_than_its_window():
            found.append("wider than its window")
        if found:
            self.wrong[name] = found


@pytest.fixture(params=LOOKS)
def looker(
    request: pytest.FixtureRequest, shared_gateway: RunningGateway, visit: Callable[..., Visit]
) -> Iterator[Looker]:
    viewport, scheme = request.param
    seen = visit(shared_gateway.url, viewport=viewport, color_scheme=scheme)
    looker = Looker(seen, f"{viewport['width']}-{scheme}")
    yield looker
    assert looker.wrong == {}


def test_every_page_is_whole_and_reachable(ada: Person, filled: Filled, looker: Looker):
    seen = looker.seen.log_in_as(ada)
    cluster = f"/clusters/{filled.cluster_id}"
    pages = {
        "dashboard": ("/", "heading", "Done for you"),
        "cluster": (cluster, "heading", "What is coming"),
        "workloads": (f"{cluster}/workloads", "link", "shop / web"),
        "nodes": (f"{cluster}/nodes", "rowheader", "node-1"),
        "worth-doing": (f"{cluster}/recommendations", "heading", "Worth doing"),
        "sizes": (f"{cluster}/sizes", "link", "shop / web"),
        "patch": (f"{cluster}/sizes?open={filled.web.id}", "button", "Copy"),
        "capacity": (f"{cluster}/capacity", "button", "Try it"),
        "events": (f"{cluster}/events", "heading", "Quotas"),
        "autoscaling": (f"{cluster}/autoscaling", "heading", "Budgets"),
        "decisions": (f"{cluster}/decisions", "heading", "Decisions"),
        "incidents": (f"{cluster}/incidents", "heading", "Incidents"),
        "incident": (f"{cluster}/incidents?incident={filled.incident}", "button", "Acknowledge"),
        "clusters": ("/clusters", "rowheader", "prod-eu"),
        "connection": (f"{cluster}/connection", "heading", "What it may do there"),
        "jobs": ("/jobs", "progressbar", "Connection check"),
        "system": ("/system", "heading", "Given up on"),
        "add-cluster": ("/clusters/new", "button", "Add cluster"),
        "nowhere": ("/nowhere", "heading", "There is no such page"),
    }
    for name, (path, role, words) in pages.items():
        seen.open(path).page.get_by_role(role, name=words).first.wait_for()  # type: ignore[arg-type]  # names of roles
        looker.check(name)

    page = seen.open(f"{cluster}/workloads/{filled.web.id}").page
    page.locator(".sentence").get_by_text("pods").wait_for()
    page.locator(".chart canvas").wait_for()
    page.locator(".markers button").first.wait_for()
    page.get_by_role("rowheader", name="web-5c6f9-ccccc").wait_for()
    page.get_by_text("● live", exact=True).wait_for()
    looker.check("workload")

    page.get_by_role("radio", name="Recommend").click()
    page.get_by_role("heading", name="If you save this").wait_for()
    page.get_by_text("recommended").first.wait_for()
    looker.check("preview")

    page.get_by_role("button", name="Why").first.click()
    page.get_by_role("heading", name="What it went by").wait_for()
    looker.check("decision")


def test_what_opens_over_a_page_is_whole_and_reachable(ada: Person, filled: Filled, looker: Looker):
    page = looker.seen.log_in_as(ada).open("/").page
    page.get_by_role("heading", name="Done for you").wait_for()
    for name, opens, shows in (
        ("notifications", "Notifications", "What happened"),
        ("job-tray", "Jobs:", "All jobs"),
        ("account", "Account and theme", "Log out"),
    ):
        page.get_by_role("button", name=opens).click()
        page.get_by_text(shows).first.wait_for()
        looker.check(name)
        page.keyboard.press("Escape")

    page.get_by_role("button", name="Search or command").click()
    page.get_by_role("combobox", name="Search or command").fill("api")
    page.get_by_role("option", name="billing / api").wait_for()
    looker.check("palette")
    page.keyboard.press("Escape")

    page.keyboard.press("?")
    page.get_by_role("heading", name="Keyboard").wait_for()
    looker.check("shortcuts")


def test_what_a_visitor_sees_is_whole_and_reachable(looker: Looker):
    for name, path, words in (
        ("landing", "/", "Knows what your clusters"),
        ("login", "/login", "Log in"),
        ("register", "/register", "Register"),
    ):
        looker.seen.open(path).page.get_by_role("heading", name=words).first.wait_for()
        looker.check(name)
