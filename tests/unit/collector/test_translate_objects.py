"""Objects of other kinds, also odd ones: what does not say what is needed is left out, never guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from ai4k8s_collector.adapters.asking import state_of
from ai4k8s_collector.adapters.translate import pod_of
from ai4k8s_collector.adapters.translate_objects import (
    cron_job_of,
    custom_of,
    event_of,
    hpa_of,
    job_of,
    quota_of,
    revision_of,
)
from ai4k8s_collector.domain.sources import LOST, Source, Status
from ai4k8s_common.kube.discovery import Discovery, ScalableKind, scalable_kinds
from ai4k8s_common.kube.errors import KubeForbiddenError, KubeNotFoundError, KubeThrottledError
from ai4k8s_common.kube.objects import DAEMON_SETS, CronJob, CustomWorkload, Event, Hpa, Job, ResourceQuota
from ai4k8s_common.kube.types import Pod, Workload
from ai4k8s_common.store.observed import SourceStatus

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
ROLLOUT = ScalableKind("argoproj.io", "v1alpha1", "rollouts", "Rollout")


def custom(spec: object, status: object = None) -> CustomWorkload:
    return msgspec.convert(
        {"metadata": {"name": "web", "namespace": "shop", "generation": 3}, "spec": spec, "status": status},
        CustomWorkload,
    )


def test_a_custom_kind_is_read_where_its_replicas_nearly_always_are() -> None:
    template = {"spec": {"containers": [{"name": "c", "image": "web:2", "resources": {"requests": {"cpu": "1"}}}]}}
    status = {"readyReplicas": 2, "updatedReplicas": 1, "observedGeneration": "3"}
    found = custom_of(ROLLOUT, custom({"replicas": 4, "template": template}, status))
    assert found is not None
    assert (found.desired_replicas, found.ready_replicas, found.updated_replicas) == (4, 2, 1)
    assert (found.api_version, found.resource, found.scalable) == ("argoproj.io/v1alpha1", "rollouts", True)
    assert (found.resources.cpu_request_millicores, found.images) == (1000, ("web:2",))
    assert found.observed_generation == 3


@pytest.mark.parametrize("replicas", ["three", -1, True, 1.5, {"min": 1}])
def test_replicas_that_are_no_count_are_not_guessed(replicas: object) -> None:
    assert custom_of(ROLLOUT, custom({"replicas": replicas})) is None


@pytest.mark.parametrize("template", [None, "text", {"spec": {"containers": "none"}}, {"spec": {"containers": [{}]}}])
def test_a_template_of_another_shape_asks_for_nothing_that_is_known(template: object) -> None:
    found = custom_of(ROLLOUT, custom({"replicas": 1, "template": template}))
    assert found is not None
    assert found.resources.cpu_request_millicores is None


def test_kinds_with_a_scale_subresource_are_found_once_in_the_preferred_version() -> None:
    def resource(name: str, kind: str, *subresources: str, scope: str = "Namespaced") -> dict[str, object]:
        subs = [{"subresource": one} for one in subresources]
        return {"resource": name, "responseKind": {"kind": kind}, "scope": scope, "subresources": subs}

    groups = {
        "apps": [("v1", [resource("deployments", "Deployment", "scale")])],
        "argoproj.io": [
            ("v1", [resource("rollouts", "Rollout", "status", "scale"), resource("templates", "Template", "status")]),
            ("v1alpha1", [resource("rollouts", "Rollout", "scale")]),
        ],
        "wide.io": [("v1", [resource("wides", "Wide", "scale", scope="Cluster")])],
    }
    items = [
        {"metadata": {"name": name}, "versions": [{"version": v, "resources": r} for v, r in versions]}
        for name, versions in groups.items()
    ]
    found = scalable_kinds(msgspec.convert({"kind": "APIGroupDiscoveryList", "items": items}, Discovery))
    assert [(kind.api_version, kind.kind) for kind in found] == [("argoproj.io/v1", "Rollout")]


def test_a_job_of_a_cron_job_is_shown_as_that() -> None:
    owner = [{"kind": "CronJob", "name": "nightly", "uid": "c", "controller": True}]
    raw = {"metadata": {"name": "j", "namespace": "shop", "ownerReferences": owner}}
    assert job_of(msgspec.convert(raw, Job)) is None
    alone = {"metadata": {"name": "j", "namespace": "shop"}, "spec": {"completions": 3}, "status": {"succeeded": 2}}
    shown = job_of(msgspec.convert(alone, Job))
    assert shown is not None
    assert (shown.scalable, shown.status_detail) == (False, "0 active, 2 of 3 succeeded, 0 failed")


def test_a_cron_job_tells_its_schedule_and_its_last_run() -> None:
    raw = {
        "metadata": {"name": "nightly", "namespace": "shop"},
        "spec": {"schedule": "0 3 * * *", "suspend": True},
        "status": {"lastScheduleTime": "2026-05-01T03:00:00Z", "active": [{}]},
    }
    shown = cron_job_of(msgspec.convert(raw, CronJob, strict=False))
    assert shown.status_detail == "0 3 * * *, suspended, last at 2026-05-01 03:00 UTC"
    assert shown.desired_replicas == 1


def test_an_hpa_names_its_target_its_cpu_goal_and_its_maker() -> None:
    raw = {
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "ownerReferences": [{"kind": "ScaledObject", "name": "web", "uid": "s", "controller": True}],
        },
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "web"},
            "maxReplicas": 9,
            "metrics": [
                {"type": "External"},
                {"type": "Resource", "resource": {"name": "memory", "target": {"averageUtilization": 60}}},
                {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 70}}},
            ],
        },
    }
    found = hpa_of(msgspec.convert(raw, Hpa))
    assert (found.min_replicas, found.max_replicas, found.cpu_target_percent) == (1, 9, 70)
    assert found.managed_by == "ScaledObject web"


def test_a_quota_keeps_the_amounts_that_are_amounts() -> None:
    status = {"hard": {"requests.cpu": "2500m", "pods": "10", "odd": "many"}, "used": {"pods": "4"}}
    raw = {"metadata": {"name": "q", "namespace": "shop"}, "status": status}
    found = quota_of(msgspec.convert(raw, ResourceQuota))
    assert (found.hard, found.used) == ({"requests.cpu": 2.5, "pods": 10.0}, {"pods": 4.0})


def test_both_forms_of_events_are_read_and_none_happens_later_than_now() -> None:
    about = {"kind": "Pod", "namespace": "shop", "name": "web-1"}
    old = {
        "metadata": {"name": "e", "uid": "u"},
        "involvedObject": about,
        "reason": "BackOff",
        "count": 7,
        "firstTimestamp": "2026-05-01T11:00:00Z",
        "lastTimestamp": "2026-05-01T11:59:00Z",
    }
    found = event_of(msgspec.convert(old, Event, strict=False), NOW)
    assert found is not None
    assert (found.count, found.last_at) == (7, NOW - timedelta(minutes=1))
    series = {"count": 3, "lastObservedTime": "2026-05-01T12:30:00Z"}
    new = {
        "metadata": {"name": "e", "uid": "u"},
        "involvedObject": about,
        "reason": "Killing",
        "eventTime": "2026-05-01T11:30:00Z",
        "series": series,
    }
    found = event_of(msgspec.convert(new, Event, strict=False), NOW)
    assert found is not None
    assert (found.count, found.last_at) == (3, NOW)
    assert event_of(msgspec.convert({"metadata": {"name": "e"}, "reason": "x"}, Event), NOW) is None


def test_a_pod_says_why_it_does_not_run_and_when_it_ran_out_of_memory() -> None:
    killed = {"terminated": {"reason": "OOMKilled", "finishedAt": "2026-05-01T11:00:00Z"}}
    raw = {
        "metadata": {"name": "p"},
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {"name": "a", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": killed},
                {"name": "b", "state": {"running": {}}},
            ],
        },
    }
    found = pod_of(msgspec.convert(raw, Pod, strict=False))
    assert (found.reason, found.oom_container, found.oom_at) == ("CrashLoopBackOff", "a", NOW - timedelta(hours=1))
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes fit"}
    raw = {"metadata": {"name": "p"}, "status": {"phase": "Pending", "conditions": [condition]}}
    found = pod_of(msgspec.convert(raw, Pod))
    assert (found.phase, found.reason, found.message) == ("Pending", "Unschedulable", "0/3 nodes fit")


def test_a_replica_set_is_a_revision_only_when_somebody_counts_them() -> None:
    owner = [{"kind": "Deployment", "name": "web", "uid": "d", "controller": True}]
    meta = {"name": "web-1", "annotations": {"deployment.kubernetes.io/revision": "4"}}
    assert revision_of(msgspec.convert({"metadata": meta}, Workload)) is None
    found = revision_of(msgspec.convert({"metadata": {**meta, "ownerReferences": owner}}, Workload))
    assert found is not None
    assert (found[0], found[1].number) == ("d", 4)


def test_every_source_that_does_not_answer_says_why_and_what_is_lost() -> None:
    forbidden = state_of(Source.DAEMON_SETS, DAEMON_SETS, KubeForbiddenError("daemonsets is forbidden"))
    assert (forbidden.status, forbidden.lost) == (Status.FORBIDDEN, "DaemonSets are not shown.")
    assert "list on daemonsets in apps" in forbidden.hint
    assert state_of(Source.DAEMON_SETS, DAEMON_SETS, KubeNotFoundError("none")).status is Status.MISSING
    assert state_of(Source.DAEMON_SETS, DAEMON_SETS, KubeThrottledError("429")).status is Status.FAILED
    assert set(LOST) == set(Source)
    assert {status.value for status in Status} == {status.value for status in SourceStatus}
