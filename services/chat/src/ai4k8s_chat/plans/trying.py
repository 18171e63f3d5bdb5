"""Tries one call on the server: what it would change, what it would affect, and the way back. Nothing is written.

What concerns replicas, HPAs and VPAs is split off here: it has one owner, the scaler, who carries it out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.differences import cleaned, fingerprint, merge_patch, unified_diff
from ai4k8s_chat.domain.effects import (
    SCALABLE,
    Changed,
    Effect,
    EffectKind,
    Surroundings,
    Weight,
    effects_of,
    replicas_of,
)
from ai4k8s_common.errors import ConflictError, InvalidInputError
from ai4k8s_common.kube.errors import (
    KubeConflictError,
    KubeForbiddenError,
    KubeNotFoundError,
    KubeThrottledError,
)
from ai4k8s_common.kube.writes import Place, place_of
from ai4k8s_common.plans import ApiCall, CallKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_chat.adapters.writing import KubeWrites

AUTOSCALERS = {"horizontalpodautoscalers": "hpa", "verticalpodautoscalers": "vpa"}
MOST_REPLICAS = 10_000
_ONE_WAY = frozenset({"pods", "events", "nodes"})


@dataclass(frozen=True)
class Tried:
    """One call as it will be approved, and what is to be known about it."""

    call: ApiCall
    place: Place
    kind: str
    diff: str
    through: str  # 'scaler', or nothing for the cluster's API
    effects: tuple[Effect, ...]
    undo: ApiCall | None
    undo_problem: str
    restarts: bool


@dataclass
class Trial:
    """Tries calls one after the other; remembers what earlier ones make."""

    cluster: KubeWrites
    policy_mode: Callable[[Place, str], str]
    _namespaces: set[str] = field(default_factory=set)
    _around: dict[str, tuple[list[dict[str, Any]] | None, list[dict[str, Any]] | None]] = field(default_factory=dict)

    def run(self, call: ApiCall) -> list[Tried]:
        """Try one call; none is returned for what changes nothing, two where replicas go their own way."""
        if call.kind is CallKind.CREATE:
            return self._create(call)
        call = replace(call, path=call.path.removesuffix("/eviction")) if call.kind is CallKind.EVICT else call
        place = place_of(call.path)
        if not place.name:
            raise InvalidInputError(f"'{call.path}' names no object")
        before = self._read(place.path)
        if before is None:
            if call.kind is CallKind.APPLY:
                return self._create(replace(call, kind=CallKind.CREATE, path=place.collection, uid=None))
            raise KubeNotFoundError(f"there is no {place.plural} '{place.name}' any more")
        if call.uid and call.uid != before["metadata"].get("uid"):
            raise ConflictError(f"{place.plural} '{place.name}' was deleted and made again since it was read")
        if call.kind in {CallKind.DELETE, CallKind.EVICT}:
            return [self._remove(call, place, before)]
        if call.kind is CallKind.SCALE:
            return self._scale(place, before, int((call.body or {}).get("replicas", -1)))
        return self._change(call, place, before)

    def _create(self, call: ApiCall) -> list[Tried]:
        collection, body = place_of(call.path), dict(call.body or {})
        name = str((body.get("metadata") or {}).get("name") or "")
        if not name or collection.name:
            raise InvalidInputError("what is created needs a name of its own, and the path of its collection")
        place = place_of(f"{call.path}/{name}")
        if self._read(place.path) is not None:
            raise ConflictError(f"{place.plural} '{name}' exists already")
        call = ApiCall(CallKind.CREATE, call.path, body)
        after, note = self._dry_create(call, place)
        if place.plural == "namespaces":
            self._namespaces.add(name)
        undo = ApiCall(CallKind.DELETE, place.path)
        return [self._tried(call, place, None, after, undo=undo, note=note)]

    def _dry_create(self, call: ApiCall, place: Place) -> tuple[dict[str, Any], str]:
        if place.namespace in self._namespaces:
            return dict(call.body or {}), "The server could not try it yet: its namespace is made by this plan."
        return self._dry(call), ""

    def _change(self, call: ApiCall, place: Place, before: dict[str, Any]) -> list[Tried]:
        call, taken = self._bound(call, before)
        scaled: list[Tried] = []
        if place.plural in SCALABLE:
            call, taken, scaled = self._without_replicas(call, taken, place, before)
        after = self._dry(call)
        if cleaned(after) == cleaned(before):
            return scaled
        if call.kind is CallKind.REPLACE or place.plural in AUTOSCALERS:
            # As the smallest patch: whatever others write beside it meanwhile stays as it is.
            call = replace(call, kind=CallKind.PATCH, body=merge_patch(cleaned(before), cleaned(after)))
        undo = ApiCall(CallKind.PATCH, place.path, merge_patch(cleaned(after), cleaned(before)))
        return [self._tried(call, place, before, after, undo=undo, taken=taken), *scaled]

    def _bound(self, call: ApiCall, before: dict[str, Any]) -> tuple[ApiCall, str]:
        """Bind a call to the object as it is now; fields of other managers are taken over where it must be."""
        call = _versioned(call, before)
        if call.kind is not CallKind.APPLY:
            return call, ""
        try:
            self._dry(replace(call, force=False))
        except KubeConflictError as error:
            return replace(call, force=True), error.detail.partition(": ")[2]
        return replace(call, force=False), ""

    def _without_replicas(
        self, call: ApiCall, taken: str, place: Place, before: dict[str, Any]
    ) -> tuple[ApiCall, str, list[Tried]]:
        after = self._dry(call)
        body = dict(call.body or {})
        wanted = replicas_of(after)
        if call.kind is CallKind.REPLACE:
            body = merge_patch(cleaned(before), cleaned(after))
            call = replace(call, kind=CallKind.PATCH)
        if isinstance(body.get("spec"), dict) and "replicas" in body["spec"]:
            body = {**body, "spec": {key: value for key, value in body["spec"].items() if key != "replicas"}}
            call, again = self._bound(replace(call, body=body), before)
            taken = again
        else:
            call, wanted = replace(call, body=body), replicas_of(before)
        scaled = self._scale(place, before, wanted) if wanted != replicas_of(before) else []
        return call, taken, scaled

    def _scale(self, place: Place, before: dict[str, Any], wanted: int) -> list[Tried]:
        if place.plural not in SCALABLE:
            raise InvalidInputError(f"{place.plural} have no replicas to set")
        if not 0 <= wanted <= MOST_REPLICAS:
            raise InvalidInputError(f"a number of replicas is between 0 and {MOST_REPLICAS:,}")
        present = replicas_of(before)
        if wanted == present:
            return []
        body, back = {"replicas": wanted, "from": present}, {"replicas": present, "from": wanted}
        call = ApiCall(CallKind.SCALE, place.path, body, uid=str(before["metadata"]["uid"]))
        after = {**before, "spec": {**before["spec"], "replicas": wanted}}
        undo = ApiCall(CallKind.SCALE, place.path, back)
        return [self._tried(call, place, before, after, undo=undo, through="scaler")]

    def _remove(self, call: ApiCall, place: Place, before: dict[str, Any]) -> Tried:
        options = (call.body or {}).get("deleteOptions", call.body) or {}
        grace = {key: value for key, value in options.items() if key == "gracePeriodSeconds"}
        call = _versioned(replace(call, body=grace or None), before)
        note = ""
        try:
            self._dry(call)
        except KubeThrottledError as error:
            if call.kind is not CallKind.EVICT:
                raise
            note = f"It would be refused at this moment: {error.detail.partition(': ')[2]}"
        undo, problem = _way_back(call, place, before)
        return self._tried(call, place, before, None, undo=undo, undo_problem=problem, note=note)

    def _tried(
        self,
        call: ApiCall,
        place: Place,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
        *,
        undo: ApiCall | None,
        undo_problem: str = "",
        taken: str = "",
        note: str = "",
        through: str = "",
    ) -> Tried:
        kind = str((before or after or {}).get("kind") or place.plural)
        changed = Changed(call.kind, place.plural, kind, place.namespace, place.name, before, after)
        effects = effects_of(changed, self._surroundings(place, kind))
        if taken:
            effects.append(Effect(EffectKind.FIELDS_TAKEN, Weight.WARN, f"It takes fields over: {taken}"))
        if note:
            effects.append(Effect(EffectKind.NOTE, Weight.INFO, note))
        owned = place.plural in AUTOSCALERS
        return Tried(
            call=call,
            place=place,
            kind=kind,
            diff=unified_diff(before, after, changed.label),
            through="scaler" if owned else through,
            effects=tuple(effects),
            undo=undo,
            undo_problem=undo_problem,
            restarts=any(effect.kind is EffectKind.PODS_RESTARTED for effect in effects),
        )

    def _dry(self, call: ApiCall) -> dict[str, Any]:
        """Let the server try a call, whatever status a controller writes meanwhile."""
        return self.cluster.make(replace(call, resource_version=None), dry_run=True)

    def _read(self, path: str) -> dict[str, Any] | None:
        try:
            return self.cluster.read(path)
        except KubeNotFoundError:
            return None

    def _surroundings(self, place: Place, kind: str) -> Surroundings:
        if not place.namespace:
            return Surroundings()
        if place.namespace not in self._around:
            root = f"namespaces/{place.namespace}"
            self._around[place.namespace] = (
                self._list(f"/apis/policy/v1/{root}/poddisruptionbudgets"),
                self._list(f"/apis/autoscaling/v2/{root}/horizontalpodautoscalers"),
            )
        budgets, autoscalers = self._around[place.namespace]
        return Surroundings(budgets, autoscalers, self.policy_mode(place, kind))

    def _list(self, path: str) -> list[dict[str, Any]] | None:
        try:
            return list(self.cluster.read(path).get("items") or ())
        except (KubeForbiddenError, KubeNotFoundError):
            return None


def _versioned(call: ApiCall, before: dict[str, Any]) -> ApiCall:
    metadata = before["metadata"]
    uid, version = str(metadata["uid"]), str(metadata["resourceVersion"])
    return replace(call, uid=uid, resource_version=version, fingerprint=fingerprint(before))


def _way_back(call: ApiCall, place: Place, before: dict[str, Any]) -> tuple[ApiCall | None, str]:
    metadata = before["metadata"]
    if call.kind is CallKind.EVICT or any(owner.get("controller") for owner in metadata.get("ownerReferences") or ()):
        return None, "its owner makes another one by itself"
    if place.plural in {"namespaces", "persistentvolumes", "persistentvolumeclaims", "customresourcedefinitions"}:
        return None, f"what was inside a deleted {before.get('kind', 'object')} does not come back"
    if place.plural in _ONE_WAY:
        return None, f"a deleted {before.get('kind', 'object')} cannot be made again as it was"
    return ApiCall(CallKind.CREATE, place.collection, cleaned(before)), ""
