"""What AI4K8s asks of a cluster, in one table: feature, API rule, and what is lost without it.

Everything that speaks of rights is made from it: the roles people apply, the connection test, the documentation. A
right that is not in the table is not asked for, and one that nothing uses any more is dropped here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Feature(StrEnum):
    """What a right is for, in a person's words."""

    WORKLOADS = "see workloads and their pods"
    NODES = "see nodes and what they can take"
    USAGE = "see CPU and memory usage"
    AUTOSCALERS = "see autoscalers that exist already"
    BATCH = "see Jobs, CronJobs and DaemonSets"
    CONTEXT = "explain with events, quotas and volumes"
    ROLLOUTS = "see Argo Rollouts as workloads"
    SCALE = "scale workloads before demand comes"
    FLOORS = "hold floors under HPAs, and edit HPAs and VPAs"
    SIZES = "apply recommended sizes to running pods"
    TELL = "tell on the workload, as an event, what was done"
    ANNOTATE = "note the last decision on the workload, size its template, and roll a revision back"
    CHAT_READS = "answer questions about the cluster, and diagnose it"
    CHANGES = "carry out plans that a person approved"
    NETWORK = "read network usage from kubelets"
    SECRETS = "list Secrets: names and keys, every value masked"
    READ_ALL = "answer questions about kinds that add-ons brought"
    CHANGE_SECRETS = "change Secrets by approved plans"
    CHANGE_RULES = "change roles, definitions of kinds and webhooks by approved plans"


class Access(StrEnum):
    """How much somebody wants to hand out. Each includes those before it, but for the opt-ins."""

    READ = "read"
    SCALE = "scale"
    WRITE = "write"

    def includes(self, other: Access) -> bool:
        """Whether who gets this gets the other's rights too."""
        levels = list(Access)
        return levels.index(other) <= levels.index(self)


class Need(StrEnum):
    """How much hangs on a right."""

    ESSENTIAL = "essential"
    FEATURE = "feature"
    ADD_ON = "add-on"
    OPT_IN = "opt-in"


@dataclass(frozen=True, slots=True)
class Right:
    """One rule. `resource` may name a subresource after a slash; `loss` ends 'without it ...'."""

    feature: Feature
    group: str
    resource: str
    verbs: tuple[str, ...]
    loss: str
    need: Need = Need.FEATURE
    access: Access = Access.READ
    cluster_wide: bool = False

    @property
    def plural(self) -> str:
        """The resource without its subresource."""
        return self.resource.partition("/")[0]

    @property
    def subresource(self) -> str:
        """The part after the slash, or nothing."""
        return self.resource.partition("/")[2]

    @property
    def name(self) -> str:
        """As kubectl names it, such as deployments.apps/scale."""
        whole = f"{self.plural}.{self.group}" if self.group else self.plural
        return f"{whole}/{self.subresource}" if self.subresource else whole

    @property
    def key(self) -> str:
        """Stable name of the right's line in a connection test."""
        return f"right:{self.name}:{self.verbs[-1]}"


_LIST = ("list", "watch")
_SCALE = ("get", "patch")
_LOOK = ("get", "list")
# What plans call: replacing is done by patches, and a dry-run asks for the same right as the call itself.
_CHANGE = ("create", "patch", "delete")
_RBAC = "rbac.authorization.k8s.io"


def _looks(
    group: str, plurals: str, verbs: tuple[str, ...] = _LOOK, *, cluster_wide: bool = False
) -> tuple[Right, ...]:
    """Rules by which chat and diagnosis read."""
    return tuple(
        Right(
            Feature.CHAT_READS,
            group,
            plural,
            verbs,
            f"questions about {plural} are not answered, and diagnosis does without them",
            cluster_wide=cluster_wide,
        )
        for plural in plurals.split()
    )


def _changes(
    group: str,
    plurals: str,
    *,
    feature: Feature = Feature.CHANGES,
    need: Need = Need.FEATURE,
    cluster_wide: bool = False,
) -> tuple[Right, ...]:
    """Rules by which approved plans write."""
    return tuple(
        Right(feature, group, plural, _CHANGE, f"plans cannot change {plural}", need, Access.WRITE, cluster_wide)
        for plural in plurals.split()
    )


RIGHTS: tuple[Right, ...] = (
    Right(Feature.WORKLOADS, "apps", "deployments", _LIST, "nothing can be observed", Need.ESSENTIAL),
    Right(Feature.WORKLOADS, "apps", "replicasets", _LIST, "pods cannot be traced to their workload", Need.ESSENTIAL),
    Right(Feature.WORKLOADS, "", "pods", _LIST, "nothing can be observed", Need.ESSENTIAL),
    Right(Feature.WORKLOADS, "apps", "statefulsets", _LIST, "StatefulSets are not shown"),
    Right(Feature.NODES, "", "nodes", _LIST, "capacity is unknown and the nodes page stays empty", cluster_wide=True),
    Right(Feature.NODES, "", "namespaces", _LIST, "namespaces without workloads are not offered", cluster_wide=True),
    Right(Feature.USAGE, "metrics.k8s.io", "pods", ("list",), "nothing is forecast and nothing is scaled"),
    Right(Feature.USAGE, "metrics.k8s.io", "nodes", ("list",), "use of nodes is not shown", cluster_wide=True),
    Right(
        Feature.AUTOSCALERS,
        "autoscaling",
        "horizontalpodautoscalers",
        _LIST,
        "a workload's HPA is not seen, and the two may pull in different directions",
    ),
    Right(
        Feature.AUTOSCALERS,
        "autoscaling.k8s.io",
        "verticalpodautoscalers",
        _LIST,
        "VPA advice is not shown",
        Need.ADD_ON,
    ),
    Right(Feature.BATCH, "apps", "daemonsets", _LIST, "DaemonSets are not shown"),
    Right(Feature.BATCH, "batch", "jobs", _LIST, "Jobs are not shown"),
    Right(Feature.BATCH, "batch", "cronjobs", _LIST, "CronJobs are not shown"),
    Right(Feature.CONTEXT, "", "events", _LIST, "why pods wait or fail is not explained"),
    Right(Feature.CONTEXT, "", "resourcequotas", _LIST, "a quota that stops scaling is noticed only when it does"),
    Right(Feature.CONTEXT, "", "persistentvolumeclaims", _LIST, "volumes are not shown"),
    Right(
        Feature.CONTEXT, "policy", "poddisruptionbudgets", ("list",), "what a disruption budget keeps is not respected"
    ),
    *(
        Right(
            Feature.CONTEXT,
            "apps",
            plural,
            ("get",),
            "disruption budgets are not matched to the workloads they protect",
        )
        for plural in ("deployments", "statefulsets", "replicasets")
    ),
    Right(
        Feature.CONTEXT,
        "apps",
        "controllerrevisions",
        ("get", "list"),
        "earlier revisions of StatefulSets and DaemonSets are not shown and not gone back to",
    ),
    Right(Feature.ROLLOUTS, "argoproj.io", "rollouts", _LIST, "Argo Rollouts are not shown", Need.ADD_ON),
    *(
        Right(
            Feature.SCALE,
            "apps",
            f"{plural}/scale",
            _SCALE,
            f"replicas of {kind} are recommended and not changed",
            access=Access.SCALE,
        )
        for plural, kind in (
            ("deployments", "Deployments"),
            ("statefulsets", "StatefulSets"),
            ("replicasets", "ReplicaSets"),
        )
    ),
    Right(
        Feature.SCALE,
        "argoproj.io",
        "rollouts/scale",
        _SCALE,
        "replicas of Argo Rollouts are recommended and not changed",
        Need.ADD_ON,
        Access.SCALE,
    ),
    Right(
        Feature.FLOORS,
        "autoscaling",
        "horizontalpodautoscalers",
        ("get", "patch", "create", "delete"),
        "workloads with an HPA are told what they will need and not given it",
        access=Access.SCALE,
    ),
    Right(
        Feature.FLOORS,
        "autoscaling.k8s.io",
        "verticalpodautoscalers",
        ("get", "patch", "create", "delete"),
        "VPAs cannot be made here",
        Need.ADD_ON,
        Access.SCALE,
    ),
    Right(
        Feature.SIZES,
        "",
        "pods/resize",
        ("patch",),
        "recommended sizes are applied by the template only, which rolls the pods",
        access=Access.SCALE,
    ),
    Right(
        Feature.TELL,
        "",
        "events",
        ("create",),
        "kubectl describe does not show what was done; the page does",
        access=Access.SCALE,
    ),
    *(
        Right(
            Feature.ANNOTATE,
            "apps",
            plural,
            ("patch",),
            "kubectl describe does not tell the last decision, and requests and revisions of it are only recommended",
            Need.OPT_IN,
            Access.SCALE,
        )
        for plural in ("deployments", "statefulsets", "replicasets")
    ),
    Right(Feature.CHAT_READS, "", "pods/log", ("get",), "logs are not shown and not used to diagnose"),
    *_looks("", "pods events persistentvolumeclaims resourcequotas", ("get",)),
    *_looks("", "services endpoints configmaps serviceaccounts limitranges"),
    *_looks("apps", "daemonsets", ("get",)),
    *_looks("batch", "jobs cronjobs", ("get",)),
    *_looks("autoscaling", "horizontalpodautoscalers", ("get",)),
    *_looks("policy", "poddisruptionbudgets", ("get",)),
    *_looks("discovery.k8s.io", "endpointslices"),
    *_looks("networking.k8s.io", "ingresses networkpolicies"),
    *_looks(_RBAC, "roles rolebindings"),
    *_looks("", "nodes namespaces", ("get",), cluster_wide=True),
    *_looks("", "persistentvolumes", cluster_wide=True),
    *_looks("networking.k8s.io", "ingressclasses", cluster_wide=True),
    *_looks("storage.k8s.io", "storageclasses", cluster_wide=True),
    *_looks("scheduling.k8s.io", "priorityclasses", cluster_wide=True),
    *_looks(_RBAC, "clusterroles clusterrolebindings", cluster_wide=True),
    *_looks("apiextensions.k8s.io", "customresourcedefinitions", cluster_wide=True),
    *_looks(
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations validatingwebhookconfigurations",
        cluster_wide=True,
    ),
    Right(
        Feature.CHAT_READS,
        "cert-manager.io",
        "certificates",
        _LOOK,
        "certificates that are not ready are not found",
        Need.ADD_ON,
    ),
    *_changes("", "pods services configmaps serviceaccounts persistentvolumeclaims resourcequotas limitranges"),
    *_changes("apps", "deployments statefulsets daemonsets replicasets"),
    *_changes("batch", "jobs cronjobs"),
    *_changes("networking.k8s.io", "ingresses networkpolicies"),
    *_changes("policy", "poddisruptionbudgets"),
    *_changes("argoproj.io", "rollouts", need=Need.ADD_ON),
    Right(Feature.CHANGES, "", "pods/eviction", ("create",), "nodes are not drained", access=Access.WRITE),
    Right(
        Feature.CHANGES,
        "",
        "nodes",
        ("patch",),
        "nodes are not cordoned, drained or labelled",
        access=Access.WRITE,
        cluster_wide=True,
    ),
    *_changes("", "namespaces persistentvolumes", cluster_wide=True),
    *_changes("networking.k8s.io", "ingressclasses", cluster_wide=True),
    *_changes("storage.k8s.io", "storageclasses", cluster_wide=True),
    *_changes("scheduling.k8s.io", "priorityclasses", cluster_wide=True),
    Right(
        Feature.NETWORK,
        "",
        "nodes/proxy",
        ("get",),
        "network usage comes from Prometheus only",
        Need.OPT_IN,
        cluster_wide=True,
    ),
    Right(Feature.SECRETS, "", "secrets", _LOOK, "Secrets are not listed in chat", Need.OPT_IN),
    Right(Feature.READ_ALL, "*", "*", _LOOK, "objects of kinds that are not in this table are not shown", Need.OPT_IN),
    *_changes("", "secrets", feature=Feature.CHANGE_SECRETS, need=Need.OPT_IN),
    *_changes(_RBAC, "roles rolebindings", feature=Feature.CHANGE_RULES, need=Need.OPT_IN),
    *_changes(
        _RBAC, "clusterroles clusterrolebindings", feature=Feature.CHANGE_RULES, need=Need.OPT_IN, cluster_wide=True
    ),
    *_changes(
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        feature=Feature.CHANGE_RULES,
        need=Need.OPT_IN,
        cluster_wide=True,
    ),
    *_changes(
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations validatingwebhookconfigurations",
        feature=Feature.CHANGE_RULES,
        need=Need.OPT_IN,
        cluster_wide=True,
    ),
)

# What a person must know before giving an opt-in, or the right to write; nothing else asks for a thought.
WARNINGS: dict[Feature, str] = {
    Feature.ANNOTATE: "this right also permits changing what the workload runs",
    Feature.NETWORK: "this right also permits running commands in every pod through the kubelet",
    Feature.CHANGES: "this right also permits running anything, with every Secret of the namespaces it is given in",
    Feature.SECRETS: "Kubernetes hands out the values with the names; they are masked before they are shown or kept",
    Feature.READ_ALL: "this right includes Secrets and whatever add-ons keep in objects",
    Feature.CHANGE_SECRETS: "this right also permits replacing what workloads log in with",
    Feature.CHANGE_RULES: "this right also permits changing what every request to the cluster goes through",
}


def rights_for(
    access: Access, *, namespaced: bool = False, opt_ins: frozenset[Feature] = frozenset()
) -> tuple[Right, ...]:
    """Return the rights of one variant: read, scale or write, for the whole cluster or for chosen namespaces only."""
    return tuple(
        right
        for right in RIGHTS
        if access.includes(right.access)
        and (right.need is not Need.OPT_IN or right.feature in opt_ins)
        and not (namespaced and right.cluster_wide)
    )


def rules(rights: tuple[Right, ...]) -> list[dict[str, list[str]]]:
    """Return RBAC rules that allow exactly these rights: one for each API group and set of verbs."""
    merged: dict[tuple[str, str], list[str]] = {}
    for (group, resource), verbs in _verbs(rights).items():
        merged.setdefault((group, " ".join(verbs)), []).append(resource)
    return [
        {"apiGroups": [group], "resources": resources, "verbs": verbs.split()}
        for (group, verbs), resources in merged.items()
    ]


def _verbs(rights: tuple[Right, ...]) -> dict[tuple[str, str], list[str]]:
    verbs: dict[tuple[str, str], list[str]] = {}
    for right in rights:
        known = verbs.setdefault((right.group, right.resource), [])
        known += [verb for verb in right.verbs if verb not in known]
    return verbs


def features() -> Iterator[tuple[Feature, tuple[Right, ...]]]:
    """Return each feature with its rights, in the order of the table."""
    for feature in Feature:
        yield feature, tuple(right for right in RIGHTS if right.feature is feature)


def rights_behind(group: str, resource: str, verb: str) -> tuple[Right, ...]:
    """Return the rights of the table that a refused request needed; none where the table asks for no such thing."""
    return tuple(
        right for right in RIGHTS if (right.group, right.resource) == (group, resource) and verb in right.verbs
    )
