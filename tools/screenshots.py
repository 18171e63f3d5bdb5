"""Make the pictures of the README from the product as it runs here: `make screenshots`. Takes about five minutes.

It starts everything with the simulated cluster, waits until a rise was foreseen, scaled for, and has come, and looks.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.browser import CHROMIUM, FLAGS, NARROW, WIDE
from tests.support.installation import Installation, installed
from tests.support.wait import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = Path(__file__).parents[1] / "docs/images"
RISE_WITHIN_SECONDS = 900
#: Samples that were measured here (not filled in from the past) while demand was high.
RISEN = (
    "SELECT count(*) FROM collector.workload_samples s JOIN collector.workloads w ON w.id = s.workload_id"
    " WHERE w.name = 'web' AND s.source = 0 AND s.cpu_usage_millicores > 2500"
)
RISEN_SAMPLES = 20


def look(browser: Browser, running: Installation, name: str, path: str, scheme: str, *, narrow: bool = False) -> None:
    """Take one picture of one address."""
    viewport = NARROW if narrow else WIDE
    context = browser.new_context(
        viewport=viewport,
        color_scheme=scheme,
        reduced_motion="reduce",
        device_scale_factor=1,
    )
    session = running.api.cookies["ai4k8s_session"]
    context.add_cookies([{"name": "ai4k8s_session", "value": session, "url": running.url}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(running.url + path)
    settle(page)
    page.screenshot(path=IMAGES / f"{name}.png")
    context.close()


def settle(page: Page) -> None:
    """Wait until nothing is loading and the page is live."""
    page.get_by_text("● live", exact=True).wait_for()
    eventually(lambda: page.locator("main .skeleton").count() == 0, 60, every=0.2)


def main() -> None:
    """Entry point."""
    with installed("--cycle-seconds", "5", "--rise-in", "200") as running, sync_playwright() as playwright:
        eventually(lambda: running.sql(RISEN)[0][0] > RISEN_SAMPLES, RISE_WITHIN_SECONDS, every=1)
        web = running.workload("web")
        cluster = f"/clusters/{web['cluster_id']}"
        workload = f"{cluster}/workloads/{web['id']}?range=1h"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        look(browser, running, "workload", workload, "light")
        look(browser, running, "workload-dark", workload, "dark")
        look(browser, running, "workload-phone", workload, "light", narrow=True)
        look(browser, running, "dashboard", "/", "light")
        browser.close()
    print(f"Pictures are in {IMAGES}.")


if __name__ == "__main__":
    main()
