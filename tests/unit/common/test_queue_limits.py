"""The one rule for time-outs."""

from __future__ import annotations

import pytest

from ai4k8s_common.bus.queues import limits_of
from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.services import QueueKind, Service
from ai4k8s_common.settings import BusSettings


def settings(**overrides: int) -> BusSettings:
    return BusSettings.model_validate({"broker_url": "redis://x", "redis_url": "redis://x", **overrides})


@pytest.mark.parametrize("kind", list(QueueKind))
def test_a_time_limit_that_reaches_the_visibility_timeout_is_refused(kind: QueueKind) -> None:
    wrong = {f"{kind.value}_time_limit_seconds": 30, f"{kind.value}_visibility_timeout_seconds": 30}
    with pytest.raises(InvalidInputError, match="delivered twice"):
        limits_of(settings(**wrong), Service.SCALER, kind)


def test_no_two_queues_share_their_unacked_keys() -> None:
    keys = [
        limits_of(settings(), service, kind).transport_options()[key]
        for service in Service
        for kind in QueueKind
        for key in ("unacked_key", "unacked_index_key", "unacked_mutex_key")
    ]
    assert len(keys) == len(set(keys))
