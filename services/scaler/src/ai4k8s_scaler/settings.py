"""What an operator can set about scaling."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from ai4k8s_common.settings import Group


class ScalerSettings(Group):
    """AI4K8S_SCALER_*."""

    model_config = SettingsConfigDict(env_prefix="AI4K8S_SCALER_", frozen=True, extra="ignore")

    apply_within_seconds: float = Field(
        default=120.0, gt=0, description="a decision that could not be carried out within this time is void"
    )
    judge_after_seconds: float = Field(default=1200.0, ge=60, description="when a decision's judgement is final")
    judgements_per_tick: int = Field(default=20, ge=1)
    stopped_after_cycles: float = Field(
        default=3.0, ge=1, description="cycles without news after which a cluster's scaling is held"
    )
    stopped_after_seconds: float = Field(default=45.0, gt=0, description="and at least this long")
    floor_seconds: float = Field(
        default=600.0, ge=60, description="how long a floor stands without being renewed; renewed at half of it"
    )
    rest_after_undo_seconds: float = Field(
        default=1800.0, ge=0, description="how long a workload is left alone after a person undid a change"
    )
    asked_stands_seconds: float = Field(
        default=1800.0, ge=0, description="how long a number that a person asked for is a least in mode auto"
    )
    survey_seconds: float = Field(
        default=30.0, ge=1, description="how often HPAs, VPAs, quotas and disruption budgets are read"
    )
    nodes_grow: bool = Field(
        default=False, description="a cluster autoscaler adds nodes: free CPU on the present ones is no bound"
    )
    advisor_may_refine: bool = Field(
        default=False,
        description="in mode auto a model's choice within the envelope may add pods for a few minutes; else only shown",
    )
    annotate: bool = Field(default=True, description="write the last decision onto the workload it changed")
