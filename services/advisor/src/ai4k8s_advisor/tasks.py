"""What the advisor hears, and who does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_advisor.explaining import explain_decision
from ai4k8s_advisor.recommending import recommend_for_cluster
from ai4k8s_advisor.service import advise_on, ask_model, warm_up, warm_workload
from ai4k8s_common.bus.handlers import Handlers
from ai4k8s_common.contracts.advisor import (
    Advise,
    AskModel,
    CheckModels,
    ExplainDecision,
    ForgetCluster,
    RecommendForCluster,
    WarmUp,
    WarmWorkload,
)
from ai4k8s_common.llm.jobs import handle_model_checks
from ai4k8s_common.llm.types import Use
from ai4k8s_common.services import Service
from ai4k8s_common.store.forget import forget_cluster

if TYPE_CHECKING:
    from ai4k8s_advisor.context import Context
    from ai4k8s_common.bus.transaction import Transaction

handlers: Handlers[Context] = Handlers(Service.ADVISOR)
handle_model_checks(handlers, CheckModels, Use.ADVISOR)


@handlers.handles(Advise)
def on_advise(message: Advise, tx: Transaction, context: Context) -> None:
    """Say in words what a decision means."""
    advise_on(tx, context, message.decision_id)


@handlers.handles(AskModel)
def on_ask_model(message: AskModel, tx: Transaction, context: Context) -> None:
    """Ask a model about a decision."""
    ask_model(tx, context, message)


@handlers.handles(WarmUp)
def on_warm_up(_: WarmUp, tx: Transaction, context: Context) -> None:
    """Look for workloads that will be decided on soon."""
    warm_up(tx, context)


@handlers.handles(WarmWorkload)
def on_warm_workload(message: WarmWorkload, tx: Transaction, context: Context) -> None:
    """Ask a model about a workload in advance."""
    warm_workload(tx, context, message.workload_id)


@handlers.handles(ExplainDecision)
def on_explain_decision(message: ExplainDecision, tx: Transaction, context: Context) -> None:
    """Explain a decision to a person."""
    explain_decision(tx, context, message)


@handlers.handles(RecommendForCluster)
def on_recommend_for_cluster(message: RecommendForCluster, tx: Transaction, context: Context) -> None:
    """Say what is worth doing in a cluster."""
    recommend_for_cluster(tx, context, message)


@handlers.handles(ForgetCluster)
def on_forget_cluster(message: ForgetCluster, tx: Transaction, _: Context) -> None:
    """Remove what belongs to a cluster."""
    forget_cluster(tx.connection, Service.ADVISOR, message.cluster_id)
