"""What workers publish by themselves is what Socket.IO's own manager would: a release that changes it is noticed here."""

from __future__ import annotations

import json
from typing import Any

from socketio.pubsub_manager import PubSubManager

from ai4k8s_common.bus.live import LiveEvent, LiveEventName, broadcast


class Library(PubSubManager):  # type: ignore[misc]  # the library has no types
    """The manager behind every broker of the library, with what it publishes kept."""

    published: dict[str, Any]

    def _publish(self, data: dict[str, Any]) -> None:
        self.published = data


def test_a_broadcast_is_what_the_library_would_publish() -> None:
    event = LiveEvent(LiveEventName.METRICS, "cluster:1", {"cpu": [1, None, "€"]})
    position: dict[str, Any] = {"room": event.room, "epoch": "e", "seq": 7}
    library = Library(write_only=True)
    library._handle_emit = lambda _message: None
    library.emit(event.name.value, (event.payload, position), room=event.room)
    assert json.loads(broadcast(event, position, library.host_id)) == library.published
