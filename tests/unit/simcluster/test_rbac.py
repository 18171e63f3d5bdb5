"""RBAC: what a rule allows and covers, who is bound to what, and what nobody may give away."""

from __future__ import annotations

from typing import Any

import pytest

from ai4k8s_simcluster.auth.aggregation import aggregate
from ai4k8s_simcluster.auth.attributes import Attributes, attributes_of
from ai4k8s_simcluster.auth.default_roles import default_cluster_role_bindings, default_cluster_roles
from ai4k8s_simcluster.auth.escalation import check_no_escalation
from ai4k8s_simcluster.auth.impersonation import impersonate, read_wanted
from ai4k8s_simcluster.auth.rbac import Rbac
from ai4k8s_simcluster.auth.rules import Rule, compacted, uncovered
from ai4k8s_simcluster.auth.users import MASTERS, User, anonymous
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES, ResourceType
from ai4k8s_simcluster.store import Store

RBAC = "rbac.authorization.k8s.io"
JANE = User("jane", groups=("dev", "system:authenticated"))
BOT = User(
    "system:serviceaccount:t:bot",
    groups=("system:serviceaccounts", "system:serviceaccounts:t", "system:authenticated"),
)


def asked(method: str, path: str, user: User = JANE, **query: str) -> Attributes:
    return attributes_of(user, method, path, query)


def rule(verbs: str, groups: str, resources: str, names: str = "") -> Rule:
    return Rule(tuple(verbs.split()), tuple(groups.split("|")), tuple(resources.split()), tuple(names.split()))


class Roles:
    """A store with roles and bindings, and what decides by them."""

    def __init__(self) -> None:
        self.store = Store()
        for role in default_cluster_roles():
            self.put(CLUSTER_ROLES, role)
        for binding in default_cluster_role_bindings():
            self.put(CLUSTER_ROLE_BINDINGS, binding)
        while aggregate(self.store):
            pass
        self.rbac = Rbac(self.store)

    def put(self, resource: ResourceType, obj: dict[str, Any]) -> dict[str, Any]:
        kind = {"kind": resource.kind, "apiVersion": resource.api_version}
        return self.store.put(resource, {**kind, **obj}).obj

    def role(self, name: str, *rules: Rule, namespace: str = "t") -> dict[str, Any]:
        raw = [found.url_rule() if found.urls else found.resource_rule() for found in rules]
        return self.put(ROLES, {"metadata": {"name": name, "namespace": namespace}, "rules": raw})

    def bind(self, role: str, *subjects: dict[str, str], name: str = "b", namespace: str = "t") -> dict[str, Any]:
        kind = "Role" if ("t", role) in {(s.namespace, s.name) for s in self.store.values(ROLES)} else "ClusterRole"
        ref = {"apiGroup": RBAC, "kind": kind, "name": role}
        metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
        resource = ROLE_BINDINGS if namespace else CLUSTER_ROLE_BINDINGS
        return self.put(resource, {"metadata": metadata, "subjects": list(subjects), "roleRef": ref})

    def allowed(self, request: Attributes) -> bool:
        return self.rbac.authorize(request).allowed


@pytest.fixture
def roles() -> Roles:
    return Roles()


USER = {"kind": "User", "name": "jane", "apiGroup": RBAC}
ACCOUNT = {"kind": "ServiceAccount", "name": "bot", "namespace": "t"}


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("GET", "/api/v1/namespaces/t/pods", {}, ("list", "", "pods", "", "t", "")),
        ("GET", "/api/v1/namespaces/t/pods/x", {}, ("get", "", "pods", "", "t", "x")),
        ("GET", "/api/v1/pods", {"watch": "1"}, ("watch", "", "pods", "", "", "")),
        ("GET", "/api/v1/pods", {"fieldSelector": "metadata.name=x"}, ("list", "", "pods", "", "", "x")),
        ("DELETE", "/api/v1/namespaces/t/pods", {}, ("deletecollection", "", "pods", "", "t", "")),
        ("GET", "/api/v1/namespaces/t", {}, ("get", "", "namespaces", "", "t", "t")),
        ("PUT", "/api/v1/namespaces/t/finalize", {}, ("update", "", "namespaces", "finalize", "t", "t")),
        ("POST", "/api/v1/namespaces/t/pods/x/eviction", {}, ("create", "", "pods", "eviction", "t", "x")),
        ("PATCH", "/apis/apps/v1/namespaces/t/deployments/d/scale", {}, ("patch", "apps", "deployments", "scale", "t",
                                                                         "d")),
        ("GET", "/apis/nope.example.com/v1/foos", {}, ("list", "nope.example.com", "foos", "", "", "")),
        ("GET", "/api/v1/watch/namespaces/t/pods", {}, ("watch", "", "pods", "", "t", "")),
    ],
)  # fmt: skip
def test_a_request_is_read_into_attributes(
    method: str, path: str, query: dict[str, str], expected: tuple[str, ...]
) -> None:
    found = attributes_of(JANE, method, path, query)
    assert (found.verb, found.group, found.resource, found.subresource, found.namespace, found.name) == expected


@pytest.mark.parametrize("path", ["/api", "/apis/apps/v1", "/healthz", "/"])
def test_a_path_without_a_resource_is_asked_for_as_it_is(path: str) -> None:
    assert (asked("GET", path).path, asked("GET", path).verb) == (path, "get")


@pytest.mark.parametrize(
    ("given", "method", "path", "expected"),
    [
        (rule("get", "", "pods"), "GET", "/api/v1/namespaces/t/pods/x", True),
        (rule("get", "", "pods"), "GET", "/api/v1/namespaces/t/pods/x/log", False),
        (rule("get", "", "pods/log"), "GET", "/api/v1/namespaces/t/pods/x/log", True),
        (rule("*", "*", "*"), "GET", "/api/v1/namespaces/t/pods/x/log", True),
        (rule("patch", "apps", "*/scale"), "PATCH", "/apis/apps/v1/namespaces/t/deployments/d/scale", True),
        (rule("patch", "apps", "*/scale"), "PATCH", "/apis/apps/v1/namespaces/t/deployments/d", False),
        (rule("patch", "apps", "deployments/*"), "PATCH", "/apis/apps/v1/namespaces/t/deployments/d/scale", False),
        (rule("get", "apps", "deployments"), "GET", "/apis/batch/v1/namespaces/t/deployments/d", False),
        (rule("get list", "", "pods", "x"), "GET", "/api/v1/namespaces/t/pods/x", True),
        (rule("get list", "", "pods", "x"), "GET", "/api/v1/namespaces/t/pods/y", False),
        (rule("get list", "", "pods", "x"), "GET", "/api/v1/namespaces/t/pods", False),
        (Rule(("get",), urls=("/api/*",)), "GET", "/api/v1", True),
        (Rule(("get",), urls=("/api/*",)), "GET", "/api", False),
        (Rule(("get",), urls=("*",)), "GET", "/metrics", True),
        (Rule(("*",), urls=("/metrics",)), "GET", "/metrics/slis", False),
    ],
)
def test_a_rule_allows(given: Rule, method: str, path: str, expected: bool) -> None:
    assert given.allows(asked(method, path)) is expected


def test_refusals_name_user_verb_resource_group_and_place() -> None:
    refused = asked("PATCH", "/apis/apps/v1/namespaces/t/deployments/d/scale").denied()
    assert refused.message == (
        'deployments.apps "d" is forbidden: User "jane" cannot patch resource "deployments/scale" '
        'in API group "apps" in the namespace "t"'
    )
    assert refused.details == {"name": "d", "group": "apps", "kind": "deployments"}
    assert asked("GET", "/api/v1/nodes").denied("RBAC: x").message == (
        'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope: RBAC: x'
    )
    assert asked("GET", "/metrics").denied().message == 'forbidden: User "jane" cannot get path "/metrics"'


def test_bindings_hold_in_their_own_namespace_only(roles: Roles) -> None:
    roles.role("reader", rule("list", "", "pods"))
    roles.bind("reader", USER)
    assert roles.allowed(asked("GET", "/api/v1/namespaces/t/pods"))
    assert not roles.allowed(asked("GET", "/api/v1/namespaces/u/pods"))
    assert not roles.allowed(asked("GET", "/api/v1/pods"))


def test_the_reason_names_binding_role_and_subject(roles: Roles) -> None:
    roles.role("reader", rule("list", "", "pods"))
    roles.bind("reader", ACCOUNT)
    decision = roles.rbac.authorize(asked("GET", "/api/v1/namespaces/t/pods", BOT))
    assert decision.reason == 'RBAC: allowed by RoleBinding "b/t" of Role "reader" to ServiceAccount "bot/t"'


def test_a_group_and_a_service_account_without_namespace_are_bound_too(roles: Roles) -> None:
    roles.bind("view", {"kind": "Group", "name": "dev"}, {"kind": "ServiceAccount", "name": "bot"})
    assert roles.allowed(asked("GET", "/api/v1/namespaces/t/pods"))
    assert roles.allowed(asked("GET", "/api/v1/namespaces/t/pods", BOT))


def test_decisions_follow_changes_at_once(roles: Roles) -> None:
    request = asked("GET", "/api/v1/namespaces/t/pods")
    roles.role("reader", rule("list", "", "pods"))
    binding = roles.bind("reader", USER)
    assert roles.allowed(request)
    roles.role("reader", rule("get", "", "pods"))
    assert not roles.allowed(request)
    roles.role("reader", rule("list", "", "pods"))
    roles.bind("reader", ACCOUNT)
    assert not roles.allowed(request)
    roles.bind("reader", USER)
    roles.store.remove(ROLE_BINDINGS, binding)
    assert not roles.allowed(request)


def test_a_binding_to_a_missing_role_is_named_in_the_refusal(roles: Roles) -> None:
    roles.bind("missing", USER)
    with pytest.raises(ApiError) as refused:
        roles.rbac.require(asked("GET", "/api/v1/namespaces/t/pods"))
    assert refused.value.message.endswith(': RBAC: clusterrole.rbac.authorization.k8s.io "missing" not found')


def test_masters_are_asked_for_nothing(roles: Roles) -> None:
    root = User("root", groups=(MASTERS,))
    assert roles.allowed(asked("DELETE", "/api/v1/nodes", root))


def test_nobody_in_particular_sees_health_and_version_only(roles: Roles) -> None:
    seen = [
        path
        for path in ("/healthz", "/version", "/api", "/openapi/v3")
        if roles.allowed(asked("GET", path, anonymous()))
    ]
    assert seen == ["/healthz", "/version"]


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("view", "GET /api/v1/namespaces/t/configmaps", "GET /api/v1/namespaces/t/secrets"),
        (
            "edit",
            "DELETE /api/v1/namespaces/t/secrets/s",
            "PUT /apis/rbac.authorization.k8s.io/v1/namespaces/t/roles/r",
        ),
        ("admin", "PUT /apis/rbac.authorization.k8s.io/v1/namespaces/t/roles/r", "PUT /api/v1/namespaces/t/status"),
        ("view", "GET /apis/metrics.k8s.io/v1beta1/namespaces/t/pods", "GET /api/v1/nodes"),
    ],
)
def test_the_aggregated_default_roles_grow_from_view_to_admin(roles: Roles, role: str, may: str, may_not: str) -> None:
    roles.bind(role, USER)
    for words, expected in ((may, True), (may_not, False)):
        method, path = words.split()
        assert roles.allowed(asked(method, path)) is expected


def test_a_role_with_the_label_adds_to_an_aggregated_role(roles: Roles) -> None:
    roles.bind("view", USER)
    request = asked("GET", "/apis/example.com/v1/namespaces/t/things")
    assert not roles.allowed(request)
    labels = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    added = rule("list", "example.com", "things").resource_rule()
    extra = roles.put(CLUSTER_ROLES, {"metadata": {"name": "things", "labels": labels}, "rules": [added]})
    while aggregate(roles.store):
        pass
    assert roles.allowed(request)
    roles.store.remove(CLUSTER_ROLES, extra)
    while aggregate(roles.store):
        pass
    assert not roles.allowed(request)


def test_what_is_not_covered_is_named_in_pieces_joined_by_verb() -> None:
    owned = [rule("get", "", "pods"), rule("list", "", "*"), Rule(("get",), urls=("/api/*",))]
    wanted = [rule("get list watch delete", "", "pods"), Rule(("get",), urls=("/api/x", "/metrics"))]
    missing = [str(part) for part in compacted(uncovered(owned, wanted))]
    assert missing == [
        '{APIGroups:[""], Resources:["pods"], Verbs:["watch" "delete"]}',
        '{NonResourceURLs:["/metrics"], Verbs:["get"]}',
    ]


def test_a_rule_for_one_name_does_not_cover_all_names() -> None:
    assert uncovered([rule("get", "", "pods", "x")], [rule("get", "", "pods")])
    assert not uncovered([rule("get", "", "pods")], [rule("get", "", "pods", "x")])
    assert not uncovered([rule("get", "", "*/scale")], [rule("get", "", "things/scale")])


def test_nobody_gives_rights_they_do_not_hold(roles: Roles) -> None:
    roles.role("manager", rule("create", RBAC, "roles rolebindings"))
    roles.bind("manager", ACCOUNT)
    evil: dict[str, Any] = {
        "metadata": {"name": "evil", "namespace": "t"},
        "rules": [rule("*", "*", "*").resource_rule()],
    }
    with pytest.raises(ApiError) as refused:
        check_no_escalation(roles.rbac, BOT, ROLES, evil, None)
    assert refused.value.message == (
        'roles.rbac.authorization.k8s.io "evil" is forbidden: user "system:serviceaccount:t:bot" '
        '(groups=["system:serviceaccounts" "system:serviceaccounts:t" "system:authenticated"]) is attempting to grant '
        'RBAC permissions not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}'
    )
    mine = {**evil, "rules": [rule("create", RBAC, "roles").resource_rule()]}
    check_no_escalation(roles.rbac, BOT, ROLES, mine, None)
    check_no_escalation(roles.rbac, BOT, ROLES, {**evil, "metadata": {**evil["metadata"], "labels": {}}}, evil)


def test_a_binding_needs_the_rights_of_its_role_or_the_right_to_bind(roles: Roles) -> None:
    ref = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
    binding = {"metadata": {"name": "evil", "namespace": "t"}, "subjects": [ACCOUNT], "roleRef": ref}
    with pytest.raises(ApiError, match="not currently held"):
        check_no_escalation(roles.rbac, BOT, ROLE_BINDINGS, binding, None)
    with pytest.raises(ApiError, match='"nope" not found'):
        check_no_escalation(roles.rbac, BOT, ROLE_BINDINGS, {**binding, "roleRef": {**ref, "name": "nope"}}, None)
    roles.role("binder", rule("bind", RBAC, "clusterroles", "cluster-admin"))
    roles.bind("binder", ACCOUNT)
    check_no_escalation(roles.rbac, BOT, ROLE_BINDINGS, binding, None)


def test_the_right_to_impersonate_is_checked_for_user_groups_and_extra(roles: Roles) -> None:
    request = asked("GET", "/api/v1/namespaces/t/pods", BOT)
    headers = [("impersonate-user", "jane"), ("impersonate-group", "dev"), ("impersonate-extra-scopes%2Fx", "view")]
    wanted = read_wanted(headers)
    assert wanted is not None
    with pytest.raises(ApiError, match='cannot impersonate-on:user-info:list resource "pods"'):
        impersonate(roles.rbac, request, wanted)
    right = {"verbs": ["impersonate"], "apiGroups": ["", "authentication.k8s.io"]}
    roles.put(CLUSTER_ROLES, {"metadata": {"name": "i"}, "rules": [{**right, "resources": ["users", "groups"]}]})
    roles.bind("i", ACCOUNT, namespace="")
    with pytest.raises(ApiError):
        impersonate(roles.rbac, request, wanted)
    resources = ["users", "groups", "userextras/scopes/x"]
    roles.put(CLUSTER_ROLES, {"metadata": {"name": "i"}, "rules": [{**right, "resources": resources}]})
    user = impersonate(roles.rbac, request, wanted)
    assert (user.name, user.groups, dict(user.extra)) == (
        "jane", ("dev", "system:authenticated"), {"scopes/x": ("view",)},
    )  # fmt: skip


def test_constrained_impersonation_allows_one_action_as_one_user_but_never_masters(roles: Roles) -> None:
    request = asked("GET", "/api/v1/namespaces/t/pods", BOT)
    identity = {"verbs": ["impersonate:user-info"], "apiGroups": ["authentication.k8s.io"], "resources": ["users"]}
    action = {"verbs": ["impersonate-on:user-info:list"], "apiGroups": [""], "resources": ["pods"]}
    roles.put(CLUSTER_ROLES, {"metadata": {"name": "c"}, "rules": [identity, action]})
    roles.bind("c", ACCOUNT, namespace="")
    jane = read_wanted([("impersonate-user", "jane")])
    root = read_wanted([("impersonate-user", "jane"), ("impersonate-group", MASTERS)])
    assert jane is not None
    assert root is not None
    assert impersonate(roles.rbac, request, jane).name == "jane"
    with pytest.raises(ApiError):
        impersonate(roles.rbac, asked("DELETE", "/api/v1/namespaces/t/pods/x", BOT), jane)
    with pytest.raises(ApiError, match="system:masters group is not allowed"):
        impersonate(roles.rbac, request, root)


def test_a_service_account_is_impersonated_with_its_groups(roles: Roles) -> None:
    root = User("root", groups=(MASTERS,))
    wanted = read_wanted([("impersonate-user", "system:serviceaccount:t:bot")])
    assert wanted is not None
    assert impersonate(roles.rbac, asked("GET", "/api/v1/pods", root), wanted).groups == BOT.groups


def test_groups_without_a_user_are_refused() -> None:
    with pytest.raises(ApiError, match="without impersonating a user name") as refused:
        read_wanted([("impersonate-group", "x")])
    assert 'Groups:[]string{"x"}, Extra:map[string][]string(nil)' in refused.value.message
