"""Each rule of the diagnosis sees its trouble, names its evidence, and is silent where nothing is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ai4k8s_chat.domain.diagnosis.rules import diagnose, sentence
from ai4k8s_chat.domain.diagnosis.state import Certificate, Severity, State

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
LONG_AGO = (NOW - timedelta(hours=3)).isoformat()


def meta(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "shop", "uid": f"uid-{name}", "creationTimestamp": LONG_AGO, **more}


def pod(name: str = "web-6f-1", *, phase: str = "Running", status: dict[str, Any] | None = None, **container: Any):
    owner = {"kind": "ReplicaSet", "name": "web-6f", "uid": "rs", "controller": True}
    one = {"name": "app", "image": "shop/web:2", "restartCount": 0, "ready": False, **container}
    return {
        "metadata": meta(name, labels={"pod-template-hash": "6f"}, ownerReferences=[owner]),
        "spec": {"containers": [{"name": "app", "resources": {"limits": {"memory": "256Mi"}}}]},
        "status": {"phase": phase, "containerStatuses": [one], **(status or {})},
    }


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}}


def ended(reason: str, code: int, at: str | None = None) -> dict[str, Any]:
    return {"lastState": {"terminated": {"reason": reason, "exitCode": code, "finishedAt": at or NOW.isoformat()}}}


def unschedulable(message: str) -> dict[str, Any]:
    return {"conditions": [{"type": "PodScheduled", "status": "False", "message": message}], "containerStatuses": []}


PODS = [
    ("image-pull", pod(phase="Pending", **waiting("ImagePullBackOff", "manifest unknown")), "no image of that name"),
    ("image-pull", pod(phase="Pending", **waiting("ErrImagePull", "401 unauthorized")), "imagePullSecrets"),
    ("crash-loop", pod(restartCount=9, **waiting("CrashLoopBackOff"), **ended("Error", 1)), "error of its own"),
    ("crash-loop", pod(restartCount=9, **waiting("CrashLoopBackOff"), **ended("Error", 127)), "not in the image"),
    ("oom", pod(restartCount=4, **waiting("CrashLoopBackOff"), **ended("OOMKilled", 137)), "limit of 256Mi"),
    (
        "container-config",
        pod(phase="Pending", **waiting("CreateContainerConfigError", 'secret "db" not found')),
        "Secret",
    ),
    ("pending", pod(phase="Pending", status=unschedulable("0/3 nodes: 3 Insufficient cpu.")), "enough cpu"),
    ("pending", pod(phase="Pending", status=unschedulable("untolerated taint {gpu}")), "taints"),
    ("pending", pod(phase="Pending", status=unschedulable("unbound immediate PersistentVolumeClaims")), "not bound"),
    ("evicted", pod(phase="Failed", status={"reason": "Evicted", "message": "low on memory"}), "ran short"),
]


@pytest.mark.parametrize(("rule", "found", "cause"), PODS, ids=[f"{rule}-{cause[:12]}" for rule, _, cause in PODS])
def test_a_pods_trouble_is_told_of_its_workload_with_evidence_cause_and_next_step(rule, found, cause):
    findings = diagnose(State(NOW, pods=[found]))
    assert [one.rule for one in findings] == [rule]
    assert findings[0].subject == "deployment shop/web"
    assert cause in findings[0].cause
    assert findings[0].evidence
    assert findings[0].next_step


def test_many_pods_of_one_workload_with_one_trouble_are_one_finding():
    pods = [pod(f"web-6f-{n}", restartCount=9, **waiting("CrashLoopBackOff"), **ended("Error", 1)) for n in range(40)]
    findings = diagnose(State(NOW, pods=pods))
    assert len(findings) == 1
    assert findings[0].evidence[0].startswith("40 pods: shop/web-6f-0, ")
    assert "and 37 more" in findings[0].evidence[0]


def test_a_failing_probe_is_told_by_the_events_that_say_so():
    ready = {"conditions": [{"type": "Ready", "status": "False", "message": "containers not ready"}]}
    event = {"involvedObject": {"uid": "uid-web-6f-1"}, "reason": "Unhealthy", "message": "Readiness probe failed: 503"}
    findings = diagnose(State(NOW, pods=[pod(status=ready)], warnings=[event]))
    assert [one.rule for one in findings] == ["probe"]
    assert "Readiness probe failed: 503" in findings[0].evidence


def test_what_was_killed_long_ago_and_runs_well_since_is_no_finding():
    at = (NOW - timedelta(days=3)).isoformat()
    assert diagnose(State(NOW, pods=[pod(restartCount=1, ready=True, **ended("OOMKilled", 137, at))])) == []


def test_a_pod_that_has_just_begun_is_left_in_peace():
    young = pod(phase="Pending")
    young["metadata"]["creationTimestamp"] = (NOW - timedelta(seconds=30)).isoformat()
    young["status"]["containerStatuses"] = []
    assert diagnose(State(NOW, pods=[young])) == []


def conditions(*given: tuple[str, str, str, str]) -> dict[str, Any]:
    names = ("type", "status", "reason", "message")
    return {"conditions": [dict(zip(names, one, strict=True)) for one in given]}


def deployment(*given: tuple[str, str, str, str]) -> dict[str, Any]:
    return {"kind": "Deployment", "metadata": meta("web"), "spec": {"replicas": 3}, "status": conditions(*given)}


SERVICE = {"metadata": meta("web"), "spec": {"selector": {"app": "web"}}}
NOT_READY = {
    "metadata": meta("web-1", labels={"kubernetes.io/service-name": "web"}),
    "endpoints": [{"conditions": {"ready": False}}],
}
READY = {**NOT_READY, "endpoints": [{"conditions": {"ready": True}}]}
OLD_WRITER = {"managedFields": [{"manager": "helm", "apiVersion": "autoscaling/v2beta2"}]}

CLUSTER = [
    ("failed-rollout", {"workloads": [deployment(("Progressing", "False", "ProgressDeadlineExceeded", "late"))]}),
    ("quota", {"workloads": [deployment(("ReplicaFailure", "True", "FailedCreate", "exceeded quota: mem"))]}),
    (
        "quota",
        {
            "warnings": [
                {
                    "reason": "FailedCreate",
                    "message": "exceeded quota: mem",
                    "involvedObject": {"kind": "StatefulSet", "namespace": "shop", "name": "db"},
                }
            ]
        },
    ),
    ("dangling-service", {"services": [SERVICE]}),
    ("dangling-service", {"services": [SERVICE], "slices": [NOT_READY]}),
    (
        "hpa-cannot-act",
        {
            "autoscalers": [
                {"metadata": meta("web"), "status": conditions(("ScalingActive", "False", "FailedGetMetric", "no"))}
            ]
        },
    ),
    (
        "hpa-at-maximum",
        {
            "autoscalers": [
                {
                    "metadata": meta("web"),
                    "spec": {"maxReplicas": 5},
                    "status": conditions(("ScalingLimited", "True", "TooManyReplicas", "more")),
                }
            ]
        },
    ),
    (
        "quota",
        {"quotas": [{"metadata": meta("q"), "status": {"hard": {"cpu": "2"}, "used": {"cpu": "1950m"}}}]},
    ),
    ("claim", {"claims": [{"metadata": meta("data"), "status": {"phase": "Pending"}, "spec": {}}]}),
    ("pressure", {"nodes": [{"metadata": {"name": "n"}, "status": conditions(("DiskPressure", "True", "x", "full"))}]}),
    ("node-not-ready", {"nodes": [{"metadata": {"name": "n"}, "status": conditions(("Ready", "Unknown", "x", "y"))}]}),
    ("cordoned", {"nodes": [{"metadata": {"name": "n"}, "spec": {"unschedulable": True}}]}),
    ("certificate", {"certificates": [Certificate("webhook x", NOW + timedelta(days=3))]}),
    ("deprecated-api", {"autoscalers": [{"kind": "hpa", "metadata": meta("web", **OLD_WRITER)}]}),
]


@pytest.mark.parametrize(("rule", "parts"), CLUSTER, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(CLUSTER)])
def test_a_clusters_trouble_is_found_with_evidence(rule, parts):
    findings = diagnose(State(NOW, **parts))
    assert [one.rule for one in findings] == [rule]
    assert findings[0].evidence
    assert findings[0].next_step


def test_a_healthy_cluster_has_no_findings_and_is_told_so():
    state = State(
        NOW,
        services=[SERVICE],
        slices=[READY],
        workloads=[deployment(("Progressing", "True", "NewReplicaSetAvailable", ""))],
        nodes=[{"metadata": {"name": "n"}, "status": conditions(("Ready", "True", "", ""))}],
        certificates=[Certificate("webhook x", NOW + timedelta(days=90))],
    )
    assert diagnose(state) == []
    assert sentence([], state, "prod") == "Nothing is wrong with prod as far as the rules can see."


def test_the_worst_comes_first_and_what_could_not_be_read_is_told():
    state = State(
        NOW,
        pods=[pod(restartCount=9, **waiting("CrashLoopBackOff"), **ended("Error", 1))],
        claims=[{"metadata": meta("data"), "status": {"phase": "Pending"}, "spec": {}}],
        gaps={"nodes": "forbidden"},
    )
    findings = diagnose(state)
    assert [one.severity for one in findings] == [Severity.CRITICAL, Severity.WARNING]
    told = sentence(findings, state, "the cluster")
    assert told.startswith("Found 2 issues with the cluster: 1) deployment shop/web is crash-looping, 2) ")
    assert told.endswith("Not looked at: nodes (forbidden).")


def test_services_are_not_called_dangling_when_their_endpoints_could_not_be_read():
    assert diagnose(State(NOW, services=[SERVICE], gaps={"endpointslices": "forbidden"})) == []
