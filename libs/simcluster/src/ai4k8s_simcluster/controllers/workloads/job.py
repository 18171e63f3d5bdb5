"""Jobs: pods that run to their end, as many times as asked for, and what becomes of the Job by how they ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from ai4k8s_simcluster.clock import parse_rfc3339
from ai4k8s_simcluster.controllers.context import Context, is_ready, is_terminating, without_empty
from ai4k8s_simcluster.controllers.reconciler import Handler, Key, Reconciler
from ai4k8s_simcluster.controllers.workloads.claims import claim_pods
from ai4k8s_simcluster.controllers.workloads.job_end import (
    SUSPENDED,
    End,
    Tally,
    Target,
    end_in_conditions,
    end_of,
    is_finished,
    job_condition,
)
from ai4k8s_simcluster.controllers.workloads.job_pods import (
    INDEX,
    INDEX_FAILURES,
    TRACKING,
    Action,
    compress,
    expand,
    index_of,
    is_indexed,
    judge,
    phase,
)
from ai4k8s_simcluster.controllers.workloads.templates import pod_from_template
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import JOBS, PODS
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions

_ENDED = {"Succeeded", "Failed"}
_FIRST_PAUSE_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 600.0
_BATCH_SECONDS = 1.0  # pod changes are looked at together, as the Job controller does
_MANAGER = "kubernetes.io/job-controller"


@dataclass
class _Memory:
    """What is remembered of a Job's failures beyond its status: when the last was, and how many in a row."""

    failed_at: float = float("-inf")
    in_a_row: int = 0
    per_index: dict[int, int] = field(default_factory=dict)

    def pause_until(self) -> float:
        """Return when the next pod may be made: ten seconds after a failure, then twice as long each time."""
        if not self.in_a_row:
            return float("-inf")
        return self.failed_at + min(_FIRST_PAUSE_SECONDS * 2.0 ** (self.in_a_row - 1), _LONGEST_PAUSE_SECONDS)


class JobController(Reconciler):
    """Keeps every Job's pods and counts how they end."""

    resource: ClassVar = JOBS
    component: ClassVar = "job-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._memories: dict[Key, _Memory] = {}

    def watches(self) -> Mapping[str, Handler]:
        """Follow Jobs and their pods."""
        return {JOBS.key: self.on_own_change, PODS.key: self.on_dependent_change}

    def forget(self, namespace: str, name: str) -> None:
        """Drop what is remembered of a Job that is gone."""
        self._memories.pop((namespace, name), None)

    def reconcile(self, stored: Stored) -> None:
        """Count what ended, end the Job or make the pods that are missing, and say how it stands."""
        job = stored.obj
        if job["spec"].get("managedBy") not in {None, _MANAGER}:
            return
        pods = claim_pods(self.context, job)
        if is_finished(job):
            self._let_go(pods)
            self._expire(stored)
            return
        if is_terminating(job):
            self._let_go([pod for pod in pods if phase(pod.obj) in _ENDED])
            return
        status = self._begun(stored)
        end, status = self._count(stored, status, pods)
        pods = claim_pods(self.context, job)
        status = self._suspension(job, status, pods)
        end = end_in_conditions(status) or end or self._due_end(job, status, pods)
        if end is not None:
            self._end(stored, status, pods, end)
            return
        self._manage(stored, status, pods)
        fresh = self.fresh(stored)
        if fresh is not None:
            self._write(fresh, status, claim_pods(self.context, job))

    def _memory(self, stored: Stored) -> _Memory:
        return self._memories.setdefault((stored.namespace, stored.name), _Memory())

    def _begun(self, stored: Stored) -> Obj:
        """Return the status with the time at which work on the Job began."""
        status = dict(stored.obj.get("status") or {})
        if not status.get("startTime") and not stored.obj["spec"].get("suspend"):
            status["startTime"] = self.context.timestamp()
        limit = stored.obj["spec"].get("activeDeadlineSeconds")
        if limit is not None and status.get("startTime"):
            self.queue.add((stored.namespace, stored.name), parse_rfc3339(status["startTime"]) + float(limit))
        return status

    def _count(self, stored: Stored, status: Obj, pods: list[Stored]) -> tuple[End | None, Obj]:
        """Count pods that ended since the last look, once each, and let them go."""
        job, memory = stored.obj, self._memory(stored)
        done = expand(status.get("completedIndexes", ""))
        lost = expand(status.get("failedIndexes", ""))
        succeeded, failed = status.get("succeeded", 0), status.get("failed", 0)
        end: End | None = None
        fresh_failures = 0
        for pod in pods:
            if TRACKING not in (pod.obj["metadata"].get("finalizers") or ()) or not self._is_over(job, pod.obj):
                continue
            at = index_of(pod.obj)
            if phase(pod.obj) == "Succeeded":
                if at is not None and is_indexed(job):
                    done.add(at)
                succeeded, memory.in_a_row = succeeded + 1, 0
            else:
                verdict = judge(job, pod.obj)
                if verdict.action is Action.FAIL_JOB and end is None:
                    end = End(Target.FAILED, "PodFailurePolicy", verdict.message)
                if verdict.action is not Action.IGNORE:
                    failed, fresh_failures = failed + 1, fresh_failures + 1
                    self._count_index(job, memory, at, lost, done, at_once=verdict.action is Action.FAIL_INDEX)
            self._untrack(pod)
        if fresh_failures:
            memory.in_a_row += fresh_failures
            memory.failed_at = self.context.clock.now()
        if is_indexed(job):
            succeeded = len(done)
        status |= {"succeeded": succeeded, "failed": failed}
        status |= {"completedIndexes": compress(done), "failedIndexes": compress(lost)}
        return end, status

    def _count_index(
        self, job: Obj, memory: _Memory, at: int | None, lost: set[int], done: set[int], *, at_once: bool
    ) -> None:
        limit = job["spec"].get("backoffLimitPerIndex")
        if limit is None or at is None or at in done:
            return
        memory.per_index[at] = memory.per_index.get(at, 0) + 1
        if at_once or memory.per_index[at] > int(limit):
            lost.add(at)

    def _is_over(self, job: Obj, pod: Obj) -> bool:
        """Say whether a pod's end is certain: it ended, or is being deleted and need not be waited for."""
        if phase(pod) in _ENDED:
            return True
        waits = job["spec"].get("podReplacementPolicy", "TerminatingOrFailed") == "Failed"
        return is_terminating(pod) and not waits and not job["spec"].get("podFailurePolicy")

    def _untrack(self, pod: Stored) -> None:
        fresh = self.store.get(PODS, pod.namespace, pod.name)
        if fresh is None:
            return
        left = [name for name in fresh.obj["metadata"].get("finalizers") or () if name != TRACKING]
        metadata = {key: value for key, value in fresh.obj["metadata"].items() if key != "finalizers"}
        changed = {**fresh.obj, "metadata": {**metadata, **({"finalizers": left} if left else {})}}
        self.writer.update(PODS, fresh, changed)

    def _let_go(self, pods: list[Stored]) -> None:
        for pod in pods:
            if TRACKING in (pod.obj["metadata"].get("finalizers") or ()):
                self._untrack(pod)

    def _suspension(self, job: Obj, status: Obj, pods: list[Stored]) -> Obj:
        """Say in the conditions that a Job was suspended or goes on; suspending takes its pods away."""
        suspended = bool(job["spec"].get("suspend"))
        conditions = list(status.get("conditions") or [])
        old = next((found for found in conditions if found["type"] == SUSPENDED), None)
        if suspended == (old is not None and old["status"] == "True") or (old is None and not suspended):
            return status
        now = self.context.timestamp()
        if suspended:
            new = job_condition(SUSPENDED, "JobSuspended", "Job suspended", now)
            for pod in pods:
                self._delete(job, pod)
            status = {key: value for key, value in status.items() if key != "startTime"}
            self.event(job, "Normal", "Suspended", "Job suspended")
        else:
            new = job_condition(SUSPENDED, "JobResumed", "Job resumed", now, "False")
            self.event(job, "Normal", "Resumed", "Job resumed")
        conditions = [new if found is old else found for found in conditions] if old else [*conditions, new]
        return {**status, "conditions": conditions}

    def _due_end(self, job: Obj, status: Obj, pods: list[Stored]) -> End | None:
        tally = Tally(
            active=sum(1 for pod in pods if _is_active(pod.obj)),
            succeeded=status.get("succeeded", 0),
            failed=status.get("failed", 0),
            succeeded_indexes=frozenset(expand(status.get("completedIndexes", ""))),
            failed_indexes=frozenset(expand(status.get("failedIndexes", ""))),
        )
        started = status.get("startTime")
        return end_of(job, tally, self.context.clock.now(), parse_rfc3339(started) if started else None)

    def _end(self, stored: Stored, status: Obj, pods: list[Stored], end: End) -> None:
        """Announce the end, take away what still runs, and conclude when nothing does."""
        job, now = stored.obj, self.context.timestamp()
        if end_in_conditions(status) is None:
            announced = job_condition(end.target.before, end.reason, end.message, now)
            status = {**status, "conditions": [*(status.get("conditions") or ()), announced]}
        running = [pod for pod in pods if phase(pod.obj) not in _ENDED]
        for pod in running:
            if not is_terminating(pod.obj):
                self._delete(job, pod)
        pods = claim_pods(self.context, job)
        still = [pod for pod in pods if phase(pod.obj) not in _ENDED and TRACKING in _finalizers(pod.obj)]
        if not still:
            status = self._concluded(job, status, end)
        fresh = self.fresh(stored)
        if fresh is not None:
            self._write(fresh, status, pods)

    def _concluded(self, job: Obj, status: Obj, end: End) -> Obj:
        now = self.context.timestamp()
        conditions = [*(status.get("conditions") or ()), job_condition(end.target, end.reason, end.message, now)]
        if end.target is Target.COMPLETE:
            self.event(job, "Normal", "Completed", "Job completed")
            return {**status, "conditions": conditions, "completionTime": now}
        self.event(job, "Warning", end.reason, end.message)
        return {**status, "conditions": conditions}

    def _manage(self, stored: Stored, status: Obj, pods: list[Stored]) -> None:
        """Make the pods that are missing, when none failed just now; take away those that are too many."""
        job = stored.obj
        active = [pod for pod in pods if _is_active(pod.obj)]
        wanted = self._wanted_active(job, status, active)
        if len(active) > wanted:
            for pod in active[wanted:]:
                self._delete(job, pod)
            return
        waits = job["spec"].get("podReplacementPolicy") == "Failed" or bool(job["spec"].get("podFailurePolicy"))
        leaving = sum(1 for pod in pods if is_terminating(pod.obj) and phase(pod.obj) not in _ENDED) if waits else 0
        missing = wanted - len(active) - leaving
        if missing <= 0:
            return
        pause_until = self._memory(stored).pause_until()
        if self.context.clock.now() < pause_until:
            self.queue.add((stored.namespace, stored.name), pause_until)
            return
        indexes = self._free_indexes(job, status, active) if is_indexed(job) else []
        for number in range(missing):
            index = indexes[number] if number < len(indexes) else None
            if (is_indexed(job) and index is None) or not self._create(stored, index):
                return

    def _wanted_active(self, job: Obj, status: Obj, active: list[Stored]) -> int:
        spec = job["spec"]
        if spec.get("suspend"):
            return 0
        parallelism = int(spec.get("parallelism", 1))
        if spec.get("completions") is None:
            return len(active) if status.get("succeeded", 0) else parallelism
        lost = len(expand(status.get("failedIndexes", "")))
        left = int(spec["completions"]) - int(status.get("succeeded", 0)) - lost
        return max(min(parallelism, left), 0)

    def _free_indexes(self, job: Obj, status: Obj, active: list[Stored]) -> list[int]:
        taken = expand(status.get("completedIndexes", "")) | expand(status.get("failedIndexes", ""))
        taken |= {at for pod in active if (at := index_of(pod.obj)) is not None}
        return [at for at in range(int(job["spec"].get("completions") or 0)) if at not in taken]

    def _create(self, stored: Stored, index: int | None) -> bool:
        job = stored.obj
        prefix = f"{stored.name}-" if index is None else f"{stored.name}-{index}-"
        pod = pod_from_template(job["spec"]["template"], job, prefix=prefix)
        pod["metadata"]["finalizers"] = [*pod["metadata"].get("finalizers", ()), TRACKING]
        if index is not None:
            self._give_index(job, pod, index, self._memory(stored))
        try:
            created = self.writer.create(PODS, pod)
        except ApiError as error:
            self.event(job, "Warning", "FailedCreate", f"Error creating: {error.message}")
            self.later(stored, _BATCH_SECONDS)
            return False
        self.event(job, "Normal", "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")
        return True

    def _give_index(self, job: Obj, pod: Obj, index: int, memory: _Memory) -> None:
        annotations = {**(pod["metadata"].get("annotations") or {}), INDEX: str(index)}
        if job["spec"].get("backoffLimitPerIndex") is not None:
            annotations[INDEX_FAILURES] = str(memory.per_index.get(index, 0))
        pod["metadata"]["annotations"] = annotations
        pod["metadata"]["labels"][INDEX] = str(index)
        pod["spec"]["hostname"] = f"{job['metadata']['name']}-{index}"
        source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
        for container in (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())):
            container.setdefault("env", []).append({"name": "JOB_COMPLETION_INDEX", "valueFrom": source})

    def _delete(self, job: Obj, pod: Stored) -> None:
        fresh = self.store.get(PODS, pod.namespace, pod.name)
        if fresh is None or is_terminating(fresh.obj) or phase(fresh.obj) in _ENDED:
            return
        self.writer.delete(PODS, fresh, DeleteOptions())
        self.event(job, "Normal", "SuccessfulDelete", f"Deleted pod: {pod.name}")

    def _write(self, stored: Stored, status: Obj, pods: list[Stored]) -> None:
        active = [pod.obj for pod in pods if _is_active(pod.obj)]
        finished = any(found["type"] in set(Target) for found in status.get("conditions") or ())
        counts = {
            **status,
            "active": 0 if finished else len(active),
            "ready": 0 if finished else sum(1 for pod in active if is_ready(pod)),
            "terminating": sum(1 for pod in pods if is_terminating(pod.obj) and phase(pod.obj) not in _ENDED),
            "uncountedTerminatedPods": {},
        }
        if finished:
            counts["terminating"] = 0
        self.writer.set_status(JOBS, stored, without_empty(counts, "ready", "terminating", "uncountedTerminatedPods"))
        if finished:
            self.queue.add((stored.namespace, stored.name))

    def _expire(self, stored: Stored) -> None:
        """Delete a Job that has been over for as long as it is to be kept."""
        ttl = stored.obj["spec"].get("ttlSecondsAfterFinished")
        if ttl is None or is_terminating(stored.obj):
            return
        ended = next(c for c in stored.obj["status"]["conditions"] if c["type"] in set(Target))
        at = parse_rfc3339(ended["lastTransitionTime"]) + float(ttl)
        if self.context.clock.now() < at:
            self.queue.add((stored.namespace, stored.name), at)
        else:
            self.writer.delete(JOBS, stored, DeleteOptions(propagation="Foreground"))


def _finalizers(obj: Obj) -> list[str]:
    return list(obj["metadata"].get("finalizers") or ())


def _is_active(pod: Obj) -> bool:
    return phase(pod) not in _ENDED and not is_terminating(pod)
