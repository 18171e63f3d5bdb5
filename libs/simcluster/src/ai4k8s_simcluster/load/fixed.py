"""Usage that is said instead of worked for: an HPA's decision can be looked at only when its input is exact.

The annotation `sim.ai4k8s.io/usage` on a workload fixes what its pods are measured at, from the moment it stands there:
`cpu=50m` for each pod, `cpu=10m,50m,180m` in the order of their names (and over again), `total-cpu=1000m` shared by
those that run, `memory=200Mi`, `missing=1` for so many pods without a measurement, the last by name. Joined by `;`.
"""

from dataclasses import dataclass
from functools import lru_cache

from ai4k8s_simcluster.load.members import top_owner
from ai4k8s_simcluster.quantity import QuantityError, parse_quantity
from ai4k8s_simcluster.registry import PODS, REPLICASETS
from ai4k8s_simcluster.store import Store, Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.usage import UsageSample

ANNOTATION = "sim.ai4k8s.io/usage"
WINDOW_SECONDS = 15.0
_IDLE_CORES = 0.001
_IDLE_BYTES = 20.0 * 2**20


@dataclass(frozen=True, slots=True)
class Rule:
    """What a workload's pods are measured at; cores and bytes."""

    each: tuple[float, ...] = (_IDLE_CORES,)
    total: float | None = None
    memory: float = _IDLE_BYTES
    missing: int = 0


@lru_cache(maxsize=1024)
def read_rule(text: str) -> Rule | None:
    """Read the annotation; None for what cannot be read: a person's typing error must not stop the cluster."""
    found = {}
    for part in filter(None, text.split(";")):
        name, _, value = part.partition("=")
        try:
            found[name.strip()] = tuple(float(parse_quantity(piece.strip())) for piece in value.split(","))
        except QuantityError:
            return None
    if not found or found.keys() - {"cpu", "total-cpu", "memory", "missing"}:
        return None
    return Rule(
        each=found.get("cpu", (_IDLE_CORES,)),
        total=found["total-cpu"][0] if "total-cpu" in found else None,
        memory=found.get("memory", (_IDLE_BYTES,))[0],
        missing=int(found.get("missing", (0.0,))[0]),
    )


class FixedUsage:
    """Finds the rule that a pod's workload carries, and what it says of that pod."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def rule_for(self, pod: Obj) -> tuple[Rule, Obj] | None:
        """Return the rule over a pod and the workload that carries it; None where nothing is fixed."""
        owner = top_owner(self._store, pod)
        text = ((owner or {}).get("metadata", {}).get("annotations") or {}).get(ANNOTATION)
        rule = read_rule(text) if text is not None else None
        return (rule, owner) if rule is not None and owner is not None else None

    def sample(self, rule: Rule, owner: Obj, uid: str, now: float) -> UsageSample | None:
        """Return what a running pod is measured at; None for one that is not measured."""
        running = sorted(self._running(owner), key=lambda pod: pod.name)
        place = next((at for at, pod in enumerate(running) if pod.uid == uid), None)
        if place is None or place >= len(running) - rule.missing:
            return None
        cores = rule.each[place % len(rule.each)] if rule.total is None else rule.total / len(running)
        return UsageSample(now, WINDOW_SECONDS, cores, rule.memory)

    def _running(self, owner: Obj) -> list[Stored]:
        uid = owner["metadata"]["uid"]
        owners = [uid, *(found.uid for found in self._store.owned(REPLICASETS, uid))]
        pods = [pod for found in owners for pod in self._store.owned(PODS, found)]
        return [pod for pod in pods if (pod.obj.get("status") or {}).get("phase") == "Running"]
