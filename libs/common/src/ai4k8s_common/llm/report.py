"""What a service says about its models, for the page: it has the settings and keys, the gateway has neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from ai4k8s_common.llm.settings import Provider
from ai4k8s_common.llm.types import Use

if TYPE_CHECKING:
    from ai4k8s_common.llm.settings import ModelSettings

_HOW = {
    Provider.GPT_OSS: "GPT_OSS_API_BASE",
    Provider.GROQ: "GROQ_API_KEY",
    Provider.ANTHROPIC: "ANTHROPIC_API_KEY",
}


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ProviderReport(_Report):
    """One provider of a chain, configured or not."""

    provider: Provider
    models: list[str]
    configured: bool
    setting: str  # the variable that configures it
    address: str | None = None  # of a server of one's own, without credentials
    timeout_seconds: float
    daily_requests: dict[str, int] = {}


class BudgetReport(_Report):
    """Limits a UTC day; None: none."""

    tokens: int | None = None
    tokens_per_user: int | None = None
    money: float | None = None
    money_per_user: float | None = None


class ModelsReport(_Report):
    """Of one use."""

    use: Use
    chain: list[ProviderReport]
    budget: BudgetReport


class CheckedModel(_Report):
    """How one tiny question to one model went."""

    provider: Provider
    model: str
    ok: bool
    seconds: float
    detail: str
    tools: str = ""  # native, schema: how it is told of tools


def report_of(settings: ModelSettings, use: Use) -> ModelsReport:
    """Return what there is to say, without any key."""
    llm = settings.llm
    return ModelsReport(
        use=use,
        chain=[_provider(settings, provider) for provider in llm.chain(use)],
        budget=BudgetReport(
            tokens=llm.daily_tokens,
            tokens_per_user=llm.daily_tokens_per_user,
            money=llm.daily_money,
            money_per_user=llm.daily_money_per_user,
        ),
    )


def _provider(settings: ModelSettings, provider: Provider) -> ProviderReport:
    models = settings.models_of(provider)
    timeouts = {
        Provider.GPT_OSS: settings.gpt_oss.timeout_seconds,
        Provider.GROQ: settings.groq.timeout_seconds,
        Provider.ANTHROPIC: settings.anthropic.timeout_seconds,
    }
    base = settings.gpt_oss.api_base if provider is Provider.GPT_OSS else None
    return ProviderReport(
        provider=provider,
        models=[model or "default" for model in models],
        configured=bool(models),
        setting=_HOW[provider],
        address=base.rpartition("@")[2] if base else None,
        timeout_seconds=timeouts[provider],
        daily_requests=settings.groq.limits() if provider is Provider.GROQ else {},
    )
