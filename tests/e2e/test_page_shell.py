"""What stays in sight on every page, in a real browser: palette, keyboard, theme, jobs, long tables, rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.feed import feed_workload
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browser import Visit
    from tests.support.feed import FedWorkload
    from tests.support.gateway import Person, RunningGateway

pytestmark = pytest.mark.browser

MANY = 1_000


@pytest.fixture
def ada(shared_gateway: RunningGateway) -> Person:
    return shared_gateway.person()


@pytest.fixture
def web(shared_gateway: RunningGateway, ada: Person) -> FedWorkload:
    web = feed_workload(shared_gateway.database, ada.add_cluster("prod-eu", interval_seconds=3600)["id"])
    web.feed_samples(hours=1, every_seconds=60)
    return web


@pytest.fixture
def seen(shared_gateway: RunningGateway, ada: Person, visit: Callable[..., Visit]) -> Visit:
    return visit(shared_gateway.url).log_in_as(ada)


def test_a_few_letters_lead_to_a_workload(seen: Visit, web: FedWorkload):
    page = seen.open("/").page
    page.get_by_role("heading", name="What needs me").wait_for()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search or command").fill("sho web")
    page.get_by_role("option", name="shop / web").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/clusters/{web.cluster_id}/workloads/{web.id}")
    page.get_by_role("dialog").wait_for(state="hidden")


def test_pages_are_reached_by_keyboard_and_the_keys_are_listed(seen: Visit, web: FedWorkload):
    page = seen.open("/").page
    page.get_by_role("heading", name="What needs me").wait_for()
    for letter, address in (("w", f"/clusters/{web.cluster_id}/workloads"), ("j", "/jobs"), ("d", "/")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        page.wait_for_url(f"**{address}")
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("Workloads").wait_for()
    # What is typed somewhere is no shortcut.
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search or command").type("gj")
    assert page.url.endswith("/")


def test_a_chosen_theme_is_kept(seen: Visit, web: FedWorkload):
    page = seen.open("/").page
    page.get_by_role("button", name="Account and theme").click()
    page.get_by_label("Dark").click()
    dark = "getComputedStyle(document.documentElement).backgroundColor"
    assert page.evaluate(dark) == "rgb(14, 18, 23)"
    page.reload()
    assert page.evaluate(dark) == "rgb(14, 18, 23)"


def test_a_long_table_is_drawn_as_far_as_it_is_in_sight(seen: Visit, web: FedWorkload):
    web.execute(
        "INSERT INTO collector.workloads (cluster_id, namespace, kind, name, api_version, first_seen_at, last_seen_at)"
        " SELECT %s, 'many', 'Deployment', 'w-' || lpad(n::text, 4, '0'), 'apps/v1', now(), now()"
        " FROM generate_series(1, %s) n",
        (web.cluster_id, MANY),
    )
    page = seen.open(f"/clusters/{web.cluster_id}/workloads").page
    page.get_by_role("link", name="many / w-0001").wait_for()
    assert page.locator("tbody tr").count() < MANY / 5
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == "many / w-0002"

    page.mouse.wheel(0, 10_000_000)
    page.get_by_role("link", name="shop / web").wait_for()

    page.get_by_role("button", name="Workload", exact=True).click()
    page.get_by_role("button", name="Workload", exact=True).click()
    page.wait_for_url("**sort=-name*")
    page.keyboard.press("/")
    page.keyboard.type("w-0777")
    # Not wait_for_function: it evaluates strings in the page, which the CSP refuses.
    eventually(lambda: page.locator("tbody tr").count() == 1)
    page.wait_for_url("**q=w-0777*")
    page.reload()
    page.get_by_role("link", name="many / w-0777").wait_for()


def test_a_job_is_cancelled_tried_again_and_its_end_is_told(
    shared_gateway: RunningGateway, seen: Visit, web: FedWorkload
):
    page = seen.open(f"/clusters/{web.cluster_id}").page
    page.get_by_role("button", name="Check connection").click()
    page.get_by_role("button", name="Jobs: 1 running").click()
    tray = page.get_by_role("dialog", name="Jobs")
    tray.get_by_role("button", name="Cancel").click()
    tray.get_by_text("failed").wait_for()
    tray.get_by_role("button", name="Try again").click()
    tray.get_by_text("attempt 2").wait_for()

    # As the collector would report it.
    shared_gateway.execute(
        "INSERT INTO collector.job_states (job_id, kind, status, progress, message)"
        " SELECT id, kind, 'completed', 100, 'everything works' FROM gateway.jobs"
        " WHERE cluster_id = %s ORDER BY created_at DESC LIMIT 1",
        (web.cluster_id,),
    )
    page.get_by_text("Connection check done: everything works").wait_for()
    page.get_by_role("button", name="Jobs: none running").wait_for()


def test_who_may_not_is_told_who_may(shared_gateway: RunningGateway, ada: Person, seen: Visit):
    shared_gateway.execute("UPDATE gateway.users SET role = 'viewer' WHERE id = %s", (ada.id,))
    page = seen.open("/clusters/new").page
    page.get_by_role("heading", name="Viewers cannot add clusters").wait_for()


def test_a_message_that_was_given_up_on_is_discarded_after_a_second_thought(
    shared_gateway: RunningGateway, visit: Callable[..., Visit]
):
    ((letter,),) = shared_gateway.execute(
        "INSERT INTO scaler.dead_letters (message_id, contract, queue, payload, attempts, error)"
        " VALUES (gen_random_uuid(), 'scaler.evaluate.v1', 'scaler.cycle', '{}', 5, 'boom') RETURNING id"
    )
    page = visit(shared_gateway.url).log_in_as(shared_gateway.admin()).open("/system").page
    page.get_by_role("button", name="Discard").click()
    page.get_by_text("Its request is lost then.").wait_for()
    page.get_by_role("button", name="Discard for good").click()
    page.get_by_text("Is being discarded").wait_for()

    decided = shared_gateway.execute(
        "SELECT verdict FROM gateway.dead_letter_verdicts WHERE dead_letter_id = %s", (letter,)
    )
    assert decided == [("discard",)]
