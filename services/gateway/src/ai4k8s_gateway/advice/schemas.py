"""What the advisor's routes give."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class RecommendedItem(BaseModel):
    """One thing that is worth doing, with what shows it."""

    model_config = ConfigDict(extra="ignore")

    severity: Literal["low", "medium", "high", "critical"]
    title: str = Field(examples=["shop/web is at its maximum"])
    sentence: str
    action: str = Field(examples=["Raise the policy's maximum, or enlarge it."])
    evidence: Literal["incident", "size", "capacity", "decision"]
    evidence_id: str = Field(description="of the incident or decision, the workload's number, or scope/name/resource")
    workload_id: int | None = None
    worded_by: str = Field(description="'rules', or the provider whose words passed the check of their numbers")


class ClusterRecommendations(BaseModel):
    """A cluster's newest short list, the weightiest first."""

    made_at: datetime | None = Field(description="null: it was never asked for")
    provider: str = Field(description="'rules', or who worded it")
    note: str = Field(description="why some or all is in the rules' words")
    items: list[RecommendedItem]
