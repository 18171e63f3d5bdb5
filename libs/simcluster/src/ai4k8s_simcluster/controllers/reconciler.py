"""What all control loops have in common: changes name keys, keys are looked at until nothing is due."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from ai4k8s_simcluster.controllers.context import Context, controller_of
from ai4k8s_simcluster.controllers.queue import DelayQueue
from ai4k8s_simcluster.registry import ResourceType
from ai4k8s_simcluster.store import Change, Stored
from ai4k8s_simcluster.types import Obj

Key = tuple[str, str]
Handler = Callable[[Change], None]
EVERY_TYPE = "*"


class Reconciler:
    """A control loop over the objects of one type."""

    resource: ClassVar[ResourceType]
    component: ClassVar[str] = ""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.store = context.store
        self.writer = context.writer
        self.queue: DelayQueue[Key] = DelayQueue()

    def watches(self) -> Mapping[str, Handler]:
        """Return which types' changes matter, by the key of the type, and what to do with each change."""
        return {self.resource.key: self.on_own_change}

    def reconcile(self, stored: Stored) -> None:
        """Bring one object's world closer to what it asks for."""
        raise NotImplementedError

    def forget(self, namespace: str, name: str) -> None:
        """Drop what is remembered of an object that is gone."""

    def start(self) -> None:
        """Have everything that exists looked at."""
        for stored in self.store.values(self.resource):
            self.queue.add((stored.namespace, stored.name))

    def work(self, now: float) -> bool:
        """Look at what is due; say whether anything was."""
        keys = self.queue.pop_due(now)
        for namespace, name in keys:
            stored = self.store.get(self.resource, namespace, name)
            if stored is None:
                self.forget(namespace, name)
            else:
                self.reconcile(stored)
        return bool(keys)

    def sync(self) -> None:
        """Look at everything once, as at the start."""
        self.start()
        self.work(self.context.clock.now())

    def later(self, stored: Stored, seconds: float) -> None:
        """Have an object looked at again after some time."""
        self.queue.add((stored.namespace, stored.name), self.context.clock.now() + seconds)

    def fresh(self, stored: Stored) -> Stored | None:
        """Return an object as it now stands."""
        return self.store.get(self.resource, stored.namespace, stored.name)

    def on_own_change(self, change: Change) -> None:
        """Have the changed object looked at."""
        self.queue.add((change.stored.namespace, change.stored.name))

    def on_dependent_change(self, change: Change) -> None:
        """Have the owner of a changed object looked at, the present and the former one."""
        for item in (change.stored, change.previous):
            owner = controller_of(item.obj) if item is not None else None
            if owner is not None and owner["kind"] == self.resource.kind:
                self.queue.add((change.stored.namespace, owner["name"]))

    def event(self, obj: Obj, kind: str, reason: str, message: str) -> None:
        """Say something about an object."""
        self.context.events.record(obj, kind, reason, message, self.component)
