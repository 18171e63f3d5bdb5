"""What the scaler hears."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import JsonValue

from ai4k8s_common.contracts.advisor import Advice
from ai4k8s_common.contracts.base import Command, Event, JobCommand, Tick
from ai4k8s_common.rights import Permission
from ai4k8s_common.services import Service


class EvaluatePolicies(Event):
    """A cluster's workloads were forecast: decide for each."""

    name: ClassVar[str] = "scaler.evaluate_policies.v1"
    consumer: ClassVar[Service] = Service.SCALER

    cluster_id: UUID
    cycle_id: UUID
    cycle_at: datetime


class ApplyDecision(Command):
    """Carry one planned decision out, on the resourceVersion it was planned on."""

    name: ClassVar[str] = "scaler.apply_decision.v1"
    consumer: ClassVar[Service] = Service.SCALER

    decision_id: UUID


class SurveyCluster(Command):
    """Read what else scales and bounds a cluster's workloads: HPAs, VPAs, quotas, disruption budgets."""

    name: ClassVar[str] = "scaler.survey_cluster.v1"
    consumer: ClassVar[Service] = Service.SCALER

    cluster_id: UUID


class RenewFloor(Command):
    """A floor under an HPA shall stand for longer."""

    name: ClassVar[str] = "scaler.renew_floor.v1"
    consumer: ClassVar[Service] = Service.SCALER

    workload_id: int


class WithdrawFloor(Command):
    """A floor was not renewed in time: give the HPA back what its owner set."""

    name: ClassVar[str] = "scaler.withdraw_floor.v1"
    consumer: ClassVar[Service] = Service.SCALER

    workload_id: int


class RecordAdvice(Event):
    """The advisor's words on a decision; they change nothing that was done.

    `refine_to` is a number of the decision's own envelope that the advisor prefers; whether it counts is the scaler's
    to say.
    """

    name: ClassVar[str] = "scaler.record_advice.v1"
    consumer: ClassVar[Service] = Service.SCALER

    decision_id: UUID
    provider: str
    text: str
    cached: bool
    advice: Advice
    refine_to: int | None = None


class JudgeDecisions(Tick):
    """Look back at decisions whose time has come."""

    name: ClassVar[str] = "scaler.judge_decisions.v1"
    consumer: ClassVar[Service] = Service.SCALER


class KeepAudit(Tick):
    """Remove audit entries that are old enough."""

    name: ClassVar[str] = "scaler.keep_audit.v1"
    consumer: ClassVar[Service] = Service.SCALER


class WatchCycles(Tick):
    """Notice clusters whose stages stopped, and hold their scaling."""

    name: ClassVar[str] = "scaler.watch_cycles.v1"
    consumer: ClassVar[Service] = Service.SCALER


class ScaleWorkload(JobCommand):
    """A person asks for a replica count."""

    name: ClassVar[str] = "scaler.scale_workload.v1"
    consumer: ClassVar[Service] = Service.SCALER
    permission: ClassVar[Permission] = Permission.WORKLOAD_SCALE

    cluster_id: UUID
    workload_id: int
    replicas: int
    requested_by: UUID


class Settlement(StrEnum):
    """What a person says to a recommendation."""

    APPLY = "apply"
    DISMISS = "dismiss"


class SettleRecommendation(JobCommand):
    """A person applies or dismisses what was recommended."""

    name: ClassVar[str] = "scaler.settle_recommendation.v1"
    consumer: ClassVar[Service] = Service.SCALER
    permission: ClassVar[Permission] = Permission.WORKLOAD_SCALE

    decision_id: UUID
    settlement: Settlement
    requested_by: UUID


class UndoDecision(JobCommand):
    """A person wants back what was there before a decision."""

    name: ClassVar[str] = "scaler.undo_decision.v1"
    consumer: ClassVar[Service] = Service.SCALER
    permission: ClassVar[Permission] = Permission.WORKLOAD_SCALE

    decision_id: UUID
    requested_by: UUID


class EnablePredictive(JobCommand):
    """A policy was set: look at the workload now rather than in the next cycle, and tell each step."""

    name: ClassVar[str] = "scaler.enable_predictive.v1"
    consumer: ClassVar[Service] = Service.SCALER
    permission: ClassVar[Permission] = Permission.WORKLOAD_SCALE

    cluster_id: UUID
    workload_id: int
    requested_by: UUID


class ReleaseWorkload(JobCommand):
    """Nobody wants a workload scaled by us any more: give back what its owner had set."""

    name: ClassVar[str] = "scaler.release_workload.v1"
    consumer: ClassVar[Service] = Service.SCALER
    permission: ClassVar[Permission] = Permission.WORKLOAD_SCALE

    cluster_id: UUID
    workload_id: int
    requested_by: UUID


class ResizeWorkload(JobCommand):
    """A person applies recommended sizes.

    `changes` are amounts in Kubernetes' notation by container, section and resource. `rolls` allows what rolls the
    pods: a change of their template; without it running pods are resized in place, or nothing is done.
    """

    name: ClassVar[str] = "scaler.resize_workload.v1"
    consumer: ClassVar[Service] = Service.SCALER
    permission: ClassVar[Permission] = Permission.WORKLOAD_SCALE

    cluster_id: UUID
    workload_id: int
    changes: dict[str, dict[Literal["requests", "limits"], dict[Literal["cpu", "memory"], str]]]
    rolls: bool = False
    requested_by: UUID


class WriteAutoscaler(JobCommand):
    """Create an HPA or VPA, or change one's spec. `seen_spec` is what the person saw; None: a new one."""

    name: ClassVar[str] = "scaler.write_autoscaler.v1"
    consumer: ClassVar[Service] = Service.SCALER
    permission: ClassVar[Permission] = Permission.WORKLOAD_SCALE

    cluster_id: UUID
    autoscaler: Literal["hpa", "vpa"]
    namespace: str
    object_name: str
    spec: dict[str, JsonValue]
    seen_spec: dict[str, JsonValue] | None
    requested_by: UUID


class DeleteAutoscaler(JobCommand):
    """Delete an HPA or VPA, the very one that was seen."""

    name: ClassVar[str] = "scaler.delete_autoscaler.v1"
    consumer: ClassVar[Service] = Service.SCALER
    permission: ClassVar[Permission] = Permission.WORKLOAD_SCALE

    cluster_id: UUID
    autoscaler: Literal["hpa", "vpa"]
    namespace: str
    object_name: str
    uid: str
    requested_by: UUID


class BacktestWorkload(JobCommand):
    """A person asks what policies would have done to a workload in its last days."""

    name: ClassVar[str] = "scaler.backtest_workload.v1"
    consumer: ClassVar[Service] = Service.SCALER
    permission: ClassVar[Permission] = Permission.WORKLOAD_SCALE

    cluster_id: UUID
    workload_id: int
    days: int
    slo_short_share: float | None = None  # None: of the policy in force
    requested_by: UUID


class ReplayBacktest(JobCommand):
    """The forecasts of a backtest are there (or why not): replay."""

    name: ClassVar[str] = "scaler.replay_backtest.v1"
    consumer: ClassVar[Service] = Service.SCALER
    permission: ClassVar[Permission] = Permission.WORKLOAD_SCALE

    cluster_id: UUID
    workload_id: int
    slo_short_share: float | None = None
    problem: str = ""


class ForgetCluster(Command):
    """A cluster was removed: whatever belongs to it goes. Sent by the collector once nothing of it is under way."""

    name: ClassVar[str] = "scaler.forget_cluster.v1"
    consumer: ClassVar[Service] = Service.SCALER

    cluster_id: UUID
