"""What the routes about anomalies, incidents and health take and give."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from ai4k8s_common.store.anomalies import Severity, SubjectKind


class SubjectView(BaseModel):
    """What an anomaly is about."""

    kind: SubjectKind
    id: int = Field(description="number of the workload or node")
    namespace: str = Field(description="empty for nodes")
    workload_kind: str = Field(description="empty for nodes", examples=["Deployment"])
    name: str
    muted: bool


class Evidence(BaseModel):
    """The numbers behind a description: millicores, bytes, bytes a second, requests a second."""

    metric: str = Field(examples=["cpu"])
    before: float = Field(description="in the hour before")
    now: float = Field(description="mean of the minutes that deviate")
    expected: float = Field(description="by the forecast")
    minutes: int


class AnomalyView(BaseModel):
    """Something that nothing known explains."""

    id: int
    incident_id: int
    cluster_id: UUID
    subject: SubjectView
    is_anomaly: bool = Field(description="whether it goes on")
    anomaly_score: float = Field(description="0.5 at what is just told, towards 1", examples=[0.87])
    severity: Severity
    affected_metrics: list[str] = Field(examples=[["cpu", "memory_per_pod"]])
    description: str = Field(
        examples=["CPU rose from 30 % to 95 % of its pods' requests in 5 minutes; 31 % was expected."]
    )
    recommended_action: str
    evidence: list[Evidence]
    started_at: datetime
    last_at: datetime = Field(description="end of the newest five minutes that belong to it")
    ended_at: datetime | None


class Watching(BaseModel):
    """How far a cluster was looked at, and of how much too little is known."""

    cluster_id: UUID
    analysed_until: datetime
    subjects: int = Field(description="workloads and nodes that are watched")
    learning: int = Field(description="of them, with less than a day of history")
    detail: str = Field(examples=["learning: 7 of 20 samples; nothing is told yet"])


class AnomalyList(BaseModel):
    """A cluster's anomalies, newest first; `watching` is null while nothing was looked at."""

    watching: Watching | None
    items: list[AnomalyView]


class Acknowledgement(BaseModel):
    """Somebody has seen it and cares for it."""

    by: str = Field(description="user name")
    at: datetime
    note: str


class IncidentView(BaseModel):
    """What began together in one namespace, or on the nodes."""

    id: int
    cluster_id: UUID
    cluster_name: str
    namespace: str = Field(description="empty: nodes")
    severity: Severity
    title: str
    opened_at: datetime
    last_at: datetime
    closed_at: datetime | None
    anomalies: int
    muted: bool = Field(description="whether people muted everything it is about")
    acknowledgement: Acknowledgement | None
    may_change: bool


class IncidentDetail(IncidentView):
    """An incident with its anomalies, oldest first."""

    members: list[AnomalyView]


class IncidentList(BaseModel):
    """Incidents, open ones first, then the newest."""

    items: list[IncidentView]
    watching: list[Watching] = Field(description="of the clusters asked for that were looked at")


class NewAcknowledgement(BaseModel):
    """Why nobody else needs to look."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(default="", max_length=500)


class NewMute(BaseModel):
    """A workload or node of which no anomaly shall be told."""

    model_config = ConfigDict(extra="forbid")

    subject_kind: SubjectKind
    namespace: str = Field(default="", max_length=63)
    workload_kind: str = Field(default="", max_length=63, examples=["Deployment"])
    name: str = Field(min_length=1, max_length=253)
    until: AwareDatetime | None = Field(default=None, description="null: until it is taken back")
    reason: str = Field(default="", max_length=500)

    @model_validator(mode="after")
    def _whole_name(self) -> "NewMute":
        is_workload = self.subject_kind is SubjectKind.WORKLOAD
        if is_workload != bool(self.namespace and self.workload_kind) or (self.namespace and not is_workload):
            raise ValueError("a workload is named by namespace, workload_kind and name, a node by its name alone")
        return self


class MuteView(BaseModel):
    """A mute in force."""

    id: int
    subject_kind: SubjectKind
    namespace: str
    workload_kind: str
    name: str
    until: datetime | None
    reason: str
    created_at: datetime


class MuteList(BaseModel):
    """A cluster's mutes, by name."""

    items: list[MuteView]


class HealthIngredient(BaseModel):
    """One part of the score."""

    name: str = Field(examples=["headroom"])
    lost: float = Field(description="points it takes away")
    of: float = Field(description="points it can take away at most")
    known: bool
    sentence: str = Field(examples=["12 % left at the tightest: memory stands at 88 % of the ready nodes."])


class HealthPoint(BaseModel):
    """The score at one moment."""

    at: datetime
    score: float


class HealthView(BaseModel):
    """A cluster's health, its reasons, and how it went."""

    score: float | None = Field(description="0 to 100; null while nothing was looked at")
    at: datetime | None
    ingredients: list[HealthIngredient] = Field(description="the costliest first")
    history: list[HealthPoint] = Field(description="of the last day, oldest first, at most one in five minutes")
