"""Kubernetes objects in, the collector's words out: what is not a pod, a node, or one of the three usual workloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ai4k8s_collector.adapters.translate import (
    claims_of,
    containers_of,
    images_of,
    own_annotations,
    owner_of,
    resources_of,
)
from ai4k8s_collector.domain.deploys import Revision
from ai4k8s_collector.domain.objects import (
    ObservedClaim,
    ObservedEvent,
    ObservedHpa,
    ObservedQuota,
    ObservedVpa,
)
from ai4k8s_collector.domain.observed import ObservedWorkload, WorkloadKey
from ai4k8s_common.kube.quantity import InvalidQuantityError, cpu_millicores, memory_bytes
from ai4k8s_common.kube.types import TemplateSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ai4k8s_common.kube.discovery import ScalableKind
    from ai4k8s_common.kube.objects import (
        CronJob,
        CustomWorkload,
        DaemonSet,
        Event,
        Hpa,
        Job,
        ResourceQuota,
        VolumeClaim,
        Vpa,
    )
    from ai4k8s_common.kube.types import ObjectMeta, Workload

REVISION_ANNOTATIONS = ("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision")
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
DEFAULT_MIN_REPLICAS = 1


def daemon_set_of(found: DaemonSet) -> ObservedWorkload:
    """Translate a DaemonSet, whose replicas are nodes."""
    status, spec = found.status, found.spec.template.spec
    return _shown(
        found.metadata,
        "DaemonSet",
        "apps/v1",
        spec,
        desired=status.desired_number_scheduled,
        ready=status.number_ready,
        updated=status.updated_number_scheduled,
        observed_generation=status.observed_generation,
        resource="daemonsets",
        revision=(found.metadata.annotations or {}).get(TEMPLATE_GENERATION, ""),
    )


def job_of(found: Job) -> ObservedWorkload | None:
    """Translate a Job that nobody manages; those of a CronJob are shown as that."""
    if found.metadata.controller is not None:
        return None
    spec, status = found.spec, found.status
    wanted = spec.completions or 1
    done = status.completion_time is not None
    words = "complete" if done else "suspended" if spec.suspend else f"{status.active} active"
    detail = f"{words}, {status.succeeded} of {wanted} succeeded, {status.failed} failed"
    desired = 0 if done or spec.suspend else min(spec.parallelism if spec.parallelism is not None else 1, wanted)
    return _shown(
        found.metadata,
        "Job",
        "batch/v1",
        spec.template.spec,
        desired=desired,
        ready=status.ready,
        updated=desired,
        observed_generation=found.metadata.generation,
        resource="jobs",
        detail=detail,
    )


def cron_job_of(found: CronJob) -> ObservedWorkload:
    """Translate a CronJob, which wants a Job now and then."""
    active = len(found.status.active or ())
    last = found.status.last_schedule_time
    detail = f"{found.spec.schedule}{', suspended' if found.spec.suspend else ''}"
    detail += f", last at {last:%Y-%m-%d %H:%M} UTC" if last is not None else ", not run yet"
    return _shown(
        found.metadata,
        "CronJob",
        "batch/v1",
        found.spec.job_template.spec.template.spec,
        desired=active,
        ready=active,
        updated=active,
        observed_generation=found.metadata.generation,
        resource="cronjobs",
        detail=detail,
    )


def _shown(
    meta: ObjectMeta,
    kind: str,
    api_version: str,
    spec: TemplateSpec,
    *,
    desired: int,
    ready: int,
    updated: int,
    observed_generation: int,
    resource: str,
    detail: str = "",
    revision: str = "",
) -> ObservedWorkload:
    return ObservedWorkload(
        key=WorkloadKey(meta.namespace, kind, meta.name),
        uid=meta.uid,
        api_version=api_version,
        resource_version=meta.resource_version,
        desired_replicas=desired,
        ready_replicas=ready,
        updated_replicas=updated,
        generation=meta.generation,
        observed_generation=observed_generation,
        resources=resources_of(spec),
        annotations=own_annotations(meta),
        resource=resource,
        scalable=False,
        status_detail=detail,
        images=images_of(spec),
        containers=containers_of(spec),
        revision=revision,
    )


def custom_of(kind: ScalableKind, found: CustomWorkload) -> ObservedWorkload | None:
    """Translate an object of a custom kind; None when its replicas are not where they nearly always are."""
    spec, status, meta = found.spec or {}, found.status or {}, found.metadata
    desired = spec.get("replicas", 1)
    if not _is_count(desired):
        return None
    template = _pod_spec(spec)
    ready = _number(status, "readyReplicas", _number(status, "replicas", 0))
    return ObservedWorkload(
        key=WorkloadKey(meta.namespace, kind.kind, meta.name),
        uid=meta.uid,
        api_version=kind.api_version,
        resource_version=meta.resource_version,
        desired_replicas=desired,
        ready_replicas=ready,
        updated_replicas=_number(status, "updatedReplicas", desired),
        generation=meta.generation,
        # Some write it as a text; none at all means that it cannot be told, not that it lags.
        observed_generation=_number(status, "observedGeneration", meta.generation),
        resources=resources_of(template),
        annotations=own_annotations(meta),
        resource=kind.plural,
        images=images_of(template),
        containers=containers_of(template),
        volume_claims=claims_of(template),
    )


def _pod_spec(spec: Mapping[str, Any]) -> TemplateSpec:
    template = spec.get("template")
    raw = template.get("spec") if isinstance(template, dict) else None
    try:
        return msgspec.convert(raw, TemplateSpec, strict=False) if isinstance(raw, dict) else TemplateSpec()
    except msgspec.ValidationError:
        return TemplateSpec()


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(values: Mapping[str, Any], name: str, otherwise: int) -> int:
    value = values.get(name)
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return int(value) if isinstance(value, int) and _is_count(value) else otherwise


def revision_of(found: Workload) -> tuple[str, Revision] | None:
    """Return (owner's uid, revision) of a ReplicaSet that somebody rolls out."""
    owner = owner_of(found.metadata)
    notes = found.metadata.annotations or {}
    number = next((notes[name] for name in REVISION_ANNOTATIONS if notes.get(name, "").isdecimal()), None)
    if owner is None or number is None:
        return None
    meta = found.metadata
    images = images_of(found.spec.template.spec)
    return owner.uid, Revision(int(number), meta.name, meta.creation_timestamp, images)


def hpa_of(found: Hpa) -> ObservedHpa:
    """Translate a HorizontalPodAutoscaler."""
    meta, spec = found.metadata, found.spec
    resources = [metric.resource for metric in spec.metrics or () if metric.resource is not None]
    cpu = next((one.target.average_utilization for one in resources if one.name == "cpu"), None)
    owner = owner_of(meta)
    return ObservedHpa(
        namespace=meta.namespace,
        name=meta.name,
        target_kind=spec.scale_target_ref.kind,
        target_name=spec.scale_target_ref.name,
        min_replicas=DEFAULT_MIN_REPLICAS if spec.min_replicas is None else spec.min_replicas,
        max_replicas=spec.max_replicas,
        cpu_target_percent=cpu,
        managed_by=None if owner is None else f"{owner.kind} {owner.name}",
    )


def vpa_of(found: Vpa) -> ObservedVpa | None:
    """Translate a VerticalPodAutoscaler; None when it is about nothing."""
    meta, target = found.metadata, found.spec.target_ref
    if target is None:
        return None
    recommendation = found.status.recommendation
    containers = recommendation.container_recommendations if recommendation is not None else None
    policy = found.spec.update_policy
    return ObservedVpa(
        namespace=meta.namespace,
        name=meta.name,
        target_kind=target.kind,
        target_name=target.name,
        update_mode="Auto" if policy is None else policy.update_mode,
        target={one.container_name: _sizes(one.target or {}) for one in containers} if containers else None,
    )


def _sizes(amounts: Mapping[str, str]) -> dict[str, float]:
    sizes: dict[str, float] = {}
    for name, label, read in (("cpu", "cpu_millicores", cpu_millicores), ("memory", "memory_bytes", memory_bytes)):
        try:
            if name in amounts:
                sizes[label] = read(amounts[name])
        except InvalidQuantityError:
            continue
    return sizes


def quota_of(found: ResourceQuota) -> ObservedQuota:
    """Translate a ResourceQuota; amounts that are no quantities are left out."""
    meta, status = found.metadata, found.status
    return ObservedQuota(meta.namespace, meta.name, _numbers(status.hard), _numbers(status.used))


def claim_of(found: VolumeClaim) -> ObservedClaim:
    """Translate a PersistentVolumeClaim."""
    meta, spec, status = found.metadata, found.spec, found.status
    return ObservedClaim(
        namespace=meta.namespace,
        name=meta.name,
        phase=status.phase,
        storage_class=spec.storage_class_name,
        volume=spec.volume_name,
        requested_bytes=_numbers(spec.resources.requests).get("storage"),
        capacity_bytes=_numbers(status.capacity).get("storage"),
        created_at=meta.creation_timestamp,
    )


def event_of(found: Event, now: datetime) -> ObservedEvent | None:
    """Translate an Event; None when it says neither what nor when."""
    series, about = found.series, found.involved_object
    last = (series.last_observed_time if series is not None else None) or found.last_timestamp or found.event_time
    last = last or found.metadata.creation_timestamp
    if last is None or not found.reason or not about.name:
        return None
    first = found.first_timestamp or found.event_time or last
    component = found.reporting_component or (found.source.component if found.source is not None else "")
    return ObservedEvent(
        uid=found.metadata.uid or found.metadata.name,
        namespace=about.namespace or found.metadata.namespace,
        kind=about.kind,
        name=about.name,
        type=found.type or "Normal",
        reason=found.reason,
        message=found.message,
        component=component,
        count=max(series.count if series is not None else found.count or 1, 1),
        first_at=min(first, last),
        # A cluster whose clock is ahead does not make anything happen later than now.
        last_at=min(last, now),
    )


def _numbers(amounts: Mapping[str, str] | None) -> dict[str, float]:
    result = {}
    for name, text in (amounts or {}).items():
        try:
            result[name] = memory_bytes(text)
        except InvalidQuantityError:
            continue
    return result
