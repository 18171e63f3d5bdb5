"""StatefulSets: pods with names and volumes of their own, made and replaced in order unless told otherwise."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ai4k8s_simcluster.controllers.context import is_ready, is_terminating, owner_reference, without_empty
from ai4k8s_simcluster.controllers.reconciler import Handler, Reconciler
from ai4k8s_simcluster.controllers.workloads.claims import claim_pods
from ai4k8s_simcluster.controllers.workloads.replicaset import available_at
from ai4k8s_simcluster.controllers.workloads.revisions import (
    HASH_LABEL,
    current_revision,
    history_of,
    template_of,
    truncate_history,
)
from ai4k8s_simcluster.controllers.workloads.rollout import amount
from ai4k8s_simcluster.controllers.workloads.templates import pod_from_template
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions

_REVISION_LABEL = "controller.kubernetes.io/hash"
_POD_NAME = "statefulset.kubernetes.io/pod-name"
_POD_INDEX = "apps.kubernetes.io/pod-index"
_RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a StatefulSet is to look like."""

    ordinals: range
    current: Stored
    update: Stored
    parallel: bool
    partition: int

    def revision_for(self, ordinal: int) -> Stored:
        """Return the template that a pod is made from: the old one below the partition."""
        return self.update if ordinal >= self.ordinals.start + self.partition else self.current


def ordinal_of(pod_name: str, set_name: str) -> int | None:
    """Return the number in a pod's name; None when it is not a pod of the set."""
    prefix, _, number = pod_name.rpartition("-")
    return int(number) if prefix == set_name and number.isdigit() else None


class StatefulSetController(Reconciler):
    """Keeps every StatefulSet's pods and their claims."""

    resource: ClassVar = STATEFUL_SETS
    component: ClassVar = "statefulset-controller"

    def watches(self) -> Mapping[str, Handler]:
        """Follow StatefulSets and their pods."""
        return {STATEFUL_SETS.key: self.on_own_change, PODS.key: self.on_dependent_change}

    def reconcile(self, stored: Stored) -> None:
        """Take the next step in order, then say how it stands."""
        if is_terminating(stored.obj):
            return
        plan = self._plan(stored.obj)
        pods = self._by_ordinal(stored.obj)
        self._keep_claim_owners(stored.obj, plan, pods)
        if self._advance(stored, plan, pods):
            self._update(stored, plan, self._by_ordinal(stored.obj))
        fresh = self.fresh(stored)
        if fresh is not None:
            self._write_status(fresh, plan)

    def _plan(self, statefulset: Obj) -> _Plan:
        spec = statefulset["spec"]
        update = current_revision(self.context, statefulset, _REVISION_LABEL)
        name = (statefulset.get("status") or {}).get("currentRevision")
        current = next((item for item in history_of(self.context, statefulset) if item.name == name), update)
        start = int((spec.get("ordinals") or {}).get("start", 0))
        strategy = spec.get("updateStrategy") or {}
        partition = int((strategy.get("rollingUpdate") or {}).get("partition", 0))
        if strategy.get("type") == "OnDelete":
            partition = 0
        return _Plan(
            range(start, start + int(spec.get("replicas", 1))),
            current,
            update,
            parallel=spec.get("podManagementPolicy") == "Parallel",
            partition=partition,
        )

    def _by_ordinal(self, statefulset: Obj) -> dict[int, Stored]:
        name = statefulset["metadata"]["name"]
        found = ((ordinal_of(pod.name, name), pod) for pod in claim_pods(self.context, statefulset))
        return {ordinal: pod for ordinal, pod in found if ordinal is not None}

    def _advance(self, stored: Stored, plan: _Plan, pods: dict[int, Stored]) -> bool:
        """Make missing pods and take away surplus ones; say whether all stands, so that an update may go on."""
        for ordinal in plan.ordinals:
            pod = pods.get(ordinal)
            if pod is not None and (pod.obj.get("status") or {}).get("phase") in {"Failed", "Succeeded"}:
                if not is_terminating(pod.obj):
                    self._delete(stored, pod)
                if not plan.parallel:
                    return False
                continue
            if pod is None:
                made = self._create(stored, plan.revision_for(ordinal), ordinal)
                if not plan.parallel or not made:
                    return False
                continue
            self._make_claims(stored, pod.obj, ordinal)
            if not plan.parallel and (is_terminating(pod.obj) or not self._is_available(stored.obj, pod.obj)):
                return False
        for ordinal in sorted((o for o in pods if o not in plan.ordinals), reverse=True):
            pod = pods[ordinal]
            if is_terminating(pod.obj):
                if not plan.parallel:
                    return False
                continue
            self._delete(stored, pod)
            if not plan.parallel:
                return False
        return True

    def _update(self, stored: Stored, plan: _Plan, pods: dict[int, Stored]) -> None:
        """Replace pods of an older template from the highest ordinal down, as many at once as may be missing."""
        strategy = stored.obj["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        rolling = strategy.get("rollingUpdate") or {}
        most = max(amount(rolling.get("maxUnavailable", 1), len(plan.ordinals), up=True), 1)
        missing = sum(
            1
            for ordinal in plan.ordinals
            if ordinal not in pods
            or is_terminating(pods[ordinal].obj)
            or not self._is_available(stored.obj, pods[ordinal].obj)
        )
        for ordinal in reversed(plan.ordinals):
            if ordinal < plan.ordinals.start + plan.partition:
                return
            pod = pods.get(ordinal)
            if pod is None or is_terminating(pod.obj):
                if missing >= most:
                    return
                continue
            if _hash(pod.obj) != plan.update.name:
                broken = not self._is_available(stored.obj, pod.obj)
                if missing >= most and not broken:
                    return
                missing += not broken
                self._delete(stored, pod)
            elif not self._is_available(stored.obj, pod.obj) and missing >= most:
                return

    def _is_available(self, statefulset: Obj, pod: Obj) -> bool:
        at = available_at(pod, float(statefulset["spec"].get("minReadySeconds", 0)))
        return at is not None and at <= self.context.clock.now()

    def _create(self, stored: Stored, revision: Stored, ordinal: int) -> bool:
        statefulset = stored.obj
        name = f"{statefulset['metadata']['name']}-{ordinal}"
        pod = pod_from_template(template_of(revision), statefulset, name=name)
        pod["metadata"]["labels"] |= {HASH_LABEL: revision.name, _POD_NAME: name, _POD_INDEX: str(ordinal)}
        pod["metadata"]["generateName"] = f"{statefulset['metadata']['name']}-"
        pod["spec"]["hostname"] = name
        if statefulset["spec"].get("serviceName"):
            pod["spec"]["subdomain"] = statefulset["spec"]["serviceName"]
        self._mount_claims(statefulset, pod["spec"], ordinal)
        if not self._make_claims(stored, {"metadata": {**pod["metadata"], "name": name}}, ordinal):
            return False
        try:
            self.writer.create(PODS, pod)
        except ApiError as error:
            message = f"create Pod {name} in StatefulSet {stored.name} failed error: {error.message}"
            self.event(statefulset, "Warning", "FailedCreate", message)
            self.later(stored, _RETRY_SECONDS)
            return False
        self.event(
            statefulset, "Normal", "SuccessfulCreate", f"create Pod {name} in StatefulSet {stored.name} successful"
        )
        return True

    def _mount_claims(self, statefulset: Obj, spec: Obj, ordinal: int) -> None:
        templates = statefulset["spec"].get("volumeClaimTemplates") or ()
        names = {template["metadata"]["name"] for template in templates}
        volumes = [
            {"name": name, "persistentVolumeClaim": {"claimName": self._claim_name(statefulset, name, ordinal)}}
            for name in sorted(names)
        ]
        rest = [volume for volume in spec.get("volumes") or () if volume["name"] not in names]
        if volumes or rest:
            spec["volumes"] = [*volumes, *rest]

    def _claim_name(self, statefulset: Obj, template: str, ordinal: int) -> str:
        return f"{template}-{statefulset['metadata']['name']}-{ordinal}"

    def _make_claims(self, stored: Stored, pod: Obj, ordinal: int) -> bool:
        """Make the claims of a pod that are not there yet; say whether all are."""
        statefulset = stored.obj
        namespace, pod_name = stored.namespace, pod["metadata"]["name"]
        for template in statefulset["spec"].get("volumeClaimTemplates") or ():
            name = self._claim_name(statefulset, template["metadata"]["name"], ordinal)
            if self.store.get(PERSISTENT_VOLUME_CLAIMS, namespace, name) is not None:
                continue
            claim = copy.deepcopy({"metadata": template["metadata"], "spec": template["spec"]})
            labels = {
                **(claim["metadata"].get("labels") or {}),
                **((statefulset["spec"].get("selector") or {}).get("matchLabels") or {}),
            }
            claim["metadata"] |= {"name": name, "namespace": namespace, "labels": labels}
            about = f"create Claim {name} Pod {pod_name} in StatefulSet {stored.name}"
            try:
                self.writer.create(PERSISTENT_VOLUME_CLAIMS, claim)
            except ApiError as error:
                self.event(statefulset, "Warning", "FailedCreate", f"{about} failed error: {error.message}")
                self.later(stored, _RETRY_SECONDS)
                return False
            self.event(statefulset, "Normal", "SuccessfulCreate", f"{about} success")
        return True

    def _keep_claim_owners(self, statefulset: Obj, plan: _Plan, pods: dict[int, Stored]) -> None:
        """Tie claims to what they are to go with: the set when it is deleted, the pod when it is scaled away."""
        policy = statefulset["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
        with_set = policy.get("whenDeleted") == "Delete"
        with_pod = policy.get("whenScaled") == "Delete"
        if not statefulset["spec"].get("volumeClaimTemplates"):
            return
        for ordinal, pod in pods.items():
            leaving = with_pod and ordinal not in plan.ordinals
            owners: list[Obj] = []
            if leaving:
                owners.append({k: v for k, v in owner_reference(pod.obj).items() if k != "blockOwnerDeletion"})
                owners[0].pop("controller")
            elif with_set:
                owners.append({k: v for k, v in owner_reference(statefulset).items() if k != "blockOwnerDeletion"})
            self._set_claim_owners(statefulset, ordinal, owners, {pod.uid, statefulset["metadata"]["uid"]})

    def _set_claim_owners(self, statefulset: Obj, ordinal: int, wanted: list[Obj], ours: set[str]) -> None:
        for template in statefulset["spec"].get("volumeClaimTemplates") or ():
            name = self._claim_name(statefulset, template["metadata"]["name"], ordinal)
            claim = self.store.get(PERSISTENT_VOLUME_CLAIMS, statefulset["metadata"]["namespace"], name)
            if claim is None:
                continue
            owners = claim.obj["metadata"].get("ownerReferences") or []
            new = [*(owner for owner in owners if owner["uid"] not in ours), *wanted]
            if new != owners:
                self.context.with_owners(PERSISTENT_VOLUME_CLAIMS, claim, new)

    def _delete(self, stored: Stored, pod: Stored) -> None:
        fresh = self.store.get(PODS, pod.namespace, pod.name)
        if fresh is None or is_terminating(fresh.obj):
            return
        self.writer.delete(PODS, fresh, DeleteOptions())
        message = f"delete Pod {pod.name} in StatefulSet {stored.name} successful"
        self.event(stored.obj, "Normal", "SuccessfulDelete", message)

    def _write_status(self, stored: Stored, plan: _Plan) -> None:
        statefulset = stored.obj
        pods = [pod.obj for pod in self._by_ordinal(statefulset).values()]
        alive = [pod for pod in pods if not is_terminating(pod)]
        ready = sum(1 for pod in pods if is_ready(pod) and (pod.get("status") or {}).get("phase") == "Running")
        available = sum(1 for pod in pods if self._is_available(statefulset, pod))
        updated = sum(1 for pod in alive if _hash(pod) == plan.update.name)
        current = sum(1 for pod in alive if _hash(pod) == plan.current.name)
        name = plan.current.name
        rolling = (statefulset["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"
        if rolling and updated == len(pods) == ready and plan.partition == 0:
            name, current = plan.update.name, updated
        status = without_empty(
            {
                "observedGeneration": statefulset["metadata"].get("generation", 0),
                "replicas": len(pods),
                "readyReplicas": ready,
                "currentReplicas": current,
                "updatedReplicas": updated,
                "currentRevision": name,
                "updateRevision": plan.update.name,
                "collisionCount": (statefulset.get("status") or {}).get("collisionCount", 0),
                "availableReplicas": available,
            },
            "replicas", "collisionCount", "availableReplicas",
        )  # fmt: skip
        self.writer.set_status(STATEFUL_SETS, stored, status)
        truncate_history(self.context, statefulset, {name, plan.update.name, *(_hash(pod) for pod in pods)})
        if ready > available:
            self.later(stored, _RETRY_SECONDS)


def _hash(pod: Obj) -> str:
    return str((pod["metadata"].get("labels") or {}).get(HASH_LABEL, ""))
