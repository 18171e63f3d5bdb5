"""Reading the newest outlooks of the forecaster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ai4k8s_common.store.forecaster import Subject, outlooks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row


def newest(
    connection: Connection, cluster_id: UUID, subjects: Sequence[Subject], name: str | None = None
) -> list[Row[Any]]:
    """Return the newest outlooks of a cluster, of one workload where its id is given as ``name``."""
    o = outlooks
    made_at = (
        select(func.max(o.c.made_at))
        .where(o.c.cluster_id == cluster_id, o.c.subject.in_([subject.value for subject in Subject]))
        .scalar_subquery()
    )
    query = select(o).where(
        o.c.cluster_id == cluster_id, o.c.subject.in_([one.value for one in subjects]), o.c.made_at == made_at
    )
    if name is not None:
        query = query.where(o.c.name == name)
    return list(connection.execute(query.order_by(o.c.subject, o.c.name, o.c.measure)))
