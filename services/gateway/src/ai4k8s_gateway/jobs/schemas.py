"""What the job routes give: one flat form for everything long."""

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
    kind: str = Field(examples=["collector.check_connection.v1"])
    cluster_id: UUID | None = None


class JobList(BaseModel):
    """A person's jobs, newest first."""

    items: list[JobView]
