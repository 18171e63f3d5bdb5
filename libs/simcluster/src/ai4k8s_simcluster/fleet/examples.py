"""One living example of every archetype: created and made ready by the controllers, in a store of its own."""

import random
from dataclasses import dataclass, replace

import orjson

from ai4k8s_simcluster.bootstrap import create_namespace, create_nodes
from ai4k8s_simcluster.clock import ManualClock
from ai4k8s_simcluster.controllers.catalogue import make_controllers
from ai4k8s_simcluster.controllers.context import Context, SecondsRange, is_ready
from ai4k8s_simcluster.controllers.events import EventRecorder
from ai4k8s_simcluster.controllers.manager import ControllerManager
from ai4k8s_simcluster.controllers.usage import Unmeasured
from ai4k8s_simcluster.fleet.moulds import Mould
from ai4k8s_simcluster.fleet.plan import Archetype
from ai4k8s_simcluster.registry import DEPLOYMENTS, PODS, REPLICASETS
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import Writer

NAMESPACE, NAME, NODE = "example-namespace", "example-workload", "node-1"
POD_MARK, UID_MARK, NODE_MARK, ADDRESS_MARK, HOST_MARK, PLAIN_UID_MARK = (
    "@POD@",
    "@UID@",
    "@NODE@",
    "@IP@",
    "@HOST@",
    "@U@",
)
POD_MARKS = (POD_MARK, UID_MARK, NODE_MARK, ADDRESS_MARK, HOST_MARK, PLAIN_UID_MARK)
OWNER_MARK, OWNER_UID_MARK, HASH_MARK, DEPLOYMENT_UID_MARK = "@RS@", "@RSU@", "@HASH@", "@DU@"
WORKLOAD_MARKS = (OWNER_MARK, OWNER_UID_MARK, HASH_MARK, DEPLOYMENT_UID_MARK, NAMESPACE, NAME)
_LONGEST_SECONDS = 120
_ENVIRONMENT = ("LOG_LEVEL", "REGION", "DATABASE_HOST", "CACHE_HOST", "QUEUE_URL", "FEATURES", "TIMEOUT", "RETRIES")


class ExampleError(RuntimeError):
    """An example did not come to life."""


@dataclass(frozen=True, slots=True)
class Example:
    """A Deployment with its ReplicaSet and one ready pod, with marks in the place of what is their own.

    A pod is cast in two steps: once for its workload, then `one_pod` for itself.
    """

    deployment: Mould
    replicaset: Mould
    pod: Mould
    one_pod: Mould


def _container(name: str, archetype: Archetype) -> Obj:
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
    return {
        "name": name,
        "image": f"registry.example/{NAME}:1.4.2",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": key, "value": f"{key.lower()}.internal"} for key in _ENVIRONMENT],
        "readinessProbe": probe,
        "livenessProbe": probe,
        "resources": {
            "requests": {"cpu": archetype.cpu_request, "memory": archetype.memory_request},
            "limits": {"cpu": archetype.cpu_limit, "memory": archetype.memory_limit},
        },
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app", "readOnly": True}],
    }


def _deployment(archetype: Archetype) -> Obj:
    labels = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/part-of": NAMESPACE}
    containers = [_container("app", archetype)]
    if archetype.sidecar:
        containers.append(_container("sidecar", Archetype("10m", "100m", "32Mi", "64Mi")))
    volumes = [{"name": "config", "configMap": {"name": NAME}}]
    return {
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app.kubernetes.io/name": NAME}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers, "volumes": volumes}},
        },
    }


def make_example(context: Context, archetype: Archetype, created_at: float, seed: int) -> Example:
    """Bring an archetype to life as of some time ago. Raises ExampleError when its pod never gets ready."""
    clock, rng = ManualClock(created_at), random.Random(f"example/{seed}")  # noqa: S311 - names, not secrets
    store = Store()
    writer = Writer(store, clock, rng)
    events = EventRecorder(store, writer, clock, rng)
    own = replace(context, store=store, writer=writer, events=events, clock=clock, startup=SecondsRange(1.0, 1.0))
    create_nodes(own, 1, created_at)
    create_namespace(own, NAMESPACE, created_at)
    writer.create(DEPLOYMENTS, _deployment(archetype))
    manager = ControllerManager(own, make_controllers(own, Unmeasured()))
    for _ in range(_LONGEST_SECONDS):
        manager.tick()
        deployment = store.get(DEPLOYMENTS, NAMESPACE, NAME)
        pods, replicasets = store.listing(PODS, NAMESPACE), store.listing(REPLICASETS, NAMESPACE)
        settled = deployment is not None and (deployment.obj.get("status") or {}).get("availableReplicas") == 1
        if settled and deployment is not None and pods and is_ready(pods[0].obj):
            return _example(deployment.obj, replicasets[0].obj, pods[0].obj)
        clock.advance(1.0)
    raise ExampleError(f"the example of {archetype} did not become ready within {_LONGEST_SECONDS} seconds")


def _example(deployment: Obj, replicaset: Obj, pod: Obj) -> Example:
    uid, status, owner = pod["metadata"]["uid"], pod["status"], replicaset["metadata"]
    marks = (
        (pod["metadata"]["name"], POD_MARK),
        (uid, UID_MARK),
        (uid.replace("-", ""), PLAIN_UID_MARK),
        (status["podIP"], ADDRESS_MARK),
        (status["hostIP"], HOST_MARK),
        (f'"{NODE}"', f'"{NODE_MARK}"'),
        (owner["name"], OWNER_MARK),
        (owner["name"].removeprefix(f"{NAME}-"), HASH_MARK),
        (owner["uid"], OWNER_UID_MARK),
        (deployment["metadata"]["uid"], DEPLOYMENT_UID_MARK),
    )
    marked = _marked(pod, marks)
    return Example(
        Mould(_marked(deployment, marks), WORKLOAD_MARKS),
        Mould(_marked(replicaset, marks), WORKLOAD_MARKS),
        Mould(marked, WORKLOAD_MARKS),
        Mould(marked, POD_MARKS),
    )


def _marked(obj: Obj, marks: tuple[tuple[str, str], ...]) -> Obj:
    raw = orjson.dumps(obj)
    for own, mark in marks:
        raw = raw.replace(own.encode(), mark.encode())
    found: Obj = orjson.loads(raw)
    return found
