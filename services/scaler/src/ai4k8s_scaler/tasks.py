"""What the scaler hears, and who does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.audit import prune
from ai4k8s_common.bus.handlers import Handlers
from ai4k8s_common.contracts.scaler import (
    ApplyDecision,
    BacktestWorkload,
    DeleteAutoscaler,
    EnablePredictive,
    EvaluatePolicies,
    ForgetCluster,
    JudgeDecisions,
    KeepAudit,
    RecordAdvice,
    ReleaseWorkload,
    RenewFloor,
    ReplayBacktest,
    ResizeWorkload,
    ScaleWorkload,
    SettleRecommendation,
    SurveyCluster,
    UndoDecision,
    WatchCycles,
    WithdrawFloor,
    WriteAutoscaler,
)
from ai4k8s_common.services import Service
from ai4k8s_common.store.forget import forget_cluster
from ai4k8s_scaler.advising import record_advice
from ai4k8s_scaler.applying import apply_decision
from ai4k8s_scaler.autoscalers import delete_autoscaler, write_autoscaler
from ai4k8s_scaler.backtesting import backtest_workload, replay_backtest
from ai4k8s_scaler.enabling import enable_predictive, release_workload
from ai4k8s_scaler.floors import renew_floor, withdraw_floor
from ai4k8s_scaler.hindsight import judge_decisions
from ai4k8s_scaler.manual import scale_workload
from ai4k8s_scaler.service import evaluate_policies
from ai4k8s_scaler.settling import settle_recommendation, undo_decision
from ai4k8s_scaler.sizing import resize_workload
from ai4k8s_scaler.survey import survey_cluster
from ai4k8s_scaler.watching import watch_cycles

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_scaler.context import Context

handlers: Handlers[Context] = Handlers(Service.SCALER)


@handlers.handles(EvaluatePolicies)
def on_evaluate_policies(message: EvaluatePolicies, tx: Transaction, context: Context) -> None:
    """Decide for each workload of a cluster."""
    evaluate_policies(tx, message, context.settings, decided_at=context.clock())


@handlers.handles(ApplyDecision)
def on_apply_decision(message: ApplyDecision, tx: Transaction, context: Context) -> None:
    """Carry one decision out."""
    apply_decision(tx, context, message)


@handlers.handles(RecordAdvice)
def on_record_advice(message: RecordAdvice, tx: Transaction, context: Context) -> None:
    """Keep the advisor's words."""
    record_advice(tx, message, context.settings, context.clock())


@handlers.handles(JudgeDecisions)
def on_judge_decisions(_: JudgeDecisions, tx: Transaction, context: Context) -> None:
    """Look back."""
    judge_decisions(tx, context)


@handlers.handles(WatchCycles)
def on_watch_cycles(_: WatchCycles, tx: Transaction, context: Context) -> None:
    """Look for clusters that fell silent."""
    watch_cycles(tx, context)


@handlers.handles(KeepAudit)
def on_keep_audit(_: KeepAudit, tx: Transaction, context: Context) -> None:
    """Let go of audit entries that are old enough."""
    prune(tx.connection, Service.SCALER, context.audit_keep_days, context.clock())


@handlers.handles(ScaleWorkload)
def on_scale_workload(message: ScaleWorkload, tx: Transaction, context: Context) -> None:
    """Do what a person asked for."""
    scale_workload(tx, context, message)


@handlers.handles(SurveyCluster)
def on_survey_cluster(message: SurveyCluster, tx: Transaction, context: Context) -> None:
    """See what else scales and bounds."""
    survey_cluster(tx, context, message)


@handlers.handles(RenewFloor)
def on_renew_floor(message: RenewFloor, tx: Transaction, context: Context) -> None:
    """Let a floor stand for longer."""
    renew_floor(tx, context, message)


@handlers.handles(WithdrawFloor)
def on_withdraw_floor(message: WithdrawFloor, tx: Transaction, context: Context) -> None:
    """Give an HPA its owner's bounds back."""
    withdraw_floor(tx, context, message)


@handlers.handles(SettleRecommendation)
def on_settle_recommendation(message: SettleRecommendation, tx: Transaction, context: Context) -> None:
    """Apply or dismiss what was recommended."""
    settle_recommendation(tx, context, message)


@handlers.handles(UndoDecision)
def on_undo_decision(message: UndoDecision, tx: Transaction, context: Context) -> None:
    """Go back to what was there before."""
    undo_decision(tx, context, message)


@handlers.handles(ResizeWorkload)
def on_resize_workload(message: ResizeWorkload, tx: Transaction, context: Context) -> None:
    """Give pods other requests."""
    resize_workload(tx, context, message)


@handlers.handles(EnablePredictive)
def on_enable_predictive(message: EnablePredictive, tx: Transaction, context: Context) -> None:
    """Take a workload up, step by step."""
    enable_predictive(tx, context, message)


@handlers.handles(ReleaseWorkload)
def on_release_workload(message: ReleaseWorkload, tx: Transaction, context: Context) -> None:
    """Give back what was there before us."""
    release_workload(tx, context, message)


@handlers.handles(WriteAutoscaler)
def on_write_autoscaler(message: WriteAutoscaler, tx: Transaction, context: Context) -> None:
    """Create or change an HPA or VPA."""
    write_autoscaler(tx, context, message)


@handlers.handles(DeleteAutoscaler)
def on_delete_autoscaler(message: DeleteAutoscaler, tx: Transaction, context: Context) -> None:
    """Delete an HPA or VPA."""
    delete_autoscaler(tx, context, message)


@handlers.handles(BacktestWorkload)
def on_backtest_workload(message: BacktestWorkload, tx: Transaction, context: Context) -> None:
    """Ask for what would have been foreseen."""
    backtest_workload(tx, context, message)


@handlers.handles(ReplayBacktest)
def on_replay_backtest(message: ReplayBacktest, tx: Transaction, context: Context) -> None:
    """Show what policies would have done."""
    replay_backtest(tx, context, message)


@handlers.handles(ForgetCluster)
def on_forget_cluster(message: ForgetCluster, tx: Transaction, _: Context) -> None:
    """Remove what is known of a cluster that was removed."""
    forget_cluster(tx.connection, Service.SCALER, message.cluster_id)
