"""What is wrong with jobs and their schedules."""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.types import Obj
from ai4k8s_simcluster.validation import rules
from ai4k8s_simcluster.validation.cron import schedule_fault
from ai4k8s_simcluster.validation.pods import check_template

_COUNTS = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
_LONGEST_CRON_NAME = 52
_FIXED = ("selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy")
_SCHEDULING = ("affinity", "nodeSelector", "tolerations", "schedulingGates")


def check_job(obj: Obj) -> rules.Causes:
    """Check a Job."""
    spec = obj["spec"]
    causes = _job_spec("spec", spec)
    if not spec.get("selector"):
        causes.insert(0, Cause.required("spec.selector"))
    return causes


def _job_spec(path: str, spec: Obj) -> rules.Causes:
    causes: rules.Causes = []
    for name in _COUNTS:
        causes += rules.not_negative(f"{path}.{name}", spec.get(name))
    mode = spec.get("completionMode")
    if mode not in {None, "NonIndexed", "Indexed"}:
        causes.append(Cause.unsupported(f"{path}.completionMode", mode, ("Indexed", "NonIndexed")))
    if mode == "Indexed" and spec.get("completions") is None:
        causes.append(Cause.required(f"{path}.completions", "when completion mode is Indexed"))
    template = spec.get("template") or {}
    causes += check_template(f"{path}.template", template)
    policy = (template.get("spec") or {}).get("restartPolicy")
    where = f"{path}.template.spec.restartPolicy"
    if policy == "Always":
        causes.append(Cause.required(where, 'valid values: "OnFailure", "Never"'))
    elif policy not in {"OnFailure", "Never"}:
        causes.append(Cause.unsupported(where, policy, ("OnFailure", "Never")))
    return causes


def check_job_change(old: Obj, new: Obj) -> rules.Causes:
    """Return what is wrong with changing a Job."""
    before, after = old["spec"], new["spec"]
    causes: rules.Causes = []
    if before.get("completions") != after.get("completions") and not _elastic(before, after):
        causes.append(Cause.invalid("spec.completions", after.get("completions"), rules.IMMUTABLE))
    causes += [
        Cause.invalid(f"spec.{name}", after.get(name), rules.IMMUTABLE)
        for name in _FIXED[:1]
        if before.get(name) != after.get(name)
    ]
    causes += _template_change(old, new)
    causes += [
        Cause.invalid(f"spec.{name}", after.get(name), rules.IMMUTABLE)
        for name in _FIXED[1:]
        if before.get(name) != after.get(name)
    ]
    return causes


def _elastic(before: Obj, after: Obj) -> bool:
    indexed = before.get("completionMode") == "Indexed"
    return indexed and after.get("completions") is not None and after.get("completions") == after.get("parallelism")


def _template_change(old: Obj, new: Obj) -> rules.Causes:
    before, after = old["spec"]["template"], new["spec"]["template"]
    not_started = bool(old["spec"].get("suspend")) and not (old.get("status") or {}).get("startTime")
    if not not_started:
        changed = before != after
        return [Cause.invalid("spec.template", after, rules.IMMUTABLE)] if changed else []
    fixed = [{k: v for k, v in found["spec"].items() if k not in _SCHEDULING} for found in (before, after)]
    return [] if fixed[0] == fixed[1] else [Cause.invalid("spec.template.spec", after["spec"], rules.IMMUTABLE)]


def check_cronjob(obj: Obj) -> rules.Causes:
    """Check a CronJob."""
    spec = obj["spec"]
    causes: rules.Causes = []
    schedule = spec.get("schedule", "")
    if not schedule:
        causes.append(Cause.required("spec.schedule"))
    else:
        causes += rules.refused("spec.schedule", schedule, schedule_fault(schedule, zoned="timeZone" in spec))
    causes += rules.not_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if spec.get("timeZone") is not None:
        causes += rules.refused("spec.timeZone", spec["timeZone"], _time_zone(spec["timeZone"]))
    policies = ("Allow", "Forbid", "Replace")
    causes += rules.one_of("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), policies)
    causes += _job_spec("spec.jobTemplate.spec", (spec.get("jobTemplate") or {}).get("spec") or {})
    for name in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        causes += rules.not_negative(f"spec.{name}", spec.get(name))
    name = obj["metadata"].get("name", "")
    if len(name) > _LONGEST_CRON_NAME:
        detail = f"must be no more than {_LONGEST_CRON_NAME} characters"
        causes.append(Cause.invalid("metadata.name", name, detail))
    return causes


def _time_zone(name: str) -> list[str]:
    if not name:
        return ["timeZone must be nil or non-empty string"]
    if name.lower() == "local":
        return ["timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"]
    try:
        if re.fullmatch(r"[A-Za-z0-9_+\-/]+", name):
            ZoneInfo(name)
            return []
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return [f"unknown time zone {name}"]
    return [f"unknown time zone {name}"]
