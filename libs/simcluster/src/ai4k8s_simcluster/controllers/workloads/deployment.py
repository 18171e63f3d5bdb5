"""Deployments: one ReplicaSet per template, and the walk from the old one to the new one."""

import copy
from collections.abc import Mapping
from typing import ClassVar

from ai4k8s_simcluster.controllers.context import is_terminating, owned_by, owner_reference, pods_of
from ai4k8s_simcluster.controllers.reconciler import Handler, Reconciler
from ai4k8s_simcluster.controllers.workloads.deployment_status import (
    PROGRESSING,
    Said,
    counted_status,
    deadline_at,
    has_deadline,
    is_complete,
    progress_reason,
    rollout_status,
    set_said,
)
from ai4k8s_simcluster.controllers.workloads.rollout import (
    DESIRED,
    MAXIMUM,
    available,
    is_saturated,
    is_scaling,
    limits_of,
    proportional_sizes,
    wanted,
)
from ai4k8s_simcluster.controllers.workloads.templates import TEMPLATE_HASH, same_template, template_hash
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import DEPLOYMENTS, PODS, REPLICASETS
from ai4k8s_simcluster.store import Change, ChangeKind, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions

REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_OWN_ANNOTATIONS = {REVISION, _HISTORY, DESIRED, MAXIMUM, _LAST_APPLIED, "deprecated.deployment.rollback.to"}
_NO_LIMIT = 2**31 - 1
_RETRY_SECONDS = 5.0


def revision_of(obj: Obj) -> int:
    """Return the revision that a Deployment or ReplicaSet carries; 0 without one."""
    text = (obj["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


class DeploymentController(Reconciler):
    """Keeps every Deployment's ReplicaSets."""

    resource: ClassVar = DEPLOYMENTS
    component: ClassVar = "deployment-controller"

    def watches(self) -> Mapping[str, Handler]:
        """Follow Deployments, their ReplicaSets, and the end of pods, for which Recreate waits."""
        return {
            DEPLOYMENTS.key: self.on_own_change,
            REPLICASETS.key: self._on_replicaset,
            PODS.key: self._on_pod,
        }

    def _on_replicaset(self, change: Change) -> None:
        self.on_dependent_change(change)
        if not change.stored.obj["metadata"].get("ownerReferences") and change.kind is not ChangeKind.DELETED:
            for stored in self.store.listing(DEPLOYMENTS, change.stored.namespace):
                if self.context.matches(stored.obj, change.stored.obj):
                    self.queue.add((stored.namespace, stored.name))

    def _on_pod(self, change: Change) -> None:
        if change.kind is not ChangeKind.DELETED:
            return
        for owner in change.stored.obj["metadata"].get("ownerReferences") or ():
            replicaset = self.store.get(REPLICASETS, change.stored.namespace, owner["name"])
            for above in (replicaset.obj["metadata"].get("ownerReferences") or ()) if replicaset else ():
                if above["kind"] == "Deployment":
                    self.queue.add((change.stored.namespace, above["name"]))

    def reconcile(self, stored: Stored) -> None:
        """Take one step: the changes that it makes bring the next."""
        owned = self._claim(stored.obj)
        if is_terminating(stored.obj):
            self._write(stored, counted_status(stored.obj, _objs(owned), self._current(stored.obj, owned), self._now()))
            return
        stored = self._mark_pause(stored)
        if stored.obj["spec"].get("paused") or is_scaling(stored.obj, owned):
            self._resize(stored, owned)
        elif (stored.obj["spec"].get("strategy") or {}).get("type") == "Recreate":
            self._recreate(stored, owned)
        else:
            self._roll(stored, owned)

    def _now(self) -> float:
        return self.context.clock.now()

    def _current(self, deployment: Obj, owned: list[Stored]) -> Obj | None:
        """Return the ReplicaSet of the present template: the oldest when there are several."""
        template = deployment["spec"]["template"]
        found = [item for item in owned if same_template(item.obj["spec"]["template"], template)]
        found.sort(key=lambda item: (item.obj["metadata"]["creationTimestamp"], item.name))
        return found[0].obj if found else None

    def _claim(self, deployment: Obj) -> list[Stored]:
        """Return the ReplicaSets of a Deployment, with those that match and had no owner."""
        owned = owned_by(self.context, REPLICASETS, deployment)
        if is_terminating(deployment):
            return owned
        for item in self.store.listing(REPLICASETS, deployment["metadata"]["namespace"]):
            if item.obj["metadata"].get("ownerReferences") or is_terminating(item.obj):
                continue
            if self.context.matches(deployment, item.obj):
                owned.append(self.context.with_owners(REPLICASETS, item, [owner_reference(deployment)]))
        return owned

    def _mark_pause(self, stored: Stored) -> Stored:
        """Say in the condition Progressing that a rollout was paused or goes on."""
        conditions = list((stored.obj.get("status") or {}).get("conditions") or [])
        reason = progress_reason(conditions)
        if not has_deadline(stored.obj) or reason == "ProgressDeadlineExceeded":
            return stored
        paused = bool(stored.obj["spec"].get("paused"))
        if paused == (reason == "DeploymentPaused"):
            return stored
        said = (
            Said("Unknown", "DeploymentPaused", "Deployment is paused")
            if paused
            else Said("Unknown", "DeploymentResumed", "Deployment is resumed")
        )
        status = stored.obj.get("status") or {}
        stamp = self.context.timestamp()
        self._write(stored, {**status, "conditions": set_said(conditions, PROGRESSING, said, stamp)})
        return self.fresh(stored) or stored

    def _write(self, stored: Stored, status: Obj) -> None:
        fresh = self.fresh(stored)
        if fresh is not None:
            self.writer.set_status(DEPLOYMENTS, fresh, status)

    def _report(self, stored: Stored) -> Obj:
        """Write the status of a rollout, and come back when its deadline passes."""
        fresh = self.fresh(stored)
        if fresh is None:
            return {}
        owned = owned_by(self.context, REPLICASETS, fresh.obj)
        status = rollout_status(fresh.obj, _objs(owned), self._current(fresh.obj, owned), self._now())
        self.writer.set_status(DEPLOYMENTS, fresh, status)
        at = deadline_at(fresh.obj, status["conditions"])
        if at is not None:
            self.queue.add((stored.namespace, stored.name), at + 0.001)
        return status

    def _roll(self, stored: Stored, owned: list[Stored]) -> None:
        new = self._new_replicaset(stored, owned)
        if new is None:
            return
        old = [item for item in owned if item.name != new.name]
        if not self._grow_new(stored.obj, new, old):
            self._shrink_old(stored.obj, new, old)
        self._conclude(stored, new, old)

    def _recreate(self, stored: Stored, owned: list[Stored]) -> None:
        current = self._current(stored.obj, owned)
        old = [item for item in owned if current is None or item.name != current["metadata"]["name"]]
        shrunk = [self._scale(stored.obj, item, 0) for item in old if wanted(item) > 0]
        if shrunk or any(self._has_pods(item) for item in old):
            self._report(stored)
            return
        new = self._new_replicaset(stored, owned)
        if new is None:
            return
        self._scale(stored.obj, new, stored.obj["spec"].get("replicas", 1))
        self._conclude(stored, new, old)

    def _has_pods(self, item: Stored) -> bool:
        phases = ((pod.obj.get("status") or {}).get("phase") for pod in pods_of(self.context, item.obj))
        return any(phase not in {"Succeeded", "Failed"} for phase in phases)

    def _conclude(self, stored: Stored, new: Stored, old: list[Stored]) -> None:
        fresh = self.fresh(stored)
        if fresh is not None and is_complete(fresh.obj, fresh.obj.get("status") or {}):
            self._clean_up(fresh.obj, new, old)
        self._report(stored)

    def _new_replicaset(self, stored: Stored, owned: list[Stored]) -> Stored | None:
        """Return the ReplicaSet of the present template under the highest revision; make it when there is none."""
        current = self._current(stored.obj, owned)
        others = [item.obj for item in owned if current is None or item.name != current["metadata"]["name"]]
        revision = max((revision_of(obj) for obj in others), default=0) + 1
        if current is None:
            return self._create(stored, owned, revision)
        item = self.store.get(REPLICASETS, stored.namespace, current["metadata"]["name"])
        return self._refresh(stored, item, revision) if item is not None else None

    def _refresh(self, stored: Stored, item: Stored, revision: int) -> Stored:
        deployment = stored.obj
        own = revision_of(item.obj)
        annotations = {**(item.obj["metadata"].get("annotations") or {}), **_copied(deployment)}
        if own < revision:
            annotations[REVISION] = str(revision)
            if own:
                annotations[_HISTORY] = ",".join(filter(None, (annotations.get(_HISTORY, ""), str(own))))
        spec = dict(item.obj["spec"])
        patience = deployment["spec"].get("minReadySeconds", 0)
        if spec.get("minReadySeconds", 0) != patience:
            spec["minReadySeconds"] = patience
        changed = {**item.obj, "metadata": {**item.obj["metadata"], "annotations": annotations}, "spec": spec}
        if changed != item.obj:
            self.writer.update(REPLICASETS, item, changed)
        self._annotate(stored, max(own, revision))
        self._say_found(stored, item)
        return self.store.get(REPLICASETS, item.namespace, item.name) or item

    def _say_found(self, stored: Stored, item: Stored) -> None:
        fresh = self.fresh(stored)
        status = (fresh.obj.get("status") or {}) if fresh else {}
        conditions = list(status.get("conditions") or [])
        if fresh is None or not has_deadline(fresh.obj) or progress_reason(conditions):
            return
        said = Said("True", "FoundNewReplicaSet", f'Found new replica set "{item.name}"')
        conditions = set_said(conditions, PROGRESSING, said, self.context.timestamp())
        self.writer.set_status(DEPLOYMENTS, fresh, {**status, "conditions": conditions})

    def _create(self, stored: Stored, owned: list[Stored], revision: int) -> Stored | None:
        deployment = stored.obj
        replicaset = self._blueprint(deployment, owned, revision)
        metadata = replicaset["metadata"]
        try:
            self.writer.create(REPLICASETS, replicaset)
        except ApiError as error:
            self._not_created(stored, metadata["name"], error)
            return None
        count = replicaset["spec"]["replicas"]
        if count:
            self.event(
                deployment, "Normal", "ScalingReplicaSet", f"Scaled up replica set {metadata['name']} from 0 to {count}"
            )
        self._annotate(stored, revision)
        said = Said("True", "NewReplicaSetCreated", f'Created new replica set "{metadata["name"]}"')
        self._say(stored, said)
        return self.store.get(REPLICASETS, stored.namespace, metadata["name"])

    def _blueprint(self, deployment: Obj, owned: list[Stored], revision: int) -> Obj:
        spec = deployment["spec"]
        digest = template_hash(spec["template"], (deployment.get("status") or {}).get("collisionCount", 0))
        template = copy.deepcopy(spec["template"])
        template.setdefault("metadata", {}).setdefault("labels", {})[TEMPLATE_HASH] = digest
        selector = copy.deepcopy(spec["selector"])
        selector.setdefault("matchLabels", {})[TEMPLATE_HASH] = digest
        replicas = spec.get("replicas", 1)
        surge = limits_of(spec).surge
        room = max(replicas + surge - sum(wanted(item) for item in owned), 0)
        recreate = (spec.get("strategy") or {}).get("type") == "Recreate"
        new_spec: Obj = {
            "replicas": replicas if recreate else min(replicas, room),
            "selector": selector,
            "template": template,
        }
        if spec.get("minReadySeconds"):
            new_spec["minReadySeconds"] = spec["minReadySeconds"]
        return {
            "metadata": {
                "name": f"{deployment['metadata']['name']}-{digest}",
                "namespace": deployment["metadata"]["namespace"],
                "labels": dict(template["metadata"]["labels"]),
                "annotations": {
                    **_copied(deployment),
                    DESIRED: str(replicas),
                    MAXIMUM: str(replicas + surge),
                    REVISION: str(revision),
                },
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": new_spec,
        }

    def _not_created(self, stored: Stored, name: str, error: ApiError) -> None:
        """Say why there is no ReplicaSet; a name taken by another template is a collision: try another name."""
        if error.code == 409:
            status = dict(stored.obj.get("status") or {})
            self._write(stored, {**status, "collisionCount": status.get("collisionCount", 0) + 1})
            return
        message = f'Failed to create new replica set "{name}": {error.message}'
        self.event(stored.obj, "Warning", "ReplicaSetCreateError", message)
        self._say(stored, Said("False", "ReplicaSetCreateError", message))
        self.later(stored, _RETRY_SECONDS)

    def _say(self, stored: Stored, said: Said) -> None:
        fresh = self.fresh(stored)
        if fresh is None or not has_deadline(fresh.obj):
            return
        status = fresh.obj.get("status") or {}
        conditions = set_said(list(status.get("conditions") or []), PROGRESSING, said, self.context.timestamp())
        self.writer.set_status(DEPLOYMENTS, fresh, {**status, "conditions": conditions})

    def _annotate(self, stored: Stored, revision: int) -> None:
        fresh = self.fresh(stored)
        if fresh is None or revision_of(fresh.obj) == revision:
            return
        annotations = {**(fresh.obj["metadata"].get("annotations") or {}), REVISION: str(revision)}
        metadata = {**fresh.obj["metadata"], "annotations": annotations}
        self.writer.update(DEPLOYMENTS, fresh, {**fresh.obj, "metadata": metadata})

    def _scale(self, deployment: Obj, item: Stored, count: int) -> bool:
        """Give a ReplicaSet its size; say whether that changed."""
        before = wanted(item)
        replicas = deployment["spec"].get("replicas", 1)
        annotations = {
            **(item.obj["metadata"].get("annotations") or {}),
            DESIRED: str(replicas),
            MAXIMUM: str(replicas + limits_of(deployment["spec"]).surge),
        }
        if before == count and annotations == item.obj["metadata"].get("annotations"):
            return False
        metadata = {**item.obj["metadata"], "annotations": annotations}
        changed = {**item.obj, "metadata": metadata, "spec": {**item.obj["spec"], "replicas": count}}
        self.writer.update(REPLICASETS, item, changed)
        if before != count:
            way = "up" if count > before else "down"
            message = f"Scaled {way} replica set {item.name} from {before} to {count}"
            self.event(deployment, "Normal", "ScalingReplicaSet", message)
        return before != count

    def _resize(self, stored: Stored, owned: list[Stored]) -> None:
        """Follow a change of replicas without rolling: all to the one that is active, else in proportion."""
        deployment = stored.obj
        current = self._current(deployment, owned)
        new = next((item for item in owned if current and item.name == current["metadata"]["name"]), None)
        replicas = deployment["spec"].get("replicas", 1)
        active = [item for item in owned if wanted(item) > 0]
        if not active:
            active = [new] if new else sorted(owned, key=lambda item: -revision_of(item.obj))[:1]
        if len(active) == 1:
            if wanted(active[0]) != replicas:
                self._scale(deployment, active[0], replicas)
        elif is_saturated(deployment, new):
            for item in active:
                if new is None or item.name != new.name:
                    self._scale(deployment, item, 0)
        elif (deployment["spec"].get("strategy") or {}).get("type") != "Recreate":
            sizes = proportional_sizes(deployment, active)
            for item in active:
                self._scale(deployment, item, sizes[item.name])
        fresh = self.fresh(stored)
        if fresh is not None:
            owned = owned_by(self.context, REPLICASETS, fresh.obj)
            status = counted_status(fresh.obj, _objs(owned), self._current(fresh.obj, owned), self._now())
            self._write(fresh, status)

    def _grow_new(self, deployment: Obj, new: Stored, old: list[Stored]) -> bool:
        replicas = deployment["spec"].get("replicas", 1)
        if wanted(new) == replicas:
            return False
        if wanted(new) > replicas:
            return self._scale(deployment, new, replicas)
        room = replicas + limits_of(deployment["spec"]).surge - wanted(new) - sum(wanted(item) for item in old)
        return self._scale(deployment, new, min(replicas, wanted(new) + max(room, 0)))

    def _shrink_old(self, deployment: Obj, new: Stored, old: list[Stored]) -> None:
        """Take down what is old: first what never became available, then as much as may be missing."""
        least = deployment["spec"].get("replicas", 1) - limits_of(deployment["spec"]).unavailable
        active = [item for item in old if wanted(item) > 0]
        active.sort(key=lambda item: (item.obj["metadata"]["creationTimestamp"], item.version))
        total = wanted(new) + sum(wanted(item) for item in active)
        removable = total - least - max(wanted(new) - available(new), 0)
        if removable <= 0:
            return
        spare = available(new) + sum(available(item) for item in old) - least
        for item in active:
            cut = min(max(wanted(item) - available(item), 0), removable)
            removable -= cut
            healthy = min(wanted(item) - cut, max(spare, 0))
            spare -= healthy
            if cut + healthy:
                self._scale(deployment, item, wanted(item) - cut - healthy)

    def _clean_up(self, deployment: Obj, new: Stored, old: list[Stored]) -> None:
        limit = deployment["spec"].get("revisionHistoryLimit", _NO_LIMIT)
        alive = sorted((item for item in old if not is_terminating(item.obj)), key=lambda item: revision_of(item.obj))
        for item in alive[: max(len(alive) - limit, 0)]:
            status = item.obj.get("status") or {}
            seen = status.get("observedGeneration", 0) >= item.obj["metadata"].get("generation", 0)
            if wanted(item) == 0 and not status.get("replicas") and seen and item.name != new.name:
                self.writer.delete(REPLICASETS, item, DeleteOptions())


def _objs(items: list[Stored]) -> list[Obj]:
    return [item.obj for item in items]


def _copied(deployment: Obj) -> dict[str, str]:
    """Return the annotations that a ReplicaSet takes over from its Deployment."""
    own = deployment["metadata"].get("annotations") or {}
    return {key: value for key, value in own.items() if key not in _OWN_ANNOTATIONS}
