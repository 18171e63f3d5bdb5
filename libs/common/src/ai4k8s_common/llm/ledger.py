"""What models may cost a day and what they did cost.

Redis counts, for all processes; the store keeps the record, a row a day, person and model in the schema of the service
that asked. A counter that Redis lost is filled again from the record. Budgets are checked before a question: what is
under way then may go beyond by its own length. When neither can be read, a set budget refuses: rules go on without.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from redis.exceptions import RedisError

from ai4k8s_common.clock import utc_now
from ai4k8s_common.llm.adapters.base import LimitedError
from ai4k8s_common.llm.breaker import PREFIX
from ai4k8s_common.llm.types import ModelBusyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from uuid import UUID

    import redis

    from ai4k8s_common.llm.settings import LlmSettings
    from ai4k8s_common.llm.types import Use

KEPT_SECONDS = 2 * 86_400
_MILLIONTHS = 1_000_000

log = structlog.stdlib.get_logger(__name__)


class NotCountedError(Exception):
    """Neither counter nor record can be read now."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Tokens and money; money in millionths, so that sums are exact."""

    tokens: int = 0
    money_millionths: int = 0


@dataclass(frozen=True, slots=True)
class Spending:
    """What one question to one model took, whether or not it answered."""

    use: Use
    provider: str
    model: str
    user_id: UUID | None
    requests: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    answered: bool

    @property
    def amount(self) -> Amount:
        """As budgets count it."""
        return Amount(self.input_tokens + self.output_tokens, round((self.cost or 0.0) * _MILLIONTHS))


class Record(Protocol):
    """The store."""

    def add(self, day: date, spending: Spending) -> None:
        """Write down. Does not raise: an answer that was paid for is given, recorded or not."""
        ...

    def spent(self, day: date, user_id: UUID | None) -> Amount:
        """Return what was spent on a day: by one person, or (None) by all. Raises NotCountedError."""
        ...


class Ledger(Protocol):
    """Counts, and refuses what goes beyond."""

    def check(self, user_id: UUID | None) -> None:
        """Raise ModelBusyError when a budget of today is spent."""
        ...

    def take_request(self, provider: str, model: str, limit: int | None) -> None:
        """Count one request to a model. Raises LimitedError when its account's daily limit is reached."""
        ...

    def record(self, spending: Spending) -> None:
        """Count and write down what was spent."""
        ...

    def left(self) -> dict[str, float]:
        """Return the share of each budget of the installation that is left today; nothing where none is set."""
        ...


class FreeLedger:
    """Counts nothing and refuses nothing: for tests and one-off questions."""

    def check(self, user_id: UUID | None) -> None:
        """Accept."""

    def take_request(self, provider: str, model: str, limit: int | None) -> None:
        """Accept."""

    def record(self, spending: Spending) -> None:
        """Forget."""

    def left(self) -> dict[str, float]:
        """Return nothing: no budget is set."""
        return {}


def cost_of(
    prices: Mapping[str, tuple[float, float]], model: str, input_tokens: int, output_tokens: int
) -> float | None:
    """Return money, where the model's price is set."""
    price = prices.get(model)
    return None if price is None else (input_tokens * price[0] + output_tokens * price[1]) / _MILLIONTHS


class DailyLedger:
    """Budgets of the installation and of each person, a UTC day."""

    def __init__(
        self,
        client: redis.Redis,
        record: Record,
        settings: LlmSettings,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._redis: Any = client
        self._record = record
        self._settings = settings
        self._now = now

    def check(self, user_id: UUID | None) -> None:
        """Raise ModelBusyError when a budget of today is spent, or cannot be counted."""
        settings = self._settings
        self._check_one(None, settings.daily_tokens, settings.daily_money, "this installation's")
        if user_id is not None:
            self._check_one(user_id, settings.daily_tokens_per_user, settings.daily_money_per_user, "your")

    def _check_one(self, user_id: UUID | None, tokens: int | None, money: float | None, whose: str) -> None:
        if tokens is None and money is None:
            return
        hint = "It begins anew at midnight UTC; until then rules answer. An administrator can raise it."
        try:
            spent = self._spent(user_id)
        except NotCountedError:
            raise ModelBusyError(f"{whose} daily budget for models cannot be counted now", hint=hint) from None
        if tokens is not None and spent.tokens >= tokens:
            raise ModelBusyError(f"{whose} daily budget of {tokens:,} tokens is spent", hint=hint)
        if money is not None and spent.money_millionths >= money * _MILLIONTHS:
            raise ModelBusyError(f"{whose} daily budget of {money:g} for models is spent", hint=hint)

    def _spent(self, user_id: UUID | None) -> Amount:
        day = self._today()
        key = _key(day, user_id)
        try:
            tokens, money = self._redis.hmget(key, "tokens", "money")
            if tokens is not None:
                return Amount(int(tokens), int(money or 0))
        except RedisError:
            return self._record.spent(day, user_id)
        return self._fill(key, self._record.spent(day, user_id))

    def _fill(self, key: str, known: Amount) -> Amount:
        """Begin a counter at what the record says, unless somebody else was quicker."""
        try:
            pipe = self._redis.pipeline()
            pipe.hsetnx(key, "tokens", known.tokens)
            pipe.hsetnx(key, "money", known.money_millionths)
            pipe.expire(key, KEPT_SECONDS)
            pipe.execute()
        except RedisError:
            log.warning("budget_not_counted")
        return known

    def take_request(self, provider: str, model: str, limit: int | None) -> None:
        """Count one request. Without Redis it is not counted: the provider itself keeps this limit."""
        if limit is None:
            return
        key = requests_key(self._today(), provider, model)
        try:
            count = int(self._redis.incr(key))
            self._redis.expire(key, KEPT_SECONDS)
        except RedisError:
            return
        if count > limit:
            midnight = 86_400 - (self._now().astimezone(UTC).timestamp() % 86_400)
            raise LimitedError(f"its {limit:,} requests of today are used up", retry_after_seconds=midnight)

    def record(self, spending: Spending) -> None:
        """Write down first: a counter is only begun from the record, and then holds all of it."""
        day, amount = self._today(), spending.amount
        self._record.add(day, spending)
        for user_id in {None, spending.user_id}:
            try:
                self._count(_key(day, user_id), amount)
            except RedisError:
                log.warning("budget_not_counted")

    def _count(self, key: str, amount: Amount) -> None:
        # A counter that nobody began is left to be begun from the record, which has this spending already.
        if not self._redis.exists(key):
            return
        pipe = self._redis.pipeline()
        pipe.hincrby(key, "tokens", amount.tokens)
        pipe.hincrby(key, "money", amount.money_millionths)
        pipe.execute()

    def left(self) -> dict[str, float]:
        """Return shares between 0 and 1."""
        settings = self._settings
        if not settings.daily_tokens and not settings.daily_money:
            return {}
        try:
            spent = self._spent(None)
        except NotCountedError:
            return {}
        left: dict[str, float] = {}
        if settings.daily_tokens:
            left["tokens"] = max(0.0, 1 - spent.tokens / settings.daily_tokens)
        if settings.daily_money:
            left["money"] = max(0.0, 1 - spent.money_millionths / _MILLIONTHS / settings.daily_money)
        return left

    def _today(self) -> date:
        return self._now().astimezone(UTC).date()


def requests_key(day: date, provider: str, model: str) -> str:
    """Where the requests of a day are counted in Redis."""
    return f"{PREFIX}:requests:{day}:{provider}:{model}"


def _key(day: date, user_id: UUID | None) -> str:
    return f"{PREFIX}:spent:{day}:{user_id or 'all'}"
