"""The rules of ownership: what a write takes from whom, what an apply gives up, and when two appliers conflict."""

from collections.abc import Mapping

from ai4k8s_simcluster.apply.fieldsets import Fields, difference, intersection, union, without_branches
from ai4k8s_simcluster.apply.managers import Conflict, Managed, Manager, Owned
from ai4k8s_simcluster.apply.shapes import Shape
from ai4k8s_simcluster.apply.typed import Comparison, compare, field_set, merge, remove, with_named_fields
from ai4k8s_simcluster.types import Obj


class ConflictsError(Exception):
    """An apply that would change what others own."""

    def __init__(self, conflicts: list[Conflict]) -> None:
        super().__init__(f"{len(conflicts)} managers own these fields")
        self.conflicts = conflicts

    def fields(self) -> Fields:
        """Return all fields in conflict."""
        result: Fields = {}
        for conflict in self.conflicts:
            result = union(result, conflict.fields)
        return result


class Updater:
    """Ownership for objects of one shape; `ignored` are fields that this endpoint does not write."""

    def __init__(self, shape: Shape, api_version: str, ignored: Fields) -> None:
        self._shape = shape
        self._api_version = api_version
        self._ignored = ignored

    def update(self, live: Obj, new: Obj, managed: Managed, manager: Manager) -> Managed:
        """Return who owns what after a write that is not an apply: the writer owns what it changed."""
        comparison = compare(live, new, self._shape)
        managed = self._settle(comparison, managed, manager, force=True)
        mine = managed[manager].fields if manager in managed else {}
        changed = union(comparison.modified, comparison.added)
        mine = without_branches(union(difference(mine, comparison.removed), changed), self._ignored)
        managed.pop(manager, None)
        return {**managed, manager: Owned(mine, self._api_version)} if mine else managed

    def apply(self, live: Obj, config: Obj, managed: Managed, manager: Manager, *, force: bool) -> tuple[Obj, Managed]:
        """Return the object with a configuration applied, and who then owns what. Raises ConflictsError."""
        new: Obj = merge(live, config, self._shape)
        last = managed.get(manager)
        applied = without_branches(field_set(config, self._shape), self._ignored)
        managed = {**managed, manager: Owned(applied, self._api_version, last.time if last else "")}
        if last is not None and last.fields:
            new = self._prune(new, managed, last.fields)
        managed = self._settle(compare(live, new, self._shape), managed, manager, force=force)
        return new, managed

    def _settle(
        self, comparison: Comparison, managed: Mapping[Manager, Owned], self_: Manager, *, force: bool
    ) -> Managed:
        changed = without_branches(union(comparison.modified, comparison.added), self._ignored)
        removed = without_branches(comparison.removed, self._ignored)
        conflicts: list[Conflict] = []
        result: Managed = {}
        for manager, owned in managed.items():
            fields = owned.fields
            if manager != self_:
                contested = intersection(fields, changed)
                if contested:
                    conflicts.append(Conflict(manager, contested))
                fields = difference(difference(fields, contested), removed)
            if fields:
                result[manager] = Owned(fields, owned.api_version, owned.time)
        if conflicts and not force:
            raise ConflictsError(conflicts)
        return result

    def _prune(self, merged: Obj, managed: Managed, last: Fields) -> Obj:
        """Remove what the manager applied last time and not now, unless another manager owns it."""
        shape = self._shape
        claimed: Fields = {}
        for owned in managed.values():
            claimed = union(claimed, owned.fields)
        last = with_named_fields(last, shape)
        everything = with_named_fields(field_set(merged, shape), shape)
        left = with_named_fields(field_set(remove(merged, last, shape) or {}, shape), shape)
        lost = difference(everything, union(left, with_named_fields(claimed, shape)))
        kept = with_named_fields(field_set(remove(merged, lost, shape) or {}, shape), shape)
        pruned: Obj = remove(merged, intersection(difference(everything, kept), last), shape) or {}
        return pruned
