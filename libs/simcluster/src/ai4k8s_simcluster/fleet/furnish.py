"""Casts a whole fleet from the examples and puts it into the store."""

import gc
import random
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ai4k8s_simcluster.bootstrap import create_namespace, node_name
from ai4k8s_simcluster.controllers.context import Context
from ai4k8s_simcluster.fleet.examples import (
    ADDRESS_MARK,
    DEPLOYMENT_UID_MARK,
    HASH_MARK,
    HOST_MARK,
    NAME,
    NAMESPACE,
    NODE_MARK,
    OWNER_MARK,
    OWNER_UID_MARK,
    PLAIN_UID_MARK,
    POD_MARK,
    UID_MARK,
    Example,
    make_example,
)
from ai4k8s_simcluster.fleet.plan import ARCHETYPES, Archetype, Planned, plan
from ai4k8s_simcluster.load.background import Swing
from ai4k8s_simcluster.load.workload import WorkloadKey
from ai4k8s_simcluster.quantity import cores
from ai4k8s_simcluster.registry import DEPLOYMENTS, NODES, PODS, REPLICASETS
from ai4k8s_simcluster.types import Obj

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_DAY_SECONDS = 86_400.0
_LEAST_USE, _SWING = 0.25, 0.35  # of the CPU request


@dataclass(frozen=True, slots=True)
class Fleet:
    """What was made: the ReplicaSets with their sizes, for churn, and every workload's demand."""

    replicasets: tuple[str, ...]
    sizes: tuple[int, ...]
    swings: tuple[Swing, ...]


@contextmanager
def _without_collection() -> Iterator[None]:
    """Keep the garbage collector from walking through millions of objects that are all there to stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def furnish(context: Context, pods: int, now: float) -> Fleet:
    """Fill the cluster's nodes with a fleet of this many pods, all ready for days."""
    with _without_collection():
        rng = random.Random(f"furnish/{context.seed}")  # noqa: S311 - names and uids, no secrets
        examples = [
            make_example(context, archetype, now - rng.uniform(1, 13) * _DAY_SECONDS, number)
            for number, archetype in enumerate(ARCHETYPES)
        ]
        return _Caster(context, examples, rng).cast(plan(pods, context.seed), now)


class _Caster:
    def __init__(self, context: Context, examples: list[Example], rng: random.Random) -> None:
        self._store = context.store
        self._context = context
        self._examples = examples
        self._rng = rng
        self._hosts = [
            next(found["address"] for found in stored.obj["status"]["addresses"] if found["type"] == "InternalIP")
            for stored in (context.store.get(NODES, "", node_name(at)) for at in range(context.store.count(NODES)))
            if stored is not None
        ]
        self._next_node = 0
        self._next_address = 0

    def cast(self, planned: list[Planned], now: float) -> Fleet:
        """Make every workload."""
        for namespace in sorted({one.namespace for one in planned}):
            create_namespace(self._context, namespace, now - 14 * _DAY_SECONDS)
        owners = [self._workload(one) for one in planned]
        for resource in (DEPLOYMENTS, REPLICASETS, PODS):
            for stored in self._store.values(resource):
                stored.prepare()
        swings = tuple(_swing(one, ARCHETYPES[one.archetype], self._rng) for one in planned)
        return Fleet(tuple(owners), tuple(one.replicas for one in planned), swings)

    def _workload(self, one: Planned) -> str:
        example = self._examples[one.archetype]
        pod_hash = _letters(zlib.crc32(f"{one.namespace}/{one.name}".encode()), 9)
        replicaset, uid = f"{one.name}-{pod_hash}", self._uid()
        own = {
            OWNER_MARK: replicaset,
            HASH_MARK: pod_hash,
            OWNER_UID_MARK: uid,
            DEPLOYMENT_UID_MARK: self._uid(),
            NAMESPACE: one.namespace,
            NAME: one.name,
        }
        self._store.furnish(DEPLOYMENTS, [_sized(example.deployment.cast(own), one.replicas)])
        self._store.furnish(REPLICASETS, [_sized(example.replicaset.cast(own), one.replicas)])
        mould = example.one_pod.of(example.pod.cast(own))
        self._store.furnish(PODS, [mould.cast(self._pod_values(replicaset)) for _ in range(one.replicas)])
        return uid

    def _pod_values(self, replicaset: str) -> dict[str, str]:
        uid = self._uid()
        self._next_node = (self._next_node + 1) % len(self._hosts)
        self._next_address += 1
        number = self._next_address
        return {
            POD_MARK: f"{replicaset}-{_letters(self._rng.getrandbits(32), 5)}",
            UID_MARK: uid,
            PLAIN_UID_MARK: uid.replace("-", ""),
            NODE_MARK: node_name(self._next_node),
            HOST_MARK: self._hosts[self._next_node],
            ADDRESS_MARK: f"10.{128 + (number >> 16)}.{number >> 8 & 255}.{number & 255}",
        }

    def _uid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))


def _sized(obj: Obj, replicas: int) -> Obj:
    """Return an example's Deployment or ReplicaSet with all counts of its one pod multiplied."""
    annotations = {
        key: str(replicas) if key == "deployment.kubernetes.io/desired-replicas" else text
        for key, text in (obj["metadata"].get("annotations") or {}).items()
    }
    surge = {"deployment.kubernetes.io/max-replicas": str(replicas + -(-replicas // 4))}
    annotations |= {key: text for key, text in surge.items() if key in annotations}
    status = {
        key: value * replicas if key.lower().endswith("replicas") and key != "terminatingReplicas" else value
        for key, value in obj["status"].items()
    }
    return {
        **obj,
        "metadata": {**obj["metadata"], **({"annotations": annotations} if annotations else {})},
        "spec": {**obj["spec"], "replicas": replicas},
        "status": status,
    }


def _letters(number: int, length: int) -> str:
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return "".join(letters)


def _swing(one: Planned, archetype: Archetype, rng: random.Random) -> Swing:
    request = one.replicas * cores(archetype.cpu_request)
    use = request * _LEAST_USE * rng.uniform(0.5, 1.5)
    amplitude = request * _SWING * rng.uniform(0.2, 1.5)
    return Swing(WorkloadKey(one.namespace, one.name), use, amplitude, rng.uniform(0, _DAY_SECONDS))
