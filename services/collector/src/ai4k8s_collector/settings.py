"""What an operator can set about collecting."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from ai4k8s_common.settings import Group


class CollectorSettings(Group):
    """AI4K8S_COLLECTOR_*: how much one worker takes on at once, and how long things are kept."""

    model_config = SettingsConfigDict(env_prefix="AI4K8S_COLLECTOR_", frozen=True, extra="ignore")

    clusters_at_once: int = Field(default=32, ge=1, description="clusters one worker reads concurrently")
    batch_seconds: float = Field(
        default=20.0, gt=0, le=30, description="how long one task waits for slow clusters before the next goes on"
    )
    keep_raw_hours: int = Field(
        default=192,
        ge=24,
        le=9600,
        description="hours of samples, by whole days; forecasts of the next minutes learn from up to a week of them",
    )
    keep_rollup_days: int = Field(default=56, ge=15, le=800, description="days of five-minute roll-ups")
    keep_events_hours: int = Field(default=72, ge=1, description="hours after an event was last said")
    keep_cycles_days: int = Field(default=3, ge=1)
    check_hours: float = Field(default=6.0, gt=0, description="how often each connection is tested by itself")
    requests_query: str = Field(
        default="sum by (namespace, pod) (rate(http_requests_total[2m]))",
        description="PromQL for requests a second, one series per namespace and pod",
    )
    custom_metrics: dict[str, str] = Field(
        default_factory=dict, description="JSON {name: PromQL} of more to keep, one series per namespace and pod"
    )
    kubelet_summary: bool = Field(
        default=False,
        description="ask kubelets for network use where Prometheus is silent; needs nodes/proxy, which permits exec",
    )
