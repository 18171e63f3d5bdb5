"""What a worker of a service that asks models is wired with: `model_of(bus, Use.CHAT)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.clock import utc_now
from ai4k8s_common.llm.build import build_model
from ai4k8s_common.llm.record import StoreRecord
from ai4k8s_common.llm.report import report_of
from ai4k8s_common.llm.settings import ModelSettings
from ai4k8s_common.settings import BusSettings

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus
    from ai4k8s_common.llm.chain import Chain
    from ai4k8s_common.llm.types import Use


def model_of(bus: Bus, use: Use, settings: ModelSettings | None = None) -> Chain:
    """Return the model of a use, with breaker and budgets shared and what it costs recorded; tell the page of it.

    Raises InvalidInputError where a setting makes no sense. Without any provider it is a chain without rungs.
    """
    settings = settings or ModelSettings.read()
    record = StoreRecord(bus.engine, bus.service)
    model = build_model(settings, use, redis_url=BusSettings().redis_url, record=record)
    record.publish(report_of(settings, use), utc_now().date())
    return model
