"""What a container should ask for, from what it used: the recommender of the VerticalPodAutoscaler on plain values."""

from dataclasses import dataclass, field

from ai4k8s_simcluster.controllers.autoscaling.histogram import CPU_BUCKETS, MEMORY_BUCKETS, DecayingHistogram

_DAY_SECONDS = 86_400.0
_SAMPLES_A_DAY = 1_440
_LEAST_WEIGHT = 0.1
_MARGIN = 1.15
_LOWER, _TARGET, _UPPER = 0.5, 0.9, 0.95
_OOM_BYTES = 100 * 2**20
_OOM_RATIO = 1.2
MIN_CORES = 0.025
MIN_BYTES = 250 * 2**20


@dataclass(frozen=True, slots=True)
class Amounts:
    """CPU in cores and memory in bytes."""

    cores: float
    memory_bytes: float


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to ask for, and within which bounds what is asked for now may stay."""

    lower: Amounts
    target: Amounts
    upper: Amounts


@dataclass
class ContainerUse:
    """What containers of one name used, over all pods of a workload."""

    cpu: DecayingHistogram = field(default_factory=lambda: DecayingHistogram(CPU_BUCKETS))
    memory: DecayingHistogram = field(default_factory=lambda: DecayingHistogram(MEMORY_BUCKETS))
    peaks: dict[str, tuple[float, float]] = field(default_factory=dict)  # by pod: end of its day, and the peak in it
    first_at: float | None = None
    last_at: float = 0.0
    samples: int = 0

    def add(self, pod: str, cores: float, memory_bytes: float, request_cores: float, at: float) -> None:
        """Count a measurement; a container that asks for more weighs more."""
        self.first_at = at if self.first_at is None else self.first_at
        self.last_at = max(self.last_at, at)
        self.samples += 1
        self.cpu.add(cores, max(request_cores, _LEAST_WEIGHT), at)
        self.add_memory(pod, memory_bytes, at)

    def add_memory(self, pod: str, memory_bytes: float, at: float) -> None:
        """Count memory: of each pod and day only the peak."""
        ends_at, peak = self.peaks.get(pod, (0.0, 0.0))
        if at < ends_at:
            if memory_bytes <= peak:
                return
            self.memory.subtract(peak, 1.0, ends_at)
        else:
            ends_at = at + _DAY_SECONDS
        self.memory.add(memory_bytes, 1.0, ends_at)
        self.peaks[pod] = (ends_at, memory_bytes)

    def add_oom(self, pod: str, used_bytes: float, at: float) -> None:
        """Count the end by the kernel: it would have needed more than it had."""
        self.add_memory(pod, max(used_bytes + _OOM_BYTES, used_bytes * _OOM_RATIO), at)

    def confidence(self) -> float:
        """Return how many days are known: of time and of samples, the fewer."""
        if self.first_at is None:
            return 0.0
        return min((self.last_at - self.first_at) / _DAY_SECONDS, self.samples / _SAMPLES_A_DAY)


def recommend(use: ContainerUse, containers: int) -> Recommendation | None:
    """Return what a container should ask for; None while nothing is known. containers: how many share the pod."""
    days = use.confidence()
    if use.samples == 0:
        return None
    days = max(days, 1e-9)
    least = Amounts(MIN_CORES / max(containers, 1), MIN_BYTES / max(containers, 1))

    def at(share: float, factor: float) -> Amounts:
        return Amounts(
            max(use.cpu.percentile(share) * _MARGIN * factor, least.cores),
            max(use.memory.percentile(share) * _MARGIN * factor, least.memory_bytes),
        )

    target = at(_TARGET, 1.0)
    lower = at(_LOWER, (1 + 0.001 / days) ** -2)
    upper = at(_UPPER, 1 + 1 / days)
    return Recommendation(lower, target, upper)
