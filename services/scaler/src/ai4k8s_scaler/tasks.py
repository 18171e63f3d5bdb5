"""What the scaler hears, and who does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.bus.handlers import Handlers
from ai4k8s_common.contracts.scaler import (
    ApplyDecision,
    EvaluatePolicies,
    JudgeDecisions,
    RecordAdvice,
    ScaleWorkload,
    WatchCycles,
)
from ai4k8s_common.services import Service
from ai4k8s_scaler.applying import apply_decision
from ai4k8s_scaler.hindsight import judge_decisions
from ai4k8s_scaler.manual import scale_workload
from ai4k8s_scaler.service import evaluate_policies, record_advice
from ai4k8s_scaler.watching import watch_cycles

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_scaler.context import Context

handlers: Handlers[Context] = Handlers(Service.SCALER)


@handlers.handles(EvaluatePolicies)
def on_evaluate_policies(message: EvaluatePolicies, tx: Transaction, _: Context) -> None:
    """Decide for each workload of a cluster."""
    evaluate_policies(tx, message)


@handlers.handles(ApplyDecision)
def on_apply_decision(message: ApplyDecision, tx: Transaction, context: Context) -> None:
    """Carry one decision out."""
    apply_decision(tx, context, message)


@handlers.handles(RecordAdvice)
def on_record_advice(message: RecordAdvice, tx: Transaction, _: Context) -> None:
    """Keep the advisor's words."""
    record_advice(tx, message)


@handlers.handles(JudgeDecisions)
def on_judge_decisions(_: JudgeDecisions, tx: Transaction, context: Context) -> None:
    """Look back."""
    judge_decisions(tx, context)


@handlers.handles(WatchCycles)
def on_watch_cycles(_: WatchCycles, tx: Transaction, context: Context) -> None:
    """Look for clusters that fell silent."""
    watch_cycles(tx, context)


@handlers.handles(ScaleWorkload)
def on_scale_workload(message: ScaleWorkload, tx: Transaction, context: Context) -> None:
    """Do what a person asked for."""
    scale_workload(tx, context, message)
