"""What is refused, under which field, and in which words."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ai4k8s_simcluster.clock import ManualClock
from ai4k8s_simcluster.defaults import apply_defaults
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import NAMESPACES, SERVICES
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.validation import validate, validate_change
from ai4k8s_simcluster.writes import DeleteOptions, Writer

Obj = dict[str, Any]
_CONTAINER = {"name": "c", "image": "x"}
_LABELS = {"app": "a"}


def made(kind: str, name: str = "n", **fields: Any) -> Obj:
    """An object as it stands before validation."""
    obj: Obj = {"kind": kind, "metadata": {"name": name, "namespace": "t", "uid": "u"}, **copy.deepcopy(fields)}
    apply_defaults(kind, obj)
    return obj


def causes(kind: str, name: str = "n", **fields: Any) -> list[str]:
    """What is wrong with an object."""
    return [f"{cause.field}: {cause.message}" for cause in validate(kind, made(kind, name, **fields))]


def pod(**spec: Any) -> list[str]:
    """What is wrong with a pod."""
    return causes("Pod", spec={"containers": [_CONTAINER], **spec})


def container(**fields: Any) -> list[str]:
    """What is wrong with a pod of one container."""
    return pod(containers=[{**_CONTAINER, **fields}])


def workload(kind: str, template: Obj | None = None, **spec: Any) -> list[str]:
    """What is wrong with whatever makes pods."""
    inner = {"metadata": {"labels": _LABELS}, "spec": {"containers": [_CONTAINER], **(template or {})}}
    return causes(kind, spec={"selector": {"matchLabels": _LABELS}, "template": inner, **spec})


def autoscaler(**spec: Any) -> list[str]:
    """What is wrong with an autoscaler."""
    return causes(
        "HorizontalPodAutoscaler", spec={"scaleTargetRef": {"kind": "D", "name": "d"}, "maxReplicas": 3, **spec}
    )


def test_what_is_valid_is_not_refused() -> None:
    assert pod() == []
    assert [workload(kind) for kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")] == [[]] * 4
    assert autoscaler() == []
    assert causes("ConfigMap", data={"a.b": "c"}) == []
    assert causes("Service", spec={"ports": [{"port": 80}]}) == []


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (pod(containers=[]), "spec.containers: Required value"),
        (pod(restartPolicy="X"), 'spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure"'),
        (container(image=""), "spec.containers[0].image: Required value"),
        (container(ports=[{"containerPort": 70000}]), "containerPort: Invalid value: 70000: must be between 1 and 65535"),
        (container(volumeMounts=[{"name": "v", "mountPath": "/x"}]), 'volumeMounts[0].name: Not found: "v"'),
        (container(readinessProbe={"periodSeconds": 5}), "readinessProbe: Required value: must specify a handler type"),
        (container(resources={"requests": {"gpu": "1"}}), "must be a standard resource type or fully qualified"),
        (container(resources={"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}), "less than or equal to cpu limit of 1"),
        (pod(containers=[_CONTAINER, _CONTAINER]), 'spec.containers[1].name: Duplicate value: "c"'),
        (pod(tolerations=[{"effect": "Never", "operator": "Exists"}]), 'tolerations[0].effect: Unsupported value: "Never"'),
        (workload("Deployment", replicas=-1), "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        (workload("Deployment", selector=None), "spec.selector: Required value"),
        (workload("Deployment", selector={"matchLabels": {"a": "b"}}), "`selector` does not match template `labels`"),
        (workload("Deployment", {"restartPolicy": "Never"}), 'Unsupported value: "Never": supported values: "Always"'),
        (workload("StatefulSet", updateStrategy={"type": "X"}), "must be 'RollingUpdate' or 'OnDelete'"),
        (workload("Job", selector=None, manualSelector=True), 'Required value: valid values: "OnFailure", "Never"'),
        (autoscaler(minReplicas=5), "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"),
        (autoscaler(metrics=[{"type": "Foo"}]), 'spec.metrics[0].type: Unsupported value: "Foo"'),
        (autoscaler(behavior={"scaleDown": {"policies": [{"type": "Pods", "value": 0, "periodSeconds": 1}]}}),
         "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero"),
        (causes("PodDisruptionBudget", spec={"minAvailable": 1, "maxUnavailable": 1}),
         "minAvailable and maxUnavailable cannot be both set"),
        (causes("Service", spec={"ports": [{"port": 1}, {"port": 2}]}), "spec.ports[0].name: Required value"),
        (causes("Service", "a.b", spec={"ports": [{"port": 1}]}), 'Invalid value: "a.b": must not contain dots'),
        (causes("Ingress", spec={}), "either `defaultBackend` or `rules` must be specified"),
        (causes("NetworkPolicy", spec={"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0/8"}}]}]}),
         "spec.ingress[0].from[0].ipBlock.cidr: Invalid value"),
        (causes("EndpointSlice", addressType="IPv4", endpoints=[{"addresses": ["127.0.0.1"]}]), "in the loopback range"),
        (causes("ResourceQuota", spec={"hard": {"pods": "1500m"}}), 'spec.hard[pods]: Invalid value: "1500m": must be an'),
        (causes("ConfigMap", data={"a/b": "x"}), 'data[a/b]: Invalid value: "a/b": a valid config key must consist'),
        (causes("Secret", type="kubernetes.io/tls", data={"tls.crt": ""}), "data[tls.key]: Required value"),
        (causes("PersistentVolumeClaim", spec={}), "spec.accessModes: Required value: at least 1 access mode is required"),
        (causes("PriorityClass", value=2_000_000_000), "maximum allowed value of a user defined priority is 1000000000"),
        (causes("Namespace", "Bad.Name"), "a lowercase RFC 1123 label must consist of lower case"),
        (causes("Pod", "n" * 254, spec={"containers": [_CONTAINER]}), "must be no more than 253 characters"),
    ],
)  # fmt: skip
def test_what_is_invalid_is_refused_by_name(found: list[str], wanted: str) -> None:
    assert [text for text in found if wanted in text], found


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        ("*/5 * * * *", None), ("@daily", None), ("0 3 * * mon-fri", None),
        ("every day", "expected exactly 5 fields, found 2: [every day]"),
        ("61 * * * *", "end of range (61) above maximum (59): 61"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("@never", "unrecognized descriptor: @never"),
        ("TZ=UTC * * * * *", "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"),
    ],
)  # fmt: skip
def test_schedules_are_read_as_cron_reads_them(schedule: str, fault: str | None) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [_CONTAINER]}}
    found = causes("CronJob", spec={"schedule": schedule, "jobTemplate": {"spec": {"template": template}}})
    assert found == ([] if fault is None else [f'spec.schedule: Invalid value: "{schedule}": {fault}'])


@pytest.mark.parametrize(
    ("kind", "before", "after", "fault"),
    [
        ("Deployment", {"spec": {"selector": {"a": 1}}}, {"spec": {"selector": {"a": 2}}}, "field is immutable"),
        ("StatefulSet", {"spec": {"serviceName": "a"}}, {"spec": {"serviceName": "b"}}, "updates to statefulset spec"),
        ("StatefulSet", {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, ""),
        ("ConfigMap", {"immutable": True, "data": {}}, {"immutable": True, "data": {"a": "b"}}, "`immutable` is set"),
        ("Secret", {"type": "a"}, {"type": "b"}, "field is immutable"),
        ("PriorityClass", {"value": 1}, {"value": 2}, "may not be changed in an update."),
        ("Pod", {"spec": {"containers": [{"image": "a"}]}}, {"spec": {"containers": [{"image": "b"}]}}, ""),
        ("Pod", {"spec": {"containers": [{"image": "a"}]}}, {"spec": {"containers": [{"image": "a", "tty": True}]}},
         "pod updates may not change fields other than"),
    ],
)  # fmt: skip
def test_what_may_not_change_is_refused(kind: str, before: Obj, after: Obj, fault: str) -> None:
    old, new = ({"kind": kind, "metadata": {"name": "n"}, **found} for found in (before, after))
    found = [cause.message for cause in validate_change(kind, old, new)]
    assert [fault in text for text in found] == ([True] if fault else [])


class Services:
    """Services in a store of their own."""

    def __init__(self) -> None:
        import random

        self.store = Store()
        self.writer = Writer(self.store, ManualClock(1_700_000_000.0), random.Random(1))
        self.writer.create(NAMESPACES, {"metadata": {"name": "t"}})

    def create(self, name: str, **spec: Any) -> Obj:
        """Create one."""
        body = {"metadata": {"name": name, "namespace": "t"}, "spec": {"ports": [{"port": 80}], **spec}}
        return self.writer.create(SERVICES, body)

    def change(self, name: str, **spec: Any) -> Obj:
        """Change one."""
        stored = self.store.get(SERVICES, "t", name)
        assert stored is not None
        obj = copy.deepcopy(stored.obj)
        obj["spec"] |= spec
        return self.writer.update(SERVICES, stored, obj)


def test_services_get_addresses_that_nobody_else_has() -> None:
    services = Services()
    address = services.create("a")["spec"]["clusterIP"]
    with pytest.raises(ApiError, match="provided IP is already allocated"):
        services.create("b", clusterIP=address)
    with pytest.raises(ApiError, match="does not match the current range"):
        services.create("b", clusterIP="192.168.0.1")
    assert services.create("b")["spec"]["clusterIP"] != address
    assert services.create("h", clusterIP="None")["spec"]["clusterIPs"] == ["None"]
    with pytest.raises(ApiError, match="may not change once set"):
        services.change("a", clusterIP="10.96.9.9", clusterIPs=["10.96.9.9"])
    stored = services.store.get(SERVICES, "t", "a")
    assert stored is not None
    services.writer.delete(SERVICES, stored, DeleteOptions())
    assert services.create("c", clusterIP=address)["spec"]["clusterIP"] == address


def test_a_service_keeps_and_loses_what_its_type_has() -> None:
    services = Services()
    address = services.create("a")["spec"]["clusterIP"]
    port = services.change("a", type="NodePort")["spec"]["ports"][0]["nodePort"]
    assert 30000 <= port <= 32767
    with pytest.raises(ApiError, match="provided port is already allocated"):
        services.create("b", type="NodePort", ports=[{"port": 1, "nodePort": port}])
    back = services.change("a", type="ClusterIP")["spec"]
    assert "nodePort" not in back["ports"][0]
    assert "externalTrafficPolicy" not in back
    assert back["clusterIP"] == address
    outside = services.change("a", type="ExternalName", externalName="x.example.com")["spec"]
    assert "clusterIP" not in outside
