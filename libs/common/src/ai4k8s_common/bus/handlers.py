"""From a raw message to an effect that happens once: decode, lock, count, handle, record.

The order matters. The lock comes first, so that a second delivery of a running message is dropped without being
counted. The attempt is committed on a connection of its own before the work starts, so that a message that kills
its worker every time is still counted, and ends among the dead letters.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog
from pydantic import ValidationError

from ai4k8s_common.bus import inbox
from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.base import Contract, Envelope, JobCommand, Tick
from ai4k8s_common.errors import Ai4k8sError, PoisonMessageError
from ai4k8s_common.store.base import JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_common.bus.transaction import Bus, Transaction
    from ai4k8s_common.services import Service

C = TypeVar("C")
M = TypeVar("M", bound=Contract)

log = structlog.stdlib.get_logger(__name__)


class Handlers(Generic[C]):
    """What a service does with what it hears. `C` is the service's own wiring, handed to every handler."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.by_contract: dict[type[Contract], Callable[[Contract, Transaction, C], None]] = {}

    def handles(
        self, contract: type[M]
    ) -> Callable[[Callable[[M, Transaction, C], None]], Callable[[M, Transaction, C], None]]:
        """Register a function as the one handler of a contract."""
        if contract.consumer is not self.service:
            raise PoisonMessageError(f"{contract.name} belongs to {contract.consumer}, not to {self.service}")

        def register(function: Callable[[M, Transaction, C], None]) -> Callable[[M, Transaction, C], None]:
            self.by_contract[contract] = function  # type: ignore[assignment]  # called with this very contract
            return function

        return register


@dataclass(frozen=True)
class Runner(Generic[C]):
    """Runs handlers in one worker process."""

    bus: Bus
    context: C
    handlers: Handlers[C]
    max_attempts: int

    def run(self, contract: type[Contract], raw: object) -> None:
        """Handle one delivery. Returns normally unless the process must be seen to fail."""
        started = time.monotonic()
        structlog.contextvars.bind_contextvars(task=contract.name)
        try:
            if issubclass(contract, Tick):
                self._run_tick(contract)
            else:
                self._run_message(contract, Envelope.model_validate(raw))
        except ValidationError as error:
            # Not even an envelope: nobody can be told, and nothing can be recorded under an id.
            log.exception("message_undecodable", errors=error.error_count())
        finally:
            log.debug("task_ended", seconds=round(time.monotonic() - started, 3))
            structlog.contextvars.unbind_contextvars("task", "message_id")

    def _run_tick(self, contract: type[Tick]) -> None:
        try:
            with self.bus.transaction() as tx:
                self.handlers.by_contract[contract](contract(), tx, self.context)
        except Ai4k8sError as error:
            log.warning("tick_failed", error=error.detail)
        except Exception:  # entry point: the next tick comes anyway
            log.exception("tick_failed")

    def _run_message(self, contract: type[Contract], envelope: Envelope) -> None:
        structlog.contextvars.bind_contextvars(message_id=str(envelope.id))
        attempts = 0
        try:
            with self.bus.transaction() as tx:
                if not inbox.try_lock(tx.connection, envelope):
                    log.info("delivery_dropped", reason="another worker is busy with it")
                    return
                if inbox.is_completed(tx.connection, self.bus.service, envelope):
                    log.info("delivery_dropped", reason="done already")
                    return
                with self.bus.engine.begin() as counting:
                    attempts = inbox.count_attempt(counting, self.bus.service, envelope)
                message = self._decode(contract, envelope, attempts)
                self.handlers.by_contract[contract](message, tx, self.context)
                inbox.complete(tx.connection, self.bus.service, envelope)
        except Ai4k8sError as error:
            detail = f"{error.detail} {error.hint}".strip()
            self._failed(contract, envelope, attempts, detail, final=not error.retryable)
        except Exception as error:  # entry point: an unforeseen error is retried, then buried, and always shown
            log.exception("task_crashed", attempt=attempts)
            self._failed(contract, envelope, attempts, f"{type(error).__name__}: {error}", final=False)

    def _decode(self, contract: type[Contract], envelope: Envelope, attempts: int) -> Contract:
        if attempts > self.max_attempts:
            raise PoisonMessageError("its worker died or never finished, every time")
        try:
            return contract.model_validate(envelope.payload)
        except ValidationError as error:
            raise PoisonMessageError(f"the message does not fit {contract.name}: {error}") from error

    def _failed(self, contract: type[Contract], envelope: Envelope, attempts: int, error: str, *, final: bool) -> None:
        final = final or attempts >= self.max_attempts
        log.warning("task_failed", attempt=attempts, final=final, error=error)
        try:
            with self.bus.transaction() as tx:
                if final:
                    inbox.bury(tx.connection, self.bus.service, envelope, contract.queue(), attempts, error)
                else:
                    inbox.record_error(tx.connection, self.bus.service, envelope, error)
            if final and issubclass(contract, JobCommand):
                self._fail_job(contract, envelope, error)
        except Ai4k8sError as store_error:
            # Nothing recorded; the outbox row is still open and the message comes again.
            log.warning("failure_not_recorded", error=store_error.detail)

    def _fail_job(self, contract: type[JobCommand], envelope: Envelope, error: str) -> None:
        try:
            job_id = contract.model_validate(envelope.payload).job_id
        except ValidationError:
            return
        self.bus.report_job(JobReport(job_id, contract.name, JobStatus.FAILED, 100, "failed", error=error))
