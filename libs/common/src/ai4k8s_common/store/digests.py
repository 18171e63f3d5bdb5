"""Histograms of use that can be added up: percentiles of a container over days, whichever pods it ran in.

Buckets grow by 5 % from a smallest value, so that a percentile is right to 2.5 %. A bucket's number is all that is
stored; adding two histograms is adding counts of equal numbers, which SQL can do as well as Python.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GROWTH = 1.05
#: Upper edges of bucket 0: less is not told apart.
CPU_SMALLEST_MILLICORES = 1.0
MEMORY_SMALLEST_BYTES = float(2**20)
#: Enough for 1,400 cores and 1.4 TiB; what is larger counts as this much.
LAST_BUCKET = 290


def bucket_of(value: float, smallest: float) -> int:
    """Return the bucket that a value falls into: the first whose upper edge is not below it."""
    if value <= smallest:
        return 0
    return min(math.ceil(math.log(value / smallest) / math.log(GROWTH) - 1e-9), LAST_BUCKET)


def upper_edge(bucket: int, smallest: float) -> float:
    """Return the largest value of a bucket."""
    return float(smallest * GROWTH**bucket)


@dataclass
class Histogram:
    """Counts by bucket, in the unit of `smallest`."""

    smallest: float
    counts: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, smallest: float, buckets: Sequence[int], counts: Sequence[int]) -> Self:
        """Read what is stored."""
        return cls(smallest, Counter(dict(zip(buckets, counts, strict=True))))

    def add(self, values: Iterable[float]) -> None:
        """Count values."""
        self.counts.update(bucket_of(value, self.smallest) for value in values)

    def merge(self, other: Histogram) -> None:
        """Add another's counts. Raises ValueError when it counts something else."""
        if other.smallest != self.smallest:
            raise ValueError("histograms of different quantities cannot be added")
        self.counts.update(other.counts)

    def quantile(self, share: float) -> float | None:
        """Return an upper bound of the nearest-rank quantile, at most 5 % above it; None of an empty histogram."""
        total = sum(self.counts.values())
        if not total:
            return None
        rank, seen = max(1, math.ceil(share * total)), 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= rank:
                return upper_edge(bucket, self.smallest)
        raise AssertionError("a rank lies within the total")

    def stored(self) -> tuple[list[int], list[int]]:
        """Return (buckets, counts), rising, as the store keeps them."""
        buckets = sorted(bucket for bucket, count in self.counts.items() if count)
        return buckets, [self.counts[bucket] for bucket in buckets]
