"""Advises on a decision: by rules at once, and by a model as soon as one has answered, if that is still of use.

Nobody waits for any of it. A decision is carried out before the advisor hears of it; what comes back is kept beside it,
and a number that the advisor prefers is a wish that the scaler may take up or not.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import text

from ai4k8s_advisor import composing, repository, situations
from ai4k8s_advisor.adapters.cache import Look, Refused
from ai4k8s_advisor.domain.cache_key import cache_key
from ai4k8s_advisor.domain.situation import Direction
from ai4k8s_advisor.metrics import ADVICES, CLAMPS, Found
from ai4k8s_common.contracts.advisor import Advice, AskModel, WarmWorkload
from ai4k8s_common.contracts.scaler import RecordAdvice
from ai4k8s_common.llm.types import ModelError

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_advisor.adapters.asking import Asker
    from ai4k8s_advisor.adapters.cache import Kept
    from ai4k8s_advisor.context import Context
    from ai4k8s_advisor.domain.situation import Situation
    from ai4k8s_common.bus.transaction import Transaction

#: A job may take this long; a question that would take longer is not begun.
PATIENCE_SECONDS = 40.0
#: Longer than a job may run: the session is idle while a model thinks, and must not be ended for that.
IDLE_SECONDS = 360
FORECAST_WITHIN = timedelta(minutes=5)

log = structlog.stdlib.get_logger(__name__)


def advise_on(tx: Transaction, context: Context, decision_id: UUID) -> None:
    """Give advice on a decision, once; have a model look at it where one is configured."""
    row = repository.read_decision(tx.connection, decision_id)
    if row is None:
        # Deleted together with its workload: there is nobody left to advise.
        log.info("advice_not_given", decision_id=str(decision_id), reason="the decision is gone")
        return
    if row.is_advised:
        return
    situation = situations.of_decision(row)
    asker = context.asker
    if asker is None:
        _give(tx, row, composing.RULES, composing.by_rules(situation, composing.NO_MODEL), cached=False)
        return
    if not worth_asking(situation):
        _give(tx, row, composing.RULES, composing.by_rules(situation), cached=False)
        return
    key = cache_key(asker.name, situation)
    look = context.cache.look(key)
    if look.kept is None:
        _give(tx, row, composing.RULES, composing.by_rules(situation, f"{asker.name} is being asked."), cached=False)
        tx.send(AskModel(decision_id=decision_id))
        return
    _give_word(tx, context, row, situation, look.kept, cached=True)
    if look.is_stale and context.cache.may_renew(key, situation.workload_id):
        tx.send(AskModel(decision_id=decision_id, refresh=True))


def ask_model(tx: Transaction, context: Context, message: AskModel) -> None:
    """Put the question to the model and give its word; or say why there is none."""
    row = repository.read_decision(tx.connection, message.decision_id)
    if row is None or context.asker is None:
        return
    situation = situations.of_decision(row)
    if message.refresh:
        _answer(tx.connection, context, context.asker, situation)
        return
    if row.is_modelled:
        return
    age = (context.clock() - row.decided_at).total_seconds()
    if age > context.settings.ask_within_seconds:
        note = f"No model was asked: its turn came {age:.0f} s after the decision."
        _give(tx, row, composing.RULES, composing.by_rules(situation, note), cached=False)
        return
    look = _answer(tx.connection, context, context.asker, situation)
    if isinstance(look, Look) and look.kept is not None:
        _give_word(tx, context, row, situation, look.kept, cached=not look.mine)
        return
    reason = look.reason if isinstance(look, Refused) else "there was none"
    note = f"The rules decide, without a model's word: {reason}."
    _give(tx, row, composing.RULES, composing.by_rules(situation, note, (reason,)), cached=False)


def warm_up(tx: Transaction, context: Context) -> None:
    """Have answers at hand for workloads that will be decided on soon."""
    if context.asker is None or context.settings.warm_up_workloads == 0:
        return
    now = context.clock()
    soon = repository.soon_decided(tx.connection, now - FORECAST_WITHIN, context.settings.warm_up_workloads)
    for workload_id in soon:
        row = repository.read_workload(tx.connection, workload_id, now)
        situation = None if row is None else situations.of_workload(row, now)
        if situation is None:
            continue
        key = cache_key(context.asker.name, situation)
        look = context.cache.look(key)
        if look.found is not Found.HIT and context.cache.may_renew(key, workload_id):
            tx.send(WarmWorkload(workload_id=workload_id))


def warm_workload(tx: Transaction, context: Context, workload_id: int) -> None:
    """Ask a model about a workload in advance; whatever goes wrong is told when there is a decision."""
    now = context.clock()
    row = repository.read_workload(tx.connection, workload_id, now)
    situation = None if row is None else situations.of_workload(row, now)
    if situation is None or context.asker is None:
        return
    look = _answer(tx.connection, context, context.asker, situation)
    log.info("workload_warmed", workload_id=workload_id, answered=isinstance(look, Look))


def worth_asking(situation: Situation) -> bool:
    """Whether there is something to say: a change, or a choice."""
    return situation.direction is not Direction.MAINTAIN or len(situation.envelope) > 1


def stay_while_a_model_thinks(connection: Connection) -> None:
    """Let this session be idle for as long as a job may take."""
    connection.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"))


def _answer(connection: Connection, context: Context, asker: Asker, situation: Situation) -> Look | Refused:
    stay_while_a_model_thinks(connection)
    key = cache_key(asker.name, situation)
    try:
        return context.cache.once(key, situation.workload_id, lambda: asker.advice(situation), PATIENCE_SECONDS)
    except ModelError as error:
        log.warning("model_did_not_answer", error=error.detail, code=error.code)
        return Refused(error.detail)


def _give_word(
    tx: Transaction, context: Context, row: Row[Any], situation: Situation, kept: Kept, *, cached: bool
) -> None:
    calibrated = context.calibrator.of(tx.connection, kept.word.confidence)
    advice, settled = composing.with_word(situation, kept, calibrated)
    if settled.clamp:
        CLAMPS.inc()
    provider = kept.word.provider if settled.by_model else composing.RULES
    # Only a model's own, grounded wish is one; what the rules prefer they could have decided themselves.
    refine_to = settled.replicas if settled.by_model and settled.refines else None
    _give(tx, row, provider, advice, cached=cached, refine_to=refine_to)


def _give(
    tx: Transaction, row: Row[Any], provider: str, advice: Advice, *, cached: bool, refine_to: int | None = None
) -> None:
    given = repository.Given(row.id, row.cluster_id, row.workload_id, provider, advice, cached)
    repository.keep_advice(tx.connection, given)
    tx.send(
        RecordAdvice(
            decision_id=row.id, provider=provider, text=advice.text, cached=cached, advice=advice, refine_to=refine_to
        )
    )
    ADVICES.labels(advice.settled_by.value).inc()
    log.info(
        "advice_given",
        decision_id=str(row.id),
        provider=provider,
        cached=cached,
        settled_by=advice.settled_by.value,
        clamped=bool(advice.clamp),
        note=advice.note,
    )
