"""How the models are, and testing them. The keys are with the services that ask; here is only what those report."""

from __future__ import annotations

import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ai4k8s_common.contracts import advisor, chat, rag
from ai4k8s_common.llm.breaker import redis_client
from ai4k8s_common.llm.report import BudgetReport, ModelsReport, ProviderReport
from ai4k8s_common.llm.types import Use
from ai4k8s_common.llm.watching import Seen, look
from ai4k8s_common.rights import Permission
from ai4k8s_gateway.jobs import service as jobs
from ai4k8s_gateway.models import repository
from ai4k8s_gateway.models.schemas import BudgetView, DayView, ModelsView, ModelView, ProviderView, SpentView, UseView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import SecretStr
    from sqlalchemy import Connection, Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.base import CheckModelsCommand
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.jobs.schemas import JobView

DAYS = 14
_MILLIONTHS = 1_000_000
_CHECKS: dict[Use, type[CheckModelsCommand]] = {
    Use.ADVISOR: advisor.CheckModels,
    Use.CHAT: chat.CheckModels,
    Use.RAG: rag.CheckModels,
}


def view(connection: Connection, redis_url: SecretStr, principal: Principal, now: datetime) -> ModelsView:
    """Return everything; of people only the one who asks."""
    rows = {row.service: row for row in repository.reports(connection)}
    found = {Use(name): ModelsReport.model_validate(row.report) for name, row in rows.items()}
    seen = _look(redis_url, found.values(), now)
    usage = repository.usage_of_day(connection, now.date())
    return ModelsView(
        now=now,
        shared_state_known=seen.known,
        uses=[
            UseView(
                use=use,
                reported_at=rows[use.value].reported_at if use in found else None,
                chain=[_provider(item, seen, now) for item in found[use].chain] if use in found else [],
                today=_spent(row for row in usage if row.service == use.value),
            )
            for use in Use
        ],
        today=_spent(usage),
        mine_today=_spent(row for row in usage if row.user_id == principal.user_id),
        budget=BudgetView(**next((report.budget for report in found.values()), BudgetReport()).model_dump()),
        days=[
            DayView(day=row.day.isoformat(), tokens=row.input_tokens + row.output_tokens, money=_money([row]))
            for row in repository.usage_by_day(connection, now.date() - timedelta(days=DAYS - 1))
        ],
        may_test=principal.rights.may(Permission.INSTALLATION_MANAGE, None),
    )


def test(tx: Transaction, principal: Principal, use: Use) -> JobView:
    """Let the service that asks them put one tiny question to each model of a use."""
    command = _CHECKS[use](job_id=uuid.uuid4(), user_id=principal.user_id)
    return jobs.start(tx, principal, command, None)


def _look(redis_url: SecretStr, reports: Iterable[ModelsReport], now: datetime) -> Seen:
    models = [(item.provider.value, model) for report in reports for item in report.chain for model in item.models]
    if not models:
        return Seen(known=True)
    with closing(redis_client(redis_url)) as client:
        return look(client, now.date(), models)


def _provider(item: ProviderReport, seen: Seen, now: datetime) -> ProviderView:
    standing = seen.standing(item.provider.value)
    asked = item.configured and seen.known
    return ProviderView(
        provider=item.provider,
        configured=item.configured,
        setting=item.setting,
        address=item.address,
        timeout_seconds=item.timeout_seconds,
        state=standing.state(now.timestamp()) if asked else None,
        open_until=_future(standing.open_until, now) if asked else None,
        last_error=standing.last_error if asked else "",
        last_error_at=_moment(standing.last_error_at) if asked else None,
        last_ok_at=_moment(standing.last_ok_at) if asked else None,
        last_seconds=standing.last_seconds or None if asked else None,
        models=[_model(item, model, seen, now) for model in item.models],
    )


def _model(item: ProviderReport, model: str, seen: Seen, now: datetime) -> ModelView:
    key = f"{item.provider.value}/{model}"
    limit = item.daily_requests.get(model)
    return ModelView(
        model=model,
        resting_until=_future(seen.standing(key).open_until, now),
        requests_today=seen.requests.get(key, 0) if limit is not None and seen.known else None,
        daily_requests=limit,
    )


def _moment(unix_seconds: float) -> datetime | None:
    return datetime.fromtimestamp(unix_seconds, UTC) if unix_seconds else None


def _future(unix_seconds: float, now: datetime) -> datetime | None:
    moment = _moment(unix_seconds)
    return moment if moment is not None and moment > now else None


def _spent(rows: Iterable[Row[Any]]) -> SpentView:
    known = list(rows)
    names = ("questions", "answered", "input_tokens", "output_tokens", "unpriced_tokens")
    counts: dict[str, int] = {name: sum(int(getattr(row, name)) for row in known) for name in names}
    return SpentView(**counts, money=_money(known))


def _money(rows: list[Row[Any]]) -> float | None:
    """Return the sum; None where nothing that was asked has a price."""
    millionths = sum(int(row.cost_millionths) for row in rows)
    return millionths / _MILLIONTHS if millionths else None
