"""What the supervisor needs to know of a process. The list of processes is data; see `plan`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_standalone.process import Command


class Stage(IntEnum):
    """Who needs whom: started upwards, stopped downwards."""

    POSTGRES = 1
    VALKEY = 2
    CLUSTER = 3
    WORKERS = 4
    BEAT = 5
    GATEWAY = 6


class ProcessState(StrEnum):
    """How a supervised process is."""

    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting to be started again"
    GIVEN_UP = "given up"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """A process to be kept running.

    `prepare` is called before each start and says what to run. It is ready when a line of its output matches
    `ready_line` or when `ready_probe` says so; without either, as soon as it runs. `on_ready` runs once each time.
    """

    name: str
    stage: Stage
    prepare: Callable[[], Command]
    ready_line: str | None = None
    ready_probe: Callable[[], bool] | None = None
    on_ready: Callable[[], None] | None = None
    ready_within_seconds: float = 60.0
    essential: bool = False
    """Whether there is no point in starting the rest without it."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """How patiently a process that dies is started again."""

    first_delay_seconds: float = 0.5
    longest_delay_seconds: float = 10.0
    quick_death_seconds: float = 10.0
    """Dying earlier than this after its start counts as a failed start."""
    quick_deaths_allowed: int = 5

    def delay_seconds(self, quick_deaths: int) -> float:
        """Twice as long after each failed start in a row."""
        return min(self.longest_delay_seconds, self.first_delay_seconds * 2.0 ** max(0, quick_deaths - 1))
