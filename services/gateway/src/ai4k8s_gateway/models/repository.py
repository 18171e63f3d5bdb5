"""Reading what the services that ask models recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import String, cast, func, select, union_all

from ai4k8s_common.store.models import MODELS

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection, Row, Subquery

COUNTERS = (
    "questions",
    "answered",
    "input_tokens",
    "output_tokens",
    "cost_millionths",
    "unpriced_tokens",
)


def reports(connection: Connection) -> list[Row[Any]]:
    """Return (service, report, reported_at) of each service that reported."""
    parts = [
        select(cast(service.value, String).label("service"), tables.reports.c.report, tables.reports.c.reported_at)
        for service, tables in MODELS.items()
    ]
    return list(connection.execute(union_all(*parts)))


def usage_of_day(connection: Connection, day: date) -> list[Row[Any]]:
    """Return (service, user_id, counters ...), a row a service and person."""
    rows = _usage(day)
    sums = [func.sum(rows.c[name]).label(name) for name in COUNTERS]
    return list(connection.execute(select(rows.c.service, rows.c.user_id, *sums).group_by("service", "user_id")))


def usage_by_day(connection: Connection, since: date) -> list[Row[Any]]:
    """Return (day, counters ...) over all services and people, oldest first."""
    rows = _usage(since)
    sums = [func.sum(rows.c[name]).label(name) for name in COUNTERS]
    return list(connection.execute(select(rows.c.day, *sums).group_by("day").order_by("day")))


def _usage(since: date) -> Subquery:
    parts = [
        select(
            cast(service.value, String).label("service"),
            tables.usage.c.day,
            tables.usage.c.user_id,
            *(tables.usage.c[name] for name in COUNTERS),
        ).where(tables.usage.c.day >= since)
        for service, tables in MODELS.items()
    ]
    return union_all(*parts).subquery()
