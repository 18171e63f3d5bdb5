"""A workload on its time axis in a real browser, and the door before it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ai4k8s_common.bus.live import LiveEvent, LiveEventName, LiveEvents, cluster_room
from tests.support.backtests import backtest_workers
from tests.support.feed import feed_workload
from tests.support.gateway import PASSWORD
from tests.support.page_data import fill_workload
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browser import Visit
    from tests.support.feed import FedWorkload
    from tests.support.gateway import Person, RunningGateway

pytestmark = pytest.mark.browser


@pytest.fixture
def gateway(shared_gateway: RunningGateway) -> RunningGateway:
    return shared_gateway


@pytest.fixture
def ada(gateway: RunningGateway) -> Person:
    return gateway.person()


def address(web: FedWorkload) -> str:
    return f"/clusters/{web.cluster_id}/workloads/{web.id}"


def test_a_new_person_registers_and_is_told_the_next_step(gateway: RunningGateway, visit: Callable[..., Visit]):
    seen = visit(gateway.url).open("/")
    page = seen.page

    page.get_by_role("link", name="Register").click()
    page.get_by_label("Username").fill("grace")
    page.get_by_label("Email").fill("grace@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Register").click()

    page.get_by_role("heading", name="No clusters yet").wait_for()
    seen.screenshot("empty")
    page.get_by_role("link", name="Add a cluster").click()
    page.get_by_role("heading", name="How is it reached?").wait_for()
    seen.screenshot("add-cluster")
    assert seen.accessibility_violations() == []


def test_a_wrong_password_is_told_at_the_door(gateway: RunningGateway, ada: Person, visit: Callable[..., Visit]):
    page = visit(gateway.url).open("/login").page
    page.get_by_label("Username").fill(ada.username)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()

    page.get_by_role("alert").get_by_text("Username or password is wrong.").wait_for()


def test_log_in_leads_to_the_address_that_was_wanted(gateway: RunningGateway, ada: Person, visit: Callable[..., Visit]):
    web = fill_workload(gateway, ada)
    seen = visit(gateway.url).open(address(web))
    seen.screenshot("login")
    seen.page.get_by_label("Username").fill(ada.username)
    seen.page.get_by_label("Password").fill(PASSWORD)
    seen.page.get_by_role("button", name="Log in").click()

    seen.page.get_by_role("heading", name="web").wait_for()
    assert address(web) in seen.page.url

    seen.page.get_by_role("button", name="Account and theme").click()
    seen.page.get_by_role("button", name="Log out").click()
    seen.page.get_by_role("heading", name="Log in").wait_for()


def test_the_span_in_sight_lives_in_the_address(gateway: RunningGateway, ada: Person, visit: Callable[..., Visit]):
    web = fill_workload(gateway, ada)
    seen = visit(gateway.url).log_in_as(ada).open(address(web))
    page = seen.page
    for name in ("1 h", "24 h", "7 d", "14 d"):
        page.get_by_label(name, exact=True).click()
        page.locator(".markers button").first.wait_for()
        seen.screenshot(f"range-{name.replace(' ', '')}")
    assert "range=14d" in page.url

    over = page.locator(".u-over")
    box = over.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 120, steps=5)
    page.mouse.up()
    page.get_by_role("button", name="Reset zoom").wait_for()
    assert "from=" in page.url
    zoomed = page.url

    page.reload()
    page.get_by_role("button", name="Reset zoom").wait_for()
    assert page.url == zoomed
    page.locator(".chart canvas").wait_for()
    seen.screenshot("zoomed")
    page.get_by_role("button", name="Reset zoom").click()
    page.wait_for_url("**range=6h")


def test_decisions_and_the_axis_are_reached_by_keyboard(
    gateway: RunningGateway, ada: Person, visit: Callable[..., Visit]
):
    web = fill_workload(gateway, ada)
    page = visit(gateway.url).log_in_as(ada).open(address(web)).page
    axis = page.get_by_role("slider")
    axis.focus()
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
    assert "demand" in (axis.get_attribute("aria-valuetext") or "")

    page.locator(".markers button").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")


def test_a_policy_is_changed_and_stays_visible(gateway: RunningGateway, ada: Person, visit: Callable[..., Visit]):
    web = fill_workload(gateway, ada)
    page = visit(gateway.url).log_in_as(ada).open(address(web)).page
    page.get_by_role("radio", name="Recommend").click()
    page.get_by_label("Max pods").fill("1")
    page.get_by_role("button", name="Save policy").click()
    page.get_by_role("alert").wait_for()

    page.get_by_label("Max pods").fill("12")
    page.get_by_role("button", name="Save policy").click()
    page.get_by_text("Saved.").wait_for()

    assert ada.get(f"/workloads/{web.id}").json()["policy"]["max_replicas"] == 12


def test_metrics_that_stopped_are_told_on_the_page(gateway: RunningGateway, ada: Person, visit: Callable[..., Visit]):
    web = fill_workload(gateway, ada)
    recent = "DELETE FROM collector.workload_samples WHERE at > now() - interval '20 minutes' AND workload_id = %s"
    web.execute(recent, (web.id,))
    web.execute(
        "UPDATE collector.cluster_states SET status = 'unreachable', reason = 'connection refused',"
        " last_success_at = now() - interval '20 minutes' WHERE cluster_id = %s",
        (web.cluster_id,),
    )
    seen = visit(gateway.url).log_in_as(ada).open(address(web) + "?range=1h")

    banner = seen.page.get_by_role("status").filter(has_text="Nothing is scaled meanwhile")
    banner.get_by_text("connection refused").wait_for()
    seen.page.locator(".chart canvas").wait_for()
    seen.screenshot("stopped")
    assert seen.accessibility_violations() == []


def test_too_short_a_history_is_told_on_the_page(gateway: RunningGateway, ada: Person, visit: Callable[..., Visit]):
    web = feed_workload(gateway.database, ada.add_cluster()["id"])
    web.feed_samples(hours=3, every_seconds=15)
    web.feed_forecast(status="not_ready", hours=3)
    seen = visit(gateway.url).log_in_as(ada).open(address(web))

    seen.page.get_by_text("of 24 h collected").wait_for()
    seen.page.locator(".chart canvas").wait_for()
    seen.screenshot("not-ready")


def test_an_event_refreshes_the_page_at_once(gateway: RunningGateway, ada: Person, visit: Callable[..., Visit]):
    web = fill_workload(gateway, ada)
    page = visit(gateway.url).log_in_as(ada).open(address(web)).page
    page.get_by_text("● live", exact=True).wait_for()
    page.get_by_text("4 of 4 ready").wait_for()
    web.execute("UPDATE collector.workloads SET ready_replicas = 5, desired_replicas = 9 WHERE id = %s", (web.id,))
    told = LiveEvent(
        LiveEventName.METRICS,
        cluster_room(web.cluster_id),  # type: ignore[arg-type]  # any UUID's text
        {"cluster_id": web.cluster_id, "at": datetime.now(UTC).isoformat()},
    )
    live = LiveEvents(gateway.wiring.bus_settings)

    def refreshed() -> bool:
        live.emit(told)
        return page.get_by_text("5 of 9 ready").first.is_visible()

    # Well below the 15 s after which the page asks by itself.
    eventually(refreshed, within=10, every=0.3, exactly=True)


def test_a_lost_connection_is_visible(gateway: RunningGateway, ada: Person, visit: Callable[..., Visit]):
    web = fill_workload(gateway, ada)
    seen = visit(gateway.url).log_in_as(ada).open(address(web))
    seen.page.get_by_text("● live", exact=True).wait_for()

    gateway.execute("DELETE FROM gateway.sessions WHERE user_id = %s", (ada.id,))

    seen.page.get_by_role("heading", name="Log in").wait_for()


def test_a_past_is_replayed_and_shown_as_a_picture_with_what_it_speaks_for(
    gateway: RunningGateway, ada: Person, visit: Callable[..., Visit]
):
    web = feed_workload(gateway.database, ada.add_cluster("prod-eu", interval_seconds=3600)["id"])
    web.feed_samples(hours=62, every_seconds=60)
    ada.send("PUT", f"/prices/clusters/{web.cluster_id}", {"core_hour": 0.04, "gib_hour": 0.005, "currency": "EUR"})
    seen = visit(gateway.url).log_in_as(ada).open(address(web))
    page = seen.page
    page.get_by_role("button", name="Replay its past").click()
    page.get_by_role("status").get_by_text("asking").or_(
        page.get_by_role("progressbar", name="Replay")
    ).first.wait_for()

    with backtest_workers(gateway) as workers:
        workers.replay(web.id)

    picture = page.locator("figure.pareto svg")
    picture.wait_for()
    assert picture.locator("polyline").get_attribute("points")
    assert picture.locator("circle").count() >= 17  # HPA's targets from 20 to 95 %, and ours
    page.get_by_text("metrics as late as usual").wait_for()
    page.get_by_role("row", name="Predictive, SLO leads").wait_for()
    assert "EUR" in page.locator(".backtest table").inner_text()
    page.locator(".pareto").scroll_into_view_if_needed()
    seen.screenshot("backtest")
    assert seen.accessibility_violations() == []
