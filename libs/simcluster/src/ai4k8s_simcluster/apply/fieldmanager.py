"""Field management as the API server does it around the rules of ownership.

Every write passes here with its manager. Objects that never had managedFields (the simulation's own controllers
create theirs without) stay without until somebody applies to them, as a real server also has it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from ai4k8s_simcluster.apply.fieldsets import Fields, difference, fields_at, path_text, paths, union
from ai4k8s_simcluster.apply.managers import (
    BEFORE_FIRST_APPLY,
    Conflict,
    MalformedEntryError,
    Managed,
    Manager,
    Operation,
    Owned,
    applier,
    cap_updaters,
    read_entries,
    updater,
    write_entries,
)
from ai4k8s_simcluster.apply.shapes import Shape
from ai4k8s_simcluster.apply.typed import ElementError, compare, field_set, problems
from ai4k8s_simcluster.apply.updater import ConflictsError, Updater
from ai4k8s_simcluster.errors import ApiError, bad_request, internal
from ai4k8s_simcluster.types import Obj

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_KUBECTL = "kubectl"
_NOBODYS = fields_at(
    "apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace", "metadata.creationTimestamp",
    "metadata.selfLink", "metadata.uid", "metadata.clusterName", "metadata.generation", "metadata.managedFields",
    "metadata.resourceVersion",
)  # fmt: skip
_CURRENT = "current-operation"


@dataclass(frozen=True, slots=True)
class Target:
    """The endpoint that is written: its type, and the fields it does not write."""

    kind: str
    api_version: str
    shape: Shape
    empty: Obj
    subresource: str = ""
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply made of the object."""

    obj: Obj
    changed: bool


def entries_of(obj: Obj) -> Any:
    """Return an object's managedFields."""
    return (obj.get("metadata") or {}).get("managedFields")


def with_entries(obj: Obj, managed: Managed) -> Obj:
    """Return an object with managedFields, or without any."""
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key != "managedFields"}
    if managed:
        metadata["managedFields"] = write_entries(managed)
    return {**obj, "metadata": metadata}


class FieldManager:
    """Field management of one endpoint at one moment."""

    def __init__(self, target: Target, now: Callable[[], str]) -> None:
        self._target = target
        self._now = now
        self._updater = Updater(target.shape, target.api_version, fields_at(*target.ignored))

    def update(self, live: Obj | None, new: Obj, manager: str) -> Obj:
        """Return a written object with its managedFields; `live` is None when it is created."""
        managed = self._known(live, new)
        new = with_entries(new, {})
        if not managed and live is not None:
            return new
        base = with_entries(live, {}) if live is not None else self._target.empty
        identity = updater(manager, self._target.api_version, self._target.subresource)
        try:
            managed = cap_updaters(self._updated(base, new, managed, identity))
        except ElementError:
            # What has no place in its list is left to validation; nobody is made its owner.
            return with_entries(new, managed)
        return with_entries(new, managed)

    def apply(self, live: Obj | None, config: Obj, manager: str, *, force: bool) -> Applied:
        """Return the object with a configuration applied; `live` is None when there is none yet.

        Raises ApiError: 400 for a configuration of another type or with managedFields, 409 for conflicts, 500 when
        it does not fit the schema (as a real server answers).
        """
        version, kind = config.get("apiVersion") or "", config.get("kind") or ""
        if (version, kind) != (self._target.api_version, self._target.kind):
            group, _, short = version.rpartition("/")
            raise bad_request(f"invalid object type: {group}/{short}, Kind={kind}")
        if entries_of(config) is not None:
            raise bad_request("metadata.managedFields must be nil")
        wrong = problems(config, self._target.shape)
        if wrong:
            text = wrong[0] if len(wrong) == 1 else "errors:\n" + "\n".join(f"  {line}" for line in wrong)
            raise internal(f"failed to create typed patch object ({_described(config, version, kind)}): {text}")
        base = live if live is not None else {}
        managed = read_entries(entries_of(base))
        base = with_entries(base, {})
        if not managed and live is not None:
            before = updater(BEFORE_FIRST_APPLY, self._target.api_version, self._target.subresource)
            managed = self._updated(self._target.empty, base, managed, before)
        identity = applier(manager, self._target.subresource)
        try:
            new, managed = self._applied(base, config, managed, identity, force=force)
        except ConflictsError as error:
            raise _conflict_error(error.conflicts) from error
        changed = new != base
        if changed:
            if identity in managed:
                managed[identity] = replace(managed[identity], time=self._now())
            new = _with_last_applied(new, config, manager)
        return Applied(with_entries(new, managed), changed)

    def _known(self, live: Obj | None, new: Obj) -> Managed:
        """Return who owns what: as the client says, unless it says nothing or nonsense; nothing when it resets."""
        given = entries_of(new)
        if self._target.subresource:
            given = None
        elif given in ([], [{}]):
            return {}
        try:
            return read_entries(given) or read_entries(entries_of(live or {}))
        except MalformedEntryError:
            return read_entries(entries_of(live or {}))

    def _updated(self, live: Obj, new: Obj, managed: Managed, identity: Manager) -> Managed:
        """Let the operation own what it changed, then add that to what the manager had."""
        current = Manager(_CURRENT, Operation.UPDATE)
        result = self._stripped(self._updater.update(live, new, managed, current))
        taken = result.pop(current, None)
        if taken is not None:
            before = result.get(identity)
            fields = union(taken.fields, before.fields) if before else taken.fields
            result[identity] = Owned(fields, taken.api_version, self._now())
        return result

    def _applied(
        self, live: Obj, config: Obj, managed: Managed, identity: Manager, *, force: bool
    ) -> tuple[Obj, Managed]:
        try:
            new, result = self._updater.apply(live, config, managed, identity, force=force)
        except ConflictsError as error:
            if identity.name != _KUBECTL or not (allowed := self._last_applied_fields(live)):
                raise
            left = [Conflict(found.manager, difference(found.fields, allowed)) for found in error.conflicts]
            left = [found for found in left if found.fields]
            if left:
                raise ConflictsError(left) from error
            new, result = self._updater.apply(live, config, managed, identity, force=True)
        return new, self._stripped(result)

    def _stripped(self, managed: Managed) -> Managed:
        stripped = {manager: replace(own, fields=difference(own.fields, _NOBODYS)) for manager, own in managed.items()}
        return {manager: owned for manager, owned in stripped.items() if owned.fields}

    def _last_applied_fields(self, live: Obj) -> Fields:
        """Return what client-side apply set and nobody changed since: kubectl may take that over."""
        try:
            last = orjson.loads(_annotations(live).get(LAST_APPLIED, ""))
        except orjson.JSONDecodeError:
            return {}
        shape = self._target.shape
        if not isinstance(last, dict) or last.get("apiVersion") != self._target.api_version or problems(last, shape):
            return {}
        comparison = compare(last, live, shape)
        fields = field_set(last, shape)
        for changed in (comparison.modified, comparison.added, comparison.removed):
            fields = difference(fields, changed)
        return fields


def _annotations(obj: Obj) -> Obj:
    return (obj.get("metadata") or {}).get("annotations") or {}


def _with_last_applied(obj: Obj, config: Obj, manager: str) -> Obj:
    """Keep the annotation of client-side apply true, so that a user may go back to it."""
    if manager != _KUBECTL or LAST_APPLIED not in _annotations(obj):
        return obj
    written = orjson.dumps(config, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    annotations = {**_annotations(obj), LAST_APPLIED: written}
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}


def _described(config: Obj, version: str, kind: str) -> str:
    metadata = config.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name, namespace = (value if isinstance(value := metadata.get(key), str) else "" for key in ("name", "namespace"))
    return (
        f"{namespace}/{name}; {version}, Kind={kind}"
        if "/" in version
        else f"{namespace}/{name}; /{version}, Kind={kind}"
    )


def _conflict_error(conflicts: list[Conflict]) -> ApiError:
    conflicts = sorted(conflicts, key=lambda conflict: conflict.manager)
    found = [(conflict, path_text(path)) for conflict in conflicts for path in paths(conflict.fields)]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {conflict.title()}", "field": text}
        for conflict, text in found
    ]
    if len(found) == 1:
        message = f"Apply failed with 1 conflict: conflict with {found[0][0].title()}: {found[0][1]}"
    else:
        lines: list[str] = []
        for conflict in conflicts:
            lines.append(f"conflicts with {conflict.title()}:")
            lines += [f"- {path_text(path)}" for path in paths(conflict.fields)]
        message = f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)
    return ApiError(409, "Conflict", message, {"causes": causes})
