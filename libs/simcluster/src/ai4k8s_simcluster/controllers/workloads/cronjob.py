"""CronJobs: a Job at each time of a schedule, unless something speaks against it."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ai4k8s_simcluster.clock import parse_rfc3339, rfc3339
from ai4k8s_simcluster.controllers.context import is_terminating, owned_by, owner_reference
from ai4k8s_simcluster.controllers.reconciler import Handler, Reconciler
from ai4k8s_simcluster.controllers.workloads.cron import Schedule, ScheduleError
from ai4k8s_simcluster.controllers.workloads.job_end import Target, is_finished
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import CRON_JOBS, JOBS
from ai4k8s_simcluster.store import Stored
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.writes import DeleteOptions

_SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_MOST_MISSED = 100
_MINUTE = 60
_RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Due:
    """The latest time that has passed without its Job, and how many did."""

    at: float
    missed: int


class CronJobController(Reconciler):
    """Starts every CronJob's Jobs and clears away the old ones."""

    resource: ClassVar = CRON_JOBS
    component: ClassVar = "cronjob-controller"

    def watches(self) -> Mapping[str, Handler]:
        """Follow CronJobs and their Jobs."""
        return {CRON_JOBS.key: self.on_own_change, JOBS.key: self.on_dependent_change}

    def reconcile(self, stored: Stored) -> None:
        """Take note of Jobs that ended, clear old ones away, and start the one that is due."""
        cronjob = stored.obj
        jobs = owned_by(self.context, JOBS, cronjob)
        status = self._noted(cronjob, jobs)
        self._clear(stored, jobs)
        if not is_terminating(cronjob) and not cronjob["spec"].get("suspend"):
            status = self._start_due(stored, status)
        fresh = self.fresh(stored)
        if fresh is not None:
            self.writer.set_status(CRON_JOBS, fresh, {key: value for key, value in status.items() if value})

    def _noted(self, cronjob: Obj, jobs: list[Stored]) -> Obj:
        """Return the status with the Jobs that run now, and the time of the last success."""
        status = dict(cronjob.get("status") or {})
        known = {found["uid"]: found for found in status.get("active") or ()}
        last = status.get("lastSuccessfulTime", "")
        for job in jobs:
            ended = is_finished(job.obj)
            reference = known.get(job.uid)
            if ended is None and reference is None and not is_terminating(job.obj):
                message = f"Saw a job that the controller did not create or forgot: {job.name}"
                self.event(cronjob, "Warning", "UnexpectedJob", message)
            elif ended is not None and reference is not None:
                del known[job.uid]
                message = f"Saw completed job: {job.name}, condition: {ended.value}"
                self.event(cronjob, "Normal", "SawCompletedJob", message)
            if ended is Target.COMPLETE:
                last = max(last, job.obj["status"].get("completionTime", ""))
        present = {job.uid for job in jobs}
        for uid, found in list(known.items()):
            if uid not in present:
                del known[uid]
                message = f"Active job went missing: {found['name']}"
                self.event(cronjob, "Normal", "MissingJob", message)
        return {**status, "active": list(known.values()), "lastSuccessfulTime": last}

    def _clear(self, stored: Stored, jobs: list[Stored]) -> None:
        """Delete finished Jobs beyond the limits, the oldest first."""
        spec = stored.obj["spec"]
        for target, field, default in (
            (Target.COMPLETE, "successfulJobsHistoryLimit", 3),
            (Target.FAILED, "failedJobsHistoryLimit", 1),
        ):
            done = [job for job in jobs if is_finished(job.obj) is target and not is_terminating(job.obj)]
            done.sort(key=lambda job: ((job.obj.get("status") or {}).get("startTime", ""), job.name))
            for job in done[: max(len(done) - int(spec.get(field, default)), 0)]:
                self._delete(stored, job)

    def _delete(self, stored: Stored, job: Stored) -> None:
        self.writer.delete(JOBS, job, DeleteOptions())
        self.event(stored.obj, "Normal", "SuccessfulDelete", f"Deleted job {job.name}")

    def _start_due(self, stored: Stored, status: Obj) -> Obj:
        cronjob, now = stored.obj, self.context.clock.now()
        try:
            schedule = Schedule(cronjob["spec"]["schedule"], cronjob["spec"].get("timeZone") or "")
        except ScheduleError as error:
            message = f"unparseable schedule: {cronjob['spec']['schedule']} : {error}"
            self.event(cronjob, "Warning", "UnParseableCronJobSchedule", message)
            return status
        upcoming = schedule.next_after(now)
        if upcoming is not None:
            self.queue.add((stored.namespace, stored.name), upcoming)
        due = self._due(cronjob, status, schedule, now)
        if due is None:
            return status
        if due.missed > _MOST_MISSED:
            advice = "Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            message = f"too many missed start times: {due.missed}. {advice}"
            self.event(cronjob, "Warning", "TooManyMissedTimes", message)
        deadline = cronjob["spec"].get("startingDeadlineSeconds")
        if deadline is not None and now - due.at > float(deadline):
            when = rfc3339(due.at)
            self.event(cronjob, "Warning", "MissSchedule", f"Missed scheduled time to start a job: {when}")
            return status
        return self._start(stored, status, schedule, due.at)

    def _due(self, cronjob: Obj, status: Obj, schedule: Schedule, now: float) -> _Due | None:
        """Return the latest time that was due since the last Job."""
        since = parse_rfc3339(status.get("lastScheduleTime") or cronjob["metadata"]["creationTimestamp"])
        deadline = cronjob["spec"].get("startingDeadlineSeconds")
        if deadline is not None:
            since = max(since, now - float(deadline) - 1)
        found: _Due | None = None
        at = schedule.next_after(since)
        while at is not None and at <= now:
            found = _Due(at, found.missed + 1 if found else 1)
            if found.missed > _MOST_MISSED:
                return _Due(_latest(schedule, at, now), found.missed)
            at = schedule.next_after(at)
        return found

    def _start(self, stored: Stored, status: Obj, schedule: Schedule, at: float) -> Obj:
        """Start a Job for a time, as the concurrency policy allows."""
        cronjob = stored.obj
        policy = cronjob["spec"].get("concurrencyPolicy", "Allow")
        active = status.get("active") or []
        if policy == "Forbid" and active:
            message = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self.event(cronjob, "Normal", "JobAlreadyActive", message)
            return status
        if policy == "Replace":
            for reference in active:
                job = self.store.get(JOBS, stored.namespace, reference["name"])
                if job is not None:
                    self._delete(stored, job)
            active = []
        wanted = self._job(cronjob, schedule, at)
        name = wanted["metadata"]["name"]
        try:
            created = self.writer.create(JOBS, wanted)
        except ApiError as error:
            if error.code == 409:
                return {**status, "lastScheduleTime": rfc3339(at)}
            self.event(cronjob, "Warning", "FailedCreate", f"Error creating job: {error.message}")
            self.later(stored, _RETRY_SECONDS)
            return status
        self.event(cronjob, "Normal", "SuccessfulCreate", f"Created job {name}")
        reference = {
            "kind": "Job",
            "namespace": stored.namespace,
            "name": name,
            "uid": created["metadata"]["uid"],
            "apiVersion": "batch/v1",
            "resourceVersion": created["metadata"].get("resourceVersion", ""),
        }
        return {**status, "active": [*active, reference], "lastScheduleTime": rfc3339(at)}

    def _job(self, cronjob: Obj, schedule: Schedule, at: float) -> Obj:
        template = copy.deepcopy(cronjob["spec"]["jobTemplate"])
        metadata = template.get("metadata") or {}
        return {
            "metadata": {
                "name": f"{cronjob['metadata']['name']}-{int(at) // _MINUTE}",
                "namespace": cronjob["metadata"]["namespace"],
                "labels": metadata.get("labels") or {},
                "annotations": {**(metadata.get("annotations") or {}), _SCHEDULED_AT: schedule.stamp(at)},
                "ownerReferences": [owner_reference(cronjob)],
            },
            "spec": template["spec"],
        }


def _latest(schedule: Schedule, since: float, now: float) -> float:
    """Return the last time of a schedule up to now, found from near to far: many have been missed."""
    for window in (_MINUTE * 60, 86_400, 31 * 86_400):
        at = schedule.next_after(max(since, now - window))
        if at is not None and at <= now:
            while (later := schedule.next_after(at)) is not None and later <= now:
                at = later
            return at
    return since
