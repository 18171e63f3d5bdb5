"""What chat hears, and who does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_chat.plans.applying import on_apply
from ai4k8s_chat.plans.following import on_follow
from ai4k8s_chat.plans.preparing import on_prepare, on_undo
from ai4k8s_chat.service import answer_message, forget_conversation
from ai4k8s_common.audit import prune
from ai4k8s_common.bus.handlers import Handlers
from ai4k8s_common.contracts.chat import (
    AnswerMessage,
    ApplyPlan,
    CheckModels,
    FollowPlan,
    ForgetCluster,
    ForgetConversation,
    KeepAudit,
    PreparePlan,
    UndoPlan,
)
from ai4k8s_common.llm.jobs import handle_model_checks
from ai4k8s_common.llm.types import Use
from ai4k8s_common.services import Service
from ai4k8s_common.store.forget import forget_cluster

if TYPE_CHECKING:
    from ai4k8s_chat.conversing import TalkContext
    from ai4k8s_chat.plans.context import PlanContext
    from ai4k8s_common.bus.transaction import Transaction


@dataclass(frozen=True)
class Context:
    """Wiring of one worker process."""

    plans: PlanContext
    talk: TalkContext
    audit_keep_days: int = 365


handlers: Handlers[Context] = Handlers(Service.CHAT)
handle_model_checks(handlers, CheckModels, Use.CHAT)


@handlers.handles(AnswerMessage)
def on_message(message: AnswerMessage, tx: Transaction, context: Context) -> None:
    """Do what a person asked for."""
    answer_message(tx, context.talk, message)


@handlers.handles(ForgetConversation)
def on_forget_conversation(message: ForgetConversation, tx: Transaction, _: Context) -> None:
    """Its owner deleted it."""
    forget_conversation(tx, message.conversation_id)


@handlers.handles(KeepAudit)
def on_keep_audit(_: KeepAudit, tx: Transaction, context: Context) -> None:
    """Let go of audit entries that are old enough."""
    prune(tx.connection, Service.CHAT, context.audit_keep_days, context.plans.clock())


@handlers.handles(PreparePlan)
def on_prepare_plan(message: PreparePlan, tx: Transaction, context: Context) -> None:
    """Make a plan; nothing is changed."""
    on_prepare(tx, context.plans, message)


@handlers.handles(ApplyPlan)
def on_apply_plan(message: ApplyPlan, tx: Transaction, context: Context) -> None:
    """Do what was approved, once."""
    on_apply(tx, context.plans, message)


@handlers.handles(UndoPlan)
def on_undo_plan(message: UndoPlan, tx: Transaction, context: Context) -> None:
    """Make a plan of the way back."""
    on_undo(tx, context.plans, message)


@handlers.handles(FollowPlan)
def on_follow_plan(message: FollowPlan, tx: Transaction, context: Context) -> None:
    """See how far the cluster is."""
    on_follow(tx, context.plans, message)


@handlers.handles(ForgetCluster)
def on_forget_cluster(message: ForgetCluster, tx: Transaction, _: Context) -> None:
    """Remove what is known of a cluster that was removed."""
    forget_cluster(tx.connection, Service.CHAT, message.cluster_id)
