"""What all messages have in common.

A contract's name carries its major version (`scaler.evaluate_policies.v1`) and is the Celery task's name.
Once released, a version never changes: a new meaning is a new class beside the old one.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue

from ai4k8s_common.rights import Permission
from ai4k8s_common.services import QueueKind, Service, queue_name


class Contract(BaseModel):
    """A message; `consumer` and `kind` say which queue it travels on."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: ClassVar[str]
    consumer: ClassVar[Service]
    kind: ClassVar[QueueKind] = QueueKind.CYCLE

    @classmethod
    def queue(cls) -> str:
        """The queue this message travels on."""
        return queue_name(cls.consumer, cls.kind)


class Event(Contract):
    """Something happened. Unknown fields are ignored, so that producers may grow first."""


class Command(Contract):
    """Something shall be done. Unknown fields are refused: half-understood orders are not carried out."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class JobCommand(Command):
    """Work that a person waits for; its state is kept under `job_id` by the worker.

    `permission` is what that person must still have, where the job is done, when it begins.
    """

    kind: ClassVar[QueueKind] = QueueKind.JOBS
    permission: ClassVar[Permission]
    quiet: ClassVar[bool] = False  # a page's own question, seconds long: not among the jobs a person sees

    job_id: UUID


class CheckModelsCommand(JobCommand):
    """Ask each language model that a service may ask one tiny question. Each such service has one of its own."""

    user_id: UUID


class Tick(Command):
    """A beat of the clock. Carries nothing, may be lost, and expires when nobody hears it in time."""


class Envelope(BaseModel):
    """What actually lies in the queue."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    contract: str
    sender: Service
    sent_at: datetime
    payload: dict[str, JsonValue]
    trace: dict[str, str] = {}
