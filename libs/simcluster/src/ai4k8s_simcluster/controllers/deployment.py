"""Deployments: one ReplicaSet per template, and the walk from the old one to the new one."""

import copy
import hashlib
import math
from dataclasses import dataclass
from typing import Any

import orjson

from ai4k8s_simcluster.controllers.context import Context, is_terminating, owned_by, owner_reference
from ai4k8s_simcluster.controllers.deployment_status import deployment_status
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import DEPLOYMENTS, REPLICASETS
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions

_COMPONENT = "deployment-controller"
_HASH = "pod-template-hash"
_REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MAXIMUM = "deployment.kubernetes.io/max-replicas"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_OWN_ANNOTATIONS = {_REVISION, _HISTORY, _DESIRED, _MAXIMUM, _LAST_APPLIED}


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a rollout may go over and under the wanted replicas."""

    surge: int
    unavailable: int


def _amount(value: Any, replicas: int, *, up: bool) -> int:
    if isinstance(value, str):
        share = int(value.rstrip("%")) * replicas / 100
        return math.ceil(share) if up else math.floor(share)
    return int(value or 0)


def limits_of(spec: Obj) -> Limits:
    """Return a Deployment's limits: surge rounds up, unavailability down, and never are both zero."""
    rolling = (spec.get("strategy") or {}).get("rollingUpdate")
    if rolling is None:
        return Limits(0, 0)
    replicas = spec.get("replicas", 1)
    surge = _amount(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = _amount(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    return Limits(surge, unavailable or (0 if surge else 1))


def template_hash(template: Obj, collisions: int = 0) -> str:
    """Return the short name of a pod template: equal for equal templates."""
    raw = orjson.dumps([template, collisions], option=orjson.OPT_SORT_KEYS)
    number = int.from_bytes(hashlib.sha256(raw).digest()[:8], "big")
    letters = []
    for _ in range(10):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return "".join(letters)


def _same_template(replicaset: Obj, template: Obj) -> bool:
    own = copy.deepcopy(replicaset["spec"]["template"])
    (own.get("metadata") or {}).get("labels", {}).pop(_HASH, None)
    return bool(own == template)


def _revision(obj: Obj) -> int:
    text = (obj["metadata"].get("annotations") or {}).get(_REVISION, "0")
    return int(text) if text.isdigit() else 0


def _replicas(item: Stored) -> int:
    return int(item.obj["spec"].get("replicas", 1))


def _available(item: Stored) -> int:
    return int((item.obj.get("status") or {}).get("availableReplicas", 0))


class DeploymentController:
    """Keeps every Deployment's ReplicaSets."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def sync(self) -> None:
        """Go through all Deployments once."""
        for stored in self._context.store.listing(DEPLOYMENTS):
            self._sync_one(stored)

    def _sync_one(self, stored: Stored) -> None:
        if not is_terminating(stored.obj):
            self._roll(stored)
        fresh = self._context.store.get(DEPLOYMENTS, stored.namespace, stored.name)
        if fresh is not None:
            replicasets = [item.obj for item in owned_by(self._context, REPLICASETS, fresh.obj)]
            current = next((rs for rs in replicasets if _same_template(rs, fresh.obj["spec"]["template"])), None)
            unavailable = limits_of(fresh.obj["spec"]).unavailable
            status = deployment_status(fresh.obj, replicasets, current, unavailable, self._context.clock.now())
            self._context.writer.set_status(DEPLOYMENTS, fresh, status)

    def _roll(self, stored: Stored) -> None:
        deployment = stored.obj
        spec = deployment["spec"]
        owned = owned_by(self._context, REPLICASETS, deployment)
        new = next((item for item in owned if _same_template(item.obj, spec["template"])), None)
        if spec.get("paused"):
            self._spread(deployment, owned)
            return
        if new is not None and self._is_scaling(deployment, owned):
            self._spread(deployment, owned)
            return
        recreate = (spec.get("strategy") or {}).get("type") == "Recreate"
        if new is None:
            new = self._create(stored, owned, start=not recreate)
            if new is None:
                return
        else:
            new = self._refresh_revision(stored, new, owned)
        old = [item for item in owned if item.name != new.name]
        if recreate:
            self._recreate(deployment, new, old)
        else:
            self._rolling(deployment, new, old)
        self._clean_up(deployment, new, old)

    def _is_scaling(self, deployment: Obj, owned: list[Stored]) -> bool:
        wanted = str(deployment["spec"].get("replicas", 1))
        active = [item for item in owned if _replicas(item) > 0]
        return any((item.obj["metadata"].get("annotations") or {}).get(_DESIRED, wanted) != wanted for item in active)

    def _create(self, stored: Stored, owned: list[Stored], *, start: bool) -> Stored | None:
        deployment = stored.obj
        spec = deployment["spec"]
        digest = template_hash(spec["template"])
        template = copy.deepcopy(spec["template"])
        template.setdefault("metadata", {}).setdefault("labels", {})[_HASH] = digest
        selector = copy.deepcopy(spec["selector"])
        selector.setdefault("matchLabels", {})[_HASH] = digest
        revision = max([_revision(item.obj) for item in owned], default=0) + 1
        total = sum(_replicas(item) for item in owned)
        wanted = spec.get("replicas", 1)
        room = max(wanted + limits_of(spec).surge - total, 0)
        count = min(wanted, room) if start else (wanted if total == 0 else 0)
        metadata = {
            "name": f"{deployment['metadata']['name']}-{digest}",
            "namespace": deployment["metadata"]["namespace"],
            "labels": template["metadata"]["labels"],
            "annotations": self._annotations(deployment, revision),
            "ownerReferences": [owner_reference(deployment)],
        }
        new_spec: Obj = {"replicas": count, "selector": selector, "template": template}
        if spec.get("minReadySeconds"):
            new_spec["minReadySeconds"] = spec["minReadySeconds"]
        try:
            created = self._context.writer.create(REPLICASETS, {"metadata": metadata, "spec": new_spec})
        except ApiError as error:
            self._event(
                deployment,
                "Warning",
                "ReplicaSetCreateError",
                f"Failed to create new replica set: {error.message}",
            )
            return None
        if count:
            self._event(
                deployment,
                "Normal",
                "ScalingReplicaSet",
                f"Scaled up replica set {metadata['name']} from 0 to {count}",
            )
        self._annotate(stored, revision)
        return self._context.store.get(REPLICASETS, created["metadata"]["namespace"], created["metadata"]["name"])

    def _annotations(self, deployment: Obj, revision: int) -> dict[str, str]:
        own = deployment["metadata"].get("annotations") or {}
        kept = {key: value for key, value in own.items() if key not in _OWN_ANNOTATIONS}
        wanted = deployment["spec"].get("replicas", 1)
        surge = limits_of(deployment["spec"]).surge
        return {**kept, _DESIRED: str(wanted), _MAXIMUM: str(wanted + surge), _REVISION: str(revision)}

    def _annotate(self, stored: Stored, revision: int) -> None:
        fresh = self._context.store.get(DEPLOYMENTS, stored.namespace, stored.name)
        if fresh is None or _revision(fresh.obj) == revision:
            return
        annotations = {**(fresh.obj["metadata"].get("annotations") or {}), _REVISION: str(revision)}
        metadata = {**fresh.obj["metadata"], "annotations": annotations}
        self._context.store.put(DEPLOYMENTS, {**fresh.obj, "metadata": metadata})

    def _refresh_revision(self, stored: Stored, new: Stored, owned: list[Stored]) -> Stored:
        """Give the current template the highest revision: going back makes an old ReplicaSet the newest."""
        highest = max(_revision(item.obj) for item in owned)
        own = _revision(new.obj)
        if own >= highest and own > 0:
            self._annotate(stored, own)
            return new
        annotations = dict(new.obj["metadata"].get("annotations") or {})
        if own:
            annotations[_HISTORY] = ",".join(filter(None, (annotations.get(_HISTORY, ""), str(own))))
        annotations[_REVISION] = str(highest + 1)
        metadata = {**new.obj["metadata"], "annotations": annotations}
        written = self._context.store.put(REPLICASETS, {**new.obj, "metadata": metadata})
        self._annotate(stored, highest + 1)
        return written

    def _scale(self, deployment: Obj, item: Stored, count: int) -> Stored:
        before = _replicas(item)
        wanted = deployment["spec"].get("replicas", 1)
        annotations = {
            **(item.obj["metadata"].get("annotations") or {}),
            _DESIRED: str(wanted),
            _MAXIMUM: str(wanted + limits_of(deployment["spec"]).surge),
        }
        if before == count and annotations == item.obj["metadata"].get("annotations"):
            return item
        changed = {
            **item.obj,
            "metadata": {**item.obj["metadata"], "annotations": annotations},
            "spec": {**item.obj["spec"], "replicas": count},
        }
        self._context.writer.update(REPLICASETS, item, changed)
        if before != count:
            way = "up" if count > before else "down"
            message = f"Scaled {way} replica set {item.name} from {before} to {count}"
            self._event(deployment, "Normal", "ScalingReplicaSet", message)
        fresh = self._context.store.get(REPLICASETS, item.namespace, item.name)
        return fresh or item

    def _spread(self, deployment: Obj, owned: list[Stored]) -> None:
        """Follow a change of the wanted replicas: on one ReplicaSet, or in proportion on those that are
        active.
        """
        wanted = deployment["spec"].get("replicas", 1)
        active = [item for item in owned if _replicas(item) > 0]
        if not active:
            newest = max(owned, key=lambda item: _revision(item.obj), default=None)
            active = [newest] if newest is not None else []
        if len(active) == 1:
            self._scale(deployment, active[0], wanted)
            return
        total = sum(_replicas(item) for item in active)
        allowed = wanted + limits_of(deployment["spec"]).surge if wanted else 0
        left = allowed - total
        active.sort(key=lambda item: (-_replicas(item), -_revision(item.obj)))
        shares = [_fair_share(_replicas(item), total, left) for item in active]
        shares[0] += left - sum(shares)
        for item, share in zip(active, shares, strict=True):
            self._scale(deployment, item, max(_replicas(item) + share, 0))

    def _recreate(self, deployment: Obj, new: Stored, old: list[Stored]) -> None:
        for item in old:
            self._scale(deployment, item, 0)
        status_counts = (
            (item.obj.get("status") or {}).get("replicas", 0)
            + (item.obj.get("status") or {}).get("terminatingReplicas", 0)
            for item in old
        )
        if not any(_replicas(item) for item in old) and not any(status_counts):
            self._scale(deployment, new, deployment["spec"].get("replicas", 1))

    def _rolling(self, deployment: Obj, new: Stored, old: list[Stored]) -> None:
        wanted = deployment["spec"].get("replicas", 1)
        limits = limits_of(deployment["spec"])
        if _replicas(new) > wanted:
            new = self._scale(deployment, new, wanted)
        total = _replicas(new) + sum(_replicas(item) for item in old)
        room = wanted + limits.surge - total
        if _replicas(new) < wanted and room > 0:
            new = self._scale(deployment, new, min(wanted, _replicas(new) + room))
        self._shrink_old(deployment, new, old, wanted - limits.unavailable)

    def _shrink_old(self, deployment: Obj, new: Stored, old: list[Stored], least_available: int) -> None:
        total = _replicas(new) + sum(_replicas(item) for item in old)
        new_unavailable = max(_replicas(new) - _available(new), 0)
        removable = total - least_available - new_unavailable
        old = sorted(
            (item for item in old if _replicas(item) > 0),
            key=lambda item: item.obj["metadata"]["creationTimestamp"],
        )
        for at, item in enumerate(old):  # first what never became available
            unhealthy = max(_replicas(item) - _available(item), 0)
            cut = min(unhealthy, max(removable, 0))
            if cut:
                old[at] = self._scale(deployment, item, _replicas(item) - cut)
                removable -= cut
        spare = _available(new) + sum(_available(item) for item in old) - least_available
        for item in old:
            cut = min(_replicas(item), max(spare, 0), max(removable, 0))
            if cut:
                self._scale(deployment, item, _replicas(item) - cut)
                spare -= cut
                removable -= cut

    def _clean_up(self, deployment: Obj, new: Stored, old: list[Stored]) -> None:
        limit = deployment["spec"].get("revisionHistoryLimit", 10)
        idle = [
            item
            for item in old
            if _replicas(item) == 0
            and not (item.obj.get("status") or {}).get("replicas")
            and not is_terminating(item.obj)
        ]
        idle.sort(key=lambda item: _revision(item.obj))
        for item in idle[: max(len(idle) - limit, 0)]:
            if item.name != new.name:
                self._context.writer.delete(REPLICASETS, item, DeleteOptions())

    def _event(self, deployment: Obj, kind: str, reason: str, message: str) -> None:
        self._context.events.record(deployment, kind, reason, message, _COMPONENT)


def _fair_share(replicas: int, total: int, left: int) -> int:
    share = round(replicas * (total + left) / total) - replicas
    return min(max(share, 0), left) if left > 0 else max(min(share, 0), left)
