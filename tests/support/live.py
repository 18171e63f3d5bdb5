"""A page's live connection as the protocol asks for it: joins with the last position it saw, and fills gaps."""

from __future__ import annotations

import threading
from typing import Any

import socketio

EVENTS = ("metrics", "decision", "cluster", "job_status", "progress")


class Follower:
    """Follows one room; `heard` holds payloads in the order they became known, `resyncs` how often all was lost."""

    def __init__(self, url: str, cookie: str, cluster_id: str | None = None) -> None:
        self.heard: list[dict[str, Any]] = []
        self.resyncs = 0
        self.connects = 0
        self._wish = {"cluster_id": cluster_id} if cluster_id else {}
        self._position: dict[str, Any] | None = None
        self._held: list[tuple[Any, dict[str, Any]]] = []
        self._joining = False
        self._lock = threading.RLock()
        self._sockets: list[Any] = []  # the client leaves those of broken connections open
        self.client = socketio.Client(reconnection_delay=0.1, reconnection_delay_max=0.3, randomization_factor=0)
        self.client.on("connect", self._connected)
        self.client.on("head", self._compare)
        for name in EVENTS:
            self.client.on(name, self._hear)
        headers = {"Cookie": f"ai4k8s_session={cookie}"}
        self.client.connect(url, headers=headers, transports=["websocket"], wait_timeout=10)

    @property
    def joined(self) -> bool:
        """Whether it knows where the room stands."""
        with self._lock:
            return self._position is not None and not self._joining

    def close(self) -> None:
        """Leave."""
        self.client.disconnect()
        for one in self._sockets:
            one.shutdown()

    def _connected(self) -> None:
        with self._lock:
            self.connects += 1
            self._sockets.append(self.client.eio.ws)
            self._join()

    def _join(self) -> None:
        self._joining = True
        self.client.emit("subscribe", {**self._wish, "after": self._position}, callback=self._on_joined)

    def _on_joined(self, answer: dict[str, Any]) -> None:
        with self._lock:
            assert answer["ok"], answer
            self._joining = False
            if answer["resync"]:
                self.resyncs += 1
                self._position = {"epoch": answer["epoch"], "seq": answer["seq"]}
            for event in answer["missed"]:
                self._take(event["payload"], {"epoch": answer["epoch"], "seq": event["seq"]})
            held, self._held = self._held, []
            for payload, position in sorted(held, key=lambda item: item[1]["seq"]):
                self._take(payload, position)

    def _hear(self, payload: dict[str, Any], position: dict[str, Any]) -> None:
        with self._lock:
            self._take(payload, position)

    def _take(self, payload: dict[str, Any], at: dict[str, Any]) -> None:
        if self._joining or self._position is None:
            self._held.append((payload, at))
        elif at["epoch"] != self._position["epoch"] or at["seq"] > self._position["seq"] + 1:
            self._held.append((payload, at))
            self._join()
        elif at["seq"] == self._position["seq"] + 1:
            self._position = {"epoch": at["epoch"], "seq": at["seq"]}
            self.heard.append(payload)

    def _compare(self, told: dict[str, Any]) -> None:
        with self._lock:
            if self._joining or self._position is None or not self._concerns(told["room"]):
                return
            if told["epoch"] != self._position["epoch"] or told["seq"] > self._position["seq"]:
                self._join()

    def _concerns(self, room: str) -> bool:
        return room.startswith("user:") if not self._wish else room == f"cluster:{self._wish['cluster_id']}"
