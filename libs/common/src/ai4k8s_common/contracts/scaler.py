"""What the scaler hears."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ai4k8s_common.contracts.advisor import Advice
from ai4k8s_common.contracts.base import Command, Event, JobCommand, Tick
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


class RecordAdvice(Event):
    """The advisor's words on a decision; they change nothing that was done."""

    name: ClassVar[str] = "scaler.record_advice.v1"
    consumer: ClassVar[Service] = Service.SCALER

    decision_id: UUID
    provider: str
    text: str
    cached: bool
    advice: Advice


class JudgeDecisions(Tick):
    """Look back at decisions whose time has come."""

    name: ClassVar[str] = "scaler.judge_decisions.v1"
    consumer: ClassVar[Service] = Service.SCALER


class WatchCycles(Tick):
    """Notice clusters whose stages stopped, and hold their scaling."""

    name: ClassVar[str] = "scaler.watch_cycles.v1"
    consumer: ClassVar[Service] = Service.SCALER


class ScaleWorkload(JobCommand):
    """A person asks for a replica count."""

    name: ClassVar[str] = "scaler.scale_workload.v1"
    consumer: ClassVar[Service] = Service.SCALER

    cluster_id: UUID
    workload_id: int
    replicas: int
    requested_by: UUID
