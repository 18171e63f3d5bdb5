"""The roles and bindings every cluster has from its first moment, as Kubernetes documents them.

Roles of controllers that do not run here as clients of the API (`system:controller:*`) are left out: nothing could use
them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ai4k8s_simcluster.auth.rules import Rule
from ai4k8s_simcluster.auth.users import AUTHENTICATED, MASTERS, UNAUTHENTICATED
from ai4k8s_simcluster.auth.validation import GROUP
from ai4k8s_simcluster.types import Obj

_LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_ANNOTATIONS = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
_READ = ("get", "list", "watch")
_WRITE = ("create", "delete", "deletecollection", "patch", "update")
_ALL = tuple(sorted(_READ + _WRITE))
_EVENTS = Rule(("create", "patch", "update"), ("", "events.k8s.io"), ("events",))
_HEALTH = ("/healthz", "/livez", "/readyz", "/version", "/version/")
_AUTHN, _AUTHZ, _STORAGE = "authentication.k8s.io", "authorization.k8s.io", "storage.k8s.io"
_NETWORKING, _RESOURCE, _LEASES = "networking.k8s.io", "resource.k8s.io", "coordination.k8s.io"
_CERTIFICATES, _METRICS = "certificates.k8s.io", "metrics.k8s.io"


@dataclass(frozen=True, slots=True)
class _Role:
    """One ClusterRole. adds_to: the aggregated roles it is part of; gathers: the one it is, if any."""

    name: str
    rules: tuple[Rule, ...] = ()
    adds_to: tuple[str, ...] = ()
    gathers: str = ""
    bootstrap: bool = True

    def object(self) -> Obj:
        labels = {**(_LABELS if self.bootstrap else {}), **{f"{_AGGREGATE}{role}": "true" for role in self.adds_to}}
        metadata: Obj = {"name": self.name, "labels": labels}
        if self.bootstrap:
            metadata["annotations"] = dict(_ANNOTATIONS)
        found: Obj = {"metadata": metadata, "rules": [policy_rule(rule) for rule in self.rules]}
        if self.gathers:
            selector = {"matchLabels": {f"{_AGGREGATE}{self.gathers}": "true"}}
            found["aggregationRule"] = {"clusterRoleSelectors": [selector]}
        return found


def policy_rule(rule: Rule) -> Obj:
    """Return a rule as an object carries it."""
    return rule.url_rule() if rule.urls else rule.resource_rule()


def _on(verbs: Iterable[str], group: str, *resources: str, names: tuple[str, ...] = ()) -> Rule:
    return Rule(tuple(verbs), (group,), resources, names)


def _urls(*paths: str) -> Rule:
    return Rule(("get",), urls=paths)


def _with_status(*plurals: str) -> tuple[str, ...]:
    return tuple(name for plural in plurals for name in (plural, f"{plural}/status"))


_SCALED = ("deployments", "replicasets", "statefulsets")
_POD_CHANNELS = ("pods/attach", "pods/exec", "pods/portforward", "pods/proxy")
_CLAIMS = ("resourceclaims", "resourceclaims/status", "resourceclaimtemplates")
_OLD_GROUP_READ = (
    "daemonsets", "daemonsets/status", "deployments", "deployments/scale", "deployments/status", "ingresses",
    "ingresses/status", "networkpolicies", "replicasets", "replicasets/scale", "replicasets/status",
    "replicationcontrollers/scale",
)  # fmt: skip
_OLD_GROUP_WRITE = (
    "daemonsets", "deployments", "deployments/rollback", "deployments/scale", "ingresses", "networkpolicies",
    "replicasets", "replicasets/scale", "replicationcontrollers/scale",
)  # fmt: skip
_APPS_READ = ("controllerrevisions", *_with_status("daemonsets", *_SCALED), *(f"{plural}/scale" for plural in _SCALED))
_APPS_WRITE = ("daemonsets", *_SCALED, "deployments/rollback", *(f"{plural}/scale" for plural in _SCALED))

_VIEW = (
    _on(
        _READ, "", "configmaps", "endpoints", "persistentvolumeclaims", "persistentvolumeclaims/status", "pods",
        "replicationcontrollers", "replicationcontrollers/scale", "serviceaccounts", "services", "services/status",
    ),
    _on(
        _READ, "", "bindings", "events", "limitranges", "namespaces/status", "pods/log", "pods/status",
        "replicationcontrollers/status", "resourcequotas", "resourcequotas/status",
    ),
    _on(_READ, "", "namespaces"),
    _on(_READ, "discovery.k8s.io", "endpointslices"),
    _on(_READ, "apps", *sorted(_APPS_READ)),
    _on(_READ, "autoscaling", *_with_status("horizontalpodautoscalers")),
    _on(_READ, "batch", *_with_status("cronjobs", "jobs")),
    _on(_READ, "extensions", *_OLD_GROUP_READ),
    _on(_READ, "policy", *_with_status("poddisruptionbudgets")),
    _on(_READ, _NETWORKING, *_with_status("ingresses"), "networkpolicies"),
    _on(_READ, _RESOURCE, *_CLAIMS),
)  # fmt: skip
_EDIT = (
    _on(_READ, "", *_POD_CHANNELS, "secrets", "services/proxy"),
    _on(("impersonate",), "", "serviceaccounts"),
    _on(_WRITE, "", "pods", *_POD_CHANNELS),
    _on(("create",), "", "pods/eviction"),
    _on(
        _WRITE, "", "configmaps", "events", "persistentvolumeclaims", "replicationcontrollers",
        "replicationcontrollers/scale", "secrets", "serviceaccounts", "services", "services/proxy",
    ),
    _on(("create",), "", "serviceaccounts/token"),
    _on(_WRITE, "apps", *sorted(_APPS_WRITE)),
    _on(_WRITE, "autoscaling", "horizontalpodautoscalers"),
    _on(_WRITE, "batch", "cronjobs", "jobs"),
    _on(_WRITE, "extensions", *_OLD_GROUP_WRITE),
    _on(_WRITE, "policy", "poddisruptionbudgets"),
    _on(_WRITE, _NETWORKING, "ingresses", "networkpolicies"),
    _on(_ALL, _LEASES, "leases"),
    _on(_WRITE, _RESOURCE, "resourceclaims", "resourceclaimtemplates"),
)  # fmt: skip
_SCHEDULER = (
    _EVENTS,
    _on(("create",), _LEASES, "leases"),
    _on(("get", "update"), _LEASES, "leases", names=("kube-scheduler",)),
    _on(_READ, "", "nodes"),
    _on(("delete", *_READ), "", "pods"),
    _on(("create",), "", "bindings", "pods/binding"),
    _on(("patch", "update"), "", "pods/status"),
    _on(_READ, "", "replicationcontrollers", "services"),
    Rule(_READ, ("apps", "extensions"), ("replicasets",)),
    _on(_READ, "apps", "statefulsets"),
    _on(_READ, "policy", "poddisruptionbudgets"),
    _on(_READ, "", "persistentvolumeclaims", "persistentvolumes"),
    _on(("create",), _AUTHN, "tokenreviews"),
    _on(("create",), _AUTHZ, "subjectaccessreviews"),
    _on(_READ, _STORAGE, "csinodes"),
    _on(_READ, "", "namespaces"),
    _on(_READ, _STORAGE, "csidrivers"),
    _on(_READ, _STORAGE, "csistoragecapacities"),
)
_CONTROLLER_MANAGER = (
    _EVENTS,
    _on(("create",), _LEASES, "leases"),
    _on(("get", "update"), _LEASES, "leases", names=("kube-controller-manager",)),
    _on(("create",), "", "secrets", "serviceaccounts"),
    _on(("delete",), "", "secrets"),
    _on(("get",), "", "configmaps", "namespaces", "secrets", "serviceaccounts"),
    _on(("update",), "", "secrets", "serviceaccounts"),
    _on(("create",), _AUTHN, "tokenreviews"),
    _on(("create",), _AUTHZ, "subjectaccessreviews"),
    Rule(("list", "watch"), ("*",), ("*",)),
    _on(("create",), "", "serviceaccounts/token"),
)
_NODE = (
    _on(("create",), _AUTHN, "tokenreviews"),
    _on(("create",), _AUTHZ, "localsubjectaccessreviews", "subjectaccessreviews"),
    _on(_READ, "", "services"),
    _on(("create", *_READ), "", "nodes"),
    _on(("patch", "update"), "", "nodes/status"),
    _on(("patch", "update"), "", "nodes"),
    _on(("create", "patch", "update"), "", "events"),
    _on(_READ, "", "pods"),
    _on(("create", "delete"), "", "pods"),
    _on(("patch", "update"), "", "pods/status"),
    _on(("create",), "", "pods/eviction"),
    _on(_READ, "", "configmaps", "secrets"),
    _on(("get",), "", "persistentvolumeclaims", "persistentvolumes"),
    _on(("get",), "", "endpoints"),
    _on(("create", *_READ), _CERTIFICATES, "certificatesigningrequests"),
    _on(("create", "delete", "get", "patch", "update"), _LEASES, "leases"),
    _on(("get",), _STORAGE, "volumeattachments"),
    _on(("create",), "", "serviceaccounts/token"),
    _on(("get", "patch", "update"), "", "persistentvolumeclaims/status"),
    _on(_READ, _STORAGE, "csidrivers"),
    _on(("create", "delete", "get", "patch", "update"), _STORAGE, "csinodes"),
    _on(_READ, "node.k8s.io", "runtimeclasses"),
)
_PROXIER = (
    _on(("list", "watch"), "", "endpoints", "services"),
    _on(_READ, "", "nodes"),
    _EVENTS,
    _on(("list", "watch"), "discovery.k8s.io", "endpointslices"),
)
_PROVISIONER = (
    _on(("create", "delete", *_READ), "", "persistentvolumes"),
    _on(("get", "list", "update", "watch"), "", "persistentvolumeclaims"),
    _on(_READ, _STORAGE, "storageclasses"),
    _on(("watch",), "", "events"),
    _EVENTS,
)

_ROLES: tuple[_Role, ...] = (
    _Role("cluster-admin", (Rule(("*",), ("*",), ("*",)), Rule(("*",), urls=("*",)))),
    _Role("admin", gathers="admin"),
    _Role("edit", adds_to=("admin",), gathers="edit"),
    _Role("view", adds_to=("edit",), gathers="view"),
    _Role(
        "system:aggregate-to-admin",
        (_on(("create",), _AUTHZ, "localsubjectaccessreviews"), _on(_ALL, GROUP, "rolebindings", "roles")),
        ("admin",),
    ),
    _Role("system:aggregate-to-edit", _EDIT, ("edit",)),
    _Role("system:aggregate-to-view", _VIEW, ("view",)),
    # Comes with metrics-server, which this cluster has.
    _Role(
        "system:aggregated-metrics-reader",
        (_on(_READ, _METRICS, "nodes", "pods"),),
        ("view", "edit", "admin"),
        bootstrap=False,
    ),
    _Role(
        "system:auth-delegator",
        (_on(("create",), _AUTHN, "tokenreviews"), _on(("create",), _AUTHZ, "subjectaccessreviews")),
    ),
    _Role(
        "system:basic-user",
        (
            _on(("create",), _AUTHZ, "selfsubjectaccessreviews", "selfsubjectrulesreviews"),
            _on(("create",), _AUTHN, "selfsubjectreviews"),
        ),
    ),
    _Role("system:discovery", (_urls("/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi",
                                     "/openapi/*", "/readyz", "/version", "/version/"),)),
    _Role("system:kube-aggregator", (_on(_READ, "", "endpoints", "services"),)),
    _Role("system:kube-controller-manager", _CONTROLLER_MANAGER),
    _Role("system:kube-dns", (_on(("list", "watch"), "", "endpoints", "services"),)),
    _Role("system:kube-scheduler", _SCHEDULER),
    _Role(
        "system:kubelet-api-admin",
        (
            _on(_READ, "", "nodes"),
            _on(("proxy",), "", "nodes"),
            _on(("*",), "", "nodes/log", "nodes/metrics", "nodes/proxy", "nodes/stats"),
        ),
    ),
    _Role("system:monitoring", (_urls("/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis",
                                      "/readyz", "/readyz/*"),)),
    _Role("system:node", _NODE),
    _Role("system:node-bootstrapper", (_on(("create", *_READ), _CERTIFICATES, "certificatesigningrequests"),)),
    _Role(
        "system:node-problem-detector",
        (_on(("get",), "", "nodes"), _on(("patch",), "", "nodes/status"), _EVENTS),
    ),
    _Role("system:node-proxier", _PROXIER),
    _Role("system:persistent-volume-provisioner", _PROVISIONER),
    _Role("system:public-info-viewer", (_urls(*_HEALTH),)),
    _Role(
        "system:service-account-issuer-discovery",
        (_urls("/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks",
               "/openid/v1/jwks/"),),
    ),
    _Role(
        "system:volume-scheduler",
        (
            _on((*_READ, "patch", "update"), "", "persistentvolumes"),
            _on(_READ, _STORAGE, "storageclasses"),
            _on((*_READ, "patch", "update"), "", "persistentvolumeclaims"),
        ),
    ),
)  # fmt: skip

# Role, and the users and groups it is bound to.
_BINDINGS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("cluster-admin", (), (MASTERS,)),
    ("system:basic-user", (), (AUTHENTICATED,)),
    ("system:discovery", (), (AUTHENTICATED,)),
    ("system:kube-controller-manager", ("system:kube-controller-manager",), ()),
    ("system:kube-dns", (), ()),
    ("system:kube-scheduler", ("system:kube-scheduler",), ()),
    ("system:monitoring", (), ("system:monitoring",)),
    ("system:node", (), ()),
    ("system:node-proxier", ("system:kube-proxy",), ()),
    ("system:public-info-viewer", (), (AUTHENTICATED, UNAUTHENTICATED)),
    ("system:service-account-issuer-discovery", (), ("system:serviceaccounts",)),
    ("system:volume-scheduler", ("system:kube-scheduler",), ()),
)


def default_cluster_roles() -> Iterator[Obj]:
    """Yield the ClusterRoles of a new cluster; the aggregated ones are still empty."""
    return (role.object() for role in _ROLES)


def default_cluster_role_bindings() -> Iterator[Obj]:
    """Yield the ClusterRoleBindings of a new cluster."""
    for role, users, groups in _BINDINGS:
        subjects = [_subject("User", name) for name in users] + [_subject("Group", name) for name in groups]
        if role == "system:kube-dns":
            subjects = [{"kind": "ServiceAccount", "name": "kube-dns", "namespace": "kube-system"}]
        yield {
            "metadata": {"name": role, "labels": dict(_LABELS), "annotations": dict(_ANNOTATIONS)},
            "subjects": subjects,
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
        }


def _subject(kind: str, name: str) -> Obj:
    return {"kind": kind, "apiGroup": GROUP, "name": name}
