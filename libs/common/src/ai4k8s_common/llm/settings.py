"""Which models there are, in which order they are asked, and what they may cost: the operator's settings.

The names without our prefix are those that people have in their environment already.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from ai4k8s_common.llm.types import Use
from ai4k8s_common.settings import Group


class Provider(StrEnum):
    """Who serves models."""

    GPT_OSS = "gpt-oss"  # any OpenAI-compatible server: llama.cpp, vLLM, Ollama, a gateway of one's own
    GROQ = "groq"
    ANTHROPIC = "anthropic"


class ToolWay(StrEnum):
    """How a server is told of tools."""

    AUTO = "auto"  # ask the server what it can, where it says
    NATIVE = "native"
    SCHEMA = "schema"  # as one JSON object with the tool's name in it: any server that obeys a schema can


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


class GptOssSettings(Group):
    """GPT_OSS_*: an OpenAI-compatible server. Configured by its address alone; loopback is allowed."""

    model_config = SettingsConfigDict(env_prefix="GPT_OSS_", frozen=True, extra="ignore")

    api_base: str | None = Field(default=None, description="such as http://127.0.0.1:8080/v1")
    api_key: SecretStr | None = None
    model: str = Field(default="", description="empty: the first that the server lists")
    timeout_seconds: float = Field(default=240.0, gt=0)
    tools: ToolWay = ToolWay.AUTO


class GroqSettings(Group):
    """GROQ_*: models are asked in the order given, the small one first."""

    model_config = SettingsConfigDict(env_prefix="GROQ_", frozen=True, extra="ignore")

    api_key: SecretStr | None = None
    base_url: str | None = None
    models: str = "llama-3.1-8b-instant,llama-3.3-70b-versatile"
    daily_requests: str = Field(default="14400,1000", description="the account's limits, one a model in their order")
    timeout_seconds: float = Field(default=15.0, gt=0)

    def limits(self) -> dict[str, int]:
        """Return each model's daily requests; a last limit stands for the models after it, too."""
        limits = [int(part) for part in _names(self.daily_requests)]
        names = _names(self.models)
        return {name: limits[min(place, len(limits) - 1)] for place, name in enumerate(names) if limits}


class AnthropicSettings(Group):
    """ANTHROPIC_*."""

    model_config = SettingsConfigDict(env_prefix="ANTHROPIC_", frozen=True, extra="ignore")

    api_key: SecretStr | None = None
    base_url: str | None = None
    model: str = "claude-haiku-5-5"
    timeout_seconds: float = Field(default=60.0, gt=0)


class LlmSettings(Group):
    """AI4K8S_LLM_*: order, budgets and prices. Rules stand behind the last of every chain."""

    model_config = SettingsConfigDict(env_prefix="AI4K8S_LLM_", frozen=True, extra="ignore")

    advisor_chain: str = "gpt-oss,groq"
    chat_chain: str = "groq,anthropic,gpt-oss"
    rag_chain: str = "groq,anthropic,gpt-oss"
    deadline_seconds: float = Field(default=270.0, gt=0, description="for a whole chain; below the jobs' time limit")
    daily_tokens: int | None = Field(default=None, ge=0, description="of the installation")
    daily_tokens_per_user: int | None = Field(default=None, ge=0)
    daily_money: float | None = Field(default=None, ge=0, description="in the currency of the prices")
    daily_money_per_user: float | None = Field(default=None, ge=0)
    prices: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="model -> [a million tokens in, a million tokens out]"
    )

    @field_validator("advisor_chain", "chat_chain", "rag_chain")
    @classmethod
    def _known(cls, text: str) -> str:
        for name in _names(text):
            Provider(name)
        return text

    def chain(self, use: Use) -> tuple[Provider, ...]:
        """Return the providers of a use, in order."""
        text = {Use.ADVISOR: self.advisor_chain, Use.CHAT: self.chat_chain, Use.RAG: self.rag_chain}[use]
        return tuple(dict.fromkeys(Provider(name) for name in _names(text)))


@dataclass(frozen=True)
class ModelSettings:
    """Everything about models, read in an entry point and passed down."""

    llm: LlmSettings = field(default_factory=LlmSettings)
    gpt_oss: GptOssSettings = field(default_factory=GptOssSettings)
    groq: GroqSettings = field(default_factory=GroqSettings)
    anthropic: AnthropicSettings = field(default_factory=AnthropicSettings)

    @classmethod
    def read(cls) -> Self:
        """Read the environment."""
        return cls()

    def models_of(self, provider: Provider) -> tuple[str, ...]:
        """Return a provider's models in the order they are asked; empty: it is not configured."""
        if provider is Provider.GPT_OSS:
            return (self.gpt_oss.model,) if self.gpt_oss.api_base else ()
        if provider is Provider.GROQ:
            return _names(self.groq.models) if self.groq.api_key else ()
        return (self.anthropic.model,) if self.anthropic.api_key else ()
