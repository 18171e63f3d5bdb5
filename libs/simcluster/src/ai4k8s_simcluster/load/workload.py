"""A workload that is given load: where it lives, what its pods ask for, and where its demand comes from."""

import math
from dataclasses import dataclass, field

from ai4k8s_simcluster.load.demand import DemandSource

DEPLOYMENT = "Deployment"
TARGET_UTILIZATION = 0.8
REQUEST_CORES = 0.5
LIMIT_CORES = 0.75
BASE_MEMORY_BYTES = 160.0 * 2**20
MEMORY_BYTES_PER_CORE = 240.0 * 2**20


@dataclass(frozen=True, slots=True)
class WorkloadKey:
    """Namespace, name and kind of what manages pods, at the top of its owners."""

    namespace: str
    name: str
    kind: str = DEPLOYMENT

    def __str__(self) -> str:
        """Write it as people do; the kind only where it is not the usual one."""
        kind = "" if self.kind == DEPLOYMENT else f"/{self.kind}"
        return f"{self.namespace}/{self.name}{kind}"

    @classmethod
    def parse(cls, text: str) -> "WorkloadKey":
        """Read what str() wrote."""
        return cls(*text.split("/", 2))


@dataclass(frozen=True, slots=True)
class LoadedWorkload:
    """A Deployment that follows a demand."""

    key: WorkloadKey
    source: DemandSource
    anchored_at: float
    min_replicas: int
    max_replicas: int
    origin: str
    placement: str = ""
    rise_at: float | None = None
    managed: bool = True
    annotations: dict[str, str] = field(default_factory=dict)


def replicas_for(demand_cores: float, least: int, most: int) -> int:
    """Return how many pods serve a demand at 80 % of their CPU request."""
    needed = math.ceil(demand_cores / (TARGET_UTILIZATION * REQUEST_CORES) - 1e-9)
    return max(least, min(most, needed))


def memory_bytes(cpu_cores: float, share: float) -> float:
    """Return a pod's memory: a base that differs a little between pods (share in 0..1), and more under
    load.
    """
    return BASE_MEMORY_BYTES * (0.95 + 0.1 * share) + MEMORY_BYTES_PER_CORE * cpu_cores
