"""Tools that write: each reads what it is about and drafts the calls of a plan. None of them changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain import arguments as a
from ai4k8s_chat.domain import writes
from ai4k8s_chat.domain.kinds import BY_KIND, SCALABLE
from ai4k8s_chat.domain.writes import Draft
from ai4k8s_chat.reading.lists import check_selector, read_page
from ai4k8s_chat.reading.objects import Located, locate, resolve_kind
from ai4k8s_chat.reading.rollouts import revisions_of, rolled_out
from ai4k8s_common.errors import InvalidInputError, NotFoundError
from ai4k8s_common.plans import ApiCall, CallKind
from ai4k8s_common.security.redaction import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ai4k8s_chat.adapters.cluster import KubeReads
    from ai4k8s_chat.domain.kinds import Kind
    from ai4k8s_chat.reading.scope import Scope

MOST_AT_ONCE = 100
MANIFESTS_PAGE = "Apply it from the page Manifests: what a plan holds is sealed before it is stored."
_ENABLED = "ai4k8s.io/predictive-autoscaling-enabled"
_MODE, _MIN, _MAX = "ai4k8s.io/mode", "ai4k8s.io/min-replicas", "ai4k8s.io/max-replicas"


def pods_run(_: KubeReads, scope: Scope, wish: a.PodsRun, __: datetime) -> Draft:
    """A pod of an image."""
    scope.check(wish.namespace)
    call = writes.run_pod(
        BY_KIND["Pod"],
        wish.namespace,
        wish.name,
        wish.image,
        command=wish.command,
        port=wish.port,
        environment=wish.environment,
        labels=wish.labels,
    )
    return Draft(f"Run pod {wish.name} of {wish.image} in {wish.namespace}", (call,))


def pods_delete(kube: KubeReads, scope: Scope, wish: a.PodsDelete, __: datetime) -> Draft:
    """Pods by name or selector."""
    return _delete(kube, scope, BY_KIND["Pod"], wish, wish.grace_seconds)


def resources_delete(kube: KubeReads, scope: Scope, wish: a.ResourcesDelete, __: datetime) -> Draft:
    """Objects of any kind."""
    return _delete(kube, scope, resolve_kind(kube, wish.kind), wish, None)


def _delete(kube: KubeReads, scope: Scope, kind: Kind, wish: a.OneOrSelected, grace_seconds: int | None) -> Draft:
    if wish.name is not None:
        found = [locate(kube, scope, kind, wish.name, wish.namespace)]
        title = f"Delete {found[0].title}"
    else:
        found = _selected(kube, scope, kind, wish)
        where = f" in {wish.namespace}" if wish.namespace else ""
        title = f"Delete {len(found)} {kind.plural} with {wish.label_selector}{where}"
    return Draft(title, writes.delete([(one.path, one.object) for one in found], grace_seconds))


def _selected(kube: KubeReads, scope: Scope, kind: Kind, wish: a.OneOrSelected) -> list[Located]:
    check_selector(wish.label_selector)
    params = {"labelSelector": wish.label_selector or ""}
    found = [
        Located(kind, one)
        for place in scope.places(kind, wish.namespace)
        for one in read_page(kube, kind.collection(place), params, most=MOST_AT_ONCE + 1)
    ]
    if not found:
        raise NotFoundError(f"no {kind.plural} have {wish.label_selector}")
    if len(found) > MOST_AT_ONCE:
        raise InvalidInputError(
            f"that selects more than {MOST_AT_ONCE} {kind.plural}", hint="Narrow the selector, or name a namespace."
        )
    return found


def node_cordon(kube: KubeReads, scope: Scope, wish: a.OneNode, __: datetime) -> Draft:
    """No new pods."""
    found = locate(kube, scope, BY_KIND["Node"], wish.name, None)
    if (found.object.get("spec") or {}).get("unschedulable"):
        raise InvalidInputError(f"node {wish.name} is cordoned already")
    return Draft(f"Cordon node {wish.name}", (writes.cordon(found.path, found.object, on=True),))


def node_uncordon(kube: KubeReads, scope: Scope, wish: a.OneNode, __: datetime) -> Draft:
    """New pods again."""
    found = locate(kube, scope, BY_KIND["Node"], wish.name, None)
    if not (found.object.get("spec") or {}).get("unschedulable"):
        raise InvalidInputError(f"node {wish.name} is not cordoned")
    return Draft(f"Uncordon node {wish.name}", (writes.cordon(found.path, found.object, on=False),))


def node_drain(kube: KubeReads, scope: Scope, wish: a.NodeDrain, __: datetime) -> Draft:
    """Cordon, and evict what runs there. Raises InvalidInputError for pods that it would lose for good."""
    node, pod = locate(kube, scope, BY_KIND["Node"], wish.name, None), BY_KIND["Pod"]
    pods = read_page(kube, pod.collection(), {"fieldSelector": f"spec.nodeName={wish.name}"})
    drain = writes.drain(
        pods,
        daemon_sets=wish.ignore_daemon_sets,
        empty_dirs=wish.delete_empty_dir_data,
        force=wish.force,
    )
    if drain.problems:
        raise InvalidInputError(f"cannot drain node {wish.name}: {'; '.join(drain.problems[:5])}")
    calls = [writes.cordon(node.path, node.object, on=True)]
    if (node.object.get("spec") or {}).get("unschedulable"):
        calls = []
    calls += [
        writes.evict(pod.path(str(one["metadata"]["namespace"]), str(one["metadata"]["name"])), one, wish.grace_seconds)
        for one in drain.evicted
    ]
    if not calls:
        raise InvalidInputError(f"node {wish.name} is drained already")
    return Draft(f"Drain node {wish.name}: evict {len(drain.evicted)} pods", tuple(calls), drain.left)


def resources_scale(kube: KubeReads, scope: Scope, wish: a.ResourcesScale, __: datetime) -> Draft:
    """A number of replicas; the scaler is the hand that sets it."""
    kind = resolve_kind(kube, wish.kind)
    if kind.kind == "DaemonSet":
        raise InvalidInputError("a DaemonSet runs one pod on each node and has no replicas to set")
    if kind.kind not in SCALABLE and kind.kind in BY_KIND:
        raise InvalidInputError(f"a {kind.kind} has no replicas to set")
    found = locate(kube, scope, kind, wish.name, wish.namespace)
    now = int((found.object.get("spec") or {}).get("replicas", 1))
    wanted = writes.replicas_wanted(now, wish.replicas, wish.change_by, wish.change_percent)
    if wanted < 0:
        raise InvalidInputError(f"{found.title} has {now} replicas: that many cannot be taken away")
    if wanted == now:
        raise InvalidInputError(f"{found.title} has {now} replicas already")
    call = writes.call_on(CallKind.SCALE, found.path, found.object, {"replicas": wanted, "from": now})
    return Draft(f"Scale {found.title} from {now} to {wanted} replicas", (call,))


def resources_label(kube: KubeReads, scope: Scope, wish: a.ResourcesLabel, __: datetime) -> Draft:
    """Labels or annotations."""
    found = locate(kube, scope, resolve_kind(kube, wish.kind), wish.name, wish.namespace)
    words = ", ".join(f"{key}={value}" if value is not None else f"{key} removed" for key, value in wish.values.items())
    call = writes.label(found.path, found.object, wish.target, wish.values)
    return Draft(f"Set {wish.target} of {found.title}: {words}", (call,))


def resources_create_or_update(_: KubeReads, scope: Scope, wish: a.ResourcesCreateOrUpdate, __: datetime) -> Draft:
    """What a manifest says; whoever makes the plan reads it and finds the calls."""
    if wish.namespace is not None:
        scope.check(wish.namespace)
    if HIDDEN in wish.manifest:
        # What was typed is redacted before it is stored; applied, it would put the blank in the value's place.
        raise InvalidInputError(
            "a value in the manifest looked like a credential and was taken out of the message", hint=MANIFESTS_PAGE
        )
    return Draft("Apply a manifest", (), manifests=wish.manifest, namespace=wish.namespace)


def rollout_restart(kube: KubeReads, scope: Scope, wish: a.OneObject, now: datetime) -> Draft:
    """New pods, one after the other."""
    found = rolled_out(kube, scope, wish)
    return Draft(f"Restart {found.title}", (writes.restart(found.path, found.object, now),))


def rollout_undo(kube: KubeReads, scope: Scope, wish: a.RolloutUndo, __: datetime) -> Draft:
    """An earlier revision."""
    found = rolled_out(kube, scope, wish)
    call, revision = writes.undo(found.path, found.object, revisions_of(kube, found), wish.to_revision)
    images = f" ({', '.join(revision.images)})" if revision.images else ""
    return Draft(f"Roll {found.title} back to revision {revision.number}{images}", (call,))


def set_image(kube: KubeReads, scope: Scope, wish: a.SetImage, __: datetime) -> Draft:
    """A container's image."""
    found = rolled_out(kube, scope, wish)
    call = writes.set_image(found.path, found.object, wish.container, wish.image)
    return Draft(f"Set the image of {found.title} to {wish.image}", (call,))


def hpa_create(kube: KubeReads, scope: Scope, wish: a.HpaCreate, __: datetime) -> Draft:
    """An HPA of a workload; the scaler writes it."""
    kind = resolve_kind(kube, wish.kind)
    found = locate(kube, scope, kind, wish.name, wish.namespace)
    if wish.max_replicas < wish.min_replicas:
        raise InvalidInputError("max_replicas is less than min_replicas")
    metrics = [
        {"type": "Resource", "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": share}}}
        for name, share in (("cpu", wish.cpu_percent), ("memory", wish.memory_percent))
        if share is not None
    ]
    if not metrics:
        raise InvalidInputError("an HPA needs something to scale by", hint="Give cpu_percent or memory_percent.")
    hpa = BY_KIND["HorizontalPodAutoscaler"]
    body: dict[str, Any] = {
        "apiVersion": hpa.api_version,
        "kind": hpa.kind,
        "metadata": {"name": found.name, "namespace": found.namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": kind.api_version, "kind": kind.kind, "name": found.name},
            "minReplicas": wish.min_replicas,
            "maxReplicas": wish.max_replicas,
            "metrics": metrics,
        },
    }
    title = f"Create an HPA for {found.title}: {wish.min_replicas} to {wish.max_replicas} replicas"
    return Draft(title, (ApiCall(CallKind.CREATE, hpa.collection(found.namespace), body),))


def autoscaling_enable(kube: KubeReads, scope: Scope, wish: a.AutoscalingEnable, __: datetime) -> Draft:
    """Annotations on the workload ask AI4K8s to scale it; a policy that is set on its page goes before them."""
    found = locate(kube, scope, resolve_kind(kube, wish.kind), wish.name, wish.namespace)
    if found.kind.kind in BY_KIND and found.kind.kind not in SCALABLE:
        raise InvalidInputError(f"a {found.kind.kind} has no replicas to set")
    if wish.max_replicas < wish.min_replicas:
        raise InvalidInputError("max_replicas is less than min_replicas")
    values: dict[str, str | None] = {
        _ENABLED: "true",
        _MODE: wish.mode.value,
        _MIN: str(wish.min_replicas),
        _MAX: str(wish.max_replicas),
    }
    bounds = f"{wish.min_replicas} to {wish.max_replicas} replicas"
    title = f"Enable predictive autoscaling of {found.title}: mode {wish.mode.value}, {bounds}"
    return Draft(title, (writes.label(found.path, found.object, "annotations", values),))


DRAFTERS: dict[str, Callable[[KubeReads, Scope, Any, datetime], Draft]] = {
    "pods_run": pods_run,
    "pods_delete": pods_delete,
    "node_cordon": node_cordon,
    "node_uncordon": node_uncordon,
    "node_drain": node_drain,
    "resources_create_or_update": resources_create_or_update,
    "resources_delete": resources_delete,
    "resources_scale": resources_scale,
    "resources_label": resources_label,
    "rollout_restart": rollout_restart,
    "rollout_undo": rollout_undo,
    "set_image": set_image,
    "hpa_create": hpa_create,
    "autoscaling_enable": autoscaling_enable,
}
