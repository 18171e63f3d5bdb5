"""The one `Model` that callers see: providers in order, each within its time, until one answers.

What may be tried again is decided here, not in the providers' packages, whose own retries are off: a request that never
arrived, and one that the server itself said it did not take.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import structlog

from ai4k8s_common.llm import telemetry
from ai4k8s_common.llm.adapters.base import (
    GarbledError,
    KeyRefusedError,
    LimitedError,
    NotReachedError,
    OverloadedError,
    UnknownModelError,
)
from ai4k8s_common.llm.breaker import Breaker, BreakerState, LocalBoard
from ai4k8s_common.llm.calls import Call
from ai4k8s_common.llm.exchange import Spent, exchange
from ai4k8s_common.llm.ledger import FreeLedger, Ledger, Spending, cost_of
from ai4k8s_common.llm.redaction import redact, redact_value
from ai4k8s_common.llm.types import (
    TEXT_BEGINS_ANEW,
    Answer,
    ModelBusyError,
    ModelCancelledError,
    ModelError,
    ModelTimeoutError,
    ModelUnavailableError,
    NoModelError,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ai4k8s_common.llm.adapters.base import Endpoint
    from ai4k8s_common.llm.exchange import Understood
    from ai4k8s_common.llm.types import Message, Question

# Longer than this a chain does not wait but goes on to the next; the last is waited for as long as there is time.
PATIENCE_SECONDS = 5.0
PAUSE_SECONDS = 0.5
KEY_REFUSED_REST_SECONDS = 60.0
NO_MODEL_HINT = (
    "This installation has no language model for that: GROQ_API_KEY, ANTHROPIC_API_KEY or GPT_OSS_API_BASE names one. "
    "Rules answer meanwhile."
)

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Rung:
    """One model of the chain, and how many requests a day its account allows."""

    endpoint: Endpoint
    daily_requests: int | None = None

    @property
    def provider_key(self) -> str:
        """What the breaker calls the provider."""
        return self.endpoint.provider.value

    @property
    def model_key(self) -> str:
        """What the breaker calls the model alone: limits are a model's."""
        return f"{self.endpoint.provider.value}/{self.endpoint.model or 'default'}"


@dataclass(frozen=True)
class Chain:
    """Asks one after the other."""

    rungs: tuple[Rung, ...]
    deadline_seconds: float = 270.0
    breaker: Breaker = field(default_factory=lambda: Breaker(LocalBoard()))
    ledger: Ledger = field(default_factory=FreeLedger)
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def ask(
        self,
        question: Question,
        *,
        on_text: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Answer:
        """Answer a question. Raises NoModelError, ModelBusyError, ModelCancelledError or another ModelError."""
        try:
            return self._ask(question, on_text, cancelled)
        except ModelError as error:
            telemetry.NO_ANSWER.labels(question.use.value, error.code).inc()
            raise

    def only(self, rungs: tuple[Rung, ...]) -> Chain:
        """Return the same with these models alone."""
        return replace(self, rungs=rungs)

    def ask_one(self, rung: Rung, question: Question, call: Call) -> Answer:
        """Ask one model, whatever the breaker says: to test it. Raises ModelError."""
        self.ledger.check(question.user_id)
        return self._try(rung, without_secrets(question), call, None, (), patient=False)

    def _ask(
        self, question: Question, on_text: Callable[[str], None] | None, cancelled: Callable[[], bool] | None
    ) -> Answer:
        if not self.rungs:
            raise NoModelError("no model is configured", hint=NO_MODEL_HINT)
        self.ledger.check(question.user_id)
        whole = Call.lasting(question.timeout_seconds or self.deadline_seconds, cancelled)
        asked = without_secrets(question)
        failures: list[tuple[Rung, ModelError]] = []
        lost: set[str] = set()
        for place, rung in enumerate(self.rungs):
            if rung.provider_key in lost:
                continue
            listener = Listener(on_text) if on_text is not None else None
            try:
                whole.check()
                self._pass_breaker(rung)
                last = all(later.provider_key in lost for later in self.rungs[place + 1 :])
                return self._try(rung, asked, whole, listener, _words(failures), patient=last)
            except ModelCancelledError:
                if listener is not None and listener.error is not None:
                    raise listener.error from None
                raise
            except ModelError as error:
                failures.append((rung, error))
                if _is_provider_lost(error):
                    lost.add(rung.provider_key)
                telemetry.count_fallback(rung.endpoint, question, error.code)
                log.info("model_failed", use=question.use, model=rung.model_key, code=error.code, detail=error.detail)
                if listener is not None:
                    listener.begin_anew()
        raise _failure(failures)

    def _try(
        self,
        rung: Rung,
        question: Question,
        whole: Call,
        listener: Listener | None,
        fallbacks: tuple[str, ...],
        *,
        patient: bool,
    ) -> Answer:
        """Ask one model. Raises ModelError."""
        endpoint = rung.endpoint
        endpoint.prepare()
        call = whole.at_most(endpoint.timeout_seconds)
        began, spent, outcome = time.monotonic(), Spent(), "answered"
        with telemetry.asking(endpoint, question) as current:
            try:
                understood = self._with_one_retry(rung, question, call, listener, spent, patient=patient)
            except ModelError as error:
                outcome = error.code
                telemetry.failed(current, error, spent)
                self._note(rung, error)
                raise
            else:
                telemetry.answered(current, understood, spent)
                self.breaker.went_well(rung.provider_key, time.monotonic() - began)
                return self._answer(rung, understood, spent, time.monotonic() - began, fallbacks)
            finally:
                self._settle(rung, question, spent, outcome, time.monotonic() - began)

    def _pass_breaker(self, rung: Rung) -> None:
        seconds = rung.endpoint.timeout_seconds
        if not self.breaker.may_ask(rung.provider_key, seconds):
            raise ModelUnavailableError("it failed several times and is left alone for a while")
        if not self.breaker.may_ask(rung.model_key, seconds):
            raise ModelBusyError("its limit is reached for now")

    def _with_one_retry(
        self,
        rung: Rung,
        question: Question,
        call: Call,
        listener: Listener | None,
        spent: Spent,
        *,
        patient: bool,
    ) -> Understood:
        try:
            return self._once(rung, question, call, listener, spent)
        except (NotReachedError, OverloadedError, LimitedError) as error:
            pause = _pause_of(error)
            if pause >= call.remaining_seconds or (pause > PATIENCE_SECONDS and not patient):
                raise
            call.wait(pause)
        return self._once(rung, question, call, listener, spent)

    def _once(self, rung: Rung, question: Question, call: Call, listener: Listener | None, spent: Spent) -> Understood:
        self.ledger.take_request(rung.provider_key, rung.endpoint.model, rung.daily_requests)
        return exchange(rung.endpoint, question, call, listener, spent)

    def _note(self, rung: Rung, error: ModelError) -> None:
        """Tell the breaker what a failure says about whom."""
        if isinstance(error, ModelCancelledError):
            return
        if isinstance(error, LimitedError):
            self.breaker.rest(rung.model_key, error.retry_after_seconds or PATIENCE_SECONDS, error.detail)
            self.breaker.noted(rung.provider_key, error.detail)
        elif isinstance(error, KeyRefusedError):
            self.breaker.rest(rung.provider_key, KEY_REFUSED_REST_SECONDS, error.detail)
        elif isinstance(error, ModelUnavailableError | GarbledError) and not isinstance(error, UnknownModelError):
            self.breaker.failed(rung.provider_key, error.detail)
        else:
            self.breaker.noted(rung.provider_key, error.detail)

    def _settle(self, rung: Rung, question: Question, spent: Spent, outcome: str, seconds: float) -> None:
        endpoint = rung.endpoint
        telemetry.count(endpoint, question, outcome, spent, seconds)
        standing = self.breaker.board.read(rung.provider_key)
        is_open = standing.state(self.breaker.now()) is BreakerState.OPEN
        telemetry.BREAKER_OPEN.labels(rung.provider_key).set(is_open)
        if spent.requests:
            self.ledger.record(
                Spending(
                    use=question.use,
                    provider=rung.provider_key,
                    model=endpoint.model or "default",
                    user_id=question.user_id,
                    requests=spent.requests,
                    input_tokens=spent.input_tokens,
                    output_tokens=spent.output_tokens,
                    cost=cost_of(self.prices, endpoint.model, spent.input_tokens, spent.output_tokens),
                    answered=outcome == "answered",
                )
            )
        for budget, share in self.ledger.left().items():
            telemetry.BUDGET_LEFT.labels(budget).set(share)

    def _answer(
        self, rung: Rung, understood: Understood, spent: Spent, seconds: float, fallbacks: tuple[str, ...]
    ) -> Answer:
        endpoint = rung.endpoint
        cost = cost_of(self.prices, endpoint.model, spent.input_tokens, spent.output_tokens)
        return Answer(
            provider=endpoint.provider.value,
            model=endpoint.model or understood.model,
            text=understood.text,
            tool_calls=understood.tool_calls,
            value=understood.value,
            usage=Usage(spent.input_tokens, spent.output_tokens, cost),
            seconds=seconds,
            fallbacks=fallbacks,
        )


class Listener:
    """Passes text on; an error of whoever listens ends the call and is raised to them as it was."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._heard = False
        self.error: Exception | None = None

    def __call__(self, text: str) -> None:
        """Hear a piece."""
        self._heard = True
        try:
            self._on_text(text)
        except Exception as error:
            self.error = error
            raise ModelCancelledError("whoever listened failed") from error

    def begin_anew(self) -> None:
        """Say that what was heard is void, if anything was."""
        if self._heard:
            self._on_text(TEXT_BEGINS_ANEW)


def without_secrets(question: Question) -> Question:
    """Return the question as it may leave: the one place that all prompts pass."""
    return replace(question, messages=tuple(_redacted(message) for message in question.messages))


def _redacted(message: Message) -> Message:
    calls = tuple(replace(call, arguments=redact_value(dict(call.arguments))) for call in message.tool_calls)
    return replace(message, text=redact(message.text), tool_calls=calls)


def _pause_of(error: ModelError) -> float:
    if isinstance(error, LimitedError):
        return float("inf") if error.retry_after_seconds is None else max(0.05, error.retry_after_seconds)
    return PAUSE_SECONDS


def _is_provider_lost(error: ModelError) -> bool:
    """Whether its other models need not be tried: it is not reached, hangs, or refuses the key."""
    return isinstance(error, ModelTimeoutError | NotReachedError | KeyRefusedError)


def _words(failures: list[tuple[Rung, ModelError]]) -> tuple[str, ...]:
    return tuple(f"{rung.model_key}: {error.detail}" for rung, error in failures)


def _failure(failures: list[tuple[Rung, ModelError]]) -> ModelError:
    """Return one error for all; of the kind of the last, which is the one that could still have helped."""
    last = failures[-1][1]
    detail = "; ".join(_words(failures))
    if isinstance(last, LimitedError):
        return ModelBusyError(detail, hint=last.hint)
    return type(last)(detail, hint=last.hint)
