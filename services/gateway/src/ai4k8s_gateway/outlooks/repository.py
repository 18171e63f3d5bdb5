"""Reading the newest outlooks of the forecaster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ai4k8s_common.store.forecaster import outlooks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.store.forecaster import Subject


def newest_made_at(connection: Connection, cluster_id: UUID) -> datetime | None:
    """Return when outlooks of a cluster were last made."""
    query = select(func.max(outlooks.c.made_at)).where(outlooks.c.cluster_id == cluster_id)
    return connection.execute(query).scalar_one_or_none()


def made_at(
    connection: Connection, cluster_id: UUID, moment: datetime, subjects: Sequence[Subject], name: str | None = None
) -> list[Row[Any]]:
    """Return the outlooks of one moment; of one workload where its id is given as ``name``."""
    o = outlooks
    query = select(o).where(
        o.c.cluster_id == cluster_id, o.c.subject.in_([one.value for one in subjects]), o.c.made_at == moment
    )
    if name is not None:
        query = query.where(o.c.name == name)
    return list(connection.execute(query.order_by(o.c.subject, o.c.name, o.c.measure)))
