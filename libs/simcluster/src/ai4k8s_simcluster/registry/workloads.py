"""What runs pods, scales them and protects them: apps, batch, autoscaling, policy."""

from ai4k8s_simcluster.registry.model import SCALE, Family, ResourceType, with_fields

_APPS = Family("apps", "v1", "io.k8s.api.apps.v1")
_BATCH = Family("batch", "v1", "io.k8s.api.batch.v1")
_AUTOSCALING_V1 = Family("autoscaling", "v1", "io.k8s.api.autoscaling.v1")
_AUTOSCALING_V2 = Family("autoscaling", "v2", "io.k8s.api.autoscaling.v2")
_POLICY = Family("policy", "v1", "io.k8s.api.policy.v1")
_ALL = ("all",)

CONTROLLER_REVISIONS = _APPS.resource("controllerrevisions", "ControllerRevision")
DAEMON_SETS = _APPS.resource("daemonsets", "DaemonSet", short=("ds",), categories=_ALL, status=True, generation=True)
DEPLOYMENTS = _APPS.resource(
    "deployments",
    "Deployment",
    short=("deploy",),
    categories=_ALL,
    subresources=(SCALE,),
    status=True,
    generation=True,
)
REPLICASETS = _APPS.resource(
    "replicasets", "ReplicaSet", short=("rs",), categories=_ALL, subresources=(SCALE,), status=True, generation=True
)
STATEFUL_SETS = _APPS.resource(
    "statefulsets", "StatefulSet", short=("sts",), categories=_ALL, subresources=(SCALE,), status=True, generation=True
)
CRON_JOBS = _BATCH.resource("cronjobs", "CronJob", short=("cj",), categories=_ALL, status=True, generation=True)
JOBS = _BATCH.resource(
    "jobs", "Job", categories=_ALL, status=True, generation=True, fields=with_fields("status.successful"),
    defaulted={"status.successful": "0"},
)  # fmt: skip
AUTOSCALERS = _AUTOSCALING_V2.resource(
    "horizontalpodautoscalers", "HorizontalPodAutoscaler", short=("hpa",), categories=_ALL, status=True
)
AUTOSCALERS_V1 = _AUTOSCALING_V1.resource(
    "horizontalpodautoscalers",
    "HorizontalPodAutoscaler",
    short=("hpa",),
    categories=_ALL,
    status=True,
    stored_as=AUTOSCALERS,
)
DISRUPTION_BUDGETS = _POLICY.resource(
    "poddisruptionbudgets", "PodDisruptionBudget", short=("pdb",), status=True, generation=True
)

APPS_TYPES: tuple[ResourceType, ...] = (CONTROLLER_REVISIONS, DAEMON_SETS, DEPLOYMENTS, REPLICASETS, STATEFUL_SETS)
BATCH_TYPES: tuple[ResourceType, ...] = (CRON_JOBS, JOBS)
AUTOSCALING_TYPES: tuple[ResourceType, ...] = (AUTOSCALERS, AUTOSCALERS_V1)
POLICY_TYPES: tuple[ResourceType, ...] = (DISRUPTION_BUDGETS,)
