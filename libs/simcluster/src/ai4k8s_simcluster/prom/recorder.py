"""Writes down, at every scrape, what exporters in a real cluster would have shown."""

from collections.abc import Mapping

from ai4k8s_simcluster.load.model import LoadModel, PodUse, Scrape, workload_of
from ai4k8s_simcluster.load.workload import WorkloadKey
from ai4k8s_simcluster.prom.labels import (
    Slot,
    deployment_labels,
    pod_labels,
    request_labels,
    sim_labels,
    workload_labels,
)
from ai4k8s_simcluster.prom.live import LiveSeries
from ai4k8s_simcluster.quantity import cores, parse_quantity
from ai4k8s_simcluster.registry import DEPLOYMENTS, PODS
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.types import Obj

Sample = tuple[Mapping[str, str], float]
_SECTIONS = {
    "requests": "kube_pod_container_resource_requests",
    "limits": "kube_pod_container_resource_limits",
}


def _resource_samples(pod: Obj, slot: Slot) -> list[Sample]:
    found: list[Sample] = []
    resources = pod["spec"]["containers"][0].get("resources") or {}
    for section, metric in _SECTIONS.items():
        for name, amount in (resources.get(section) or {}).items():
            if name in {"cpu", "memory"}:
                value = cores(amount) if name == "cpu" else float(parse_quantity(amount))
                found.append((request_labels(metric, slot, name), value))
    return found


class Recorder:
    """Turns one scrape into samples."""

    def __init__(self, store: Store, model: LoadModel, live: LiveSeries) -> None:
        self._store = store
        self._model = model
        self._live = live

    def record(self, scrape: Scrape) -> None:
        """Append one scrape to the recorded series."""
        samples = [*self._pod_samples(scrape), *self._deployment_samples(), *self._truth()]
        self._live.append(round(scrape.at * 1000), samples)

    def _pod_samples(self, scrape: Scrape) -> list[Sample]:
        found: list[Sample] = []
        for stored in self._store.listing(PODS):
            pod = stored.obj
            uid = pod["metadata"]["uid"]
            use = self._model.pods.get(uid)
            slot = Slot(
                stored.namespace,
                stored.name,
                pod["spec"]["containers"][0]["name"],
                pod["spec"].get("nodeName", ""),
            )
            owner = workload_of(self._store, pod)
            if use is None or use.measurable:
                if owner is not None:
                    found.append((workload_labels(slot, owner), 1.0))
                found += _resource_samples(pod, slot)
            if uid in scrape.cpu_seconds and use is not None:
                found += self._usage_samples(slot, use, scrape)
        return found

    def _usage_samples(self, slot: Slot, use: PodUse, scrape: Scrape) -> list[Sample]:
        return [
            (pod_labels("container_cpu_usage_seconds_total", slot), scrape.cpu_seconds[use.uid]),
            (pod_labels("container_memory_working_set_bytes", slot), round(scrape.memory_bytes[use.uid])),
        ]

    def _deployment_samples(self) -> list[Sample]:
        found: list[Sample] = []
        for stored in self._store.listing(DEPLOYMENTS):
            key = WorkloadKey(stored.namespace, stored.name)
            state = self._model.states.get(key)
            if state is not None and state.gap:
                continue
            ready = float((stored.obj.get("status") or {}).get("readyReplicas", 0))
            wanted = float(stored.obj["spec"].get("replicas", 1))
            found.append((deployment_labels("kube_deployment_status_replicas_ready", key), ready))
            found.append((deployment_labels("kube_deployment_spec_replicas", key), wanted))
        return found

    def _truth(self) -> list[Sample]:
        found: list[Sample] = []
        for key, state in self._model.states.items():
            if not state.gap:
                found.append((sim_labels("sim_workload_demand_cores", key), state.demand_cores))
            queue = state.queue
            found.append((sim_labels("sim_workload_queued_core_seconds", key), queue.waiting_core_seconds))
            found.append((sim_labels("sim_workload_dropped_core_seconds_total", key), queue.dropped_core_seconds))
        return found
