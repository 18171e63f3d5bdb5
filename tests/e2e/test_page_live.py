"""The page's live connection in a real browser: visible when it breaks, and nothing lost when it is back."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from ai4k8s_common.bus.live import LiveEvent, LiveEventName, LiveEvents, cluster_room
from tests.support.feed import feed_workload

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browser import Visit
    from tests.support.gateway import RunningGateway
    from tests.support.proxy import TcpProxy

pytestmark = pytest.mark.browser

# The page asks by itself after 15 s; what shows sooner was told.
TOLD_WITHIN_MS = 12_000


def test_a_broken_connection_is_visible_and_what_was_missed_shows_once_it_is_back(
    gateway: RunningGateway, visit: Callable[..., Visit], tcp_proxy: Callable[[str, int], TcpProxy]
) -> None:
    proxy = tcp_proxy("127.0.0.1", urlsplit(gateway.url).port or 80)
    url = proxy.url_for(gateway.url)
    ada = gateway.person("ada")
    web = feed_workload(gateway.database, ada.add_cluster("prod-eu")["id"])
    web.feed_samples(hours=3, every_seconds=60)
    live = LiveEvents(gateway.wiring.bus_settings)
    seen = visit(url).log_in_as(ada).open(f"/clusters/{web.cluster_id}/workloads/{web.id}")
    page = seen.page
    page.get_by_text("● live", exact=True).wait_for()
    page.get_by_text("4 of 4 ready").first.wait_for()

    proxy.cut()
    page.get_by_text("not live").first.wait_for()
    web.execute("UPDATE collector.workloads SET ready_replicas = 5, desired_replicas = 9 WHERE name = 'web'")
    payload = {"cluster_id": str(web.cluster_id), "at": datetime.now(UTC).isoformat()}
    live.emit(LiveEvent(LiveEventName.METRICS, cluster_room(uuid.UUID(str(web.cluster_id))), {**payload}))
    proxy.restore()

    page.get_by_text("● live", exact=True).wait_for(timeout=20_000)
    page.get_by_text("5 of 9 ready").first.wait_for(timeout=TOLD_WITHIN_MS)
    live.close()
    # It would go on asking while the way to the gateway is taken down.
    page.close()
    # The browser's own words about the connection that was cut here.
    seen.complaints[:] = [words for words in seen.complaints if "net::ERR_CONNECTION" not in words]
