"""Which of a person's jobs is their newest backtest of a workload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Text, select

from ai4k8s_common.contracts.scaler import BacktestWorkload
from ai4k8s_common.store.gateway import jobs

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection


def newest(connection: Connection, user_id: UUID, workload_id: int) -> UUID | None:
    """Return the job's id."""
    query = (
        select(jobs.c.id)
        .where(
            jobs.c.user_id == user_id,
            jobs.c.kind == BacktestWorkload.name,
            jobs.c.request["workload_id"].astext.cast(Text) == str(workload_id),
        )
        .order_by(jobs.c.created_at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()
