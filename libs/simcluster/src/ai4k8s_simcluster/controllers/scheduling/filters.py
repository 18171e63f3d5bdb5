"""Why a node cannot take a pod: the checks of the scheduler's plugins in their order and words.

The first plugin that refuses a node says why; later ones are not asked, as in Kubernetes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ai4k8s_simcluster.controllers.context import is_terminating
from ai4k8s_simcluster.controllers.scheduling.rooms import Amounts, Room, host_ports, pod_requests, ports_clash
from ai4k8s_simcluster.controllers.scheduling.terms import (
    node_selected,
    pod_term_meets,
    pod_terms,
    tolerates,
    untolerated,
)
from ai4k8s_simcluster.selectors import from_label_selector, match_labels
from ai4k8s_simcluster.types import Obj

_CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_SPREAD = "node(s) didn't match pod topology spread constraints"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a node does not take a pod, and whether the end of other pods could change that."""

    reasons: tuple[str, ...]
    resolvable: bool


@dataclass
class Request:
    """A pod to be placed, with what is asked for worked out once."""

    pod: Obj
    rooms: Mapping[str, Room]
    namespaces: Mapping[str, Obj]
    anti_affine: Mapping[tuple[str, str], str]
    amounts: Amounts = field(init=False)
    ports: frozenset[tuple[str, str, int]] = field(init=False)
    _spread: "dict[int, dict[str, int]]" = field(default_factory=dict)
    _near: "dict[tuple[str, int], set[str]]" = field(default_factory=dict)
    _shunned: "set[tuple[str, str]] | None" = None

    def __post_init__(self) -> None:
        self.amounts = pod_requests(self.pod)
        self.ports = host_ports(self.pod)

    @property
    def spec(self) -> Obj:
        """Return the pod's spec."""
        spec: Obj = self.pod["spec"]
        return spec

    @property
    def namespace(self) -> str:
        """Return the pod's namespace."""
        return str(self.pod["metadata"]["namespace"])

    def domains_near(self, kind: str, at: int, term: Obj) -> set[str]:
        """Return the values of a term's topology key at which there is a pod that the term is about."""
        if (kind, at) not in self._near:
            key = term["topologyKey"]
            self._near[kind, at] = {
                room.labels[key]
                for room in self.rooms.values()
                if key in room.labels
                and any(
                    pod_term_meets(term, self.namespace, other, self.namespaces) and not is_terminating(other)
                    for other in room.pods.values()
                )
            }
        return self._near[kind, at]

    def shunned_domains(self) -> set[tuple[str, str]]:
        """Return the places (label and value) whose pods do not want this one near."""
        if self._shunned is None:
            self._shunned = set()
            for key, node in self.anti_affine.items():
                room = self.rooms.get(node)
                other = room.pods.get(key) if room else None
                for term in pod_terms(other["spec"], "podAntiAffinity") if other else ():
                    where = term["topologyKey"]
                    here = room.labels.get(where) if room else None
                    if here is not None and pod_term_meets(term, key[0], self.pod, self.namespaces):
                        self._shunned.add((where, here))
        return self._shunned

    def counts_of(self, at: int, constraint: Obj) -> dict[str, int]:
        """Return how many matching pods each eligible domain of a spread constraint has."""
        if at not in self._spread:
            key = constraint["topologyKey"]
            requirements = from_label_selector(constraint.get("labelSelector"))
            counts: dict[str, int] = {}
            for room in self.rooms.values():
                if key not in room.labels or not node_selected(self.spec, room.name, room.labels):
                    continue
                matching = sum(
                    1
                    for (namespace, _), other in room.pods.items()
                    if namespace == self.namespace and not is_terminating(other) and match_labels(requirements, other)
                )
                counts[room.labels[key]] = counts.get(room.labels[key], 0) + matching
            self._spread[at] = counts
        return self._spread[at]


def _unschedulable(request: Request, room: Room) -> Refusal | None:
    cordoned = (room.node.get("spec") or {}).get("unschedulable")
    if not cordoned or tolerates(request.spec.get("tolerations") or (), _CORDONED):
        return None
    return Refusal(("node(s) were unschedulable",), resolvable=False)


def _tainted(request: Request, room: Room) -> Refusal | None:
    if not untolerated(request.spec, room.node):
        return None
    return Refusal(("node(s) had untolerated taint(s)",), resolvable=False)


def _selected(request: Request, room: Room) -> Refusal | None:
    if node_selected(request.spec, room.name, room.labels):
        return None
    return Refusal(("node(s) didn't match Pod's node affinity/selector",), resolvable=False)


def _ports(request: Request, room: Room) -> Refusal | None:
    if not request.ports or not any(ports_clash(request.ports, taken) for taken in room.ports.values()):
        return None
    return Refusal(("node(s) didn't have free ports for the requested pod ports",), resolvable=True)


def _resources(request: Request, room: Room) -> Refusal | None:
    reasons, never = room.lacks(request.amounts)
    return Refusal(tuple(reasons), resolvable=not never) if reasons else None


def _spread(request: Request, room: Room) -> Refusal | None:
    for at, constraint in enumerate(request.spec.get("topologySpreadConstraints") or ()):
        if constraint.get("whenUnsatisfiable", "DoNotSchedule") != "DoNotSchedule":
            continue
        key = constraint["topologyKey"]
        if key not in room.labels:
            return Refusal((f"{_SPREAD} (missing required label)",), resolvable=False)
        counts = request.counts_of(at, constraint)
        least = min(counts.values(), default=0)
        if len(counts) < int(constraint.get("minDomains", 1)):
            least = 0
        itself = int(match_labels(from_label_selector(constraint.get("labelSelector")), request.pod))
        if counts.get(room.labels[key], 0) + itself - least > int(constraint["maxSkew"]):
            return Refusal((_SPREAD,), resolvable=True)
    return None


def _affinity(request: Request, room: Room) -> Refusal | None:
    terms = pod_terms(request.spec, "podAffinity")
    for at, term in enumerate(terms):
        near = request.domains_near("podAffinity", at, term)
        # The first pod of a group that wants its own kind near may go anywhere.
        first = not near and pod_term_meets(term, request.namespace, request.pod, request.namespaces)
        where = room.labels.get(term["topologyKey"])
        if where is None or (where not in near and not first):
            return Refusal(("node(s) didn't match pod affinity rules",), resolvable=False)
    for at, term in enumerate(pod_terms(request.spec, "podAntiAffinity")):
        if room.labels.get(term["topologyKey"]) in request.domains_near("podAntiAffinity", at, term):
            return Refusal(("node(s) didn't match pod anti-affinity rules",), resolvable=True)
    if any(room.labels.get(key) == value for key, value in request.shunned_domains()):
        return Refusal(("node(s) didn't satisfy existing pods anti-affinity rules",), resolvable=True)
    return None


_PLUGINS: tuple[Callable[[Request, Room], Refusal | None], ...] = (
    _unschedulable, _tainted, _selected, _ports, _resources, _spread, _affinity,
)  # fmt: skip


def refusal(request: Request, room: Room) -> Refusal | None:
    """Return why a node cannot take a pod; None when it can."""
    for plugin in _PLUGINS:
        found = plugin(request, room)
        if found is not None:
            return found
    return None
