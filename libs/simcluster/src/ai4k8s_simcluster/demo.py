"""The workloads of the default demonstration: six shapes of load in four namespaces."""

from dataclasses import dataclass

from ai4k8s_simcluster.load.shapes import Shape, ShapeKind
from ai4k8s_simcluster.load.workload import WorkloadKey

_HOUR = 3_600.0


@dataclass(frozen=True, slots=True)
class DemoWorkload:
    """One of them; phase_seconds is when its recurring part rises, after the main one does."""

    key: WorkloadKey
    shape: Shape
    phase_seconds: float
    min_replicas: int
    max_replicas: int
    managed: bool = True


DEMO: tuple[DemoWorkload, ...] = (
    DemoWorkload(WorkloadKey("shop", "web"), Shape(ShapeKind.RUSH, 0.7, 2.7), 0.0, 2, 12),
    DemoWorkload(WorkloadKey("shop", "checkout"), Shape(ShapeKind.DAILY, 0.5, 1.4), 3 * _HOUR, 2, 8),
    DemoWorkload(WorkloadKey("data", "ingest"), Shape(ShapeKind.HOURLY, 0.45, 1.6, duration=600.0), 0.4 * _HOUR, 1, 8),
    DemoWorkload(WorkloadKey("data", "warehouse"), Shape(ShapeKind.LEVEL_SHIFT, 0.9, 0.7), 7 * _HOUR, 1, 8),
    DemoWorkload(WorkloadKey("platform", "auth"), Shape(ShapeKind.WEEKLY, 0.4, 1.2), 5 * _HOUR, 1, 8),
    DemoWorkload(WorkloadKey("batch", "reports"), Shape(ShapeKind.BURSTS, 0.25, 1.8), 0.0, 1, 8, managed=False),
)
