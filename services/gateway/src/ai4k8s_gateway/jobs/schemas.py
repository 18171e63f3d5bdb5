"""What the job routes give: one flat form for everything long, and a list that says more."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue

from ai4k8s_common.store.base import JobStatus


class JobView(BaseModel):
    """Where a job stands."""

    job_id: UUID
    status: JobStatus
    progress: int = Field(ge=0, le=100, description="percent", examples=[75])
    message: str = Field(examples=["reading nodes"])
    result: JsonValue = None
    error: str | None = None
    created_at: datetime
    updated_at: datetime


class JobItem(JobView):
    """A job among others, with what a list must know about it."""

    kind: str = Field(examples=["collector.check_connection.v1"])
    cluster_id: UUID | None
    attempt: int = Field(ge=1, description="1, and one more for each time it was tried again")
    retry_of: UUID | None = Field(description="the attempt before this one")
    cancel_requested: bool
    may_cancel: bool
    may_retry: bool


class JobList(BaseModel):
    """A person's jobs, newest first."""

    items: list[JobItem]
