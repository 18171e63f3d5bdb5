"""What the audit log shows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue

from ai4k8s_common.audit import AuditResult
from ai4k8s_common.services import Service


@dataclass(frozen=True)
class AuditFilter:
    """What is looked for."""

    who: str = ""
    text: str = ""
    action: str = ""
    cluster_id: UUID | None = None
    result: AuditResult | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditEntryView(BaseModel):
    """Who did what, to what, from where, and how it ended."""

    service: Service = Field(description="whose chain it is in")
    seq: int
    at: datetime
    actor_id: UUID | None
    actor: str
    token: str = Field(description="the API token that was used, or nothing")
    client: str = Field(description="the address they came from")
    action: str = Field(examples=["approve_plan"])
    cluster_id: UUID | None
    cluster_name: str
    namespace: str
    object: str
    before: JsonValue
    after: JsonValue
    result: AuditResult
    detail: str
    hash: str


class AuditPage(BaseModel):
    """One page, newest first."""

    items: list[AuditEntryView]
    next: str | None = Field(description="give it as 'after' for the next page; null: this was the last")


class ChainView(BaseModel):
    """One service's chain after a walk along it."""

    service: Service
    rows: int
    head_seq: int
    head_hash: str = Field(description="note it somewhere else: with it, a chain that was written anew is found")
    problem: str = Field(description="empty: whole")
    broken_seq: int | None


class VerifyView(BaseModel):
    """All chains."""

    whole: bool
    chains: list[ChainView]
