"""More kinds that are read and never written: autoscalers, quotas, claims, events, and workloads that do not scale."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ai4k8s_common.kube.types import ObjectMeta, Page, PodTemplate, Resource, Struct


class DaemonSetSpec(Struct, frozen=True):
    """What runs on every node."""

    template: PodTemplate = PodTemplate()


class DaemonSetStatus(Struct, frozen=True):
    """On how many nodes it should run, and runs."""

    desired_number_scheduled: int = 0
    number_ready: int = 0
    updated_number_scheduled: int = 0
    observed_generation: int = 0


class DaemonSet(Struct, frozen=True):
    """A DaemonSet."""

    metadata: ObjectMeta
    spec: DaemonSetSpec = DaemonSetSpec()
    status: DaemonSetStatus = DaemonSetStatus()


class JobSpec(Struct, frozen=True):
    """What shall be done, how often, and how much of it at once."""

    parallelism: int | None = None
    completions: int | None = None
    suspend: bool = False
    template: PodTemplate = PodTemplate()


class JobStatus(Struct, frozen=True):
    """How far it is."""

    active: int = 0
    ready: int = 0
    succeeded: int = 0
    failed: int = 0
    completion_time: datetime | None = None


class Job(Struct, frozen=True):
    """A Job."""

    metadata: ObjectMeta
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()


class _JobTemplate(Struct, frozen=True):
    spec: JobSpec = JobSpec()


class CronJobSpec(Struct, frozen=True):
    """When which Job is made."""

    schedule: str = ""
    suspend: bool = False
    job_template: _JobTemplate = _JobTemplate()


class CronJobStatus(Struct, frozen=True):
    """Which Jobs run, and when the last was made."""

    active: list[Any] | None = None
    last_schedule_time: datetime | None = None


class CronJob(Struct, frozen=True):
    """A CronJob."""

    metadata: ObjectMeta
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()


class CustomWorkload(Struct, frozen=True):
    """Any other object with a scale subresource. Its author chose its fields: nothing of them is taken for granted."""

    metadata: ObjectMeta
    spec: dict[str, Any] | None = None
    status: dict[str, Any] | None = None


class TargetRef(Struct, frozen=True):
    """Which object an autoscaler is about."""

    kind: str = ""
    name: str = ""


class MetricTarget(Struct, frozen=True):
    """What an HPA aims at."""

    average_utilization: int | None = None


class ResourceMetric(Struct, frozen=True):
    """A metric of every pod: cpu or memory."""

    name: str = ""
    target: MetricTarget = MetricTarget()


class HpaMetric(Struct, frozen=True):
    """One of an HPA's metrics; only resource metrics are told apart."""

    type: str = ""
    resource: ResourceMetric | None = None


class HpaSpec(Struct, frozen=True):
    """What an HPA does."""

    scale_target_ref: TargetRef = TargetRef()
    min_replicas: int | None = None
    max_replicas: int = 0
    metrics: list[HpaMetric] | None = None


class Hpa(Struct, frozen=True):
    """A HorizontalPodAutoscaler."""

    metadata: ObjectMeta
    spec: HpaSpec = HpaSpec()


class VpaUpdatePolicy(Struct, frozen=True):
    """Whether a VPA acts."""

    update_mode: str = "Auto"


class VpaSpec(Struct, frozen=True):
    """What a VPA is about."""

    target_ref: TargetRef | None = None
    update_policy: VpaUpdatePolicy | None = None


class ContainerRecommendation(Struct, frozen=True):
    """What a container should ask for; texts, see `quantity`."""

    container_name: str = ""
    target: dict[str, str] | None = None


class VpaRecommendation(Struct, frozen=True):
    """One per container."""

    container_recommendations: list[ContainerRecommendation] | None = None


class VpaStatus(Struct, frozen=True):
    """What a VPA found."""

    recommendation: VpaRecommendation | None = None


class Vpa(Struct, frozen=True):
    """A VerticalPodAutoscaler."""

    metadata: ObjectMeta
    spec: VpaSpec = VpaSpec()
    status: VpaStatus = VpaStatus()


class QuotaStatus(Struct, frozen=True):
    """What a namespace may use, and uses; texts, see `quantity`."""

    hard: dict[str, str] | None = None
    used: dict[str, str] | None = None


class ResourceQuota(Struct, frozen=True):
    """A ResourceQuota."""

    metadata: ObjectMeta
    status: QuotaStatus = QuotaStatus()


class _ClaimResources(Struct, frozen=True):
    requests: dict[str, str] | None = None


class ClaimSpec(Struct, frozen=True):
    """What somebody asks for."""

    storage_class_name: str | None = None
    volume_name: str = ""
    resources: _ClaimResources = _ClaimResources()


class ClaimStatus(Struct, frozen=True):
    """What they got."""

    phase: str = "Pending"
    capacity: dict[str, str] | None = None


class VolumeClaim(Struct, frozen=True):
    """A PersistentVolumeClaim."""

    metadata: ObjectMeta
    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()


class ObjectReference(Struct, frozen=True):
    """What an event is about."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class EventSeries(Struct, frozen=True):
    """How often something was repeated."""

    count: int = 0
    last_observed_time: datetime | None = None


class EventSource(Struct, frozen=True):
    """Who says so."""

    component: str = ""


class Event(Struct, frozen=True):
    """An Event, in any of its two forms: one carries `count`, the other `series`."""

    metadata: ObjectMeta
    involved_object: ObjectReference = ObjectReference()
    type: str = "Normal"
    reason: str = ""
    message: str = ""
    count: int | None = None
    series: EventSeries | None = None
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    source: EventSource | None = None
    reporting_component: str = ""


class PodReference(Struct, frozen=True):
    """Whose figures these are."""

    name: str = ""
    namespace: str = ""


class NetworkCounters(Struct, frozen=True):
    """Bytes since the pod's network was made."""

    time: datetime | None = None
    rx_bytes: int | None = None
    tx_bytes: int | None = None


class PodSummary(Struct, frozen=True):
    """What a kubelet measured of a pod; only what nothing else tells."""

    pod_ref: PodReference = PodReference()
    network: NetworkCounters | None = None


class NodeSummary(Struct, frozen=True):
    """A kubelet's /stats/summary."""

    pods: list[PodSummary] | None = None


DAEMON_SETS = Resource("/apis/apps/v1/daemonsets", "DaemonSetList", Page[DaemonSet])
JOBS = Resource("/apis/batch/v1/jobs", "JobList", Page[Job])
CRON_JOBS = Resource("/apis/batch/v1/cronjobs", "CronJobList", Page[CronJob])
AUTOSCALERS = Resource("/apis/autoscaling/v2/horizontalpodautoscalers", "HorizontalPodAutoscalerList", Page[Hpa])
VERTICAL_AUTOSCALERS = Resource(
    "/apis/autoscaling.k8s.io/v1/verticalpodautoscalers", "VerticalPodAutoscalerList", Page[Vpa]
)
QUOTAS = Resource("/api/v1/resourcequotas", "ResourceQuotaList", Page[ResourceQuota])
VOLUME_CLAIMS = Resource("/api/v1/persistentvolumeclaims", "PersistentVolumeClaimList", Page[VolumeClaim])
EVENTS = Resource("/api/v1/events", "EventList", Page[Event])
