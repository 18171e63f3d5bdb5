"""What the models routes give."""

from datetime import datetime

from pydantic import BaseModel, Field

from ai4k8s_common.llm.breaker import BreakerState
from ai4k8s_common.llm.settings import Provider
from ai4k8s_common.llm.types import Use


class ModelView(BaseModel):
    """One model of a provider."""

    model: str
    resting_until: datetime | None = Field(description="its limit is reached; null: it is asked")
    requests_today: int | None = Field(description="null: not counted, or not known now")
    daily_requests: int | None = Field(description="what its account allows")


class ProviderView(BaseModel):
    """One provider in a chain."""

    provider: Provider
    configured: bool
    setting: str = Field(description="the variable that configures it", examples=["GROQ_API_KEY"])
    address: str | None = Field(description="of a server of one's own")
    timeout_seconds: float
    state: BreakerState | None = Field(description="null: not known now, or not configured")
    open_until: datetime | None
    last_error: str
    last_error_at: datetime | None
    last_ok_at: datetime | None
    last_seconds: float | None = Field(description="how long its last answer took")
    models: list[ModelView]


class SpentView(BaseModel):
    """What was spent on a UTC day."""

    questions: int
    answered: int
    input_tokens: int
    output_tokens: int
    money: float | None = Field(description="null: no price is set")
    unpriced_tokens: int = Field(description="of models without a price: what the money leaves out")

    @property
    def tokens(self) -> int:
        """Both directions."""
        return self.input_tokens + self.output_tokens


class UseView(BaseModel):
    """What models are used for: its chain, and what it spent today."""

    use: Use
    reported_at: datetime | None = Field(description="null: its service has not started yet")
    chain: list[ProviderView]
    today: SpentView


class BudgetView(BaseModel):
    """Limits of a UTC day; null: none."""

    tokens: int | None
    tokens_per_user: int | None
    money: float | None = Field(description="in the currency of the prices")
    money_per_user: float | None


class DayView(BaseModel):
    """One day of all uses."""

    day: str
    tokens: int
    money: float | None


class ModelsView(BaseModel):
    """Everything about models."""

    now: datetime
    shared_state_known: bool = Field(description="false: Redis is away, so providers' states are not known")
    uses: list[UseView]
    today: SpentView
    mine_today: SpentView
    budget: BudgetView
    days: list[DayView] = Field(description="the last 14 days, oldest first; days without questions are left out")
    may_test: bool
