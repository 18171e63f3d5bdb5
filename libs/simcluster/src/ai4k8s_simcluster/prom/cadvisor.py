"""What cAdvisor in every kubelet shows of containers, and what the applications themselves count: their requests."""

from collections.abc import Callable, Iterator

from ai4k8s_simcluster.load.model import workload_of
from ai4k8s_simcluster.load.table import PodTable
from ai4k8s_simcluster.prom.families import Family, MetricType, Sample, World
from ai4k8s_simcluster.prom.labels import Slot, network_labels, pod_labels, request_count_labels, workload_labels
from ai4k8s_simcluster.registry import PODS
from ai4k8s_simcluster.types import Obj

Value = Callable[[PodTable, int], float]
LabelMaker = Callable[[str, Slot], dict[str, str]]
OWNERS = "namespace_workload_pod:kube_pod_owner:relabel"


def slot_of(pod: Obj) -> Slot:
    """Return the place of a pod and its first container, to which all usage belongs."""
    metadata, spec = pod["metadata"], pod["spec"]
    return Slot(metadata["namespace"], metadata["name"], spec["containers"][0]["name"], spec.get("nodeName", ""))


def _measured(name: str, kind: MetricType, text: str, value: Value, labels: LabelMaker = pod_labels) -> Family:
    def samples(world: World) -> Iterator[Sample]:
        table = world.model.table
        for stored in world.store.listing(PODS):
            row = table.rows.get(stored.uid)
            if row is not None and table.seen_last[row]:
                yield labels(name, slot_of(stored.obj)), value(table, row)

    return Family(name, kind, text, samples)


def _owners(world: World) -> Iterator[Sample]:
    table = world.model.table
    for stored in world.store.listing(PODS):
        row = table.rows.get(stored.uid)
        if row is not None and not table.measurable[row]:
            continue
        owner = world.model.members.keys[table.workload[row]] if row is not None else None
        owner = owner or workload_of(world.store, stored.obj)
        if owner is not None:
            yield workload_labels(slot_of(stored.obj), owner), 1.0


_COUNTER, _GAUGE = MetricType.COUNTER, MetricType.GAUGE

FAMILIES: tuple[Family, ...] = (
    _measured(
        "container_cpu_usage_seconds_total", _COUNTER, "Cumulative cpu time consumed in seconds.",
        lambda t, row: float(t.last_cpu[row]),
    ),
    _measured(
        "container_cpu_cfs_periods_total", _COUNTER, "Number of elapsed enforcement period intervals.",
        lambda t, row: round(float(t.periods[row])),
    ),
    _measured(
        "container_cpu_cfs_throttled_periods_total", _COUNTER, "Number of throttled period intervals.",
        lambda t, row: round(float(t.throttled_periods[row])),
    ),
    _measured(
        "container_cpu_cfs_throttled_seconds_total", _COUNTER, "Total time duration the container has been throttled.",
        lambda t, row: float(t.throttled_seconds[row]),
    ),
    _measured(
        "container_memory_working_set_bytes", _GAUGE, "Current working set in bytes.",
        lambda t, row: round(float(t.last_memory[row])),
    ),
    _measured(
        "container_memory_rss", _GAUGE, "Size of RSS in bytes.",
        lambda t, row: round(0.9 * float(t.last_memory[row])),
    ),
    _measured(
        "container_start_time_seconds", _GAUGE, "Start time of the container since unix epoch in seconds.",
        lambda t, row: round(float(t.started_at[row])),
    ),
    _measured(
        "container_network_receive_bytes_total", _COUNTER, "Cumulative count of bytes received.",
        lambda t, row: round(float(t.received[row])), network_labels,
    ),
    _measured(
        "container_network_transmit_bytes_total", _COUNTER, "Cumulative count of bytes transmitted.",
        lambda t, row: round(float(t.sent[row])), network_labels,
    ),
    _measured(
        "container_fs_writes_bytes_total", _COUNTER, "Cumulative count of bytes written.",
        lambda t, row: round(float(t.written[row])),
    ),
    _measured(
        "http_requests_total", _COUNTER, "Requests the application has answered.",
        lambda t, row: round(float(t.requests[row])), request_count_labels,
    ),
    Family(OWNERS, _GAUGE, "Which workload a pod belongs to.", _owners),
)  # fmt: skip
