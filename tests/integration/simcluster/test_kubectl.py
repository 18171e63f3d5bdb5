"""Real kubectl against the simulated cluster: what people type works, and prints what they expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.wait import eventually

if TYPE_CHECKING:
    from tests.integration.simcluster.conftest import Kubectl

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: %(name)s, namespace: %(namespace)s}
spec:
  replicas: 2
  selector: {matchLabels: {app: %(name)s}}
  template:
    metadata: {labels: {app: %(name)s}}
    spec: {containers: [{name: c, image: 'nginx:1.27', resources: {requests: {cpu: 100m}}}]}
"""


@pytest.fixture
def namespace(ctl: Kubectl, request: pytest.FixtureRequest) -> str:
    name = "t-" + str(request.node.name).removeprefix("test_").replace("_", "-")[:50].rstrip("-")
    ctl("create", "namespace", name)
    return name


def _manifest(namespace: str, name: str = "app") -> str:
    return DEPLOYMENT % {"name": name, "namespace": namespace}


def test_get_prints_tables_with_the_columns_of_a_real_server(ctl: Kubectl) -> None:
    lines = ctl("get", "deployments", "-n", "shop").splitlines()
    assert lines[0].split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert lines[1].split()[:2] == ["api", "1/1"]
    assert "NOMINATED NODE" in ctl("get", "pods", "-A", "-o", "wide")
    assert ctl("get", "nodes").splitlines()[1].split()[:2] == ["node-1", "Ready"]
    assert "No resources found" in ctl.run("get", "pods", "-n", "default").stderr


def test_scale_adds_pods_that_become_ready(ctl: Kubectl, namespace: str) -> None:
    ctl("apply", "-f", "-", stdin=_manifest(namespace))
    ctl("scale", "deployment/app", "-n", namespace, "--replicas", "4")
    assert "successfully rolled out" in ctl("rollout", "status", "deployment/app", "-n", namespace, "--timeout=20s")
    assert ctl("get", "deployment/app", "-n", namespace, "-o", "jsonpath={.status.readyReplicas}") == "4"


def test_a_new_template_rolls_out_and_back(ctl: Kubectl, namespace: str) -> None:
    ctl("apply", "-f", "-", stdin=_manifest(namespace))
    ctl("rollout", "status", "deployment/app", "-n", namespace, "--timeout=20s")
    ctl("set", "image", "deployment/app", "c=nginx:1.28", "-n", namespace)
    ctl("rollout", "status", "deployment/app", "-n", namespace, "--timeout=20s")
    ctl("rollout", "restart", "deployment/app", "-n", namespace)
    ctl("rollout", "status", "deployment/app", "-n", namespace, "--timeout=20s")
    ctl("rollout", "undo", "deployment/app", "-n", namespace, "--to-revision=1")
    ctl("rollout", "status", "deployment/app", "-n", namespace, "--timeout=20s")
    assert ctl("get", "deployment/app", "-n", namespace, "-o", "jsonpath={..image}") == "nginx:1.27"
    history = ctl("rollout", "history", "deployment/app", "-n", namespace)
    assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["2", "3", "4"]


def test_annotate_label_and_patch_change_the_object(ctl: Kubectl, namespace: str) -> None:
    ctl("apply", "-f", "-", stdin=_manifest(namespace))
    ctl("annotate", "deployment/app", "note=hello", "-n", namespace)
    ctl("label", "deployment/app", "tier=front", "-n", namespace)
    ctl("patch", "deployment/app", "-n", namespace, "--type=merge", "-p", '{"spec":{"minReadySeconds":0,"replicas":1}}')
    ctl(
        "patch",
        "deployment/app",
        "-n",
        namespace,
        "--type=json",
        "-p",
        '[{"op":"remove","path":"/metadata/labels/tier"}]',
    )
    found = ctl.json("get", "deployment/app", "-n", namespace)
    assert found["metadata"]["annotations"]["note"] == "hello"
    assert "tier" not in found["metadata"].get("labels", {})
    assert found["spec"]["replicas"] == 1


def test_apply_a_second_time_changes_nothing(ctl: Kubectl, namespace: str) -> None:
    ctl("apply", "-f", "-", stdin=_manifest(namespace))
    assert "unchanged" in ctl("apply", "-f", "-", stdin=_manifest(namespace))


def test_describe_shows_events_and_conditions(ctl: Kubectl, namespace: str) -> None:
    ctl("apply", "-f", "-", stdin=_manifest(namespace))
    ctl("rollout", "status", "deployment/app", "-n", namespace, "--timeout=20s")
    text = ctl("describe", "deployment/app", "-n", namespace)
    assert "ScalingReplicaSet" in text
    assert "MinimumReplicasAvailable" in text
    pod = ctl("get", "pods", "-n", namespace, "-o", "jsonpath={.items[0].metadata.name}")
    described = ctl("describe", "pod", pod, "-n", namespace)
    assert "Successfully assigned" in described
    assert "Controlled By:  ReplicaSet/app-" in described


def test_a_deleted_pod_is_replaced(ctl: Kubectl, namespace: str) -> None:
    ctl("apply", "-f", "-", stdin=_manifest(namespace))
    ctl("rollout", "status", "deployment/app", "-n", namespace, "--timeout=20s")
    before = ctl("get", "pods", "-n", namespace, "-o", "name").split()
    ctl("delete", before[0], "-n", namespace, "--grace-period=1", "--wait=true")
    ctl("rollout", "status", "deployment/app", "-n", namespace, "--timeout=20s")
    after = ctl("get", "pods", "-n", namespace, "-o", "name").split()
    assert before[0] not in after
    assert before[1] in after


def test_deleting_a_deployment_takes_its_pods_along(ctl: Kubectl, namespace: str) -> None:
    ctl("apply", "-f", "-", stdin=_manifest(namespace))
    ctl("delete", "deployment/app", "-n", namespace, "--cascade=foreground", "--timeout=30s")
    assert ctl("get", "pods,replicasets,deployments", "-n", namespace) == ""


def test_deleting_a_namespace_empties_it(ctl: Kubectl, namespace: str) -> None:
    ctl("apply", "-f", "-", stdin=_manifest(namespace))
    ctl("delete", "namespace", namespace, "--timeout=40s")
    assert "NotFound" in ctl.run("get", "namespace", namespace).stderr


def test_selectors_choose_pods(ctl: Kubectl, namespace: str) -> None:
    ctl("apply", "-f", "-", stdin=_manifest(namespace, "one"))
    ctl("apply", "-f", "-", stdin=_manifest(namespace, "two"))
    ctl("rollout", "status", "deployment/one", "-n", namespace, "--timeout=20s")
    ctl("rollout", "status", "deployment/two", "-n", namespace, "--timeout=20s")
    assert len(ctl("get", "pods", "-n", namespace, "-l", "app in (one)", "-o", "name").split()) == 2
    assert (
        len(ctl("get", "pods", "-n", namespace, "--field-selector", "status.phase=Running", "-o", "name").split()) == 4
    )
    node = ctl("get", "pods", "-n", namespace, "-o", "jsonpath={.items[0].spec.nodeName}")
    assert ctl("get", "pods", "-n", namespace, "--field-selector", f"spec.nodeName={node}", "-o", "name")


def test_watch_prints_changes_as_they_happen(ctl: Kubectl, namespace: str) -> None:
    ctl("apply", "-f", "-", stdin=_manifest(namespace))
    watching = ctl.follow("get", "deployment/app", "-n", namespace, "-w", "--no-headers")
    try:
        assert watching.stdout is not None
        first = watching.stdout.readline().split()
        assert first[0] == "app"
        ctl("scale", "deployment/app", "-n", namespace, "--replicas", "3")
        eventually(lambda: watching.stdout is not None and watching.stdout.readline().split()[1] == "3/3")
    finally:
        watching.kill()
        watching.communicate()


def test_a_pod_too_big_for_any_node_stays_pending_and_says_why(ctl: Kubectl, namespace: str) -> None:
    manifest = _manifest(namespace).replace("100m", "'9'")
    ctl("apply", "-f", "-", stdin=manifest)
    eventually(lambda: "FailedScheduling" in ctl("get", "events", "-n", namespace))
    pods = ctl.json("get", "pods", "-n", namespace)["items"]
    condition = pods[0]["status"]["conditions"][0]
    assert (condition["reason"], pods[0]["status"]["phase"]) == ("Unschedulable", "Pending")
    assert "0/2 nodes are available: 2 Insufficient cpu." in condition["message"]


def test_top_shows_what_metrics_server_would(ctl: Kubectl) -> None:
    eventually(lambda: ctl.run("top", "pods", "-n", "shop").returncode == 0, within=40)
    rows = [line.split() for line in ctl("top", "pods", "-n", "shop", "--no-headers").splitlines()]
    web = [int(row[1].removesuffix("m")) for row in rows if row[0].startswith("web-")]
    assert len(web) == 3
    assert 990 <= sum(web) <= 1010
    assert len(ctl("top", "nodes", "--no-headers").splitlines()) == 2


def test_explain_and_api_resources_know_the_types(ctl: Kubectl) -> None:
    assert "Rolling update config params" in ctl("explain", "deployment.spec.strategy.rollingUpdate")
    assert "deployments" in ctl("api-resources")
    assert ctl("auth", "can-i", "delete", "pods").strip() == "yes"


def test_a_typing_error_in_a_manifest_is_refused_by_the_server(ctl: Kubectl, namespace: str) -> None:
    done = ctl.run("apply", "-f", "-", stdin=_manifest(namespace).replace("replicas: 2", "replica: 2"))
    assert done.returncode != 0
    assert 'unknown field "spec.replica"' in done.stderr


def test_what_is_not_served_is_refused(ctl: Kubectl) -> None:
    assert "the server doesn't have a resource type" in ctl.run("get", "runtimeclasses").stderr


def test_server_side_apply_shares_fields_between_managers(ctl: Kubectl, namespace: str) -> None:
    manifest = _manifest(namespace)
    assert "serverside-applied" in ctl.run("apply", "--server-side", "-f", "-", stdin=manifest).stdout
    ctl.run("scale", "deployment/app", "-n", namespace, "--replicas=1")
    refused = ctl.run("apply", "--server-side", "-f", "-", stdin=manifest)
    assert refused.returncode != 0
    assert (
        'Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas'
        in refused.stderr
    )
    forced = ctl.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=manifest)
    assert forced.stdout == "deployment.apps/app serverside-applied\n"


def test_a_scale_is_shown_as_a_table(ctl: Kubectl) -> None:
    head, row = ctl("get", "deploy", "web", "--subresource=scale", "-n", "shop").splitlines()
    assert head.split() == ["NAME", "DESIRED", "AVAILABLE", "AGE"]
    assert row.split()[0] == "web"
    assert int(row.split()[1]) >= 1


def test_the_shipped_custom_resources_explain_list_and_apply(ctl: Kubectl, namespace: str) -> None:
    assert "updateMode" in ctl("explain", "vpa.spec.updatePolicy")
    vpa = """
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: web}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  updatePolicy: {updateMode: "%s"}
"""
    assert ctl.run("apply", "-n", namespace, "-f", "-", stdin=vpa % "Auto").stdout == (
        "verticalpodautoscaler.autoscaling.k8s.io/web created\n"
    )
    assert ctl.run("apply", "-n", namespace, "-f", "-", stdin=vpa % "Off").stdout.endswith("configured\n")
    header, row = ctl("get", "vpa", "-n", namespace).splitlines()
    assert header.split() == ["NAME", "MODE", "CPU", "MEM", "PROVIDED", "AGE"]
    assert row.split()[:2] == ["web", "Off"]
    refused = ctl.run("apply", "-n", namespace, "-f", "-", stdin=vpa % "Often")
    assert 'spec.updatePolicy.updateMode: Unsupported value: "Often"' in refused.stderr
