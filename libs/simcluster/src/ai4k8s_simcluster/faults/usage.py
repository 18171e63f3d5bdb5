"""Spoilt measurements: whoever reads usage through this sees what the faults make of it."""

import math
from dataclasses import replace

from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.faults.book import FaultBook
from ai4k8s_simcluster.faults.model import FaultKind
from ai4k8s_simcluster.load.model import LoadModel
from ai4k8s_simcluster.usage import UsageSample

_USAGE_METRICS = ("container_", "http_requests_")


class SpoiltUsage:
    """The load model's measurements, as metrics.k8s.io and Prometheus show them."""

    def __init__(self, model: LoadModel, book: FaultBook) -> None:
        self._model = model
        self._book = book
        self._kept: dict[str, UsageSample | None] = {}
        self._kept_for = 0

    def pod_usage(self, uid: str) -> UsageSample | None:
        """Return a pod's usage. Raises ApiError (503) while metrics are gone."""
        return self._spoil(f"pod/{uid}", self._model.pod_usage(uid))

    def node_usage(self, name: str) -> UsageSample | None:
        """Return a node's usage. Raises ApiError (503) while metrics are gone."""
        return self._spoil(f"node/{name}", self._model.node_usage(name))

    def recorded(self, metric: str, value: float) -> float | None:
        """Return what Prometheus records of a sample; None for nothing."""
        if not metric.startswith(_USAGE_METRICS):
            return value
        if self._book.of_kind(FaultKind.METRICS_GONE) or self._book.of_kind(FaultKind.METRICS_STALE):
            return None
        return math.nan if self._book.of_kind(FaultKind.METRICS_NAN) else self._signed(value)

    def require(self) -> None:
        """Refuse to answer while metrics are gone. Raises ApiError (503)."""
        if self._book.of_kind(FaultKind.METRICS_GONE):
            message = "the server is currently unable to handle the request"
            raise ApiError(503, "ServiceUnavailable", message, {"retryAfterSeconds": 1}, {"Retry-After": "1"})

    def _spoil(self, key: str, sample: UsageSample | None) -> UsageSample | None:
        self.require()
        sample = self._stale(key, sample)
        if sample is None:
            return None
        sample = replace(sample, measured_at=sample.measured_at + self._book.skew_seconds())
        if self._book.of_kind(FaultKind.METRICS_NAN):
            return replace(sample, cpu_cores=math.nan, memory_bytes=math.nan)
        return replace(sample, cpu_cores=self._signed(sample.cpu_cores), memory_bytes=self._signed(sample.memory_bytes))

    def _stale(self, key: str, sample: UsageSample | None) -> UsageSample | None:
        """Return the measurement that was shown first while a fault holds."""
        entry = self._book.of_kind(FaultKind.METRICS_STALE)
        number = entry.number if entry else 0
        if number != self._kept_for:
            self._kept, self._kept_for = {}, number
        return self._kept.setdefault(key, sample) if number else sample

    def _signed(self, value: float) -> float:
        return -value if self._book.of_kind(FaultKind.METRICS_NEGATIVE) else value
