"""What an operator can set about advice."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from ai4k8s_common.settings import Group


class AdvisorSettings(Group):
    """AI4K8S_ADVISOR_*."""

    model_config = SettingsConfigDict(env_prefix="AI4K8S_ADVISOR_", frozen=True, extra="ignore")

    cache_seconds: int = Field(default=300, ge=1, description="how long a model's answer is fresh")
    stale_seconds: int = Field(
        default=1500, ge=0, description="how much longer it is used while the model is asked anew"
    )
    least_seconds_between_questions: float = Field(default=30.0, ge=0, description="of one workload")
    ask_within_seconds: float = Field(
        default=120.0, gt=0, description="a decision older than this is not worth a question any more"
    )
    warm_up_workloads: int = Field(
        default=2, ge=0, description="workloads that are asked about in advance, each minute at most; 0: none"
    )
