"""The store behind the ledger: each service writes its own row of a day, and reads those of all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import delete, func, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from ai4k8s_common.llm.ledger import Amount, NotCountedError
from ai4k8s_common.store.models import MODELS, NOBODY

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Engine

    from ai4k8s_common.llm.ledger import Spending
    from ai4k8s_common.llm.report import ModelsReport
    from ai4k8s_common.services import Service

KEPT_DAYS = 400
_MILLIONTHS = 1_000_000

log = structlog.stdlib.get_logger(__name__)


class StoreRecord:
    """Writes in transactions of its own: what was spent stays spent when the task that asked is rolled back."""

    def __init__(self, engine: Engine, service: Service) -> None:
        self._engine = engine
        self._tables = MODELS[service]

    def add(self, day: date, spending: Spending) -> None:
        """Add to the day's row. A store that is away costs the record, not the answer; it is said in the log."""
        usage = self._tables.usage
        tokens = spending.input_tokens + spending.output_tokens
        counts = {
            "questions": 1,
            "answered": int(spending.answered),
            "requests": spending.requests,
            "input_tokens": spending.input_tokens,
            "output_tokens": spending.output_tokens,
            "cost_millionths": round((spending.cost or 0.0) * _MILLIONTHS),
            "unpriced_tokens": tokens if spending.cost is None else 0,
        }
        key = {
            "day": day,
            "user_id": spending.user_id or NOBODY,
            "provider": spending.provider,
            "model": spending.model,
        }
        statement = insert(usage).values(**key, **counts)
        statement = statement.on_conflict_do_update(
            index_elements=list(usage.primary_key.columns),
            set_={name: usage.c[name] + statement.excluded[name] for name in counts},
        )
        try:
            with self._engine.begin() as connection:
                connection.execute(statement)
        except SQLAlchemyError as error:
            log.warning("usage_not_recorded", error=type(error).__name__, tokens=tokens, model=spending.model)

    def spent(self, day: date, user_id: UUID | None) -> Amount:
        """Return the sum over all services. Raises NotCountedError."""
        parts = []
        for tables in MODELS.values():
            usage = tables.usage
            part = select(
                (usage.c.input_tokens + usage.c.output_tokens).label("tokens"), usage.c.cost_millionths.label("money")
            ).where(usage.c.day == day)
            parts.append(part if user_id is None else part.where(usage.c.user_id == user_id))
        rows = union_all(*parts).subquery()
        query = select(func.coalesce(func.sum(rows.c.tokens), 0), func.coalesce(func.sum(rows.c.money), 0))
        try:
            with self._engine.connect() as connection:
                tokens, money = connection.execute(query).one()
        except SQLAlchemyError as error:
            raise NotCountedError(type(error).__name__) from None
        return Amount(int(tokens), int(money))

    def publish(self, report: ModelsReport, today: date) -> None:
        """Say what there is to ask, and forget what is older than anybody looks at."""
        reports, usage = self._tables.reports, self._tables.usage
        values = {"report": report.model_dump(mode="json")}
        statement = insert(reports).values(id=1, **values)
        statement = statement.on_conflict_do_update(
            index_elements=[reports.c.id], set_={**values, "reported_at": func.now()}
        )
        try:
            with self._engine.begin() as connection:
                connection.execute(statement)
                connection.execute(delete(usage).where(usage.c.day < today - timedelta(days=KEPT_DAYS)))
        except SQLAlchemyError as error:
            log.warning("models_not_reported", error=type(error).__name__)
