"""What each service that asks language models keeps about that: the record of what it spent, and whom it may ask.

One pair of tables a service, so that each has one owner like every other; budgets are sums over all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Date, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from ai4k8s_common.services import Service
from ai4k8s_common.store.base import at_column, metadata

MODEL_SERVICES = (Service.ADVISOR, Service.CHAT, Service.RAG)
NOBODY = "00000000-0000-0000-0000-000000000000"  # asked by the installation itself


@dataclass(frozen=True)
class ModelTables:
    """Of one service."""

    usage: Table
    reports: Table


def _counter(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


def _tables(service: Service) -> ModelTables:
    usage = Table(
        "model_usage",
        metadata,
        Column("day", Date, primary_key=True),
        Column("user_id", UUID, primary_key=True),
        Column("provider", Text, primary_key=True),
        Column("model", Text, primary_key=True),
        _counter("questions"),
        _counter("answered"),
        _counter("requests"),
        _counter("input_tokens"),
        _counter("output_tokens"),
        _counter("cost_millionths"),
        _counter("unpriced_tokens"),  # of models without a price: what the cost leaves out
        schema=service.value,
    )
    reports = Table(
        "model_reports",
        metadata,
        Column("id", Integer, primary_key=True),  # one row: all workers of a service are set up alike
        Column("report", JSONB, nullable=False),  # llm.report.ModelsReport
        at_column("reported_at", default_now=True),
        schema=service.value,
    )
    return ModelTables(usage, reports)


MODELS: dict[Service, ModelTables] = {service: _tables(service) for service in MODEL_SERVICES}
