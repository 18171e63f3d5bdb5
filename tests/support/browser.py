"""A real Chromium that looks at a real gateway, and complains about what a person would not see."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page

    from tests.support.gateway import Person

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parents[2] / "services/gateway/web/node_modules/axe-core/axe.min.js"
# Colours, names, roles, landmarks, order: all of axe's rules at levels A and AA, and its best practices.
AXE_RUN = "async () => JSON.stringify((await axe.run(document)).violations)"
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# The browser itself reports refused requests; asking who is logged in is one, a wrong form another.
EXPECTED = ("401 (Unauthorized)", "422 (Unprocessable")


class Visit:
    """One page in one browser window."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(text in message.text for text in EXPECTED):
            self.complaints.append(message.text)

    def open(self, path: str) -> Visit:
        """Go to an address of the page."""
        self.page.goto(self.url + path)
        return self

    def log_in_as(self, person: Person) -> Visit:
        """Take over somebody's session."""
        self.page.context.add_cookies([{"name": "ai4k8s_session", "value": person.cookie, "url": self.url}])
        return self

    def accessibility_violations(self) -> list[str]:
        """What axe finds wrong, told with the elements."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[dict[str, Any]] = json.loads(self.page.evaluate(AXE_RUN))
        return [f"{item['id']}: {item['help']}: {[n['html'][:160] for n in item['nodes'][:3]]}" for item in found]

    def is_wider_than_its_window(self) -> bool:
        """Whether one would have to scroll sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    def screenshot(self, name: str) -> None:
        """Keep a picture where AI4K8S_SCREENSHOTS names a folder."""
        if folder := os.environ.get("AI4K8S_SCREENSHOTS"):
            self.page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a module.

    Not for the whole run: Playwright leaves its event loop running in the thread of the tests until it ends, and
    tests of other modules could not run one of their own.
    """
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Open windows: `visit(gateway.url, viewport=NARROW, color_scheme="dark")`. Console errors fail the test."""
    visits: list[Visit] = []

    def open_window(url: str, **options: Any) -> Visit:
        context = browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce", "timezone_id": "UTC", **options})
        context.set_default_timeout(15_000)
        visits.append(Visit(context.new_page(), url))
        return visits[-1]

    yield open_window
    for one in visits:
        one.page.context.close()
        assert one.complaints == []
