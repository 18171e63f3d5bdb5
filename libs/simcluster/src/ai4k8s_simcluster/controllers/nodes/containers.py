"""One container's life: waiting, running, ended, started again after a pause that grows.

The state is the container's status as the API shows it; times that need more than its whole seconds are remembered
beside it by the kubelet.
"""

import math
from dataclasses import dataclass

from ai4k8s_simcluster.clock import rfc3339
from ai4k8s_simcluster.controllers.nodes.programs import Program
from ai4k8s_simcluster.types import Obj

KILLED = 137
FIRST_BACK_OFF = 10.0
_LONGEST_BACK_OFF = 300.0
_RECOVERED_SECONDS = 600.0


@dataclass
class Run:
    """What the kubelet remembers of a container, in exact Unix seconds."""

    started_at: float = math.nan
    restart_at: float = math.nan
    back_off: float = 0.0
    pull_at: float = math.nan
    pull_back_off: float = 0.0
    told_unready: bool = False
    told_starting: bool = False
    killed_for: str = ""


def next_back_off(seconds: float) -> float:
    """Return the pause after one of so many seconds: ten, then doubled, at most five minutes."""
    return FIRST_BACK_OFF if seconds <= 0 else min(seconds * 2, _LONGEST_BACK_OFF)


def plan_restart(run: Run, now: float) -> float:
    """Set when a container that ended is started again; return the pause: none at first, then growing."""
    if not math.isnan(run.started_at) and now - run.started_at > _RECOVERED_SECONDS:
        run.back_off = 0.0
    pause = run.back_off
    run.restart_at = now + pause
    run.back_off = next_back_off(run.back_off)
    return pause


def container_id(pod: Obj, name: str, restarts: int) -> str:
    """Return the id of one run of a container."""
    uid = pod["metadata"]["uid"].replace("-", "")
    return f"sim://{uid}-{name}" + (f"-{restarts}" if restarts else "")


def blank(container: Obj, waiting: Obj) -> Obj:
    """Return the status of a container that has not run yet."""
    return {
        "name": container["name"],
        "state": {"waiting": waiting},
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "image": container["image"],
        "imageID": "",
        "started": False,
    }


def started(pod: Obj, container: Obj, before: Obj, now: float) -> Obj:
    """Return the status of a container that begins to run."""
    restarts = before["restartCount"]
    ended = (before.get("state") or {}).get("terminated") or (before.get("lastState") or {}).get("terminated")
    if ended:
        restarts += 1
    return {
        **before,
        "state": {"running": {"startedAt": rfc3339(now)}},
        "lastState": {"terminated": ended} if ended else {},
        "ready": False,
        "started": False,
        "restartCount": restarts,
        "imageID": f"sim://{container['image']}",
        "containerID": container_id(pod, container["name"], restarts),
    }


def allocated(pod: Obj, container: Obj, before: Obj) -> Obj:
    """Return the status of a running container with what it has, once its pod was resized."""
    resources = container.get("resources") or {}
    # A pod's spec is changed by little else: its first generation is how it was made.
    if pod["metadata"].get("generation", 1) <= 1 or "running" not in before["state"] or not resources:
        return before
    return {**before, "allocatedResources": resources.get("requests") or {}, "resources": resources}


def ended(before: Obj, program: Program, reason: str, now: float) -> Obj:
    """Return the status of a container whose process is over."""
    running = (before.get("state") or {}).get("running") or {}
    state = {
        "exitCode": program.code,
        "reason": reason or ("Completed" if program.code == 0 else "Error"),
        "startedAt": running.get("startedAt"),
        "finishedAt": rfc3339(now),
        "containerID": before.get("containerID", ""),
    }
    return {**before, "state": {"terminated": state}, "ready": False, "started": False}


def crash_looping(before: Obj, pod: Obj, pause: float) -> Obj:
    """Return the status of a container that waits to be started again."""
    terminated = (before.get("state") or {}).get("terminated")
    metadata = pod["metadata"]
    waiting = {
        "reason": "CrashLoopBackOff",
        "message": f"back-off {short_pause(pause)} restarting failed container={before['name']} "
        f"pod={metadata['name']}_{metadata['namespace']}({metadata['uid']})",
    }
    last = {"terminated": terminated} if terminated else before.get("lastState") or {}
    return {**before, "state": {"waiting": waiting}, "lastState": last, "ready": False, "started": False}


def short_pause(seconds: float) -> str:
    """Write a pause as Go does: `10s`, `2m40s`, `5m0s`."""
    whole = int(seconds)
    return f"{whole // 60}m{whole % 60}s" if whole >= 60 else f"{whole}s"
