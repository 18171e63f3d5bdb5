"""The kubelets of all nodes: pods that take their time to become ready, and to go."""

from ai4k8s_simcluster.clock import parse_rfc3339, rfc3339
from ai4k8s_simcluster.controllers.context import (
    Context,
    SecondsRange,
    condition,
    controller_of,
    is_ready,
    is_terminating,
    parse_range,
    set_condition,
)
from ai4k8s_simcluster.registry import DEPLOYMENTS, NODES, PODS, REPLICASETS
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj

STARTUP_ANNOTATION = "sim.ai4k8s.io/startup-seconds"
_CREATING_SHARE = 0.15  # of the start-up: pulling the image and creating the container
_COMPONENT = "kubelet"


def pod_address(uid: str) -> str:
    """Return a pod's address, made from its uid."""
    number = int(uid.replace("-", "")[:6], 16)
    return f"10.{64 + (number >> 16) % 64}.{(number >> 8) & 0xFF}.{1 + (number & 0xFF) % 254}"


def _ready_condition(kind: str, *, ready: bool, pod: Obj) -> Obj:
    if ready:
        return {"type": kind, "status": "True", "lastProbeTime": None}
    names = " ".join(container["name"] for container in pod["spec"].get("containers") or [])
    return {
        "type": kind,
        "status": "False",
        "lastProbeTime": None,
        "reason": "ContainersNotReady",
        "message": f"containers with unready status: [{names}]",
    }


def _container_statuses(pod: Obj, *, running: bool, ready: bool, now: str) -> list[Obj]:
    old = {found["name"]: found for found in (pod.get("status") or {}).get("containerStatuses") or []}
    found: list[Obj] = []
    for container in pod["spec"].get("containers") or []:
        before = old.get(container["name"]) or {}
        state = before.get("state") or {}
        if running:
            state = state if "running" in state else {"running": {"startedAt": now}}
        else:
            state = {"waiting": {"reason": "ContainerCreating"}}
        one: Obj = {
            "name": container["name"],
            "state": state,
            "lastState": {},
            "ready": ready,
            "restartCount": before.get("restartCount", 0),
            "image": container["image"],
            "imageID": "",
            "started": ready,
        }
        if running:
            uid = pod["metadata"]["uid"].replace("-", "")
            one |= {
                "imageID": f"sim://{container['image']}",
                "containerID": f"sim://{uid}-{container['name']}",
            }
        found.append(one)
    return found


def running_status(pod: Obj, host: str, *, running: bool, ready: bool, now: str) -> Obj:
    """Return a pod's status at one of three stages: being created, running, ready."""
    status = dict(pod.get("status") or {})
    conditions = list(status.get("conditions") or [])
    wanted = [
        {
            "type": "PodReadyToStartContainers",
            "status": "True" if running else "False",
            "lastProbeTime": None,
        },
        {"type": "Initialized", "status": "True", "lastProbeTime": None},
        _ready_condition("ContainersReady", ready=ready, pod=pod),
        _ready_condition("Ready", ready=ready, pod=pod),
    ]
    for new in wanted:
        conditions = set_condition(conditions, new, now)
    scheduled = [found for found in conditions if found["type"] == "PodScheduled"]
    status |= {
        "phase": "Running" if running else "Pending",
        "conditions": [*(found for found in conditions if found["type"] != "PodScheduled"), *scheduled],
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "startTime": status.get("startTime") or now,
        "containerStatuses": _container_statuses(pod, running=running, ready=ready, now=now),
    }
    if running:
        address = pod_address(pod["metadata"]["uid"])
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    return status


class Kubelet:
    """Moves assigned pods through their lives."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._assigned_at: dict[str, float] = {}
        self._killed_at: dict[str, float] = {}

    def sync(self) -> None:
        """Look at every assigned pod once."""
        pods = self._context.store.listing(PODS)
        for stored in pods:
            if not stored.obj["spec"].get("nodeName"):
                continue
            if is_terminating(stored.obj):
                self._terminate(stored)
            elif not is_ready(stored.obj) and (stored.obj.get("status") or {}).get("phase") in {
                "Pending",
                "Running",
            }:
                self._start(stored)
        alive = {stored.obj["metadata"]["uid"] for stored in pods}
        for known in (self._assigned_at, self._killed_at):
            for uid in known.keys() - alive:
                del known[uid]

    def startup_range(self, pod: Obj) -> SecondsRange:
        """Return how long a pod may take: its own annotation, its Deployment's, or the cluster's setting."""
        text = (pod["metadata"].get("annotations") or {}).get(STARTUP_ANNOTATION)
        owner = controller_of(pod)
        namespace = pod["metadata"]["namespace"]
        if text is None and owner is not None:
            replicaset = self._context.store.get(REPLICASETS, namespace, owner["name"])
            above = controller_of(replicaset.obj) if replicaset else None
            deployment = self._context.store.get(DEPLOYMENTS, namespace, above["name"]) if above else None
            text = (deployment.obj["metadata"].get("annotations") or {}).get(STARTUP_ANNOTATION) if deployment else None
        try:
            return parse_range(text) if text is not None else self._context.startup
        except ValueError:
            return self._context.startup  # a person's typing error must not stop the cluster

    def _start(self, stored: Stored) -> None:
        context = self._context
        pod = stored.obj
        uid = pod["metadata"]["uid"]
        now = context.clock.now()
        scheduled = condition(pod, "PodScheduled")
        known = parse_rfc3339(scheduled["lastTransitionTime"]) if scheduled else now
        elapsed = now - self._assigned_at.setdefault(uid, max(known, now - 1.0) if now - known < 2.0 else known)
        total = self.startup_range(pod).draw(context.seed, uid)
        running, ready = elapsed >= total * _CREATING_SHARE, elapsed >= total
        node = context.store.get(NODES, "", pod["spec"]["nodeName"])
        host = _host_address(node.obj) if node else ""
        status = running_status(pod, host, running=running, ready=ready, now=context.timestamp())
        if status == pod.get("status"):
            return
        was_running = (pod.get("status") or {}).get("phase") == "Running"
        context.store.put(PODS, {**pod, "status": status})
        if running and not was_running:
            self._started(pod)

    def _started(self, pod: Obj) -> None:
        node = pod["spec"]["nodeName"]
        for container in pod["spec"].get("containers") or []:
            image, name = container["image"], container["name"]
            for reason, message in (
                ("Pulled", f'Container image "{image}" already present on machine'),
                ("Created", f"Container created: {name}"),
                ("Started", f"Container started: {name}"),
            ):
                self._context.events.record(pod, "Normal", reason, message, _COMPONENT, host=node)

    def _terminate(self, stored: Stored) -> None:
        context = self._context
        metadata = stored.obj["metadata"]
        uid = metadata["uid"]
        now = context.clock.now()
        grace = float(metadata.get("deletionGracePeriodSeconds", 0))
        if uid not in self._killed_at:
            self._killed_at[uid] = min(now, parse_rfc3339(metadata["deletionTimestamp"]) - grace + 1.0)
            for container in stored.obj["spec"].get("containers") or []:
                message = f"Stopping container {container['name']}"
                context.events.record(
                    stored.obj, "Normal", "Killing", message, _COMPONENT, host=stored.obj["spec"]["nodeName"]
                )
        needs = min(context.termination.draw(context.seed, uid), grace)
        if now - self._killed_at[uid] >= needs:
            context.writer.finish(PODS, stored)


def _host_address(node: Obj) -> str:
    addresses = (node.get("status") or {}).get("addresses") or []
    return str(next((found["address"] for found in addresses if found["type"] == "InternalIP"), ""))


def heartbeat(context: Context) -> None:
    """Renew every node's Ready condition, as kubelets do every five minutes when nothing changes."""
    now = rfc3339(context.clock.now())
    for stored in context.store.listing(NODES):
        status = dict(stored.obj.get("status") or {})
        status["conditions"] = [{**found, "lastHeartbeatTime": now} for found in status.get("conditions") or []]
        context.writer.set_status(NODES, stored, status)
