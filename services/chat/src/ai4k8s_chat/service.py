"""Says clearly that no language model is set up, instead of pretending to answer messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.chat import AnswerMessage
from ai4k8s_common.errors import NotConfiguredError
from ai4k8s_common.store.base import JobStatus

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Transaction

MODEL_HINT = (
    "This installation has no language model: GROQ_API_KEY, ANTHROPIC_API_KEY or GPT_OSS_API_BASE will name one."
)


def run(tx: Transaction, message: AnswerMessage) -> None:
    """Report why the job cannot be done. It is no dead letter: sending it again helps nobody."""
    error = NotConfiguredError("no model configured", hint=MODEL_HINT)
    words = f"{error.detail}. {error.hint}"
    tx.report_job(JobReport(message.job_id, AnswerMessage.name, JobStatus.FAILED, 100, "not configured", error=words))
