"""Deletion: propagation, grace, finalizers, owners, namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubernetes.client.exceptions import ApiException

from tests.conformance.case import Case, Mode, given, is_exactly, kubectl, lacks, matches, python, refused, says
from tests.conformance.manifests import config_map, deployment, pod, service
from tests.conformance.refusals import is_refused
from tests.support.wait import eventually

if TYPE_CHECKING:
    from tests.conformance.session import Session

_GC = "kubernetes.io/docs/concepts/architecture/garbage-collection"
_DELETE = "kubernetes.io/docs/reference/kubectl/generated/kubectl_delete"
_FINALIZERS = "kubernetes.io/docs/concepts/overview/working-with-objects/finalizers"
_READY = kubectl("rollout status deploy/$ID --timeout=60s")


def _graceful(session: Session) -> None:
    """A pod on a node is only marked at first; deleted without grace it is gone at once."""
    name, namespace = session.identifier, session.namespace
    marked = session.core.delete_namespaced_pod(name, namespace, grace_period_seconds=20)
    assert marked.metadata.deletion_timestamp is not None
    assert marked.metadata.deletion_grace_period_seconds == 20
    session.core.delete_namespaced_pod(name, namespace, grace_period_seconds=0)
    assert _is_gone(session, name)


def _is_gone(session: Session, name: str) -> bool:
    try:
        session.core.read_namespaced_pod(name, session.namespace)
    except ApiException as error:
        return bool(error.status == 404)
    return False


def _preconditions(session: Session) -> None:
    """A deletion meant for another object of that name is refused."""
    body = {"preconditions": {"uid": "00000000-0000-4000-8000-000000000000"}}
    is_refused(
        lambda: session.core.delete_namespaced_config_map(session.identifier, session.namespace, body=body),
        409,
        "does not match the UID in record",
    )


def _owned(session: Session) -> None:
    """What an object owns goes with it; what somebody else owns too stays."""
    name, namespace = session.identifier, session.namespace
    owners = {}
    for owner in ("one", "two"):
        made = session.core.create_namespaced_config_map(namespace, {"metadata": {"name": f"{name}-{owner}"}})
        owners[owner] = {"apiVersion": "v1", "kind": "ConfigMap", "name": made.metadata.name, "uid": made.metadata.uid}
    for child, of in (("a", [owners["one"]]), ("b", [owners["one"], owners["two"]])):
        metadata = {"name": f"{name}-{child}", "ownerReferences": of}
        session.core.create_namespaced_config_map(namespace, {"metadata": metadata})
    session.core.delete_namespaced_config_map(f"{name}-one", namespace)

    def left() -> set[str]:
        names = {item.metadata.name for item in session.core.list_namespaced_config_map(namespace).items}
        return {child for child in ("a", "b") if f"{name}-{child}" in names}

    eventually(lambda: left() == {"b"}, within=30)
    kept = session.core.read_namespaced_config_map(f"{name}-b", namespace)
    eventually(lambda: left() == {"b"}, within=1)
    assert kept.metadata.deletion_timestamp is None


def _whole_namespace(session: Session) -> None:
    """A namespace takes everything in it along, and does not accept more while it goes."""
    namespace = f"{session.namespace}-gone"
    session.core.create_namespace({"metadata": {"name": namespace}})
    held = {"metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    session.core.create_namespaced_config_map(namespace, held)
    session.core.delete_namespace(namespace)
    eventually(lambda: session.core.read_namespace(namespace).status.phase == "Terminating", within=10)
    is_refused(
        lambda: session.core.create_namespaced_config_map(namespace, {"metadata": {"name": "late"}}),
        403,
        "because it is being terminated",
    )
    session.core.patch_namespaced_config_map("held", namespace, {"metadata": {"finalizers": None}})

    def is_gone() -> bool:
        return all(item.metadata.name != namespace for item in session.core.list_namespace().items)

    eventually(is_gone, within=60)


CASES = [
    Case(
        "delete says what it deleted",
        Mode.WRITE,
        "recorded: kubectl-create 36",
        (
            given(config_map()),
            kubectl("delete cm $ID", is_exactly('configmap "$ID" deleted from $NS namespace')),
            refused("delete cm $ID", 'configmaps "$ID" not found'),
            kubectl("delete cm $ID --ignore-not-found", is_exactly("")),
        ),
    ),
    Case(
        "delete as a dry run",
        Mode.WRITE,
        "recorded: kubectl-create 35",
        (
            given(config_map()),
            kubectl("delete cm $ID --dry-run=server", says("(server dry run)")),
            kubectl("get cm $ID"),
        ),
    ),
    Case(
        "delete by selector",
        Mode.WRITE,
        "recorded: kubectl-create 32",
        (
            given(config_map(labels='{case: "$ID"}')),
            kubectl("delete cm -l case=$ID", is_exactly('configmap "$ID" deleted from $NS namespace')),
        ),
    ),
    Case(
        "delete a type that does not exist",
        Mode.READ,
        "recorded: kubectl-create 34",
        (refused("delete foos x", 'the server doesn\'t have a resource type "foos"'),),
    ),
    Case(
        "delete in the background takes the pods along",
        Mode.WRITE,
        "recorded: delete-and-gc 5",
        (
            given(deployment()),
            _READY,
            kubectl("delete deploy $ID", is_exactly('deployment.apps "$ID" deleted from $NS namespace')),
            kubectl("get rs,pods -l app=$ID -o name", is_exactly(""), within=30),
        ),
    ),
    Case(
        "delete in the foreground waits for the pods",
        Mode.WRITE,
        "recorded: delete-and-gc 1",
        (
            given(deployment()),
            _READY,
            kubectl("delete deploy $ID --cascade=foreground --timeout=60s"),
            kubectl("get rs,pods -l app=$ID -o name", is_exactly("")),
        ),
    ),
    Case(
        "delete and leave orphans",
        Mode.WRITE,
        "recorded: delete-and-gc 9",
        (
            given(deployment()),
            _READY,
            kubectl("delete deploy $ID --cascade=orphan"),
            kubectl("get rs -l app=$ID -o jsonpath='{.items[0].metadata.ownerReferences}'", is_exactly(""), within=10),
            kubectl("get pods -l app=$ID -o name", matches(r"^pod/$ID-")),
            kubectl("delete rs -l app=$ID"),
        ),
    ),
    Case(
        "delete without waiting",
        Mode.WRITE,
        _DELETE,
        (
            given(pod()),
            kubectl("delete pod $ID --wait=false", says('pod "$ID" deleted')),
        ),
    ),
    Case(
        "delete a pod that has no node yet",
        Mode.WRITE,
        "recorded: delete-and-gc 21",
        (
            given(pod(spec='{nodeSelector: {conformance: "no-such-node"}}')),
            kubectl("delete pod $ID --timeout=10s"),
            refused("get pod $ID", "NotFound"),
        ),
    ),
    Case(
        "a finalizer holds an object",
        Mode.WRITE,
        _FINALIZERS,
        (
            kubectl(
                "apply -f -",
                stdin='{apiVersion: v1, kind: ConfigMap, metadata: {name: "$ID", finalizers: [example.com/hold]}}',
            ),
            kubectl("delete cm $ID --wait=false"),
            kubectl("get cm $ID -o jsonpath='{.metadata.deletionTimestamp}'", matches(r"^\d{4}-")),
            refused(
                'patch cm $ID --type=merge -p \'{"metadata":{"finalizers":["example.com/hold","example.com/new"]}}\'',
                "no new finalizers can be added if the object is being deleted",
            ),
            kubectl('patch cm $ID --type=merge -p \'{"metadata":{"finalizers":null}}\''),
            refused("get cm $ID", "NotFound"),
        ),
    ),
    Case(
        "wait for a deletion",
        Mode.WRITE,
        "kubernetes.io/docs/reference/kubectl/generated/kubectl_wait",
        (
            given(pod()),
            kubectl("delete pod $ID --wait=false"),
            kubectl("wait --for=delete pod/$ID --timeout=60s"),
        ),
    ),
    Case(
        "a service takes its endpoint slices along",
        Mode.WRITE,
        _GC,
        (
            given(service()),
            kubectl(
                "get endpointslices -l kubernetes.io/service-name=$ID -o name", matches("endpointslice"), within=15
            ),
            kubectl("delete svc $ID"),
            kubectl("get endpointslices -l kubernetes.io/service-name=$ID -o name", lacks("endpointslice"), within=30),
        ),
    ),
    Case(
        "python: grace",
        Mode.WRITE,
        "recorded: delete-and-gc 18",
        (given(pod()), kubectl("wait --for=condition=Ready pod/$ID --timeout=60s"), python(_graceful)),
    ),
    Case(
        "python: preconditions", Mode.WRITE, "recorded: delete-and-gc 16", (given(config_map()), python(_preconditions))
    ),
    Case("python: owners and what they own", Mode.WRITE, _GC, (python(_owned),)),
    Case(
        "python: a whole namespace",
        Mode.WRITE,
        "kubernetes.io/docs/concepts/overview/working-with-objects/namespaces",
        (python(_whole_namespace),),
    ),
]
