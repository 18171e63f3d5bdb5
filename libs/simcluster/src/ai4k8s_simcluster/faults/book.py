"""Which faults hold now. One book is shared by everything that can be spoilt."""

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_simcluster.clock import Clock, rfc3339
from ai4k8s_simcluster.faults.model import ON_REQUESTS, Fault, FaultKind
from ai4k8s_simcluster.types import Obj

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Entry:
    """A fault that holds, since when, and until when (None: until it is taken back)."""

    number: int
    fault: Fault
    since: float
    until: float | None

    def dump(self) -> Obj:
        """Return it as JSON."""
        times = {"since": rfc3339(self.since), "until": rfc3339(self.until) if self.until is not None else None}
        return {"id": self.number, **self.fault.dump(), **times}


class FaultBook:
    """Faults by number."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._rng = random.Random(f"faults/{seed}")  # noqa: S311 - which requests are hit, no secret
        self._entries: dict[int, Entry] = {}
        self._next = 1
        self.begun: list[Callable[[Entry], None]] = []
        self.ended: list[Callable[[Entry], None]] = []

    def add(self, fault: Fault) -> Entry:
        """Let something go wrong from now on. Raises FaultError when somebody cannot make it so."""
        now = self._clock.now()
        entry = Entry(self._next, fault, now, now + fault.duration if fault.duration else None)
        for tell in self.begun:
            tell(entry)
        self._next += 1
        self._entries[entry.number] = entry
        return entry

    def remove(self, number: int) -> bool:
        """Let something go right again; say whether there was such a fault."""
        entry = self._entries.pop(number, None)
        if entry is not None:
            for tell in self.ended:
                tell(entry)
        return entry is not None

    def clear(self) -> int:
        """End all faults; return how many there were."""
        numbers = [entry.number for entry in self.entries()]
        return sum(self.remove(number) for number in numbers)

    def entries(self) -> list[Entry]:
        """Return the faults that hold, ending those whose time is over."""
        now = self._clock.now()
        for entry in tuple(self._entries.values()):
            if entry.until is not None and now >= entry.until:
                self.remove(entry.number)
        return list(self._entries.values())

    def holds(self, number: int) -> bool:
        """Say whether a fault still holds."""
        return any(entry.number == number for entry in self.entries())

    def of_kind(self, kind: FaultKind) -> Entry | None:
        """Return the newest fault of a kind."""
        if not self._entries:
            return None
        return next((entry for entry in reversed(self.entries()) if entry.fault.kind is kind), None)

    def hitting(self, path: str, verb: str) -> list[Entry]:
        """Return the faults that hit one request, having drawn lots for those that hit only some."""
        if not self._entries:
            return []
        return [
            entry
            for entry in self.entries()
            if entry.fault.kind in ON_REQUESTS
            and entry.fault.matches(path, verb)
            and (entry.fault.share >= 1 or self._rng.random() < entry.fault.share)
        ]

    def skew_seconds(self) -> float:
        """Return how far the server's clock is ahead of the truth."""
        entry = self.of_kind(FaultKind.CLOCK_SKEW)
        return entry.fault.seconds if entry else 0.0
