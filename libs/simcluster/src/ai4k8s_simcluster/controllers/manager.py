"""Runs the controllers: hands them the store's changes, and lets them work until nothing is due."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ai4k8s_simcluster.controllers.context import Context
from ai4k8s_simcluster.controllers.reconciler import EVERY_TYPE, Handler
from ai4k8s_simcluster.store import Change

_EXPIRY_SECONDS = 300.0
_MOST_ROUNDS = 50  # of one tick: a guard against two controllers that undo each other's work


class Controller(Protocol):
    """A control loop as the manager sees it."""

    def watches(self) -> Mapping[str, Handler]:
        """Return the types whose changes matter."""
        ...

    def start(self) -> None:
        """Have everything that exists looked at."""
        ...

    def work(self, now: float) -> bool:
        """Do what is due; say whether anything was."""
        ...


class ControllerManager:
    """All controllers of the cluster."""

    def __init__(self, context: Context, controllers: Sequence[Controller]) -> None:
        self._context = context
        self._controllers = tuple(controllers)
        self._handlers: dict[str, list[Handler]] = {}
        for controller in self._controllers:
            for key, handler in controller.watches().items():
                self._handlers.setdefault(key, []).append(handler)
        context.store.subscribe(self._follow)
        for controller in self._controllers:
            controller.start()
        self._expired_at = context.clock.now()

    def tick(self) -> None:
        """Do what is to be done now."""
        now = self._context.clock.now()
        if now - self._expired_at >= _EXPIRY_SECONDS:
            self._expired_at = now
            self._context.events.expire()
        for _ in range(_MOST_ROUNDS):
            worked = [controller.work(now) for controller in self._controllers]
            if not any(worked):
                return

    def _follow(self, change: Change) -> None:
        for handler in self._handlers.get(change.resource.key, ()):
            handler(change)
        for handler in self._handlers.get(EVERY_TYPE, ()):
            handler(change)
