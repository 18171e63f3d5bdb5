"""What is known of models in Redis, read by the page; written by whoever asks them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from ai4k8s_common.llm.breaker import Standing, standing_key, standing_of
from ai4k8s_common.llm.ledger import requests_key

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import redis


@dataclass(frozen=True)
class Seen:
    """Standings of providers and models by the breaker's keys, and requests of today by `provider/model`."""

    known: bool
    standings: dict[str, Standing] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)

    def standing(self, key: str) -> Standing:
        """Return what is known; nothing where nothing was ever asked."""
        return self.standings.get(key, Standing())


def look(client: redis.Redis, day: date, models: Iterable[tuple[str, str]]) -> Seen:
    """Read everything about these (provider, model) in one go; nothing is known while Redis is away."""
    pairs = sorted(set(models))
    keys = sorted({provider for provider, _ in pairs} | {f"{provider}/{model}" for provider, model in pairs})
    pipe: Any = client.pipeline(transaction=False)
    for key in keys:
        pipe.hgetall(standing_key(key))
    for provider, model in pairs:
        pipe.get(requests_key(day, provider, model))
    try:
        answers = pipe.execute()
    except RedisError:
        return Seen(known=False)
    return Seen(
        known=True,
        standings={key: standing_of(raw) for key, raw in zip(keys, answers, strict=False)},
        requests={
            f"{provider}/{model}": int(count or 0)
            for (provider, model), count in zip(pairs, answers[len(keys) :], strict=True)
        },
    )
