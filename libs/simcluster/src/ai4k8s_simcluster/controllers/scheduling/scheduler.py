"""The scheduler: a node for each pod, or the reason why there is none."""

from collections import Counter
from collections.abc import Mapping

from ai4k8s_simcluster.controllers.context import Context, condition, controller_of, is_terminating, set_condition
from ai4k8s_simcluster.controllers.queue import DelayQueue
from ai4k8s_simcluster.controllers.reconciler import Handler, Key
from ai4k8s_simcluster.controllers.scheduling.filters import Refusal, Request, refusal
from ai4k8s_simcluster.controllers.scheduling.preemption import Plan, plan_preemption, priority
from ai4k8s_simcluster.controllers.scheduling.rooms import Room
from ai4k8s_simcluster.controllers.scheduling.terms import (
    named_nodes,
    pod_terms,
    preference,
    preferred_pod_terms,
)
from ai4k8s_simcluster.controllers.scheduling.volumes import VolumeCheck
from ai4k8s_simcluster.registry import NAMESPACES, NODES, PERSISTENT_VOLUME_CLAIMS, PODS
from ai4k8s_simcluster.store import Change, ChangeKind, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions

_COMPONENT = "default-scheduler"
_MANAGER = "kube-scheduler"
_LEFTOVER_SECONDS = 300.0
_FEWEST_NODES = 100
_TOPOLOGY = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")
_FINISHED = {"Succeeded", "Failed"}


def explain(refusals: Mapping[str, Refusal], after: str) -> str:
    """Say in the scheduler's words why no node fits. after: what came of looking for pods to preempt."""
    if not refusals:
        return "no nodes available to schedule pods"
    counts = Counter(reason for found in refusals.values() for reason in found.reasons)
    listed = ", ".join(sorted(f"{number} {reason}" for reason, number in counts.items()))
    tail = f" no new claims to deallocate, preemption: {after}" if after else ""
    return f"0/{len(refusals)} nodes are available: {listed}.{tail}"


class Scheduler:
    """Assigns pods to nodes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._rooms: dict[str, Room] = {}
        self._placed: dict[Key, str] = {}
        self._anti_affine: dict[Key, str] = {}
        self._fresh: DelayQueue[Key] = DelayQueue()
        self._waiting: set[Key] = set()
        self._nominated: dict[Key, str] = {}
        self._volumes = VolumeCheck(context)
        self._start_at = 0

    def watches(self) -> Mapping[str, Handler]:
        """Follow pods, nodes and claims."""
        return {
            PODS.key: self._on_pod,
            NODES.key: self._on_node,
            PERSISTENT_VOLUME_CLAIMS.key: self._on_claim,
        }

    def start(self) -> None:
        """Learn where everything is, and look at what has no place yet."""
        for node in self._store.values(NODES):
            self._rooms[node.name] = Room(node.obj)
        for pod in self._store.values(PODS):
            self._count(pod)
            self._consider(pod)

    def work(self, now: float) -> bool:
        """Place the pods that are due, the most important ones first, then the oldest."""
        due = [self._store.get(PODS, *key) for key in self._fresh.pop_due(now)]
        pods = [pod for pod in due if pod is not None and _wants_place(pod.obj)]
        pods.sort(key=lambda pod: (-priority(pod.obj), pod.obj["metadata"]["creationTimestamp"], pod.version))
        refused: dict[tuple[str, int], str] = {}  # twins of a pod that was just refused need no new search
        for pod in pods:
            owner = controller_of(pod.obj)
            twin = (owner["uid"], priority(pod.obj)) if owner and owner["kind"] == "ReplicaSet" else None
            if twin is not None and twin in refused:
                self._refuse(pod, refused[twin])
                continue
            message = self._place(pod)
            if message and twin is not None:
                refused[twin] = message
        return bool(due)

    def _on_pod(self, change: Change) -> None:
        key = (change.stored.namespace, change.stored.name)
        gone = change.kind is ChangeKind.DELETED
        before = self._placed.get(key)
        if gone:
            self._uncount(key)
            self._waiting.discard(key)
            self._nominated.pop(key, None)
        else:
            self._count(change.stored)
            self._consider(change.stored)
        if before is not None and key not in self._placed:
            self._retry()

    def _count(self, pod: Stored) -> None:
        key = (pod.namespace, pod.name)
        node = pod.obj["spec"].get("nodeName", "")
        finished = (pod.obj.get("status") or {}).get("phase") in _FINISHED
        if not node or finished:
            self._uncount(key)
            return
        self._waiting.discard(key)
        self._nominated.pop(key, None)
        room = self._rooms.get(node)
        if room is None:
            return
        known = room.pods.get(key)
        if known is not None and known["spec"] == pod.obj["spec"]:
            room.pods[key] = pod.obj
            return
        self._uncount(key)
        room.put(pod.obj)
        self._placed[key] = node
        if pod_terms(pod.obj["spec"], "podAntiAffinity"):
            self._anti_affine[key] = node
        if self._waiting_for_company():
            self._retry()

    def _waiting_for_company(self) -> bool:
        found = (self._store.get(PODS, *key) for key in self._waiting)
        return any(pod is not None and pod_terms(pod.obj["spec"], "podAffinity") for pod in found)

    def _uncount(self, key: Key) -> None:
        node = self._placed.pop(key, None)
        self._anti_affine.pop(key, None)
        if node is not None and node in self._rooms:
            self._rooms[node].remove(key)

    def _consider(self, pod: Stored) -> None:
        """Take a pod up when it is new or its wishes changed."""
        key = (pod.namespace, pod.name)
        if not _wants_place(pod.obj):
            return
        if not pod.obj["spec"].get("schedulingGates") and key not in self._waiting:
            self._waiting.add(key)
            self._fresh.add(key)

    def _on_node(self, change: Change) -> None:
        name = change.stored.name
        if change.kind is ChangeKind.DELETED:
            room = self._rooms.pop(name, None)
            for key in room.pods if room else ():
                self._placed.pop(key, None)
                self._anti_affine.pop(key, None)
            self._retry()
            return
        room = self._rooms.get(name)
        if room is None:
            self._rooms[name] = Room(change.stored.obj)
            for pod in self._store.on_node(name):
                self._count(pod)
            self._retry()
            return
        told = _offer(room.node) != _offer(change.stored.obj)
        room.set_node(change.stored.obj)
        if told:
            self._retry()

    def _on_claim(self, change: Change) -> None:
        del change
        self._retry()

    def _retry(self) -> None:
        for key in self._waiting:
            self._fresh.add(key)

    def _place(self, pod: Stored) -> str:
        """Assign a pod; return why that was not possible."""
        trouble = self._volumes.trouble(pod.obj)
        if trouble:
            message = f"0/{len(self._rooms)} nodes are available: {trouble}. not found"
            self._refuse(pod, message)
            return ""
        namespaces = {item.name: item.obj for item in self._store.values(NAMESPACES)}
        request = Request(pod.obj, self._rooms, namespaces, self._anti_affine)
        fitting, refusals = self._search(request)
        if fitting:
            siblings = self._siblings(pod.obj)
            best = max(fitting, key=lambda room: self._score(request, room, siblings))
            self._assign(pod, best)
            return ""
        message = self._preempt(pod, request, refusals)
        self._refuse(pod, message)
        return message

    def _search(self, request: Request) -> tuple[list[Room], dict[str, Refusal]]:
        """Return nodes that can take a pod: in large clusters only the first so many, as the scheduler does."""
        names = named_nodes(request.spec)
        rooms = list(self._rooms.values())
        enough = _feasible_enough(len(rooms))
        fitting: list[Room] = []
        refusals: dict[str, Refusal] = {}
        promised = self._promised(request)
        for offset in range(len(rooms)):
            room = rooms[(self._start_at + offset) % len(rooms)]
            if names is not None and room.name not in names:
                unmet = "node(s) didn't satisfy plugin(s) [NodeAffinity]"
                refusals[room.name] = Refusal((unmet,), resolvable=False)
                continue
            found = refusal(request, promised.get(room.name, room))
            if found is not None:
                refusals[room.name] = found
                continue
            fitting.append(room)
            if len(fitting) >= enough:
                self._start_at = (self._start_at + offset + 1) % len(rooms)
                break
        return fitting, refusals

    def _promised(self, request: Request) -> dict[str, Room]:
        """Return the nodes on which room is kept for pods of at least the same priority that preempted others."""
        found: dict[str, Room] = {}
        own = (request.namespace, str(request.pod["metadata"]["name"]))
        for key, node in self._nominated.items():
            pod = self._store.get(PODS, *key)
            if key == own or pod is None or node not in self._rooms or priority(pod.obj) < priority(request.pod):
                continue
            room = found.get(node) or self._rooms[node].without(())
            room.put(pod.obj)
            found[node] = room
        return found

    def _score(self, request: Request, room: Room, siblings: Mapping[str, int]) -> tuple[float, ...]:
        """Rank a node: what the pod prefers, then apart from its siblings, then the least loaded."""
        wish = float(preference(request.spec, room.name, room.labels)) + self._company(request, room)
        soft = -len([t for t in (room.node.get("spec") or {}).get("taints") or () if t["effect"] == "PreferNoSchedule"])
        apart = -float(siblings.get(room.name, 0))
        return (float(soft), wish, apart, -round(room.load(request.amounts), 6), -float(len(room.pods)))

    def _company(self, request: Request, room: Room) -> float:
        total = 0.0
        for kind, sign in (("podAffinity", 1), ("podAntiAffinity", -1)):
            for at, term in enumerate(preferred_pod_terms(request.spec, kind)):
                inner = term["podAffinityTerm"]
                near = request.domains_near(f"preferred {kind}", at, inner)
                if room.labels.get(inner["topologyKey"]) in near:
                    total += sign * int(term["weight"])
        return total

    def _siblings(self, pod: Obj) -> Mapping[str, int]:
        """Return how many pods of the same owner each node has."""
        owner = controller_of(pod)
        if owner is None:
            return {}
        return Counter(item.obj["spec"].get("nodeName", "") for item in self._store.owned(PODS, owner["uid"]))

    def _preempt(self, pod: Stored, request: Request, refusals: dict[str, Refusal]) -> str:
        """Make room where that is possible; return what to say of the attempt to place the pod."""
        key = (pod.namespace, pod.name)
        node = self._nominated.get(key)
        room = self._rooms.get(node) if node else None
        if room is not None and any(is_terminating(other) for other in room.pods.values()):
            return explain(refusals, "not eligible due to a terminating pod on the nominated node.")
        plan = plan_preemption(request, refusals)
        if isinstance(plan, str):
            return explain(refusals, plan)
        self._evict(pod, plan)
        self._nominated[key] = plan.node
        fresh = self._store.get(PODS, *key)
        if fresh is not None:
            status = {**(fresh.obj.get("status") or {}), "nominatedNodeName": plan.node}
            self._context.writer.set_status(PODS, fresh, status, manager=_MANAGER)
        return explain(refusals, "")

    def _evict(self, pod: Stored, plan: Plan) -> None:
        context = self._context
        for victim in plan.victims:
            stored = self._store.get(PODS, victim["metadata"]["namespace"], victim["metadata"]["name"])
            if stored is None:
                continue
            status = stored.obj.get("status") or {}
            new = {
                "type": "DisruptionTarget",
                "status": "True",
                "lastProbeTime": None,
                "reason": "PreemptionByScheduler",
                "message": f"{_COMPONENT}: preempting to accommodate a higher priority pod",
            }
            conditions = set_condition(status.get("conditions") or [], new, context.timestamp())
            context.writer.set_status(PODS, stored, {**status, "conditions": conditions}, manager=_MANAGER)
            message = f"Preempted by pod {pod.obj['metadata']['uid']} on node {plan.node}"
            context.events.note(stored.obj, "Normal", "Preempted", message, _COMPONENT, "Preempting", pod.obj)
            fresh = self._store.get(PODS, stored.namespace, stored.name)
            if fresh is not None:
                context.writer.delete(PODS, fresh, DeleteOptions())

    def _assign(self, pod: Stored, room: Room) -> None:
        context = self._context
        self._volumes.reserve(pod.obj, room.name)
        fresh = self._store.get(PODS, pod.namespace, pod.name) or pod
        status = {key: value for key, value in (fresh.obj.get("status") or {}).items() if key != "nominatedNodeName"}
        new = {"type": "PodScheduled", "status": "True", "lastProbeTime": None}
        conditions = set_condition(status.get("conditions") or [], new, context.timestamp())
        metadata = fresh.obj["metadata"]
        places = {key: room.labels[key] for key in _TOPOLOGY if key in room.labels}
        if places:
            metadata = {**metadata, "labels": {**(metadata.get("labels") or {}), **places}}
        assigned = {
            **fresh.obj,
            "metadata": metadata,
            "spec": {**fresh.obj["spec"], "nodeName": room.name},
            "status": {**status, "conditions": conditions},
        }
        self._store.put(PODS, assigned)
        message = f"Successfully assigned {pod.namespace}/{pod.name} to {room.name}"
        context.events.note(fresh.obj, "Normal", "Scheduled", message, _COMPONENT, "Binding")

    def _refuse(self, pod: Stored, message: str) -> None:
        """Say why a pod has no place; it is tried again when something changes, or after some minutes."""
        context = self._context
        fresh = self._store.get(PODS, pod.namespace, pod.name)
        if fresh is None:
            return
        context.events.note(fresh.obj, "Warning", "FailedScheduling", message, _COMPONENT, "Scheduling")
        self._fresh.add((pod.namespace, pod.name), context.clock.now() + _LEFTOVER_SECONDS)
        old = condition(fresh.obj, "PodScheduled")
        if old is not None and old.get("message") == message:
            return
        new = {
            "type": "PodScheduled",
            "observedGeneration": fresh.obj["metadata"].get("generation", 1),
            "status": "False",
            "reason": "Unschedulable",
            "message": message,
        }
        self._set_scheduled(fresh, new)

    def _set_scheduled(self, pod: Stored, new: Obj) -> None:
        status = pod.obj.get("status") or {}
        now = self._context.timestamp()
        conditions = set_condition(status.get("conditions") or [], {"lastProbeTime": None, **new}, now)
        self._context.writer.set_status(PODS, pod, {**status, "conditions": conditions}, manager=_MANAGER)


def _wants_place(pod: Obj) -> bool:
    spec = pod["spec"]
    finished = (pod.get("status") or {}).get("phase") in _FINISHED
    mine = spec.get("schedulerName", _COMPONENT) == _COMPONENT
    return mine and not spec.get("nodeName") and not finished and not is_terminating(pod)


def _offer(node: Obj) -> tuple[object, ...]:
    """Return what of a node decides which pods fit."""
    spec = node.get("spec") or {}
    return (
        spec.get("unschedulable", False),
        spec.get("taints"),
        node["metadata"].get("labels"),
        (node.get("status") or {}).get("allocatable"),
    )


def _feasible_enough(nodes: int) -> int:
    """Return how many fitting nodes are looked for: all of up to a hundred, a hundred of more.

    As with `percentageOfNodesToScore: 1`; by default a real scheduler looks for up to five hundred.
    """
    return min(max(nodes, 1), _FEWEST_NODES)
