"""What an operator can set about forecasting."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from ai4k8s_common.settings import Group


class ForecasterSettings(Group):
    """AI4K8S_FORECASTER_*."""

    model_config = SettingsConfigDict(env_prefix="AI4K8S_FORECASTER_", frozen=True, extra="ignore")

    refit_hours: float = Field(default=6.0, gt=0, description="age at which a window model is fitted anew")
    fits_per_cycle: int = Field(
        default=40, ge=1, description="workloads fitted in one cycle at most, the oldest models first"
    )
    keep_score_weeks: int = Field(
        default=8, ge=1, description="how long the record of how forecasts turned out is kept"
    )
    keep_hours: int = Field(default=24, ge=1, description="how long full forecasts are kept")
    methods: str = Field(
        default="core",
        description="methods of the six-hour path, separated by commas; of several, each workload's own record decides",
    )

    @property
    def method_names(self) -> list[str]:
        """``methods`` as a list."""
        return [name.strip() for name in self.methods.split(",") if name.strip()]
