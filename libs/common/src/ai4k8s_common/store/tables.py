"""All tables, by importing their owners; and the rule of who may read what."""

from __future__ import annotations

from ai4k8s_common.services import Service
from ai4k8s_common.store import advisor, anomalies, collector, forecaster, gateway, observed, optimising, scaler
from ai4k8s_common.store.base import metadata

__all__ = [
    "advisor",
    "anomalies",
    "collector",
    "forecaster",
    "gateway",
    "metadata",
    "observed",
    "optimising",
    "owner_of",
    "readers_of",
    "scaler",
]


def owner_of(table_key: str) -> Service:
    """Return the only service that writes a table; its schema says which."""
    return Service(table_key.split(".", 1)[0])


def readers_of(table_key: str) -> frozenset[Service]:
    """Return the services that may read a table: all, except for the few that hold secrets."""
    private = gateway.PRIVATE_READERS.get(table_key)
    return frozenset(Service) if private is None else frozenset(Service(name) for name in private)
