"""A fleet in motion: so many pods a second are deleted, and replaced by the controllers like any others."""

import random
from itertools import accumulate

from ai4k8s_simcluster.controllers.context import Context, is_active
from ai4k8s_simcluster.fleet.furnish import Fleet
from ai4k8s_simcluster.registry import PODS
from ai4k8s_simcluster.writes import DeleteOptions

_LONGEST_BACKLOG_SECONDS = 2.0  # what a busy process has missed is not made up for at once
_TRIES = 10


class Churn:
    """Deletes pods of a fleet at a steady rate."""

    def __init__(self, context: Context, fleet: Fleet, pods_per_second: float, now: float) -> None:
        self._context = context
        self._owners = fleet.replicasets
        self._weights = list(accumulate(fleet.sizes))
        self._rate = pods_per_second
        self._rng = random.Random(f"churn/{context.seed}")  # noqa: S311 - a choice of pods, no secret
        self._at = now
        self._due = 0.0
        self.replaced = 0

    def tick(self, now: float) -> None:
        """Delete what is due."""
        self._due = min(self._due + (now - self._at) * self._rate, _LONGEST_BACKLOG_SECONDS * self._rate)
        self._at = now
        while self._due >= 1.0:
            self._due -= 1.0
            self._replace_one()

    def _replace_one(self) -> None:
        for _ in range(_TRIES):  # a ReplicaSet may have been deleted or scaled to nothing
            owner = self._rng.choices(self._owners, cum_weights=self._weights)[0]
            active = [pod for pod in self._context.store.owned(PODS, owner) if is_active(pod.obj)]
            if active:
                self._context.writer.delete(PODS, self._rng.choice(active), DeleteOptions())
                self.replaced += 1
                return
