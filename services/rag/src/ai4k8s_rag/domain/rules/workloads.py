"""Workloads: selectors, strategies, jobs and schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from ai4k8s_rag.domain.cron import cron_fault, never_comes
from ai4k8s_rag.domain.findings import Act, Edit, Fix, Problem, removing, setting
from ai4k8s_rag.domain.reading import as_int, as_list, as_map, as_text, dig
from ai4k8s_rag.domain.scope import LASTING, pod_of, selects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.documents import Thing
    from ai4k8s_rag.domain.findings import Path
    from ai4k8s_rag.domain.scope import Pod, Scope


def rules(thing: Thing, scope: Scope) -> Iterator[Problem]:
    """Everything about one workload."""
    pod = pod_of(thing)
    if pod is not None and thing.kind in LASTING:
        yield from _selector(thing, pod)
    if pod is not None:
        yield from _restart_policy(thing, pod)
    if thing.kind in {"Deployment", "DaemonSet"}:
        yield from _strategy(thing)
    if thing.kind == "StatefulSet":
        yield from _stateful(thing, scope)
    if thing.kind == "Job":
        yield from _job(thing.spec, ("spec",))
    if thing.kind == "CronJob":
        yield from _cron(thing)
        yield from _job(as_map(dig(thing.spec, "jobTemplate", "spec")), ("spec", "jobTemplate", "spec"))


def _selector(thing: Thing, pod: Pod) -> Iterator[Problem]:
    selector = thing.spec.get("selector")
    if thing.kind == "ReplicationController":
        selector = {"matchLabels": selector} if selector else {"matchLabels": pod.labels}
    if not isinstance(selector, dict):
        return
    path: Path = ("spec", "selector")
    if not as_map(selector.get("matchLabels")) and not as_list(selector.get("matchExpressions")):
        fix = setting("select the template's labels", (*path, "matchLabels"), dict(pod.labels)) if pod.labels else None
        yield Problem("meaning.selector-empty", path, "an empty selector is refused", fix)
    elif not selects(selector, pod.labels):
        wanted = as_map(selector.get("matchLabels"))
        missing = {key: value for key, value in wanted.items() if pod.labels.get(key) != value}
        edits = tuple(Edit(Act.SET, (*pod.path, "metadata", "labels", key), value) for key, value in missing.items())
        fix = Fix("give the template these labels", edits) if edits else None
        said = ", ".join(f"{key}={value}" for key, value in missing.items()) or "its expressions"
        why = f"the template's labels do not have {said}: such a {thing.kind} is refused"
        yield Problem("meaning.selector-mismatch", (*path, "matchLabels") if missing else path, why, fix)


def _restart_policy(thing: Thing, pod: Pod) -> Iterator[Problem]:
    policy, path = pod.spec.get("restartPolicy"), (*pod.spec_path, "restartPolicy")
    if thing.kind in LASTING and policy in {"Never", "OnFailure"}:
        why = f"pods of a {thing.kind} always restart"
        yield Problem("meaning.restart-policy", path, why, setting("write Always", path, "Always"))
    if thing.kind in {"Job", "CronJob"} and policy in {None, "Always"}:
        why = "pods of a Job end: restartPolicy is OnFailure or Never"
        yield Problem("meaning.restart-policy", path, why, setting("write OnFailure", path, "OnFailure"))


def _nothing(value: Any) -> bool:
    return value in {0, "0", "0%"} and value is not False


def _strategy(thing: Thing) -> Iterator[Problem]:
    name = "strategy" if thing.kind == "Deployment" else "updateStrategy"
    strategy, path = as_map(thing.spec.get(name)), ("spec", name)
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") in {"Recreate", "OnDelete"} and rolling is not None:
        where = (*path, "rollingUpdate")
        why = f"{strategy['type']} does not roll; rollingUpdate is refused beside it"
        yield Problem("meaning.strategy", where, why, removing("remove rollingUpdate", where))
    if isinstance(rolling, dict):
        surge, away = rolling.get("maxSurge"), rolling.get("maxUnavailable")
        surge = 0 if thing.kind == "DaemonSet" and surge is None else surge
        if (
            not isinstance(surge, (dict, list))
            and not isinstance(away, (dict, list))
            and _nothing(surge)
            and _nothing(away)
        ):
            where = (*path, "rollingUpdate")
            why = "with neither a pod more nor one less nothing can ever be replaced"
            fix = setting("allow one pod less", (*where, "maxUnavailable"), 1)
            yield Problem("meaning.strategy", where, why, fix)
        for key, value in (("maxSurge", surge), ("maxUnavailable", away)):
            if isinstance(value, str) and not (value.endswith("%") and value[:-1].isdigit()):
                yield Problem(
                    "meaning.strategy",
                    (*path, "rollingUpdate", key),
                    f"'{value[:40]}' is neither a number nor a percentage",
                )


def _stateful(thing: Thing, scope: Scope) -> Iterator[Problem]:
    name = as_text(thing.spec.get("serviceName"))
    service = scope.named("Service", name, thing.namespace) if name else None
    if service is not None and service.spec.get("clusterIP") != "None":
        why = f"Service '{name}' gives its pods no names of their own: clusterIP must be None"
        yield Problem("meaning.statefulset-service", ("spec", "serviceName"), why)


def _job(spec: dict[str, Any], path: Path) -> Iterator[Problem]:
    if spec.get("completionMode") == "Indexed" and spec.get("completions") is None:
        yield Problem("meaning.job", (*path, "completionMode"), "Indexed needs completions")
    if spec.get("selector") is not None and spec.get("manualSelector") is not True:
        where = (*path, "selector")
        yield Problem("meaning.job", where, "the Job makes its own selector", removing("remove the selector", where))


def _cron(thing: Thing) -> Iterator[Problem]:
    schedule, path = thing.spec.get("schedule"), ("spec", "schedule")
    if isinstance(schedule, str):
        if "TZ=" in schedule:
            why = "a time zone stands in timeZone, not in the schedule"
            yield Problem("meaning.cron", path, why)
        else:
            fault = cron_fault(schedule)
            if fault:
                yield Problem("meaning.cron", path, f"'{schedule[:60]}' is no schedule: {fault}")
            elif never_comes(schedule):
                yield Problem("meaning.cron-never", path, f"'{schedule[:60]}' names a day that no month has")
    zone = thing.spec.get("timeZone")
    if isinstance(zone, str) and zone not in available_timezones():
        yield Problem("meaning.time-zone", ("spec", "timeZone"), f"there is no time zone '{zone[:60]}'")
    if as_int(thing.spec.get("startingDeadlineSeconds")) in range(10):
        where = ("spec", "startingDeadlineSeconds")
        why = "the controller looks every 10 seconds: with less a run may never start"
        yield Problem("meaning.cron-never", where, why, setting("write 60", where, 60))
