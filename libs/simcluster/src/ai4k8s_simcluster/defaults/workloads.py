"""What the server fills in of whatever makes pods or scales them."""

from ai4k8s_simcluster.defaults.filling import fill, items, part
from ai4k8s_simcluster.defaults.pods import default_template
from ai4k8s_simcluster.types import Obj

_HISTORY = 10
_NO_BACKOFF_LIMIT = 2**31 - 1
_DEFAULT_PERCENT = 80
JOB_LABELS = ("batch.kubernetes.io/controller-uid", "controller-uid", "batch.kubernetes.io/job-name", "job-name")
_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


def default_deployment(deployment: Obj) -> None:
    """Fill in a Deployment."""
    spec = deployment["spec"]
    fill(spec, replicas=1, revisionHistoryLimit=_HISTORY, progressDeadlineSeconds=600)
    if not spec.get("paused"):
        spec.pop("paused", None)  # what is not so is not said
    strategy = part(spec, "strategy")
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(part(strategy, "rollingUpdate"), maxUnavailable="25%", maxSurge="25%")
    default_template(spec)
    deployment.setdefault("status", {})


def default_replicaset(replicaset: Obj) -> None:
    """Fill in a ReplicaSet."""
    replicaset["spec"].setdefault("replicas", 1)
    default_template(replicaset["spec"])
    fill(part(replicaset, "status"), replicas=0)


def default_replication_controller(controller: Obj) -> None:
    """Fill in a ReplicationController: its selector and its labels are those of its template."""
    spec = controller["spec"]
    spec.setdefault("replicas", 1)
    default_template(spec)
    labels = spec["template"]["metadata"].get("labels")
    if labels:
        if not spec.get("selector"):
            spec["selector"] = dict(labels)
        if not controller["metadata"].get("labels"):
            controller["metadata"]["labels"] = dict(labels)
    fill(part(controller, "status"), replicas=0)


def default_statefulset(statefulset: Obj) -> None:
    """Fill in a StatefulSet."""
    spec = statefulset["spec"]
    fill(spec, replicas=1, podManagementPolicy="OrderedReady", revisionHistoryLimit=_HISTORY)
    strategy = part(spec, "updateStrategy")
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        part(strategy, "rollingUpdate").setdefault("partition", 0)
    fill(part(spec, "persistentVolumeClaimRetentionPolicy"), whenDeleted="Retain", whenScaled="Retain")
    default_template(spec)
    for claim in items(spec, "volumeClaimTemplates"):
        fill(claim, kind="PersistentVolumeClaim", apiVersion="v1")
        part(claim, "spec").setdefault("volumeMode", "Filesystem")
        part(claim, "status").setdefault("phase", "Pending")
    fill(part(statefulset, "status"), replicas=0, availableReplicas=0)


def default_daemonset(daemonset: Obj) -> None:
    """Fill in a DaemonSet."""
    spec = daemonset["spec"]
    spec.setdefault("revisionHistoryLimit", _HISTORY)
    strategy = part(spec, "updateStrategy")
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(part(strategy, "rollingUpdate"), maxUnavailable=1, maxSurge=0)
    default_template(spec)
    part(daemonset["metadata"], "annotations").setdefault(_TEMPLATE_GENERATION, "1")
    status = part(daemonset, "status")
    fill(status, currentNumberScheduled=0, numberMisscheduled=0, desiredNumberScheduled=0, numberReady=0)


def default_pod_template(template: Obj) -> None:
    """Fill in a PodTemplate."""
    default_template(template)


def default_job(job: Obj) -> None:
    """Fill in a Job; without a selector of its own it selects by its uid."""
    spec = job["spec"]
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    limit = _NO_BACKOFF_LIMIT if "backoffLimitPerIndex" in spec else 6
    policy = "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"
    fill(
        spec,
        parallelism=1,
        backoffLimit=limit,
        completionMode="NonIndexed",
        suspend=False,
        podReplacementPolicy=policy,
        manualSelector=False,
    )
    for rule in items(spec.get("podFailurePolicy"), "rules"):
        for condition in items(rule, "onPodConditions"):
            condition.setdefault("status", "True")
    default_template(spec)
    if not spec["manualSelector"]:
        _select_by_uid(job)
    labels = spec["template"]["metadata"].get("labels")
    if labels and not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(labels)
    job.setdefault("status", {})


def _select_by_uid(job: Obj) -> None:
    uid, name = job["metadata"].get("uid", ""), job["metadata"].get("name", "")
    labels = part(job["spec"]["template"]["metadata"], "labels")
    for label in JOB_LABELS:
        labels.setdefault(label, uid if label.endswith("uid") else name)
    part(part(job["spec"], "selector"), "matchLabels").setdefault(JOB_LABELS[0], uid)


def default_cronjob(cronjob: Obj) -> None:
    """Fill in a CronJob; the jobs it makes get their own defaults when they are made."""
    spec = cronjob["spec"]
    fill(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    template = part(spec, "jobTemplate")
    template.setdefault("metadata", {})
    default_template(part(template, "spec"))
    cronjob.setdefault("status", {})


def default_autoscaler(autoscaler: Obj) -> None:
    """Fill in a HorizontalPodAutoscaler (v2)."""
    spec = autoscaler["spec"]
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": _DEFAULT_PERCENT}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if isinstance(behavior, dict):
        percent = {"type": "Percent", "value": 100, "periodSeconds": 15}
        pods = {"type": "Pods", "value": 4, "periodSeconds": 15}
        up, down = part(behavior, "scaleUp"), part(behavior, "scaleDown")
        fill(up, stabilizationWindowSeconds=0, selectPolicy="Max", policies=[pods, dict(percent)])
        fill(down, selectPolicy="Max", policies=[percent])
    fill(part(autoscaler, "status"), desiredReplicas=0, currentMetrics=None)


def default_disruption_budget(budget: Obj) -> None:
    """Fill in a PodDisruptionBudget."""
    budget.setdefault("spec", {})
    fill(part(budget, "status"), disruptionsAllowed=0, currentHealthy=0, desiredHealthy=0, expectedPods=0)
