"""One measurement of CPU and memory, as it goes from the load model to those who show it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UsageSample:
    """Average CPU over a window that ends at a time, and memory at that time."""

    measured_at: float
    window_seconds: float
    cpu_cores: float
    memory_bytes: float
