"""What chat hears."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from ai4k8s_common.contracts.base import CheckModelsCommand, Command, JobCommand, Tick
from ai4k8s_common.plans import PlanOrigin
from ai4k8s_common.rights import Permission
from ai4k8s_common.services import QueueKind, Service


class AnswerMessage(JobCommand):
    """Answer a person's message about a cluster."""

    name: ClassVar[str] = "chat.answer_message.v1"
    consumer: ClassVar[Service] = Service.CHAT
    permission: ClassVar[Permission] = Permission.CHAT_USE

    cluster_id: UUID
    user_id: UUID
    text: str
    conversation_id: UUID | None = None
    question_id: UUID | None = None
    token_id: UUID | None = None  # the API token that asked: the answer may do no more than it


class PreparePlan(JobCommand):
    """Make a plan of calls or manifests: dry-run, differences, effects, a way back. Nothing is changed.

    `sealed` is base64 of what only chat can open, for manifests may hold Secrets: {"calls": [...]} or
    {"manifests": "YAML"}, sealed with the plan's id.
    """

    name: ClassVar[str] = "chat.prepare_plan.v1"
    consumer: ClassVar[Service] = Service.CHAT
    permission: ClassVar[Permission] = Permission.CLUSTER_READ  # what it changes asks for more, by itself

    plan_id: UUID
    cluster_id: UUID
    user_id: UUID
    origin: PlanOrigin
    title: str
    sealed: str
    token_id: UUID | None = None


class ApplyPlan(JobCommand):
    """A person approved a plan: make its calls, once."""

    name: ClassVar[str] = "chat.apply_plan.v1"
    consumer: ClassVar[Service] = Service.CHAT
    permission: ClassVar[Permission] = Permission.CLUSTER_READ  # what it changes asks for more, by itself

    plan_id: UUID
    hash: str
    approved_by: UUID


class UndoPlan(JobCommand):
    """Prepare the way back of a plan that was applied: a plan of its own, to be approved like any."""

    name: ClassVar[str] = "chat.undo_plan.v1"
    consumer: ClassVar[Service] = Service.CHAT
    permission: ClassVar[Permission] = Permission.CLUSTER_READ  # what it changes asks for more, by itself

    plan_id: UUID
    undo_of: UUID
    user_id: UUID
    token_id: UUID | None = None


class FollowPlan(Command):
    """See how far the cluster is with a plan whose calls are made. Sent again by itself until it is there."""

    name: ClassVar[str] = "chat.follow_plan.v1"
    consumer: ClassVar[Service] = Service.CHAT
    kind: ClassVar[QueueKind] = QueueKind.JOBS

    plan_id: UUID


class ForgetCluster(Command):
    """A cluster was removed: whatever belongs to it goes. Sent by the collector once nothing of it is under way."""

    name: ClassVar[str] = "chat.forget_cluster.v1"
    consumer: ClassVar[Service] = Service.CHAT
    kind: ClassVar[QueueKind] = QueueKind.JOBS

    cluster_id: UUID


class CheckModels(CheckModelsCommand):
    """Test the models that answer people."""

    name: ClassVar[str] = "chat.check_models.v1"
    consumer: ClassVar[Service] = Service.CHAT
    permission: ClassVar[Permission] = Permission.INSTALLATION_MANAGE


class ForgetConversation(Command):
    """Its owner deleted a conversation: its answers go."""

    name: ClassVar[str] = "chat.forget_conversation.v1"
    consumer: ClassVar[Service] = Service.CHAT
    kind: ClassVar[QueueKind] = QueueKind.JOBS

    conversation_id: UUID


class KeepAudit(Tick):
    """Remove audit entries that are old enough."""

    name: ClassVar[str] = "chat.keep_audit.v1"
    consumer: ClassVar[Service] = Service.CHAT
    kind: ClassVar[QueueKind] = QueueKind.JOBS
