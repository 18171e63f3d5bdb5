"""Removes the gateway's own audit entries once they are old enough, after a checkpoint in the chain that says so."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.audit import prune
from ai4k8s_common.clock import utc_now
from ai4k8s_common.contracts.catalogue import KEEPING_EVERY_SECONDS
from ai4k8s_common.errors import Ai4k8sError

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus

log = structlog.stdlib.get_logger(__name__)


class AuditKeeper:
    """A thread beside the server. Several gateways do no harm: the chain is locked while one removes."""

    def __init__(self, bus: Bus, keep_days: int) -> None:
        self._bus, self._keep_days = bus, keep_days
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit-keeper", daemon=True)

    def start(self) -> None:
        """Begin; the first look is after a while."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def keep_once(self) -> int:
        """Remove what is old now; returns how many entries."""
        with self._bus.transaction() as tx:
            return prune(tx.connection, self._bus.service, self._keep_days, utc_now())

    def _run(self) -> None:
        while not self._stopping.wait(KEEPING_EVERY_SECONDS):
            try:
                self.keep_once()
            except Ai4k8sError as error:
                log.warning("audit_not_kept", error=error.detail)
