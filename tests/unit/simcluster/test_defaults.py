"""What the server fills in, and how it writes amounts and times."""

from __future__ import annotations

from typing import Any

import pytest

from ai4k8s_simcluster.conversion import from_storage, to_storage
from ai4k8s_simcluster.defaults import apply_defaults
from ai4k8s_simcluster.quantity import canonical, canonical_exact
from ai4k8s_simcluster.registry import AUTOSCALERS_V1, GROUP_EVENTS
from ai4k8s_simcluster.schema import decode

Obj = dict[str, Any]
_TEMPLATE = {"spec": {"containers": [{"name": "c", "image": "x"}]}}


def filled(kind: str, obj: Obj) -> Obj:
    """An object after defaulting."""
    obj.setdefault("metadata", {"name": "n", "namespace": "t", "uid": "u"})
    apply_defaults(kind, obj)
    return obj


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("0.1", "100m"), ("1024Ki", "1Mi"), ("1G", "1G"), ("1.5Gi", "1536Mi"), ("1000m", "1"), ("1500m", "1500m"),
        ("2e3", "2e3"), ("2000", "2k"), (1, "1"), ("100Ki", "100Ki"), ("0.0001", "1m"), ("0", "0"), ("512", "512"),
        ("0.5Ki", "512"),
    ],
)  # fmt: skip
def test_amounts_are_written_in_the_largest_unit_that_loses_nothing(given: Any, written: str) -> None:
    assert canonical(given) == written


@pytest.mark.parametrize(
    ("given", "written"), [("0.05", "50m"), ("0.0001", "100u"), ("1n", "1n"), ("0.5Gi", "512Mi"), ("80", "80")]
)
def test_an_amount_that_stands_alone_is_not_rounded(given: str, written: str) -> None:
    assert canonical_exact(given) == written


@pytest.mark.parametrize(
    ("kind", "obj", "path", "value"),
    [
        ("Deployment", {"spec": {"template": _TEMPLATE}}, "spec.strategy.rollingUpdate.maxSurge", "25%"),
        ("StatefulSet", {"spec": {"template": _TEMPLATE}}, "spec.podManagementPolicy", "OrderedReady"),
        ("DaemonSet", {"spec": {"template": _TEMPLATE}}, "spec.updateStrategy.rollingUpdate.maxUnavailable", 1),
        ("Job", {"spec": {"template": _TEMPLATE}}, "spec.backoffLimit", 6),
        ("Job", {"spec": {"parallelism": 2, "template": _TEMPLATE}}, "spec.completions", None),
        ("CronJob", {"spec": {"jobTemplate": {"spec": {"template": _TEMPLATE}}}}, "spec.failedJobsHistoryLimit", 1),
        (
            "CronJob",
            {"spec": {"jobTemplate": {"spec": {"template": _TEMPLATE}}}},
            "spec.jobTemplate.spec.suspend",
            None,
        ),
        ("HorizontalPodAutoscaler", {"spec": {"maxReplicas": 3}}, "spec.minReplicas", 1),
        ("PersistentVolumeClaim", {"spec": {}}, "spec.volumeMode", "Filesystem"),
        ("Secret", {"stringData": {"a": "b"}}, "data.a", "Yg=="),
        ("StorageClass", {"provisioner": "x"}, "volumeBindingMode", "Immediate"),
        ("NetworkPolicy", {"spec": {"egress": [{}]}}, "spec.policyTypes", ["Ingress", "Egress"]),
        ("Service", {"spec": {"type": "ExternalName"}}, "spec.ipFamilies", None),
        ("LimitRange", {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]}}, "spec.limits.0.default", None),
    ],
)
def test_what_is_left_out_is_filled_in(kind: str, obj: Obj, path: str, value: Any) -> None:
    found: Any = filled(kind, obj)
    for part in path.split("."):
        found = found[int(part)] if isinstance(found, list) else (found or {}).get(part)
    assert found == value


def test_limits_become_requests_in_a_pod_but_not_in_a_template() -> None:
    container = {"name": "c", "image": "x", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}
    pod = filled("Pod", {"spec": {"containers": [dict(container, resources={"limits": {"cpu": "1"}})]}})
    assert pod["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "1"}
    template = {"spec": {"containers": [container]}}
    deployment = filled("Deployment", {"spec": {"template": template}})
    assert "requests" not in deployment["spec"]["template"]["spec"]["containers"][0]["resources"]


def test_a_container_limit_range_fills_itself_from_its_bounds() -> None:
    item = {"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Mi"}}
    found = filled("LimitRange", {"spec": {"limits": [item]}})["spec"]["limits"][0]
    assert found["default"] == {"cpu": "2"}
    assert found["defaultRequest"] == {"memory": "1Mi", "cpu": "2"}


def test_scaling_rules_are_completed_only_where_some_are_given() -> None:
    bare = filled("HorizontalPodAutoscaler", {"spec": {"maxReplicas": 3}})
    assert "behavior" not in bare["spec"]
    partly = filled(
        "HorizontalPodAutoscaler", {"spec": {"maxReplicas": 3, "behavior": {"scaleUp": {"selectPolicy": "Min"}}}}
    )
    assert partly["spec"]["behavior"]["scaleUp"]["selectPolicy"] == "Min"
    assert partly["spec"]["behavior"]["scaleDown"]["policies"] == [
        {"type": "Percent", "value": 100, "periodSeconds": 15}
    ]


def test_an_autoscaler_survives_the_way_through_its_older_version() -> None:
    pods = {"type": "Pods", "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "5"}}}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}
    behavior = {
        "scaleUp": {"stabilizationWindowSeconds": 10, "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]}
    }
    stored = {
        "apiVersion": "autoscaling/v2",
        "metadata": {"name": "h"},
        "spec": {"maxReplicas": 3, "metrics": [cpu, pods], "behavior": behavior},
        "status": {"desiredReplicas": 1},
    }
    shown = from_storage(AUTOSCALERS_V1, stored)
    assert shown["spec"] == {"maxReplicas": 3, "targetCPUUtilizationPercentage": 60}
    back = to_storage(AUTOSCALERS_V1, shown)
    assert (back["spec"]["metrics"][0], back["spec"]["behavior"]) == (cpu, behavior)
    assert back["spec"]["metrics"][1]["type"] == "Pods"
    assert "annotations" not in back["metadata"]


def test_an_event_has_other_names_in_its_own_group() -> None:
    stored = {
        "apiVersion": "v1",
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod"},
        "message": "m",
        "count": 2,
    }
    shown = from_storage(GROUP_EVENTS, stored)
    assert (shown["regarding"], shown["note"], shown["deprecatedCount"]) == ({"kind": "Pod"}, "m", 2)
    assert to_storage(GROUP_EVENTS, shown) == stored


@pytest.mark.parametrize(
    ("definition", "value", "error"),
    [
        ("core.v1.Secret", {"data": {"a": "not base64!"}}, "illegal base64 data at input byte 3"),
        ("core.v1.Event", {"firstTimestamp": "noon"}, 'parsing time "noon" as "2006-01-02T15:04:05Z07:00"'),
        ("apps.v1.Deployment", {"spec": {"replicas": "3"}}, "Go struct field DeploymentSpec.spec.replicas of type int32"),
        ("apps.v1.Deployment", {"spec": {"replicas": 1.5}}, "cannot unmarshal number 1.5 into Go struct field"),
        ("core.v1.ResourceQuota", {"spec": {"hard": {"cpu": "1x"}}}, "quantities must match the regular expression"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_their_field_are_named(definition: str, value: Obj, error: str) -> None:
    assert error in decode(f"io.k8s.api.{definition}", "X", value).type_error


def test_times_are_written_in_utc_and_empty_lists_are_left_out() -> None:
    value = {
        "firstTimestamp": "2026-01-01T02:00:00.5+02:00",
        "eventTime": "2026-01-01T00:00:00Z",
        "metadata": {"labels": {}},
    }
    found = decode("io.k8s.api.core.v1.Event", "Event", value).value
    assert found["firstTimestamp"] == "2026-01-01T00:00:00Z"
    assert found["eventTime"] == "2026-01-01T00:00:00.000000Z"
    assert found["metadata"] == {}
