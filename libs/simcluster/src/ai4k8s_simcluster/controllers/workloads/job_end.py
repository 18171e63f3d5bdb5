"""When a Job is over: the reasons for success and failure, and the conditions that say so."""

from dataclasses import dataclass
from enum import StrEnum

from ai4k8s_simcluster.controllers.workloads.job_pods import expand, is_indexed
from ai4k8s_simcluster.types import Obj

SUSPENDED = "Suspended"
_WHY_COMPLETE = ("CompletionsReached", "Reached expected number of succeeded pods")


class Target(StrEnum):
    """What a Job will be once its pods are gone, and the condition that is set until then."""

    COMPLETE = "Complete"
    FAILED = "Failed"

    @property
    def before(self) -> str:
        """Return the condition that comes first."""
        return "SuccessCriteriaMet" if self is Target.COMPLETE else "FailureTarget"


@dataclass(frozen=True, slots=True)
class End:
    """How a Job ends."""

    target: Target
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What has become of a Job's pods so far."""

    active: int
    succeeded: int
    failed: int
    succeeded_indexes: frozenset[int] = frozenset()
    failed_indexes: frozenset[int] = frozenset()


def end_of(job: Obj, tally: Tally, now: float, started_at: float | None) -> End | None:
    """Return how a Job ends by now; None when it goes on."""
    spec = job["spec"]
    failure = _failure(job, tally, now, started_at)
    if failure is not None:
        return failure
    success = _by_policy(spec, tally)
    if success is not None:
        return success
    completions = spec.get("completions")
    if completions is None:
        done = tally.succeeded > 0 and tally.active == 0
    elif is_indexed(job):
        done = len(tally.succeeded_indexes) >= int(completions)
    else:
        done = tally.succeeded >= int(completions)
    return End(Target.COMPLETE, *_WHY_COMPLETE) if done else None


def _failure(job: Obj, tally: Tally, now: float, started_at: float | None) -> End | None:
    spec = job["spec"]
    if tally.failed > int(spec.get("backoffLimit", 6)):
        return End(Target.FAILED, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    limit = spec.get("activeDeadlineSeconds")
    if limit is not None and started_at is not None and not spec.get("suspend") and now - started_at >= float(limit):
        return End(Target.FAILED, "DeadlineExceeded", "Job was active longer than specified deadline")
    if is_indexed(job) and spec.get("backoffLimitPerIndex") is not None:
        failed = len(tally.failed_indexes)
        most = spec.get("maxFailedIndexes")
        if most is not None and failed > int(most):
            message = "Job has exceeded the specified maximal number of failed indexes"
            return End(Target.FAILED, "MaxFailedIndexesExceeded", message)
        if failed and failed + len(tally.succeeded_indexes) >= int(spec.get("completions") or 0):
            return End(Target.FAILED, "FailedIndexes", "Job has failed indexes")
    return None


def _by_policy(spec: Obj, tally: Tally) -> End | None:
    """Return the success that a Job's policy sees before all indexes are through."""
    for number, rule in enumerate((spec.get("successPolicy") or {}).get("rules") or ()):
        wanted = expand(rule["succeededIndexes"]) if rule.get("succeededIndexes") else None
        reached = tally.succeeded_indexes if wanted is None else tally.succeeded_indexes & wanted
        count = rule.get("succeededCount")
        if len(reached) >= (int(count) if count is not None else len(wanted or ())) and reached:
            return End(Target.COMPLETE, "SuccessPolicy", f"Matched rules at index {number}")
    return None


def job_condition(kind: str, reason: str, message: str, now: str, status: str = "True") -> Obj:
    """Return a condition of a Job."""
    return {
        "type": kind,
        "status": status,
        "lastProbeTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }


def end_in_conditions(status: Obj) -> End | None:
    """Return the end that a Job's conditions already speak of."""
    for target in Target:
        for found in status.get("conditions") or ():
            if found["type"] == target.before and found["status"] == "True":
                return End(target, found["reason"], found["message"])
    return None


def is_finished(job: Obj) -> Target | None:
    """Return how a Job ended; None when it has not."""
    for found in (job.get("status") or {}).get("conditions") or ():
        if found["type"] in set(Target) and found["status"] == "True":
            return Target(found["type"])
    return None
