"""Patches of the three kinds, labels, annotations, and what an API server does to objects as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import Case, Mode, given, is_exactly, kubectl, lacks, python, refused, says
from tests.conformance.manifests import config_map, deployment, pod, service
from tests.conformance.refusals import is_refused

if TYPE_CHECKING:
    from tests.conformance.session import Session

_PATCH = "kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch"
_LABEL = "kubernetes.io/docs/reference/kubectl/generated/kubectl_label"
_CONCEPTS = "kubernetes.io/docs/reference/using-api/api-concepts"
_CONVENTIONS = "kubernetes.io/docs/reference/using-api"
_IMAGES = "-o jsonpath='{.spec.template.spec.containers[*].image}'"


def _stale(session: Session) -> None:
    """A write with an old version is refused, and the object stays."""
    name, namespace = session.identifier, session.namespace
    first = session.core.read_namespaced_config_map(name, namespace)
    session.core.patch_namespaced_config_map(name, namespace, {"data": {"a": "2"}})
    first.data = {"a": "3"}
    is_refused(
        lambda: session.core.replace_namespaced_config_map(name, namespace, first), 409, "the object has been modified"
    )
    assert session.core.read_namespaced_config_map(name, namespace).data == {"a": "2"}


def _no_op(session: Session) -> None:
    """A write that changes nothing gives no new version."""
    name, namespace = session.identifier, session.namespace
    before = session.core.read_namespaced_config_map(name, namespace)
    after = session.core.patch_namespaced_config_map(name, namespace, {"data": dict(before.data)})
    assert after.metadata.resource_version == before.metadata.resource_version


def _generation(session: Session) -> None:
    """Only a change of the spec counts as a new generation."""
    name, namespace = session.identifier, session.namespace
    first = session.apps.read_namespaced_deployment(name, namespace).metadata.generation
    labelled = session.apps.patch_namespaced_deployment(name, namespace, {"metadata": {"labels": {"x": "y"}}})
    assert labelled.metadata.generation == first
    changed = session.apps.patch_namespaced_deployment(name, namespace, {"spec": {"minReadySeconds": 1}})
    assert changed.metadata.generation == first + 1


def _status_apart(session: Session) -> None:
    """Status is not written through the object, nor the spec through its status."""
    name, namespace = session.identifier, session.namespace
    session.apps.patch_namespaced_deployment(name, namespace, {"status": {"replicas": 77}})
    session.apps.patch_namespaced_deployment_status(name, namespace, {"spec": {"replicas": 50}})
    found = session.apps.read_namespaced_deployment(name, namespace)
    assert found.status.replicas != 77
    assert found.spec.replicas == 0


CASES = [
    Case(
        "merge patch replaces lists",
        Mode.WRITE,
        _PATCH,
        (
            given(deployment(replicas=0)),
            kubectl(
                "patch deploy $ID --type=merge -p "
                '\'{"spec":{"template":{"spec":{"containers":[{"name":"d","image":"x:1"}]}}}}\'',
                is_exactly("deployment.apps/$ID patched"),
            ),
            kubectl(f"get deploy $ID {_IMAGES}", is_exactly("x:1")),
        ),
    ),
    Case(
        "merge patch with null removes",
        Mode.WRITE,
        "kubernetes.io/docs/reference/kubectl/generated/kubectl_patch",
        (
            given(config_map(data="{a: b, c: d}")),
            kubectl('patch cm $ID --type=merge -p \'{"data":{"a":null}}\''),
            kubectl("get cm $ID -o jsonpath='{.data}'", is_exactly('{"c":"d"}')),
        ),
    ),
    Case(
        "strategic patch merges lists by key",
        Mode.WRITE,
        _PATCH,
        (
            given(deployment(replicas=0)),
            kubectl(
                'patch deploy $ID -p \'{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"x:1"}]}}}}\''
            ),
            kubectl("get deploy $ID -o jsonpath='{.spec.template.spec.containers[*].name}'", is_exactly("side c")),
        ),
    ),
    Case(
        "strategic patch deletes from a list",
        Mode.WRITE,
        "recorded: patch-types 7",
        (
            given(deployment(replicas=0)),
            kubectl(
                'patch deploy $ID -p \'{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"x:1"}]}}}}\''
            ),
            kubectl(
                "patch deploy $ID -p "
                '\'{"spec":{"template":{"spec":{"containers":[{"name":"side","$patch":"delete"}]}}}}\''
            ),
            kubectl("get deploy $ID -o jsonpath='{.spec.template.spec.containers[*].name}'", is_exactly("c")),
        ),
    ),
    Case(
        "strategic patch without a merge key",
        Mode.WRITE,
        "recorded: patch-types 16",
        (
            given(deployment(replicas=0)),
            refused(
                'patch deploy $ID -p \'{"spec":{"template":{"spec":{"containers":[{"image":"x:1"}]}}}}\'',
                "does not contain declared merge key: name",
            ),
        ),
    ),
    Case(
        "strategic patch of service ports",
        Mode.WRITE,
        "recorded: patch-types 34",
        (
            given(service()),
            kubectl('patch svc $ID -p \'{"spec":{"ports":[{"port":80,"targetPort":9090}]}}\''),
            kubectl("get svc $ID -o jsonpath='{.spec.ports[*].targetPort}'", is_exactly("9090")),
        ),
    ),
    Case(
        "json patch",
        Mode.WRITE,
        _PATCH,
        (
            given(config_map(data="{a: b, c: d}")),
            kubectl(
                "patch cm $ID --type=json -p "
                '\'[{"op":"test","path":"/data/a","value":"b"},{"op":"remove","path":"/data/a"},'
                '{"op":"move","from":"/data/c","path":"/data/e"}]\''
            ),
            kubectl("get cm $ID -o jsonpath='{.data}'", is_exactly('{"e":"d"}')),
        ),
    ),
    Case(
        "json patch whose test fails",
        Mode.WRITE,
        "recorded: patch-types 24",
        (
            given(config_map()),
            refused(
                'patch cm $ID --type=json -p \'[{"op":"test","path":"/data/a","value":"z"}]\'',
                "the server rejected our request due to an error in our request",
            ),
        ),
    ),
    Case(
        "json patch with an escaped path",
        Mode.WRITE,
        "recorded: patch-types 22",
        (
            given(config_map()),
            kubectl(
                "patch cm $ID --type=json -p "
                '\'[{"op":"add","path":"/metadata/annotations","value":{"example.com/a":"1"}},'
                '{"op":"replace","path":"/metadata/annotations/example.com~1a","value":"2"}]\''
            ),
            kubectl("get cm $ID -o jsonpath='{.metadata.annotations.example\\.com/a}'", is_exactly("2")),
        ),
    ),
    Case(
        "patch without a change says so",
        Mode.WRITE,
        "kubernetes.io/docs/reference/kubectl/generated/kubectl_patch",
        (
            given(config_map()),
            kubectl(
                'patch cm $ID --type=merge -p \'{"data":{"a":"b"}}\'', is_exactly("configmap/$ID patched (no change)")
            ),
        ),
    ),
    Case(
        "patch what is not there",
        Mode.WRITE,
        "recorded: patch-types 20",
        (refused("patch cm $ID --type=merge -p '{}'", 'configmaps "$ID" not found'),),
    ),
    Case(
        "patch as a dry run writes nothing",
        Mode.WRITE,
        _CONCEPTS,
        (
            given(config_map()),
            kubectl('patch cm $ID --type=merge -p \'{"data":{"a":"z"}}\' --dry-run=server'),
            kubectl("get cm $ID -o jsonpath='{.data.a}'", is_exactly("b")),
        ),
    ),
    Case(
        "patch to what is not valid",
        Mode.WRITE,
        "recorded: scale-and-status 5",
        (
            given(deployment(replicas=0)),
            refused(
                'patch deploy $ID --type=merge -p \'{"spec":{"replicas":-1}}\'',
                "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            ),
        ),
    ),
    Case(
        "label, overwrite, remove",
        Mode.WRITE,
        _LABEL,
        (
            given(config_map()),
            kubectl("label cm $ID tier=front", is_exactly("configmap/$ID labeled")),
            refused("label cm $ID tier=back", "already has a value (front), and --overwrite is false"),
            kubectl("label cm $ID tier=back --overwrite", is_exactly("configmap/$ID labeled")),
            kubectl("label cm $ID tier-", is_exactly("configmap/$ID unlabeled")),
            kubectl("get cm $ID --show-labels --no-headers", says("<none>")),
        ),
    ),
    Case(
        "label that is not valid",
        Mode.WRITE,
        "kubernetes.io/docs/concepts/overview/working-with-objects/labels",
        (
            given(config_map()),
            refused(
                'patch cm $ID --type=merge -p \'{"metadata":{"labels":{"a b":"c"}}}\'', "metadata.labels: Invalid value"
            ),
        ),
    ),
    Case(
        "annotate, and again",
        Mode.WRITE,
        "kubernetes.io/docs/reference/kubectl/generated/kubectl_annotate",
        (
            given(config_map()),
            kubectl("annotate cm $ID note=hello", is_exactly("configmap/$ID annotated")),
            kubectl("annotate cm $ID note-", is_exactly("configmap/$ID annotated")),
            kubectl("get cm $ID -o jsonpath='{.metadata.annotations}'", lacks("note")),
        ),
    ),
    Case(
        "a new object gets what the server gives it",
        Mode.WRITE,
        "recorded: object-defaults 1",
        (
            kubectl("create deployment $ID --image=nginx:1.27 --replicas=0"),
            kubectl(
                "get deploy $ID -o yaml",
                says("uid: "),
                says("creationTimestamp: "),
                says("generation: 1"),
                says("maxSurge: 25%"),
                says("maxUnavailable: 25%"),
                says("progressDeadlineSeconds: 600"),
                says("revisionHistoryLimit: 10"),
                says("terminationGracePeriodSeconds: 30"),
                says("dnsPolicy: ClusterFirst"),
                says("imagePullPolicy: IfNotPresent"),
            ),
        ),
    ),
    Case(
        "an image without a tag is always pulled",
        Mode.WRITE,
        "kubernetes.io/docs/concepts/containers/images",
        (
            given(pod(image="nginx")),
            kubectl("get pod $ID -o jsonpath='{.spec.containers[0].imagePullPolicy}'", is_exactly("Always")),
        ),
    ),
    Case(
        "quality of service follows from resources",
        Mode.WRITE,
        "kubernetes.io/docs/concepts/workloads/pods/pod-qos",
        (
            given(
                pod(name="$ID-g", container="{resources: {limits: {cpu: 10m, memory: 16Mi}}}"),
                pod(name="$ID-b", container="{resources: {requests: {cpu: 10m}}}"),
                pod(name="$ID-e"),
            ),
            kubectl(
                "get pods $ID-g $ID-b $ID-e -o jsonpath='{.items[*].status.qosClass}'",
                is_exactly("Guaranteed Burstable BestEffort"),
            ),
        ),
    ),
    Case(
        "limits alone are requests too",
        Mode.WRITE,
        "kubernetes.io/docs/concepts/configuration/manage-resources-containers",
        (
            given(pod(container="{resources: {limits: {cpu: 20m}}}")),
            kubectl("get pod $ID -o jsonpath='{.spec.containers[0].resources.requests.cpu}'", is_exactly("20m")),
        ),
    ),
    Case(
        "python: a write with an old version",
        Mode.WRITE,
        "recorded: crud-basic 6",
        (given(config_map()), python(_stale)),
    ),
    Case(
        "python: a write without a change",
        Mode.WRITE,
        "recorded: watch-semantics 1",
        (given(config_map()), python(_no_op)),
    ),
    Case(
        "python: generations",
        Mode.WRITE,
        "recorded: scale-and-status 20",
        (given(deployment(replicas=0)), python(_generation)),
    ),
    Case(
        "python: status and spec are written apart",
        Mode.WRITE,
        "recorded: scale-and-status 17",
        (given(deployment(replicas=0)), python(_status_apart)),
    ),
]
