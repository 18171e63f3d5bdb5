"""The whole conversation on one page: which messages exist, and who beats the drum for which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_common.contracts import advisor, chat, collector, forecaster, rag, scaler

if TYPE_CHECKING:
    from ai4k8s_common.contracts.base import Contract, Tick
    from ai4k8s_common.services import QueueKind, Service

CATALOGUE: tuple[type[Contract], ...] = (
    collector.ClaimDueClusters,
    collector.MaintainPartitions,
    collector.BackfillCluster,
    collector.CheckConnection,
    collector.KeepConnections,
    collector.ReadHostKey,
    forecaster.ForecastCluster,
    forecaster.ForgetCluster,
    forecaster.HindcastWorkload,
    forecaster.AnalyseCluster,
    forecaster.ForecastOutlooks,
    forecaster.ReviewClusters,
    scaler.EvaluatePolicies,
    scaler.ForgetCluster,
    scaler.ApplyDecision,
    scaler.RecordAdvice,
    scaler.JudgeDecisions,
    scaler.WatchCycles,
    scaler.KeepAudit,
    scaler.SurveyCluster,
    scaler.RenewFloor,
    scaler.WithdrawFloor,
    scaler.ScaleWorkload,
    scaler.SettleRecommendation,
    scaler.UndoDecision,
    scaler.EnablePredictive,
    scaler.ReleaseWorkload,
    scaler.WriteAutoscaler,
    scaler.DeleteAutoscaler,
    scaler.BacktestWorkload,
    scaler.ReplayBacktest,
    scaler.ResizeWorkload,
    advisor.Advise,
    advisor.AskModel,
    advisor.WarmUp,
    advisor.WarmWorkload,
    advisor.ExplainDecision,
    advisor.RecommendForCluster,
    advisor.ForgetCluster,
    advisor.CheckModels,
    chat.AnswerMessage,
    chat.CheckModels,
    chat.PreparePlan,
    chat.ApplyPlan,
    chat.UndoPlan,
    chat.FollowPlan,
    chat.ForgetCluster,
    chat.KeepAudit,
    chat.ForgetConversation,
    rag.GenerateManifest,
    rag.CheckManifest,
    rag.DescribeKinds,
    rag.StoreDocument,
    rag.RemoveDocument,
    rag.ForgetCluster,
    rag.CheckModels,
)

KEEPING_EVERY_SECONDS = 6 * 3600.0
BY_NAME: dict[str, type[Contract]] = {contract.name: contract for contract in CATALOGUE}


@dataclass(frozen=True)
class Beat:
    """How often a tick goes out."""

    tick: type[Tick]
    every_seconds: float


BEATS: tuple[Beat, ...] = (
    Beat(collector.ClaimDueClusters, 2.0),
    Beat(collector.MaintainPartitions, 900.0),
    Beat(collector.KeepConnections, 30.0),
    Beat(forecaster.ReviewClusters, 60.0),
    Beat(scaler.JudgeDecisions, 30.0),
    Beat(advisor.WarmUp, 60.0),
    Beat(scaler.WatchCycles, 15.0),
    Beat(scaler.KeepAudit, KEEPING_EVERY_SECONDS),
    Beat(chat.KeepAudit, KEEPING_EVERY_SECONDS),
)


def heard_by(service: Service, kind: QueueKind) -> tuple[type[Contract], ...]:
    """Return the contracts that one queue's worker must handle."""
    return tuple(c for c in CATALOGUE if c.consumer is service and c.kind is kind)
