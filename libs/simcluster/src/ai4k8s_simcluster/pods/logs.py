"""The log of a container, written from what happened to it in the simulation and from nothing else.

The same pod at the same moment always has the same log. Where the container's command is a plain script that prints
something, that is the log; otherwise it tells when it started, when it became ready, the work that was
measured for every minute since, and how it ended. Lines older than the last thousands are gone, as after a rotation.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ai4k8s_simcluster.clock import parse_rfc3339
from ai4k8s_simcluster.controllers.nodes.programs import spoken_by
from ai4k8s_simcluster.pods.containers import Container
from ai4k8s_simcluster.types import Obj

KEPT_LINES = 2_000
MINUTE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Work:
    """What was measured in the minute that ended then; requests only of applications that count them."""

    at: float
    cpu_seconds: float
    requests: int | None = None


Measured = Callable[[Obj, str, float, float], Sequence[Work]]
"""Tell the work of a pod's container between two moments, oldest first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line and when it was written."""

    at: float
    text: str

    def stamped(self) -> str:
        """Return it with the time in front, as container runtimes keep it."""
        return f"{_stamp(self.at)} {self.text}"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a container, from its start to its end if it has ended."""

    started_at: float
    finished: Obj | None


def current_run(container: Container) -> Run | None:
    """Return the run that goes on, or the last one of a container that ended."""
    if container.running is not None:
        return Run(parse_rfc3339(container.running["startedAt"]), None)
    ended = container.terminated or container.previous
    return previous_run(ended)


def previous_run(ended: Obj | None) -> Run | None:
    """Return the run that ended so."""
    if ended is None or not ended.get("startedAt"):
        return None
    return Run(parse_rfc3339(ended["startedAt"]), ended)


def write_log(container: Container, run: Run, measured: Measured, now: float, after: float = 0.0) -> list[Line]:
    """Return the lines of a run that were written after a moment, up to now."""
    begins = max(after, now - KEPT_LINES * MINUTE_SECONDS)
    found = [line for line in _lines(container, run, measured, now, begins) if begins < line.at <= now]
    return sorted(found, key=lambda line: line.at)[-KEPT_LINES:]


def _lines(container: Container, run: Run, measured: Measured, now: float, after: float) -> Iterator[Line]:
    pod = container.pod
    spoken = spoken_by(container.spec)
    if spoken:
        yield from (Line(run.started_at + after_start, text) for after_start, text in spoken)
        return
    name = pod["metadata"]["name"]
    node = pod["spec"].get("nodeName", "")
    yield _line(run.started_at, "info", "starting", pod=name, image=container.spec.get("image", ""), node=node)
    ready_at = _ready_at(pod, run)
    if ready_at is not None:
        ports = ",".join(str(port["containerPort"]) for port in container.spec.get("ports") or [])
        yield _line(ready_at, "info", "ready, taking requests", **({"ports": ports} if ports else {}))
    ended_at = parse_rfc3339(run.finished["finishedAt"]) if run.finished and run.finished.get("finishedAt") else now
    since = max(ready_at if ready_at is not None else run.started_at, after)
    for work in measured(pod, container.name, since, ended_at):
        counted = {} if work.requests is None else {"requests": str(work.requests)}
        yield _line(work.at, "info", "requests served", **counted, seconds="60", cpu_seconds=f"{work.cpu_seconds:.2f}")
    yield from _ending(pod, run)


def _ready_at(pod: Obj, run: Run) -> float | None:
    for condition in (pod.get("status") or {}).get("conditions") or []:
        if condition["type"] == "Ready" and condition["status"] == "True" and run.finished is None:
            return max(parse_rfc3339(condition["lastTransitionTime"]), run.started_at)
    return None


def _ending(pod: Obj, run: Run) -> Iterator[Line]:
    deleted = pod["metadata"].get("deletionTimestamp")
    if deleted and run.finished is None:
        asked_at = parse_rfc3339(deleted) - float(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
        yield _line(max(asked_at, run.started_at), "info", "SIGTERM received, finishing and closing connections")
    if run.finished is None or not run.finished.get("finishedAt"):
        return
    code = run.finished.get("exitCode", 0)
    if run.finished.get("reason") == "OOMKilled":
        return  # the kernel kills without a word
    level = "error" if code else "info"
    yield _line(parse_rfc3339(run.finished["finishedAt"]), level, "exiting", exit_code=str(code))


def _line(at: float, level: str, message: str, **values: str) -> Line:
    pairs = "".join(f" {key}={value}" for key, value in values.items())
    return Line(at, f'time={_stamp(at)[:19]}Z level={level} msg="{message}"{pairs}')


def _stamp(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond * 1000:09d}Z"
