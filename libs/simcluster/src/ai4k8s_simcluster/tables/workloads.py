"""How workloads, their scaling and their protection are shown."""

from typing import Any

from ai4k8s_simcluster.clock import parse_rfc3339, short_duration
from ai4k8s_simcluster.selectors import write_selector
from ai4k8s_simcluster.tables.layout import (
    AGE,
    NAME,
    NONE,
    UNKNOWN,
    UNSET,
    Column,
    Layout,
    age,
    created,
    name_of,
    pairs,
    wide,
)
from ai4k8s_simcluster.tables.pods import CONTAINERS, IMAGES, containers_of
from ai4k8s_simcluster.types import Obj

_READY = Column("Ready", text="Number of the pod with ready state")
_MOST_METRICS = 2
_JOB_WORDS = ("Suspended", "FailureTarget", "SuccessCriteriaMet")


def _selector(spec: Obj) -> str:
    return write_selector(spec.get("selector")) or NONE


def _deployment(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    return [
        name_of(obj),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        created(obj, now),
        *containers_of(spec["template"]),
        _selector(spec),
    ]


def _replicas(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    counts = [spec.get("replicas", 1), status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [name_of(obj), *counts, created(obj, now), *containers_of(spec["template"])]


def _replicaset(obj: Obj, now: float) -> list[Any]:
    return [*_replicas(obj, now), _selector(obj["spec"])]


def _replication_controller(obj: Obj, now: float) -> list[Any]:
    return [*_replicas(obj, now), pairs(obj["spec"].get("selector"))]


def _statefulset(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}"
    return [name_of(obj), ready, created(obj, now), *containers_of(spec["template"])]


def _daemonset(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    counts = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    return [
        name_of(obj),
        *(status.get(count, 0) for count in counts),
        pairs(spec["template"].get("spec", {}).get("nodeSelector")),
        created(obj, now),
        *containers_of(spec["template"]),
        _selector(spec),
    ]


def _job_word(obj: Obj) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    true = {found["type"] for found in conditions if found.get("status") == "True"}
    for word in ("Complete", "Failed"):
        if word in true:
            return word
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((word for word in _JOB_WORDS if word in true), "Running")


def _job(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    done, parallel = status.get("succeeded", 0), spec.get("parallelism") or 0
    if spec.get("completions") is not None:
        completions = f"{done}/{spec['completions']}"
    else:
        completions = f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    begun, ended = status.get("startTime"), status.get("completionTime")
    duration = ""
    if begun:
        duration = short_duration((parse_rfc3339(ended) if ended else now) - parse_rfc3339(begun))
    head = [name_of(obj), _job_word(obj), completions, duration, created(obj, now)]
    return [*head, *containers_of(spec["template"]), _selector(spec)]


def _cronjob(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    job, last = spec["jobTemplate"]["spec"], status.get("lastScheduleTime")
    return [
        name_of(obj),
        spec.get("schedule", ""),
        spec.get("timeZone") or NONE,
        "True" if spec.get("suspend") else "False",
        len(status.get("active") or ()),
        age(last, now) if last else NONE,
        created(obj, now),
        *containers_of(job["template"]),
        _selector(job),
    ]


def _reading(metric: Obj, current: Obj) -> str:
    kind = str(metric.get("type", ""))
    field = kind[:1].lower() + kind[1:]
    source = metric.get(field) or {}
    target, measured = source.get("target") or {}, (current.get(field) or {}).get("current") or {}
    if kind in {"Resource", "ContainerResource"}:
        name = f"{source.get('name')}: " if kind == "Resource" else f"{source.get('container')}/{source.get('name')}: "
        if target.get("averageValue") is not None:
            return f"{name}{measured.get('averageValue', UNKNOWN)}/{target['averageValue']}"
        share = measured.get("averageUtilization")
        wanted = target.get("averageUtilization")
        return f"{name}{UNKNOWN if share is None else f'{share}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"
    if target.get("averageValue") is not None:
        shown = f"{measured.get('averageValue', UNKNOWN)}/{target['averageValue']}"
        return shown if kind == "Pods" else f"{shown} (avg)"
    return f"{measured.get('value', UNKNOWN)}/{target.get('value')}"


def _targets(spec: Obj, status: Obj) -> str:
    metrics, current = spec.get("metrics") or [], status.get("currentMetrics") or []
    if not metrics:
        return NONE
    shown = [_reading(metric, (current[at] if at < len(current) else None) or {}) for at, metric in enumerate(metrics)]
    more = len(shown) - _MOST_METRICS
    return ", ".join(shown[:_MOST_METRICS]) + (f" + {more} more..." if more > 0 else "")


def _autoscaler(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    reference, least = spec.get("scaleTargetRef") or {}, spec.get("minReplicas")
    return [
        name_of(obj),
        f"{reference.get('kind')}/{reference.get('name')}",
        _targets(spec, status),
        UNSET if least is None else str(least),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        created(obj, now),
    ]


def _budget(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    bounds = [spec.get("minAvailable"), spec.get("maxUnavailable")]
    shown = ["N/A" if bound is None else str(bound) for bound in bounds]
    return [name_of(obj), *shown, status.get("disruptionsAllowed", 0), created(obj, now)]


def _scale(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), obj["spec"].get("replicas", 0), obj["status"].get("replicas", 0), created(obj, now)]


def _revision(obj: Obj, now: float) -> list[Any]:
    owner = next((found for found in obj["metadata"].get("ownerReferences") or () if found.get("controller")), None)
    shown = NONE
    if owner:
        group = owner["apiVersion"].rpartition("/")[0]
        shown = f"{owner['kind'].lower()}{'.' + group if group else ''}/{owner['name']}"
    return [name_of(obj), shown, obj.get("revision", 0), created(obj, now)]


def _number(name: str, field: str = "", text: str = "") -> Column:
    return Column(name, "integer", field=field, text=text)


def _counted(spec: str, status: str) -> tuple[Column, ...]:
    counts = (_number("Desired", f"{spec}.replicas"), _number("Current", f"{status}.replicas"))
    ready = _number("Ready", f"{status}.readyReplicas")
    return (NAME, *counts, ready, AGE, CONTAINERS, IMAGES, wide("Selector", f"{spec}.selector"))


_DAEMONS, _CRON = "apps.v1.DaemonSetStatus.", "batch.v1.CronJobSpec."
_SCALING_V2 = "autoscaling.v2.HorizontalPodAutoscaler"
LAYOUTS = {
    "Deployment": Layout(
        (
            NAME,
            _READY,
            Column("Up-to-date", field="apps.v1.DeploymentStatus.updatedReplicas"),
            Column("Available", field="apps.v1.DeploymentStatus.availableReplicas"),
            AGE,
            CONTAINERS,
            IMAGES,
            wide("Selector", "apps.v1.DeploymentSpec.selector"),
        ),
        _deployment,
    ),
    "ReplicaSet": Layout(_counted("apps.v1.ReplicaSetSpec", "apps.v1.ReplicaSetStatus"), _replicaset),
    "ReplicationController": Layout(
        _counted("core.v1.ReplicationControllerSpec", "core.v1.ReplicationControllerStatus"), _replication_controller
    ),
    "StatefulSet": Layout((NAME, _READY, AGE, CONTAINERS, IMAGES), _statefulset),
    "DaemonSet": Layout(
        (
            NAME,
            _number("Desired", _DAEMONS + "desiredNumberScheduled"),
            _number("Current", _DAEMONS + "currentNumberScheduled"),
            _number("Ready", _DAEMONS + "numberReady"),
            _number("Up-to-date", _DAEMONS + "updatedNumberScheduled"),
            _number("Available", _DAEMONS + "numberAvailable"),
            Column("Node Selector", field="core.v1.PodSpec.nodeSelector"),
            AGE,
            CONTAINERS,
            IMAGES,
            wide("Selector", "apps.v1.DaemonSetSpec.selector"),
        ),
        _daemonset,
    ),
    "Job": Layout(
        (
            NAME,
            Column("Status", text="Status of the job."),
            Column("Completions", field="batch.v1.JobStatus.succeeded"),
            Column("Duration", text="Time required to complete the job."),
            AGE,
            CONTAINERS,
            IMAGES,
            wide("Selector", "batch.v1.JobSpec.selector"),
        ),
        _job,
    ),
    "CronJob": Layout(
        (
            NAME,
            Column("Schedule", field=_CRON + "schedule"),
            Column("Timezone", field=_CRON + "timeZone"),
            Column("Suspend", "boolean", field=_CRON + "suspend"),
            _number("Active", "batch.v1.CronJobStatus.active"),
            Column("Last Schedule", field="batch.v1.CronJobStatus.lastScheduleTime"),
            AGE,
            CONTAINERS,
            IMAGES,
            wide("Selector", "batch.v1.JobSpec.selector"),
        ),
        _cronjob,
    ),
    "HorizontalPodAutoscaler": Layout(
        (
            NAME,
            Column("Reference", field=_SCALING_V2 + "Spec.scaleTargetRef"),
            Column("Targets", field=_SCALING_V2 + "Spec.metrics"),
            Column("MinPods", field=_SCALING_V2 + "Spec.minReplicas"),
            Column("MaxPods", field=_SCALING_V2 + "Spec.maxReplicas"),
            Column("Replicas", field=_SCALING_V2 + "Status.currentReplicas"),
            AGE,
        ),
        _autoscaler,
    ),
    "PodDisruptionBudget": Layout(
        (
            NAME,
            Column("Min Available", text="The minimum number of pods that must be available."),
            Column("Max Unavailable", text="The maximum number of pods that may be unavailable."),
            _number("Allowed Disruptions", text="Calculated number of pods that may be disrupted at this time."),
            AGE,
        ),
        _budget,
    ),
    "Scale": Layout(
        (
            NAME,
            _number("Desired", field="autoscaling.v1.ScaleSpec.replicas"),
            _number("Available", field="autoscaling.v1.ScaleStatus.replicas"),
            AGE,
        ),
        _scale,
    ),
    "ControllerRevision": Layout(
        (
            NAME,
            Column("Controller", text="Controller of the object"),
            Column("Revision", field="apps.v1.ControllerRevision.revision"),
            AGE,
        ),
        _revision,
    ),
}
