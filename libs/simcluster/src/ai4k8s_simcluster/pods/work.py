"""The work of a pod, minute by minute, from the CPU counters that were recorded for it."""

from collections.abc import Mapping, Sequence

import numpy as np

from ai4k8s_simcluster.pods.logs import MINUTE_SECONDS, Work
from ai4k8s_simcluster.prom.engine import Sources
from ai4k8s_simcluster.prom.labels import Slot, pod_labels, request_count_labels
from ai4k8s_simcluster.types import BoolArray, FloatArray, Obj

_CPU = "container_cpu_usage_seconds_total"
_REQUESTS = "http_requests_total"
_STALE_SECONDS = 45.0  # three scrapes: beyond that, nothing was measured


class MeasuredWork:
    """Reads the recorded series, the past and the present."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def __call__(self, pod: Obj, container: str, since: float, until: float) -> Sequence[Work]:
        """Return the work in each whole minute between two moments; a minute that was not measured is left out."""
        slot = Slot(pod["metadata"]["namespace"], pod["metadata"]["name"], container, pod["spec"].get("nodeName", ""))
        ends = np.arange(np.floor(since / MINUTE_SECONDS) + 1, np.floor(until / MINUTE_SECONDS) + 1) * MINUTE_SECONDS
        used = self._per_minute(pod_labels(_CPU, slot), ends, since)
        if used is None:
            return []
        requests = self._per_minute(request_count_labels(_REQUESTS, slot), ends, since)
        found = []
        for at, cpu, count in zip(ends, used, used * np.nan if requests is None else requests, strict=True):
            if np.isfinite(cpu):
                found.append(Work(float(at), float(cpu), round(count) if np.isfinite(count) else None))
        return found

    def _per_minute(self, labels: Mapping[str, str], ends: FloatArray, since: float) -> FloatArray | None:
        """Return by how much a counter grew in each minute, NaN where it was not measured; None without a counter."""
        found = self._sources.find(labels)
        if found is None or not len(ends):
            return None
        known = np.isfinite(found.values)
        times, values = found.times[known] / 1000.0, found.values[known]
        if not len(times):
            return None
        starts = ends - MINUTE_SECONDS
        measured = _near(times, ends) & _near(times, starts) & (starts >= since)
        return np.where(measured, np.interp(ends, times, values) - np.interp(starts, times, values), np.nan)


def _near(times: FloatArray, moments: FloatArray) -> BoolArray:
    """Say for which moments something was measured shortly before and shortly after (or at) them."""
    after = np.searchsorted(times, moments)
    late = times[np.minimum(after, len(times) - 1)] - moments
    early = moments - times[np.maximum(after - 1, 0)]
    inside = (after < len(times)) & (late <= _STALE_SECONDS)
    return np.asarray(inside & ((late == 0.0) | ((after > 0) & (early <= _STALE_SECONDS))))
