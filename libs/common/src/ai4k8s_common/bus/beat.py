"""The drum: sends the ticks of the catalogue, and nothing else.

Two beats, or one that was frozen and thawed, do no harm: a tick only says 'look now', and whoever hears it claims
its work in Postgres. Lost ticks are not made up for.
"""

from __future__ import annotations

import heapq
import signal
import threading
import time

import structlog

from ai4k8s_common.bus.publisher import BrokerUnavailableError, Publisher
from ai4k8s_common.bus.signs import NO_SIGNS, SignsOfLife
from ai4k8s_common.contracts.catalogue import BEATS
from ai4k8s_common.services import Service
from ai4k8s_common.settings import BusSettings, HealthSettings, LogSettings
from ai4k8s_common.telemetry.logs import configure_logs

log = structlog.stdlib.get_logger(__name__)


def run_beat(publisher: Publisher, stop: threading.Event, signs: SignsOfLife = NO_SIGNS) -> None:
    """Send each tick at its pace until told to stop."""
    due = [(time.monotonic(), number) for number in range(len(BEATS))]
    heapq.heapify(due)
    while not stop.is_set():
        signs.alive()
        at, number = due[0]
        if stop.wait(max(0.0, at - time.monotonic())):
            return
        beat = BEATS[number]
        try:
            publisher.publish_tick(beat.tick, expires_seconds=max(2.0, 2 * beat.every_seconds))
            signs.ready()
        except BrokerUnavailableError:
            log.warning("tick_skipped", tick=beat.tick.name, reason="the broker does not answer")
        # From now, not from `at`: after a pause there is one tick, not a burst of missed ones.
        heapq.heapreplace(due, (time.monotonic() + beat.every_seconds, number))


def main() -> None:
    """Entry point."""
    configure_logs("beat", LogSettings())
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    publisher = Publisher(Service.GATEWAY, BusSettings())
    log.info("beat_started", ticks=len(BEATS))
    run_beat(publisher, stop, SignsOfLife(HealthSettings().health_directory))
    publisher.close()


if __name__ == "__main__":
    main()
