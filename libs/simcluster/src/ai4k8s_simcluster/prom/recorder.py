"""Writes down, at every scrape, what exporters in a real cluster would have shown."""

from collections.abc import Callable, Iterator

from ai4k8s_simcluster.prom import cadvisor, kube_state
from ai4k8s_simcluster.prom.families import Family, Sample, World, exposition
from ai4k8s_simcluster.prom.labels import sim_labels
from ai4k8s_simcluster.prom.live import LiveSeries
from ai4k8s_simcluster.prom.recent import RecentSeries
from ai4k8s_simcluster.registry import PODS

FAMILIES: tuple[Family, ...] = (*cadvisor.FAMILIES, *kube_state.FAMILIES)
MOST_PODS_RECORDED = 1_000


class Recorder:
    """Turns one scrape into samples: written down in a cluster of usual size, remembered for minutes in a huge one.

    recorded: what is really recorded of a metric's value, None for nothing; faults come in here.
    """

    def __init__(
        self, world: World, live: LiveSeries, recorded: Callable[[str, float], float | None] = lambda _, value: value
    ) -> None:
        self._world = world
        self._live = live
        self._recorded = recorded
        self.recent = RecentSeries(world, FAMILIES)

    def record(self, at: float) -> None:
        """Take one scrape."""
        if self._world.store.count(PODS) > MOST_PODS_RECORDED:
            self.recent.take(round(at * 1000))
        else:
            self._live.append(round(at * 1000), self._samples())

    def exposition(self) -> Iterator[bytes]:
        """Return what a Prometheus scrapes: everything as it stands, in text form."""
        return exposition(FAMILIES, self._world)

    def _samples(self) -> Iterator[Sample]:
        gaps = {(key.namespace, key.name) for key, state in self._world.model.states.items() if state.gap}
        for family in FAMILIES:
            for labels, value in family.samples(self._world):
                shown = self._recorded(family.name, value)
                if shown is not None and (labels.get("namespace"), labels.get("deployment")) not in gaps:
                    yield labels, shown
        yield from self._truth()

    def _truth(self) -> Iterator[Sample]:
        for key, state in self._world.model.states.items():
            if not state.gap:
                yield sim_labels("sim_workload_demand_cores", key), state.demand_cores
            queue = state.queue
            yield sim_labels("sim_workload_queued_core_seconds", key), queue.waiting_core_seconds
            yield sim_labels("sim_workload_dropped_core_seconds_total", key), queue.dropped_core_seconds
