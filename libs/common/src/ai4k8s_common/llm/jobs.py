"""The job 'test the models' of a service that asks them: only there are the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from sqlalchemy import text

from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.llm.chain import NO_MODEL_HINT
from ai4k8s_common.llm.check import CHECK_SECONDS, check_models
from ai4k8s_common.llm.wiring import model_of
from ai4k8s_common.store.base import JobStatus

if TYPE_CHECKING:
    from ai4k8s_common.bus.handlers import Handlers
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.base import CheckModelsCommand
    from ai4k8s_common.llm.report import CheckedModel
    from ai4k8s_common.llm.types import Use

C = TypeVar("C")

log = structlog.stdlib.get_logger(__name__)


def handle_model_checks(handlers: Handlers[C], contract: type[CheckModelsCommand], use: Use) -> None:
    """Let a service test its models when asked."""

    @handlers.handles(contract)
    def on_check(message: Any, tx: Transaction, _: C) -> None:
        run(tx, message, use)


def run(tx: Transaction, message: CheckModelsCommand, use: Use) -> None:
    """Ask each model of the use, and report after each. That one does not answer is a result: the job succeeded."""
    stay_while_models_think(tx)
    try:
        model = model_of(tx.bus, use)
    except InvalidInputError as error:
        tx.report_job(_failed(message, f"{error.detail}. {error.hint}"))
        return
    if not model.rungs:
        tx.report_job(_failed(message, f"no model is configured. {NO_MODEL_HINT}"))
        return
    checked: list[CheckedModel] = []
    for one in check_models(model, use, message.user_id):
        checked.append(one)
        percent = 100 * len(checked) // (len(model.rungs) + 1)
        words = f"{one.provider.value}/{one.model} {'answers' if one.ok else 'does not answer'}"
        tx.report_job(JobReport(message.job_id, message.name, JobStatus.PROCESSING, percent, words))
    well = sum(one.ok for one in checked)
    words = f"{well} of {len(checked)} {'model answers' if len(checked) == 1 else 'models answer'}"
    result: Any = {"use": use.value, "models": [one.model_dump(mode="json") for one in checked]}
    tx.report_job(JobReport(message.job_id, message.name, JobStatus.COMPLETED, 100, words, result))
    log.info("models_checked", use=use.value, asked=len(checked), answered=well)


def stay_while_models_think(tx: Transaction) -> None:
    """Let this transaction wait longer than the store lets others: several models, each within its time."""
    seconds = int(CHECK_SECONDS * 5)
    tx.connection.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{seconds}s'"))


def _failed(message: CheckModelsCommand, error: str) -> JobReport:
    return JobReport(message.job_id, message.name, JobStatus.FAILED, 100, "not configured", error=error)
