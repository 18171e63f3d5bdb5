"""From a raw message to an effect that happens once: decode, lock, count, handle, record.

The order matters. The lock comes first, so that a second delivery of a running message is dropped without being
counted. The attempt is committed on a connection of its own before the work starts, so that a message that kills
its worker every time is still counted, and ends among the dead letters.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

import structlog
from opentelemetry.trace import SpanKind
from pydantic import ValidationError

from ai4k8s_common.bus import inbox
from ai4k8s_common.bus.jobs import JobCancelledError, JobRefusedError, JobReport, write_job_report
from ai4k8s_common.clock import utc_now
from ai4k8s_common.contracts.base import Contract, Envelope, JobCommand, Tick
from ai4k8s_common.errors import Ai4k8sError, PoisonMessageError
from ai4k8s_common.store.base import JobStatus
from ai4k8s_common.telemetry.metrics import LAST_SUCCESS, MESSAGE_WAIT_SECONDS, TASK_SECONDS, TASKS
from ai4k8s_common.telemetry.tracing import mark_failed, span

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.trace import Span

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


class Outcome(StrEnum):
    """What became of one delivery."""

    DONE = "done"
    DROPPED = "dropped"  # a second delivery, without effect
    FAILED = "failed"  # will be tried again
    BURIED = "buried"  # among the dead letters
    CANCELLED = "cancelled"  # a job that its owner does not want any more
    REFUSED = "refused"  # a job that its owner may not ask for any more


@dataclass
class _Attempt:
    number: int = 0


@dataclass(frozen=True)
class Runner(Generic[C]):
    """Runs handlers in one worker process."""

    bus: Bus
    context: C
    handlers: Handlers[C]
    max_attempts: int

    def run(self, contract: type[Contract], raw: object) -> None:
        """Handle one delivery. Returns normally, whatever became of it: the outbox knows what to send again."""
        started = time.monotonic()
        structlog.contextvars.bind_contextvars(task=contract.name)
        try:
            if issubclass(contract, Tick):
                outcome = self._run_tick(contract)
            else:
                outcome = self._run_message(contract, Envelope.model_validate(raw))
        except ValidationError as error:
            # Not even an envelope: nobody can be told, and nothing can be recorded under an id.
            log.exception("message_undecodable", errors=error.error_count())
            outcome = Outcome.BURIED
        seconds = time.monotonic() - started
        TASKS.labels(contract.name, outcome.value).inc()
        TASK_SECONDS.labels(contract.name).observe(seconds)
        if outcome is Outcome.DONE:
            LAST_SUCCESS.labels(contract.name).set_to_current_time()
        structlog.contextvars.unbind_contextvars("task", "message_id")

    def _run_tick(self, contract: type[Tick]) -> Outcome:
        # A tick begins no trace of its own: thousands a day, and the messages it sends begin theirs.
        try:
            with self.bus.transaction() as tx:
                self.handlers.by_contract[contract](contract(), tx, self.context)
        except Ai4k8sError as error:
            log.warning("tick_failed", error=error.detail)
            return Outcome.FAILED
        except Exception:  # entry point: the next tick comes anyway
            log.exception("tick_failed")
            return Outcome.FAILED
        return Outcome.DONE

    def _run_message(self, contract: type[Contract], envelope: Envelope) -> Outcome:
        structlog.contextvars.bind_contextvars(message_id=str(envelope.id))
        waited = max(0.0, (utc_now() - envelope.sent_at).total_seconds())
        MESSAGE_WAIT_SECONDS.labels(contract.name).observe(waited)
        started = time.monotonic()
        with span(contract.name, SpanKind.CONSUMER, envelope.trace, message_id=str(envelope.id)) as current:
            outcome = self._outcome(contract, envelope, current)
            log.info(
                "message_handled",
                outcome=outcome.value,
                milliseconds=round((time.monotonic() - started) * 1000, 1),
                waited_milliseconds=round(waited * 1000, 1),
            )
        return outcome

    def _outcome(self, contract: type[Contract], envelope: Envelope, current: Span) -> Outcome:
        attempt = _Attempt()
        try:
            return self._attempt(contract, envelope, attempt)
        except JobCancelledError:
            return self._ended(contract, envelope)
        except JobRefusedError as error:
            log.warning("job_refused", reason=error.detail)
            return self._ended(contract, envelope, error.detail)
        except Ai4k8sError as error:
            detail = f"{error.detail} {error.hint}".strip()
            final = not error.retryable
        except Exception as error:  # entry point: an unforeseen error is retried, then buried, and always shown
            log.exception("task_crashed", attempt=attempt.number)
            detail, final = f"{type(error).__name__}: {error}", False
        mark_failed(current, detail)
        return self._failed(contract, envelope, attempt.number, detail, final=final)

    def _attempt(self, contract: type[Contract], envelope: Envelope, attempt: _Attempt) -> Outcome:
        with self.bus.transaction() as tx:
            if not inbox.try_lock(tx.connection, envelope):
                log.info("delivery_dropped", reason="another worker is busy with it")
                return Outcome.DROPPED
            if inbox.is_completed(tx.connection, self.bus.service, envelope):
                log.info("delivery_dropped", reason="done already")
                return Outcome.DROPPED
            with self.bus.engine.begin() as counting:
                attempt.number = inbox.count_attempt(counting, self.bus.service, envelope)
            message = self._decode(contract, envelope, attempt.number)
            if isinstance(message, JobCommand):
                self.bus.begin_job(message.job_id, contract.name, message.permission)
            self.handlers.by_contract[contract](message, tx, self.context)
            inbox.complete(tx.connection, self.bus.service, envelope)
        return Outcome.DONE

    def _decode(self, contract: type[Contract], envelope: Envelope, attempts: int) -> Contract:
        if attempts > self.max_attempts:
            raise PoisonMessageError("its worker died or never finished, every time")
        try:
            return contract.model_validate(envelope.payload)
        except ValidationError as error:
            raise PoisonMessageError(f"the message does not fit {contract.name}: {error}") from error

    def _failed(
        self, contract: type[Contract], envelope: Envelope, attempts: int, error: str, *, final: bool
    ) -> Outcome:
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
            return Outcome.FAILED
        return Outcome.BURIED if final else Outcome.FAILED

    def _ended(self, contract: type[Contract], envelope: Envelope, refusal: str | None = None) -> Outcome:
        """The handler's transaction is rolled back; say so, and never deliver the message again."""
        job_id = UUID(str(envelope.payload["job_id"]))
        report = JobReport.cancelled(job_id, contract.name)
        if refusal is not None:
            report = JobReport(job_id, contract.name, JobStatus.FAILED, 0, "refused", error=refusal)
        try:
            with self.bus.transaction() as tx:
                for event in write_job_report(tx.connection, self.bus.service, report):
                    tx.emit(event)
                inbox.complete(tx.connection, self.bus.service, envelope)
        except Ai4k8sError as store_error:
            log.warning("cancellation_not_recorded", error=store_error.detail)
            return Outcome.FAILED
        log.info("job_ended", job_id=str(job_id), refused=refusal is not None)
        return Outcome.CANCELLED if refusal is None else Outcome.REFUSED

    def _fail_job(self, contract: type[JobCommand], envelope: Envelope, error: str) -> None:
        try:
            job_id = contract.model_validate(envelope.payload).job_id
        except ValidationError:
            return
        self.bus.report_job(JobReport(job_id, contract.name, JobStatus.FAILED, 100, "failed", error=error))
