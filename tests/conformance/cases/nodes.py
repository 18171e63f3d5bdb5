"""Nodes: cordon, drain and the budgets that drains respect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import Case, Mode, Needs, given, is_exactly, kubectl, matches, python, refused, says
from tests.conformance.manifests import deployment, pod
from tests.conformance.refusals import is_refused
from tests.support.wait import eventually

if TYPE_CHECKING:
    from tests.conformance.session import Session

_DRAIN = "kubernetes.io/docs/tasks/administer-cluster/safely-drain-node"
_PDB = "kubernetes.io/docs/tasks/run-application/configure-pdb"
_NODE = "kubernetes.io/docs/concepts/architecture/nodes"


def _budget(spec: str) -> str:
    return (
        '{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: "$ID"}, '
        f'spec: {{{spec}, selector: {{matchLabels: {{app: "$ID"}}}}}}}}'
    )


def _own_node(session: Session) -> None:
    """Register a node of the case's own, ready and empty, so that others' pods stay where they are."""
    name = f"{session.identifier}-{session.suffix}"
    session.create(f'{{apiVersion: v1, kind: Node, metadata: {{name: "{name}", labels: {{conformance: "{name}"}}}}}}')
    capacity = {"cpu": "4", "memory": "8Gi", "pods": "20"}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "for this case"}
    session.core.patch_node_status(
        name, {"status": {"capacity": capacity, "allocatable": capacity, "conditions": [ready]}}
    )


def _evict(session: Session) -> None:
    """An eviction that the budget allows is 201, the next one 429."""
    namespace, label = session.namespace, f"app={session.identifier}"

    def allowed() -> bool:
        found = session.dynamic.resources.get(api_version="policy/v1", kind="PodDisruptionBudget")
        status = found.get(name=session.identifier, namespace=namespace).status
        return bool(status and status.disruptionsAllowed == 1)

    eventually(allowed, within=60)
    names = [one.metadata.name for one in session.core.list_namespaced_pod(namespace, label_selector=label).items]

    def evict(name: str) -> None:
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
        session.core.create_namespaced_pod_eviction(name, namespace, body)

    evict(names[0])
    is_refused(lambda: evict(names[1]), 429, "Cannot evict pod as it would violate the pod's disruption budget.")


CASES = [
    Case(
        "cordon and uncordon",
        Mode.WRITE,
        _NODE,
        (
            python(_own_node),
            kubectl("cordon $ID-$SUFFIX", is_exactly("node/$ID-$SUFFIX cordoned")),
            kubectl("get node $ID-$SUFFIX", matches(r"^$ID-$SUFFIX\s+\S*Ready,SchedulingDisabled\s")),
            kubectl("cordon $ID-$SUFFIX", is_exactly("node/$ID-$SUFFIX already cordoned")),
            kubectl(
                "get node $ID-$SUFFIX -o jsonpath='{.spec.taints[*].key}'",
                says("node.kubernetes.io/unschedulable"),
                within=10,
            ),
            kubectl("uncordon $ID-$SUFFIX", is_exactly("node/$ID-$SUFFIX uncordoned")),
        ),
        needs=Needs.WHOLE_CLUSTER,
    ),
    Case(
        "a cordoned node takes no pods",
        Mode.WRITE,
        "recorded: scheduling 24",
        (
            python(_own_node),
            kubectl("cordon $ID-$SUFFIX"),
            given(pod(spec='{nodeSelector: {conformance: "$ID-$SUFFIX"}}')),
            kubectl(
                "get pod $ID -o jsonpath='{.status.conditions[?(@.type==\"PodScheduled\")].message}'",
                says("node(s) were unschedulable"),
                within=10,
            ),
            kubectl("uncordon $ID-$SUFFIX"),
            kubectl("get pod $ID -o jsonpath='{.spec.nodeName}'", is_exactly("$ID-$SUFFIX"), within=60),
        ),
        needs=Needs.WHOLE_CLUSTER,
    ),
    Case(
        "drain moves pods elsewhere",
        Mode.WRITE,
        _DRAIN,
        (
            given(deployment(replicas=2)),
            kubectl("rollout status deploy/$ID --timeout=60s"),
            kubectl(
                "drain --pod-selector=app=$ID --ignore-daemonsets --timeout=60s -l kubernetes.io/os=linux --dry-run=server",
                says("(server dry run)"),
            ),
            kubectl(
                "drain --pod-selector=app=$ID --ignore-daemonsets --timeout=60s -l kubernetes.io/os=linux",
                says("drained"),
            ),
            kubectl("uncordon -l kubernetes.io/os=linux"),
            kubectl("get deploy $ID -o jsonpath='{.status.readyReplicas}'", is_exactly("2"), within=60),
        ),
        needs=Needs.WHOLE_CLUSTER,
    ),
    Case(
        "drain refuses to lose a pod that nobody manages",
        Mode.WRITE,
        _DRAIN,
        (
            given(pod(meta='{labels: {app: "$ID"}}')),
            kubectl("wait --for=condition=Ready pod/$ID --timeout=60s"),
            refused(
                "drain -l kubernetes.io/os=linux --pod-selector=app=$ID --ignore-daemonsets --timeout=20s",
                "that declare no controller",
            ),
            kubectl("uncordon -l kubernetes.io/os=linux"),
        ),
        needs=Needs.WHOLE_CLUSTER,
    ),
    Case(
        "a budget counts healthy pods",
        Mode.WRITE,
        "recorded: eviction-pdb 2",
        (
            given(deployment(replicas=3), _budget("minAvailable: 2")),
            kubectl(
                "get pdb $ID -o jsonpath='{.status.disruptionsAllowed} {.status.currentHealthy} {.status.desiredHealthy} "
                "{.status.expectedPods}'",
                is_exactly("1 3 2 3"),
                within=60,
            ),
            kubectl("get pdb $ID", matches(r"^$ID\s+2\s+N/A\s+1\s")),
        ),
    ),
    Case(
        "a budget in percent",
        Mode.WRITE,
        _PDB,
        (
            given(deployment(replicas=4), _budget("maxUnavailable: 25%")),
            kubectl(
                "get pdb $ID -o jsonpath='{.status.disruptionsAllowed} {.status.desiredHealthy}'",
                is_exactly("1 3"),
                within=60,
            ),
        ),
    ),
    Case(
        "python: evictions within a budget",
        Mode.WRITE,
        "recorded: eviction-pdb 5",
        (given(deployment(replicas=3), _budget("minAvailable: 2")), python(_evict)),
    ),
]
