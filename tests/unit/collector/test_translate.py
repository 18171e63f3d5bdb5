"""Kubernetes objects in, the collector's words out."""

from __future__ import annotations

import msgspec
import pytest

from ai4k8s_collector.adapters.translate import pod_of, pod_reading, resources_of, workload_of
from ai4k8s_collector.domain.observed import PodResources
from ai4k8s_common.kube.types import Pod, PodMetrics, PodSpec, Workload, WorkloadKind


def spec(*containers: object, init: tuple[object, ...] = ()) -> PodSpec:
    return msgspec.convert({"containers": containers, "initContainers": init}, PodSpec)


def container(cpu: str | None = None, **more: object) -> dict[str, object]:
    requests = {} if cpu is None else {"cpu": cpu}
    return {"name": "c", "resources": {"requests": requests, "limits": {"cpu": "2"}}, **more}


def test_requests_are_summed_with_sidecars_and_without_init_containers() -> None:
    found = resources_of(
        spec(container("250m"), container("1"), init=(container("5"), container("100m", restartPolicy="Always")))
    )
    assert found == PodResources(cpu_request_millicores=1350, cpu_limit_millicores=6000)


@pytest.mark.parametrize("containers", [(), (container(),), (container("1"), container()), (container("a lot"),)])
def test_a_request_that_is_not_given_everywhere_is_unknown(containers: tuple[object, ...]) -> None:
    assert resources_of(spec(*containers)).cpu_request_millicores is None


def test_absent_replicas_mean_one_and_absent_counts_zero() -> None:
    raw = {"metadata": {"name": "web", "namespace": "shop"}, "spec": {}, "status": {}}
    found = workload_of(WorkloadKind.DEPLOYMENT, msgspec.convert(raw, Workload))
    assert (found.desired_replicas, found.ready_replicas) == (1, 0)


def test_only_annotations_that_concern_us_are_kept() -> None:
    notes = {"ai4k8s.io/paused": "true", "kubectl.kubernetes.io/last-applied-configuration": "canary secret"}
    raw = {"metadata": {"name": "web", "namespace": "shop", "annotations": notes}}
    found = workload_of(WorkloadKind.DEPLOYMENT, msgspec.convert(raw, Workload))
    assert found.annotations == {"ai4k8s.io/paused": "true"}


def test_a_pod_that_is_not_ready_has_no_moment_of_readiness() -> None:
    raw = {
        "metadata": {"name": "p"},
        "status": {
            "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-05-01T12:00:00Z"}],
            "containerStatuses": [{"name": "a", "restartCount": 2}, {"name": "b", "restartCount": 1}],
        },
    }
    found = pod_of(msgspec.convert(raw, Pod, strict=False))
    assert (found.ready, found.ready_at, found.restarts) == (False, None, 3)


@pytest.mark.parametrize(
    ("usages", "cpu"),
    [
        ([{"cpu": "100m", "memory": "1Mi"}, {"cpu": "50m", "memory": "1Mi"}], 150.0),
        ([{"cpu": "100m", "memory": "1Mi"}, {"cpu": "NaN", "memory": "1Mi"}], None),
        ([{"cpu": "100m", "memory": "1Mi"}, None], None),
        ([{"cpu": "100m", "memory": "1Mi"}, {"cpu": "-50m", "memory": "1Mi"}], -50.0),
        ([], None),
    ],
)
def test_a_pods_usage_is_its_containers_or_unknown(usages: list[dict[str, str] | None], cpu: float | None) -> None:
    raw = {"metadata": {"name": "p"}, "containers": [{"name": "c", "usage": usage} for usage in usages]}
    assert pod_reading(msgspec.convert(raw, PodMetrics)).cpu_millicores == cpu


def test_claims_that_a_template_mounts_are_told_and_other_volumes_are_not() -> None:
    raw = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "template": {
                "spec": {
                    "containers": [{"name": "app"}],
                    "volumes": [
                        {"name": "data", "persistentVolumeClaim": {"claimName": "uploads"}},
                        {"name": "settings", "configMap": {"name": "settings"}},
                    ],
                }
            }
        },
    }
    found = msgspec.convert(raw, Workload, strict=False)
    assert workload_of(WorkloadKind.DEPLOYMENT, found).volume_claims == ("uploads",)
