"""Clusters that can be added without giving a credential, as the collector sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Row, select

from ai4k8s_common.store.collector import offers

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection


def find(connection: Connection, file: str, context: str) -> Row[Any] | None:
    """Return one offer; the cluster that AI4K8s runs in has neither file nor context."""
    query = select(offers).where(offers.c.file == file, offers.c.context == context)
    return connection.execute(query).one_or_none()


def all_of_them(connection: Connection) -> list[Row[Any]]:
    """Return what is offered, and what would be if it had no problem."""
    return list(connection.execute(select(offers).order_by(offers.c.file, offers.c.context)))
