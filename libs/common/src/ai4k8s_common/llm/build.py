"""From settings to a `Model`: which providers a use has, in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.llm.adapters.anthropic import AnthropicMessages
from ai4k8s_common.llm.adapters.chat_completions import ChatCompletions
from ai4k8s_common.llm.breaker import Breaker, LocalBoard, SharedBoard, redis_client
from ai4k8s_common.llm.chain import Chain, Rung
from ai4k8s_common.llm.ledger import DailyLedger, FreeLedger, Ledger
from ai4k8s_common.llm.settings import ModelSettings, Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import SecretStr

    from ai4k8s_common.llm.ledger import Record
    from ai4k8s_common.llm.types import Use


def build_model(
    settings: ModelSettings, use: Use, *, redis_url: SecretStr | None = None, record: Record | None = None
) -> Chain:
    """Return the model of a use: a chain, empty where no provider is configured (`if not model.rungs`).

    An empty one raises NoModelError when asked. Breaker and budgets are shared over processes through `redis_url`;
    budgets need a `record` as well. Nothing is connected to, and no provider's package imported, before it is asked.
    """
    client = None if redis_url is None else redis_client(redis_url)
    ledger: Ledger = FreeLedger()
    if client is not None and record is not None:
        ledger = DailyLedger(client, record, settings.llm)
    return Chain(
        rungs=tuple(rungs(settings, use)),
        deadline_seconds=settings.llm.deadline_seconds,
        breaker=Breaker(LocalBoard() if client is None else SharedBoard(client)),
        ledger=ledger,
        prices=settings.llm.prices,
    )


def rungs(settings: ModelSettings, use: Use) -> Iterator[Rung]:
    """Yield the configured models of a use in the order they are asked. Raises InvalidInputError."""
    for provider in settings.llm.chain(use):
        for model in settings.models_of(provider):
            yield _rung(settings, provider, model)


def _rung(settings: ModelSettings, provider: Provider, model: str) -> Rung:
    if provider is Provider.GPT_OSS:
        oss = settings.gpt_oss
        base = (oss.api_base or "").rstrip("/")
        if not base.startswith(("http://", "https://")):
            raise InvalidInputError("GPT_OSS_API_BASE is no http(s) address", hint="Such as http://127.0.0.1:8080/v1")
        return Rung(
            ChatCompletions(
                provider=provider,
                model=model,
                timeout_seconds=oss.timeout_seconds,
                base_url=base,
                api_key=oss.api_key,
                tools=oss.tools,
            )
        )
    if provider is Provider.GROQ:
        groq = settings.groq
        endpoint = ChatCompletions(
            provider=provider,
            model=model,
            timeout_seconds=groq.timeout_seconds,
            base_url=groq.base_url,
            api_key=groq.api_key,
            # Its llama models take any JSON object and no schema; and it refuses parameters it does not know.
            json_schema="gpt-oss" in model,
            top_k=False,
        )
        return Rung(endpoint, groq.limits().get(model))
    anthropic = settings.anthropic
    assert anthropic.api_key is not None  # noqa: S101 - otherwise it has no models
    return Rung(AnthropicMessages(model, anthropic.timeout_seconds, anthropic.api_key, anthropic.base_url))
