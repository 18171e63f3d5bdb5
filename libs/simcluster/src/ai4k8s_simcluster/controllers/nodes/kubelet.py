"""The kubelets of all nodes: pods that take their time to become ready, run, end, are started again, and go."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from ai4k8s_simcluster.clock import parse_rfc3339
from ai4k8s_simcluster.controllers.context import (
    Context,
    SecondsRange,
    condition,
    controller_of,
    is_ready,
    is_terminating,
    parse_range,
)
from ai4k8s_simcluster.controllers.nodes import containers as life
from ai4k8s_simcluster.controllers.nodes.images import is_missing, pull_error
from ai4k8s_simcluster.controllers.nodes.mounts import Mounting
from ai4k8s_simcluster.controllers.nodes.pod_status import initialized, pod_status
from ai4k8s_simcluster.controllers.nodes.presence import has_running_kubelet
from ai4k8s_simcluster.controllers.nodes.programs import PREFIX, Program, annotation, program_of
from ai4k8s_simcluster.controllers.reconciler import Handler, Reconciler
from ai4k8s_simcluster.load.members import slowness
from ai4k8s_simcluster.registry import DEPLOYMENTS, NODES, PODS, REPLICASETS
from ai4k8s_simcluster.store import Change, ChangeKind, Stored
from ai4k8s_simcluster.types import Obj

STARTUP_ANNOTATION = PREFIX + "startup-seconds"
READY = PREFIX + "ready"
LIVE = PREFIX + "live"
_CREATING_SHARE = 0.15  # of the start-up: pulling the image and creating the container
_PULL_ERROR_SECONDS = 1.0  # for which the error itself is shown, before holding off
_ACTIVE = {"Pending", "Running"}


@dataclass
class _Life:
    """What is remembered of a pod beyond its status: exact times."""

    assigned_at: float
    runs: dict[str, life.Run] = field(default_factory=dict)
    killed_at: float = math.nan
    mounting: Mounting = field(default_factory=Mounting)

    def run(self, name: str) -> life.Run:
        return self.runs.setdefault(name, life.Run())


def running_status(pod: Obj, host: str, *, running: bool, ready: bool, now: str) -> Obj:
    """Return the status of a pod that has long been at one of three stages: being created, running, ready."""
    statuses = []
    for container in pod["spec"].get("containers") or ():
        status = life.blank(container, {"reason": "ContainerCreating"})
        if running:
            status = {**life.started(pod, container, status, parse_rfc3339(now)), "ready": ready, "started": True}
        statuses.append(status)
    return pod_status(pod, host, statuses, [], now, sandbox=running)


class Kubelet(Reconciler):
    """Moves assigned pods through their lives."""

    resource: ClassVar = PODS
    component: ClassVar = "kubelet"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._lives: dict[str, _Life] = {}

    def watches(self) -> Mapping[str, Handler]:
        """Follow pods, and nodes whose kubelets stop or start."""
        return {PODS.key: self._on_pod, NODES.key: self._on_node}

    def start(self) -> None:
        """Have every pod on a node looked at that is not simply running on."""
        for stored in self.store.values(PODS):
            if stored.obj["spec"].get("nodeName") and not _is_at_rest(stored.obj):
                self.queue.add((stored.namespace, stored.name))

    def _on_pod(self, change: Change) -> None:
        stored = change.stored
        if change.kind is ChangeKind.DELETED:
            self._lives.pop(stored.obj["metadata"]["uid"], None)
        elif stored.obj["spec"].get("nodeName"):
            self.queue.add((stored.namespace, stored.name))

    def _on_node(self, change: Change) -> None:
        before = change.previous
        if before is None or has_running_kubelet(before.obj) != has_running_kubelet(change.stored.obj):
            for pod in self.store.on_node(change.stored.name):
                self.queue.add((pod.namespace, pod.name))

    def kill_for_memory(self, uid: str, container: str = "") -> None:
        """Have a pod's container (its first, unless named) killed because it used more memory than its limit."""
        found = self.store.by_uid(uid)
        if found is None or uid not in self._lives:
            return
        name = container or found[1].obj["spec"]["containers"][0]["name"]
        self._lives[uid].run(name).killed_for = "OOMKilled"
        self.queue.add((found[1].namespace, found[1].name))

    def startup_range(self, pod: Obj) -> SecondsRange:
        """Return how long a pod may take: its own annotation, its Deployment's, or the cluster's setting."""
        text = (pod["metadata"].get("annotations") or {}).get(STARTUP_ANNOTATION)
        owner = controller_of(pod)
        namespace = pod["metadata"]["namespace"]
        if text is None and owner is not None:
            replicaset = self.store.get(REPLICASETS, namespace, owner["name"])
            above = controller_of(replicaset.obj) if replicaset else None
            deployment = self.store.get(DEPLOYMENTS, namespace, above["name"]) if above else None
            text = (deployment.obj["metadata"].get("annotations") or {}).get(STARTUP_ANNOTATION) if deployment else None
        try:
            return parse_range(text) if text is not None else self.context.startup
        except ValueError:
            return self.context.startup  # a person's typing error must not stop the cluster

    def reconcile(self, stored: Stored) -> None:
        """Look at one pod: move it on as far as its time has come."""
        pod = stored.obj
        node = self.store.get(NODES, "", pod["spec"].get("nodeName") or "")
        if node is None or not has_running_kubelet(node.obj):
            return  # nobody there to do anything
        if is_terminating(pod):
            self._terminate(stored)
        elif (pod.get("status") or {}).get("phase", "Pending") in _ACTIVE:
            self._live(stored, node.obj)

    def _life(self, pod: Obj) -> _Life:
        uid = pod["metadata"]["uid"]
        if uid not in self._lives:
            now = self.context.clock.now()
            scheduled = condition(pod, "PodScheduled")
            known = parse_rfc3339(scheduled["lastTransitionTime"]) if scheduled else now
            # Conditions hold whole seconds: one that is from just now means now.
            self._lives[uid] = _Life(now if abs(now - known) < 2.0 else known)
        return self._lives[uid]

    def _live(self, stored: Stored, node: Obj) -> None:
        pod, now = stored.obj, self.context.clock.now()
        known = self._life(pod)
        uid = pod["metadata"]["uid"]
        total = self.startup_range(pod).draw(self.context.seed, uid) * slowness(self.store, pod, self.context.seed)
        created_at = known.assigned_at + total * _CREATING_SHARE
        old = pod.get("status") or {}
        begun = now >= created_at and self._mounts(pod, known.mounting)
        wakes = [] if begun else [max(created_at, known.mounting.next_at)]
        init = self._init_statuses(pod, old, known, wakes, begun=begun)
        go = begun and initialized(pod, init)
        statuses = self._container_statuses(pod, old, known, wakes, go=go, starts_in=total * (1 - _CREATING_SHARE))
        status = pod_status(pod, _host_address(node), statuses, init, self.context.timestamp(), sandbox=begun)
        status = self._past_deadline(pod, status, wakes)
        if status != old:
            self.writer.set_status(PODS, stored, status)
        ahead = [at for at in wakes if at > now and not math.isinf(at)]
        if ahead and status["phase"] in _ACTIVE:
            self.queue.add((stored.namespace, stored.name), min(ahead))

    def _mounts(self, pod: Obj, mounting: Mounting) -> bool:
        """Say whether a pod has its volumes, and tell what is wrong with those it cannot have."""
        for problem in mounting.attempt(self.store, pod, self.context.clock.now()):
            node = pod["spec"]["nodeName"]
            self.context.events.record(pod, "Warning", "FailedMount", problem, self.component, host=node)
        return mounting.done

    def _past_deadline(self, pod: Obj, status: Obj, wakes: list[float]) -> Obj:
        limit = pod["spec"].get("activeDeadlineSeconds")
        if limit is None or status["phase"] not in _ACTIVE:
            return status
        at = parse_rfc3339(status["startTime"]) + float(limit)
        if self.context.clock.now() < at:
            wakes.append(at)
            return status
        message = "Pod was active on the node longer than the specified deadline"
        self.event(pod, "Normal", "DeadlineExceeded", message)
        return {**self._all_ended(status), "phase": "Failed", "reason": "DeadlineExceeded", "message": message}

    def _init_statuses(self, pod: Obj, old: Obj, known: _Life, wakes: list[float], *, begun: bool) -> list[Obj]:
        """Run the init containers one after the other; sidecars among them go on running."""
        before = {found["name"]: found for found in old.get("initContainerStatuses") or ()}
        found: list[Obj] = []
        go = begun
        for container in pod["spec"].get("initContainers") or ():
            status = before.get(container["name"]) or life.blank(container, {"reason": "PodInitializing"})
            sidecar = container.get("restartPolicy") == "Always"
            if go:
                program = Program(math.inf, 0) if sidecar else program_of(pod, container, is_init=True)
                status, wake = self._step(pod, container, status, known, program, 0.0, is_init=not sidecar)
                wakes.append(wake)
            found.append(status)
            terminated = (status.get("state") or {}).get("terminated") or {}
            go = go and bool(status.get("started") if sidecar else terminated.get("exitCode") == 0)
        return found

    def _container_statuses(
        self, pod: Obj, old: Obj, known: _Life, wakes: list[float], *, go: bool, starts_in: float
    ) -> list[Obj]:
        before = {found["name"]: found for found in old.get("containerStatuses") or ()}
        found: list[Obj] = []
        reason = "PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating"
        for container in pod["spec"].get("containers") or ():
            status = before.get(container["name"]) or life.blank(container, {"reason": reason})
            if go:
                status, wake = self._step(pod, container, status, known, program_of(pod, container), starts_in)
                wakes.append(wake)
            found.append(life.allocated(pod, container, status))
        return found

    def _step(
        self, pod: Obj, container: Obj, status: Obj, known: _Life, program: Program, starts_in: float,
        *, is_init: bool = False,
    ) -> tuple[Obj, float]:  # fmt: skip
        """Move one container on; return its status and when to look at it again."""
        now = self.context.clock.now()
        run = known.run(container["name"])
        state = status["state"]
        if "waiting" in state:
            status, wake = self._wait(pod, container, status, run)
            if "waiting" in status["state"]:
                return status, wake
        if "running" in status["state"]:
            status, wake = self._running(pod, container, status, run, program, starts_in)
            if "running" in status["state"]:
                return status, wake
        if not _restarts(pod, status, is_init=is_init):
            return status, math.inf
        if math.isnan(run.restart_at):
            pause = life.plan_restart(run, now)
            if pause > 0:
                self._say_back_off(pod, container)
                return life.crash_looping(status, pod, pause), run.restart_at
        return self._begin(pod, container, status, run), now + starts_in

    def _wait(self, pod: Obj, container: Obj, status: Obj, run: life.Run) -> tuple[Obj, float]:
        now = self.context.clock.now()
        if status["state"]["waiting"].get("reason") == "CrashLoopBackOff":
            if math.isnan(run.restart_at):  # this process is younger than the pause
                run.restart_at = now + life.FIRST_BACK_OFF
            if now < run.restart_at:
                return status, run.restart_at
            return self._begin(pod, container, status, run), now
        if is_missing(pod, container):
            return self._fail_pull(pod, container, status, run)
        return self._begin(pod, container, status, run), now

    def _fail_pull(self, pod: Obj, container: Obj, status: Obj, run: life.Run) -> tuple[Obj, float]:
        """Try to pull an image that is not there, then hold off for longer and longer."""
        now, image = self.context.clock.now(), container["image"]
        if math.isnan(run.pull_at) or now >= run.pull_at:
            run.pull_back_off = life.next_back_off(run.pull_back_off)
            run.pull_at = now + run.pull_back_off
            message = f'Failed to pull image "{image}": {pull_error(image)}'
            self._tell(pod, container, "Normal", "Pulling", f'Pulling image "{image}"')
            self._tell(pod, container, "Warning", "Failed", message)
            self._tell(pod, container, "Warning", "Failed", "Error: ErrImagePull")
            waiting = {"reason": "ErrImagePull", "message": pull_error(image)}
            return {**status, "state": {"waiting": waiting}}, now + _PULL_ERROR_SECONDS
        failed_at = run.pull_at - run.pull_back_off
        if now < failed_at + _PULL_ERROR_SECONDS:
            return status, failed_at + _PULL_ERROR_SECONDS
        if status["state"]["waiting"].get("reason") == "ErrImagePull":
            self._tell(pod, container, "Normal", "BackOff", f'Back-off pulling image "{image}"')
            self._tell(pod, container, "Warning", "Failed", "Error: ImagePullBackOff")
            waiting = {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}"'}
            status = {**status, "state": {"waiting": waiting}}
        return status, run.pull_at

    def _begin(self, pod: Obj, container: Obj, status: Obj, run: life.Run) -> Obj:
        now, image, name = self.context.clock.now(), container["image"], container["name"]
        run.started_at, run.restart_at = now, math.nan
        run.told_unready, run.told_starting, run.killed_for = False, False, ""
        if container.get("imagePullPolicy") == "Always":
            self._tell(pod, container, "Normal", "Pulling", f'Pulling image "{image}"')
            self._tell(pod, container, "Normal", "Pulled", f'Successfully pulled image "{image}"')
        else:
            message = f'Container image "{image}" already present on machine'
            self._tell(pod, container, "Normal", "Pulled", message)
        self._tell(pod, container, "Normal", "Created", f"Container created: {name}")
        self._tell(pod, container, "Normal", "Started", f"Container started: {name}")
        return life.started(pod, container, status, now)

    def _running(
        self, pod: Obj, container: Obj, status: Obj, run: life.Run, program: Program, starts_in: float
    ) -> tuple[Obj, float]:
        """Let a running container become ready, fail its probes, or end."""
        now = self.context.clock.now()
        if math.isnan(run.started_at):
            run.started_at = parse_rfc3339(status["state"]["running"]["startedAt"])
        ends_at = run.started_at + program.seconds
        kill_at = self._liveness_kill_at(pod, container, run, starts_in)
        if run.killed_for:
            reason, run.killed_for = run.killed_for, ""
            return life.ended(status, Program(0.0, life.KILLED), reason, now), math.inf
        if now >= min(ends_at, kill_at):
            if kill_at < ends_at:
                self._say_killed(pod, container)
                program = Program(0.0, life.KILLED)
            return life.ended(status, program, "", now), math.inf
        ready_at = run.started_at + starts_in
        up = now >= ready_at
        ready = up and annotation(pod, READY, container["name"]) != "false"
        if up and not ready and container.get("readinessProbe") and not run.told_unready:
            run.told_unready = True
            message = "Readiness probe failed: HTTP probe failed with statuscode: 503"
            self._tell(pod, container, "Warning", "Unhealthy", message)
        begun = up or not container.get("startupProbe")
        wake = min(ends_at, kill_at, math.inf if up else ready_at)
        return {**status, "ready": ready, "started": begun}, wake

    def _liveness_kill_at(self, pod: Obj, container: Obj, run: life.Run, starts_in: float) -> float:
        probe = container.get("livenessProbe")
        if not probe or annotation(pod, LIVE, container["name"]) != "false":
            return math.inf
        patience = probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
        return run.started_at + max(starts_in, float(probe.get("initialDelaySeconds", 0))) + float(patience)

    def _say_killed(self, pod: Obj, container: Obj) -> None:
        message = "Liveness probe failed: HTTP probe failed with statuscode: 500"
        self._tell(pod, container, "Warning", "Unhealthy", message)
        message = f"Container {container['name']} failed liveness probe, will be restarted"
        self._tell(pod, container, "Normal", "Killing", message)

    def _say_back_off(self, pod: Obj, container: Obj) -> None:
        metadata = pod["metadata"]
        where = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        message = f"Back-off restarting failed container {container['name']} in pod {where}"
        self._tell(pod, container, "Warning", "BackOff", message)

    def _tell(self, pod: Obj, container: Obj, kind: str, reason: str, message: str) -> None:
        inits = [found["name"] for found in pod["spec"].get("initContainers") or ()]
        part = "initContainers" if container["name"] in inits else "containers"
        self.context.events.record(
            pod, kind, reason, message, self.component,
            host=pod["spec"].get("nodeName", ""), field_path=f"spec.{part}{{{container['name']}}}",
        )  # fmt: skip

    def _terminate(self, stored: Stored) -> None:
        """Let a pod end: at once or after its processes took their time, at most the grace period."""
        pod, now = stored.obj, self.context.clock.now()
        metadata = pod["metadata"]
        known = self._life(pod)
        grace = float(metadata.get("deletionGracePeriodSeconds", 0))
        finished = (pod.get("status") or {}).get("phase") not in _ACTIVE
        if math.isnan(known.killed_at):
            known.killed_at = min(now, parse_rfc3339(metadata["deletionTimestamp"]) - grace + 1.0)
            for container in pod["spec"].get("containers") or () if not finished else ():
                self._tell(pod, container, "Normal", "Killing", f"Stopping container {container['name']}")
        needs = 0.0 if finished else min(self.context.termination.draw(self.context.seed, metadata["uid"]), grace)
        if now < known.killed_at + needs:
            self.queue.add((stored.namespace, stored.name), known.killed_at + needs)
        elif metadata.get("finalizers"):
            self._end_but_stay(stored)
        else:
            self.writer.finish(PODS, stored)

    def _end_but_stay(self, stored: Stored) -> None:
        """Report the end of a pod that somebody else still holds back by a finalizer."""
        pod = stored.obj
        status = pod.get("status") or {}
        if status.get("phase") in _ACTIVE:
            status = {**self._all_ended(status), "phase": "Failed"}
        metadata = {**pod["metadata"], "deletionGracePeriodSeconds": 0}
        changed = {**pod, "metadata": metadata, "status": status}
        if changed != pod:
            self.store.put(PODS, changed)

    def _all_ended(self, status: Obj) -> Obj:
        """Return a pod's status with every running container killed and nothing ready."""
        now, killed = self.context.clock.now(), Program(0.0, life.KILLED)
        statuses = [
            life.ended(found, killed, "Error", now) if "running" in found["state"] else {**found, "ready": False}
            for found in status.get("containerStatuses") or ()
        ]
        conditions = [
            {**found, "status": "False", "reason": "PodFailed", "lastTransitionTime": self.context.timestamp()}
            if found["type"] in {"Ready", "ContainersReady"}
            else found
            for found in status.get("conditions") or ()
        ]
        return {**status, "containerStatuses": statuses, "conditions": conditions}


def _restarts(pod: Obj, status: Obj, *, is_init: bool) -> bool:
    """Say whether a container that ended is started again."""
    terminated = (status.get("state") or {}).get("terminated")
    if terminated is None:
        return True
    policy = pod["spec"].get("restartPolicy", "Always")
    failed = int(terminated["exitCode"]) != 0
    return failed and policy != "Never" if is_init else policy == "Always" or (policy == "OnFailure" and failed)


def _is_at_rest(pod: Obj) -> bool:
    """Say whether a pod is ready and nothing about it will end by itself: most are, and need no look at the start."""
    spec = pod["spec"]
    endless = spec.get("restartPolicy", "Always") == "Always" and not spec.get("activeDeadlineSeconds")
    plain = not any(container.get("command") for container in spec.get("containers") or ())
    told = any(name.startswith(PREFIX) for name in pod["metadata"].get("annotations") or ())
    return endless and plain and not told and is_ready(pod) and not is_terminating(pod)


def _host_address(node: Obj) -> str:
    addresses = (node.get("status") or {}).get("addresses") or []
    return str(next((found["address"] for found in addresses if found["type"] == "InternalIP"), ""))
