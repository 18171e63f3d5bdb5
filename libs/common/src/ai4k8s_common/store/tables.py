"""All tables, by importing their owners; and the rule of who may read what."""

from __future__ import annotations

from ai4k8s_common.services import Service
from ai4k8s_common.store import (
    advisor,
    anomalies,
    audit,
    chat,
    collector,
    forecaster,
    gateway,
    models,
    observed,
    optimising,
    people,
    plans,
    rag,
    scaler,
    teams,
)
from ai4k8s_common.store.base import metadata

__all__ = [
    "advisor",
    "anomalies",
    "audit",
    "chat",
    "collector",
    "forecaster",
    "gateway",
    "metadata",
    "models",
    "observed",
    "optimising",
    "owner_may",
    "owner_of",
    "people",
    "plans",
    "rag",
    "readers_of",
    "scaler",
    "teams",
]


def owner_of(table_key: str) -> Service:
    """Return the only service that writes a table; its schema says which."""
    return Service(table_key.split(".", 1)[0])


def readers_of(table_key: str) -> frozenset[Service]:
    """Return the services that may read a table: all, except for the few that hold secrets."""
    named: frozenset[Service] | None = metadata.tables[table_key].info.get(audit.READ_BY)
    if named is not None:
        return named
    private = gateway.PRIVATE_READERS.get(table_key)
    return frozenset(Service) if private is None else frozenset(Service(name) for name in private)


def owner_may(table_key: str) -> tuple[str, ...]:
    """Return what its owner may do to a table: everything, except for what shall never be changed."""
    some: tuple[str, ...] | None = metadata.tables[table_key].info.get(audit.OWNER_MAY)
    return ("DELETE", "INSERT", "SELECT", "UPDATE") if some is None else some
