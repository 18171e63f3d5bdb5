"""A histogram whose past fades: buckets that grow by a ratio, weights that halve in a day."""

import math
from dataclasses import dataclass, field

HALF_LIFE_SECONDS = 86_400.0
_LONGEST_SHIFT = 100.0  # half-lives after which weights are scaled down, so that they stay numbers
_EPSILON = 0.001 * 0.1


@dataclass(frozen=True, slots=True)
class Buckets:
    """Bucket borders: the first size, and how much larger each further one is."""

    first: float
    ratio: float
    largest: float

    @property
    def count(self) -> int:
        """Return how many buckets there are."""
        return math.ceil(math.log(self.largest * (self.ratio - 1) / self.first + 1, self.ratio)) + 1

    def index(self, value: float) -> int:
        """Return the bucket of a value."""
        if value < self.first:
            return 0
        found = int(math.log(value * (self.ratio - 1) / self.first + 1, self.ratio))
        return min(found, self.count - 1)

    def start(self, index: int) -> float:
        """Return where a bucket begins."""
        return self.first * (self.ratio**index - 1) / (self.ratio - 1)


CPU_BUCKETS = Buckets(0.01, 1.05, 1_000.0)  # cores
MEMORY_BUCKETS = Buckets(1e7, 1.05, 1e12)  # bytes


@dataclass
class DecayingHistogram:
    """Weights by bucket, each as heavy as it would be at a reference time."""

    buckets: Buckets
    half_life: float = HALF_LIFE_SECONDS
    weights: dict[int, float] = field(default_factory=dict)
    reference: float = 0.0

    def add(self, value: float, weight: float, at: float) -> None:
        """Count a value seen at a time (Unix seconds)."""
        index = self.buckets.index(value)
        self.weights[index] = self.weights.get(index, 0.0) + weight * self._factor(at)

    def subtract(self, value: float, weight: float, at: float) -> None:
        """Take back a value that was counted for a time."""
        index = self.buckets.index(value)
        left = self.weights.get(index, 0.0) - weight * self._factor(at)
        if left > _EPSILON * self._factor(at):
            self.weights[index] = left
        else:
            self.weights.pop(index, None)

    def percentile(self, share: float) -> float:
        """Return the upper end of the bucket at which a share of the weight is reached; 0 without any."""
        total = sum(self.weights.values())
        if not total:
            return 0.0
        reached = 0.0
        last = max(self.weights)
        for index in sorted(self.weights):
            reached += self.weights[index]
            if reached >= share * total or index == last:
                at_end = index >= self.buckets.count - 1
                return self.buckets.start(index if at_end else index + 1)
        return 0.0  # pragma: no cover - the last bucket always reaches the whole weight

    def _factor(self, at: float) -> float:
        if not self.weights:
            self.reference = at
        shift = (at - self.reference) / self.half_life
        if shift > _LONGEST_SHIFT:
            moved = math.floor(shift)
            scale = 2.0**-moved
            self.weights = {index: weight * scale for index, weight in self.weights.items()}
            self.reference += moved * self.half_life
            shift = (at - self.reference) / self.half_life
        return float(2.0**shift)
