"""DaemonSets: one pod on every node that is meant, replaced node by node when the template changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ai4k8s_simcluster.controllers.context import controller_of, is_ready, is_terminating, without_empty
from ai4k8s_simcluster.controllers.reconciler import Handler, Reconciler
from ai4k8s_simcluster.controllers.scheduling.terms import node_selected, untolerated
from ai4k8s_simcluster.controllers.workloads.claims import claim_pods
from ai4k8s_simcluster.controllers.workloads.replicaset import available_at
from ai4k8s_simcluster.controllers.workloads.revisions import HASH_LABEL, current_revision, truncate_history
from ai4k8s_simcluster.controllers.workloads.rollout import amount
from ai4k8s_simcluster.controllers.workloads.templates import pod_from_template
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS
from ai4k8s_simcluster.store import Change, ChangeKind, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions

_GENERATION_LABEL = "pod-template-generation"
_GENERATION = "deprecated.daemonset.template.generation"
_RETRY_SECONDS = 1.0
_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
_NO_EXECUTE = frozenset({"NoExecute"})


@dataclass(frozen=True, slots=True)
class _Fit:
    """Whether a node is to get a pod, and whether one that it has may stay."""

    runs: bool
    keeps: bool


def daemon_tolerations(spec: Obj) -> list[Obj]:
    """Return a daemon pod's tolerations: its own, and those of the trouble that daemons live through."""
    own = list(spec.get("tolerations") or ())
    wanted: tuple[tuple[str, str], ...] = _TOLERATED
    if spec.get("hostNetwork"):
        wanted = (*_TOLERATED, ("node.kubernetes.io/network-unavailable", "NoSchedule"))
    return [*own, *({"key": key, "operator": "Exists", "effect": effect} for key, effect in wanted)]


def daemon_affinity(spec: Obj, node: str) -> Obj:
    """Return a daemon pod's affinity: its own, bound to one node by name."""
    affinity = dict(spec.get("affinity") or {})
    near = dict(affinity.get("nodeAffinity") or {})
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    required = near.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = required.get("nodeSelectorTerms") or [{}]
    near["requiredDuringSchedulingIgnoredDuringExecution"] = {
        "nodeSelectorTerms": [{**term, "matchFields": [field]} for term in terms]
    }
    return {**affinity, "nodeAffinity": near}


class DaemonSetController(Reconciler):
    """Keeps every DaemonSet's pods."""

    resource: ClassVar = DAEMON_SETS
    component: ClassVar = "daemonset-controller"

    def watches(self) -> Mapping[str, Handler]:
        """Follow DaemonSets, their pods, and what nodes offer."""
        return {DAEMON_SETS.key: self.on_own_change, PODS.key: self.on_dependent_change, NODES.key: self._on_node}

    def _on_node(self, change: Change) -> None:
        before = change.previous
        modified = before is not None and change.kind is ChangeKind.MODIFIED
        if not modified or before is None or _place(before.obj) != _place(change.stored.obj):
            self.start()

    def reconcile(self, stored: Stored) -> None:
        """Make what is missing, delete what is out of place or old, and say how it stands."""
        daemonset = stored.obj
        pods = claim_pods(self.context, daemonset)
        if not is_terminating(daemonset):
            digest = current_revision(self.context, daemonset, HASH_LABEL).obj["metadata"]["labels"][HASH_LABEL]
            self._manage(stored, self._by_node(pods), digest)
            self._truncate(stored, digest)
        fresh = self.fresh(stored)
        if fresh is not None:
            self._write_status(fresh)

    def _by_node(self, pods: list[Stored]) -> dict[str, list[Stored]]:
        found: dict[str, list[Stored]] = {}
        for pod in pods:
            found.setdefault(_target(pod.obj), []).append(pod)
        return found

    def _fit(self, daemonset: Obj, node: Obj) -> _Fit:
        spec = daemonset["spec"]["template"]["spec"]
        name, labels = node["metadata"]["name"], node["metadata"].get("labels") or {}
        selected = node_selected(spec, name, labels) and spec.get("nodeName") in {None, "", name}
        tolerating = {"tolerations": daemon_tolerations(spec)}
        runs = selected and not untolerated(tolerating, node)
        return _Fit(runs, selected and not untolerated(tolerating, node, _NO_EXECUTE))

    def _manage(self, stored: Stored, by_node: dict[str, list[Stored]], digest: str) -> None:
        daemonset = stored.obj
        needing: list[str] = []
        leaving: list[Stored] = []
        wanted = 0
        for node in self.store.listing(NODES):
            fit = self._fit(daemonset, node.obj)
            wanted += fit.runs
            pods = by_node.get(node.name, [])
            alive = [pod for pod in pods if not is_terminating(pod.obj)]
            if not fit.keeps:
                leaving += alive
                continue
            failed = [pod for pod in alive if (pod.obj.get("status") or {}).get("phase") in {"Failed", "Succeeded"}]
            leaving += failed
            running = [pod for pod in alive if pod not in failed]
            if fit.runs and not pods:
                needing.append(node.name)
            leaving += self._surplus(daemonset, running, digest)
        known = {node.name for node in self.store.values(NODES)}
        leaving += [p for name, pods in by_node.items() if name not in known for p in pods if not is_terminating(p.obj)]
        if (daemonset["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate":
            more, less = self._roll(daemonset, by_node, leaving, digest, wanted)
            needing += more
            leaving += less
        self._carry_out(stored, needing, leaving, digest)

    def _surplus(self, daemonset: Obj, running: list[Stored], digest: str) -> list[Stored]:
        """Return the pods of a node beyond the first; a surge may have a second one of another template."""
        if len(running) < 2:
            return []
        running = sorted(running, key=lambda pod: (pod.obj["metadata"]["creationTimestamp"], pod.version))
        new = [pod for pod in running if _hash(pod.obj) == digest]
        old = [pod for pod in running if _hash(pod.obj) != digest]
        if self._surge(daemonset) and new and old:
            return [*old, *new[1:]] if is_ready(new[0].obj) else [*old[1:], *new[1:]]
        return running[1:]

    def _surge(self, daemonset: Obj, nodes: int = 1) -> int:
        rolling = (daemonset["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        return amount(rolling.get("maxSurge", 0), nodes, up=True)

    def _roll(
        self, daemonset: Obj, by_node: dict[str, list[Stored]], leaving: list[Stored], digest: str, nodes: int
    ) -> tuple[list[str], list[Stored]]:
        """Return the nodes that get a new pod beside the old one, and the old pods that may go now."""
        rolling = (daemonset["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        surge = self._surge(daemonset, nodes)
        unavailable = amount(rolling.get("maxUnavailable", 1), nodes, up=True)
        if surge == 0 and unavailable == 0:
            unavailable = 1
        going = {pod.name for pod in leaving}
        missing, surging = 0, 0
        idle: list[Stored] = []
        ready: list[Stored] = []
        for node in self.store.listing(NODES):
            if not self._fit(daemonset, node.obj).runs:
                continue
            alive = [p for p in by_node.get(node.name, []) if not is_terminating(p.obj) and p.name not in going]
            up = [pod for pod in alive if self._is_available(daemonset, pod.obj)]
            missing += not up
            old = [pod for pod in alive if _hash(pod.obj) != digest]
            surging += bool(old) and len(alive) > len(old)
            if old and len(alive) == len(old):
                (ready if up else idle).append(old[0])
        if surge:
            more = [_target(pod.obj) for pod in (*idle, *ready)][: max(surge - surging, 0)]
            return more, []
        return [], [*idle, *ready[: max(unavailable - missing, 0)]]

    def _is_available(self, daemonset: Obj, pod: Obj) -> bool:
        at = available_at(pod, float(daemonset["spec"].get("minReadySeconds", 0)))
        return at is not None and at <= self.context.clock.now()

    def _carry_out(self, stored: Stored, needing: list[str], leaving: list[Stored], digest: str) -> None:
        for node in needing:
            if not self._create(stored, node, digest):
                self.later(stored, _RETRY_SECONDS)
                break
        for pod in leaving:
            fresh = self.store.get(PODS, pod.namespace, pod.name)
            if fresh is None or is_terminating(fresh.obj):
                continue
            if (fresh.obj.get("status") or {}).get("phase") == "Failed":
                where = f"{pod.namespace}/{pod.name} on node {_target(pod.obj)}"
                message = f"Found failed daemon pod {where}, will try to kill it"
                self.event(stored.obj, "Warning", "FailedDaemonPod", message)
            self.writer.delete(PODS, fresh, DeleteOptions())
            self.event(stored.obj, "Normal", "SuccessfulDelete", f"Deleted pod: {pod.name}")

    def _create(self, stored: Stored, node: str, digest: str) -> bool:
        daemonset = stored.obj
        pod = pod_from_template(daemonset["spec"]["template"], daemonset)
        generation = (daemonset["metadata"].get("annotations") or {}).get(
            _GENERATION, str(daemonset["metadata"].get("generation", 1))
        )
        pod["metadata"]["labels"] |= {HASH_LABEL: digest, _GENERATION_LABEL: generation}
        pod["spec"]["affinity"] = daemon_affinity(pod["spec"], node)
        pod["spec"]["tolerations"] = daemon_tolerations(pod["spec"])
        try:
            created = self.writer.create(PODS, pod)
        except ApiError as error:
            self.event(daemonset, "Warning", "FailedCreate", f"Error creating: {error.message}")
            return False
        self.event(daemonset, "Normal", "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")
        return True

    def _truncate(self, stored: Stored, digest: str) -> None:
        digests = {digest, *(_hash(pod.obj) for pod in claim_pods(self.context, stored.obj))}
        history = self.store.owned(CONTROLLER_REVISIONS, stored.uid)
        used = {item.name for item in history if item.obj["metadata"]["labels"].get(HASH_LABEL) in digests}
        truncate_history(self.context, stored.obj, used)

    def _write_status(self, stored: Stored) -> None:
        daemonset = stored.obj
        by_node = self._by_node([pod for pod in self.store.owned(PODS, stored.uid) if _is_mine(pod.obj, daemonset)])
        revision = current_revision(self.context, daemonset, HASH_LABEL) if not is_terminating(daemonset) else None
        digest = revision.obj["metadata"]["labels"][HASH_LABEL] if revision else ""
        counts = dict.fromkeys(("desired", "current", "misplaced", "ready", "available", "updated"), 0)
        for node in self.store.values(NODES):
            pods = [pod.obj for pod in by_node.get(node.name, []) if not is_terminating(pod.obj)]
            fit = self._fit(daemonset, node.obj)
            if not fit.runs:
                counts["misplaced"] += bool(by_node.get(node.name))
                continue
            counts["desired"] += 1
            if not pods:
                continue
            pod = min(pods, key=lambda p: (p["metadata"]["creationTimestamp"], int(p["metadata"]["resourceVersion"])))
            counts["current"] += 1
            counts["ready"] += is_ready(pod)
            counts["available"] += self._is_available(daemonset, pod)
            counts["updated"] += _hash(pod) == digest
        status = without_empty(
            {
                "currentNumberScheduled": counts["current"],
                "numberMisscheduled": counts["misplaced"],
                "desiredNumberScheduled": counts["desired"],
                "numberReady": counts["ready"],
                "observedGeneration": daemonset["metadata"].get("generation", 0),
                "updatedNumberScheduled": counts["updated"],
                "numberAvailable": counts["available"],
                "numberUnavailable": counts["desired"] - counts["available"],
            },
            "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady",
        )  # fmt: skip
        self.writer.set_status(DAEMON_SETS, stored, status)
        if counts["ready"] > counts["available"]:
            self.later(stored, _RETRY_SECONDS)


def _is_mine(pod: Obj, daemonset: Obj) -> bool:
    return bool((controller_of(pod) or {}).get("uid") == daemonset["metadata"]["uid"])


def _hash(pod: Obj) -> str:
    return str((pod["metadata"].get("labels") or {}).get(HASH_LABEL, ""))


def _place(node: Obj) -> tuple[object, ...]:
    spec = node.get("spec") or {}
    return node["metadata"].get("labels"), spec.get("taints"), spec.get("unschedulable")


def _target(pod: Obj) -> str:
    """Return the node that a daemon pod is on or meant for."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    required = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            return str(field["values"][0])
    return ""
