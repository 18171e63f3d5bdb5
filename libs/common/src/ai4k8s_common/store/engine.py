"""Connections to the store: synchronous everywhere, psycopg 3, one pool a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url

from ai4k8s_common.errors import InvalidInputError

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

    from ai4k8s_common.settings import StoreSettings


def store_url(raw: str) -> URL:
    """Parse a `postgres://` or `postgresql://` address and select psycopg 3."""
    url = make_url(raw)
    if url.get_backend_name() not in {"postgres", "postgresql"}:
        raise InvalidInputError(
            f"AI4K8S_DATABASE_URL names '{url.get_backend_name()}'; the store is Postgres",
            hint="Use postgresql://user:password@host:5432/database",
        )
    return url.set(drivername="postgresql+psycopg")


# The gateway widens this in each transaction by the rights of whoever asks; see store/isolation.py.
_SEES_NOTHING_YET = {"gateway": " -c ai4k8s.clusters={}"}


def make_engine(settings: StoreSettings, application: str) -> Engine:
    """Open a pool. Sessions run in UTC and never wait for a lock or a statement without end."""
    return create_engine(
        store_url(settings.database_url.get_secret_value()),
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_size,
        pool_pre_ping=True,
        pool_timeout=10,
        connect_args={
            "application_name": application,
            "connect_timeout": 5,
            "options": "-c timezone=UTC -c lock_timeout=10s -c statement_timeout=60s "
            "-c idle_in_transaction_session_timeout=120s" + _SEES_NOTHING_YET.get(application, ""),
        },
    )
