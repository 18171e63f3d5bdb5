"""Who may do what: RBAC, impersonation, tokens."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from kubernetes import client, config

from tests.conformance.case import Case, Mode, columns, given, is_exactly, kubectl, matches, python, refused, row, says
from tests.conformance.refusals import is_refused

if TYPE_CHECKING:
    from tests.conformance.session import Session

_RBAC = "kubernetes.io/docs/reference/access-authn-authz/rbac"
_CAN_I = "kubernetes.io/docs/reference/access-authn-authz/authorization"
_TOKENS = "kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin"

_READER = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: "$ID"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: "$ID"}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get, list, watch]}
- {apiGroups: [apps], resources: [deployments/scale], resourceNames: ["$ID"], verbs: [get, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: "$ID"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "$ID"}
subjects: [{kind: ServiceAccount, name: "$ID", namespace: "$NS"}]
"""
_AS = "--as=system:serviceaccount:$NS:$ID"


def _with_token(session: Session, token: str) -> Any:
    document = yaml.safe_load(session.kubeconfig.read_text())
    for user in document["users"]:
        user["user"] = {"token": token}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "kubeconfig"
        path.write_text(yaml.safe_dump(document))
        api: Any = config.new_client_from_config(  # type: ignore[no-untyped-call]  # the client types its models only
            config_file=str(path)
        )
        return client.CoreV1Api(api)


def _token_works(session: Session) -> None:
    """A requested token identifies its account and carries its rights, no more."""
    name = session.identifier
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    issued = session.core.create_namespaced_service_account_token(name, session.namespace, body)
    assert issued.spec.audiences
    core = _with_token(session, issued.status.token)
    assert core.list_namespaced_pod(session.namespace).items is not None
    message = f'User \\"system:serviceaccount:{session.namespace}:{name}\\" cannot list resource \\"secrets\\"'
    is_refused(lambda: core.list_namespaced_secret(session.namespace), 403, message)
    core.api_client.close()


def _bad_token(session: Session) -> None:
    """A token that nobody issued is 401, not 403."""
    core = _with_token(session, "not-a-token")
    is_refused(core.list_namespace, 401, '"reason":"Unauthorized"')
    core.api_client.close()


def _reviews(session: Session) -> None:
    """A SubjectAccessReview says what a request of that user would meet."""
    api: Any = client.AuthorizationV1Api(session.api)
    user = f"system:serviceaccount:{session.namespace}:{session.identifier}"
    for resource, expected in (("pods", True), ("secrets", False)):
        attributes = {"namespace": session.namespace, "verb": "list", "resource": resource}
        review = {"spec": {"user": user, "resourceAttributes": attributes}}
        assert api.create_subject_access_review(review).status.allowed is expected


CASES = [
    Case(
        "can-i: the administrator can",
        Mode.READ,
        "recorded: kubectl-get 96",
        (
            kubectl("auth can-i create pods", is_exactly("yes")),
            kubectl("auth can-i '*' '*' --all-namespaces", is_exactly("yes")),
        ),
    ),
    Case(
        "can-i: a stranger cannot",
        Mode.READ,
        "recorded: kubectl-get 97",
        (kubectl("auth can-i list secrets --as=jane-$SUFFIX", is_exactly("no"), exit_code=1),),
    ),
    Case(
        "can-i: list for an account",
        Mode.READ,
        "recorded: kubectl-get 98",
        (
            kubectl(
                "auth can-i --list --as=system:serviceaccount:default:default -n default",
                columns("Resources", "Non-Resource URLs", "Resource Names", "Verbs"),
                row("selfsubjectaccessreviews.authorization.k8s.io", "[]", "[]", "[create]"),
            ),
        ),
    ),
    Case(
        "whoami",
        Mode.READ,
        "recorded: kubectl-get 99",
        (
            kubectl(
                "auth whoami", columns("ATTRIBUTE", "VALUE"), matches(r"^Username\s+\S+"), says("system:authenticated")
            ),
        ),
    ),
    Case(
        "whoami when impersonating",
        Mode.READ,
        "kubernetes.io/docs/reference/access-authn-authz/authentication",
        (kubectl("auth whoami --as=jane --as-group=dev", row("Username", "jane"), says("[dev system:authenticated]")),),
    ),
    Case(
        "forbidden says who may not do what where",
        Mode.READ,
        "recorded: kubectl-get 100",
        (
            refused(
                "get secrets --as=jane -n default",
                'Error from server (Forbidden): secrets is forbidden: User "jane" '
                'cannot list resource "secrets" in API group "" in the namespace "default"',
            ),
        ),
    ),
    Case(
        "forbidden for the whole cluster",
        Mode.READ,
        "recorded: rbac-auth 14",
        (
            refused(
                "get nodes --as=jane", 'User "jane" cannot list resource "nodes" in API group "" at the cluster scope'
            ),
        ),
    ),
    Case(
        "a member of system:masters may do everything",
        Mode.READ,
        _RBAC,
        (kubectl("auth can-i delete nodes --as=jane --as-group=system:masters", is_exactly("yes")),),
    ),
    Case(
        "discovery is open to those who are known",
        Mode.READ,
        "recorded: rbac-auth 17",
        (kubectl("get --raw /api --as=jane --as-group=system:authenticated", says('"versions"')),),
    ),
    Case(
        "view may not read secrets",
        Mode.READ,
        _RBAC,
        (
            kubectl(
                "get clusterrole view -o jsonpath='{.aggregationRule}'",
                says("rbac.authorization.k8s.io/aggregate-to-view"),
            ),
        ),
    ),
    Case("python: a made-up token", Mode.READ, "recorded: rbac-auth 2", (python(_bad_token),)),
    Case(
        "a role gives what it says",
        Mode.WRITE,
        _RBAC,
        (
            given(_READER),
            kubectl(f"get pods {_AS}", within=5),
            refused(f"get secrets {_AS}", "Forbidden"),
            refused(f"delete pod nope {_AS}", 'cannot delete resource "pods"'),
            refused(f"get pods -n default {_AS}", 'in the namespace "default"'),
        ),
    ),
    Case(
        "a role may be for one name and a subresource",
        Mode.WRITE,
        _RBAC,
        (
            given(_READER),
            kubectl(f"auth can-i patch deployments/$ID --subresource=scale {_AS}", is_exactly("yes"), within=5),
            kubectl(f"auth can-i patch deployments/other --subresource=scale {_AS}", is_exactly("no"), exit_code=1),
        ),
    ),
    Case(
        "a binding to a cluster role counts in its namespace",
        Mode.WRITE,
        _RBAC,
        (
            kubectl("create rolebinding $ID --clusterrole=view --user=$ID"),
            kubectl("get configmaps --as=$ID", within=5),
            refused("get secrets --as=$ID", "Forbidden"),
            refused("get configmaps -n default --as=$ID", "Forbidden"),
        ),
    ),
    Case(
        "what a binding refers to cannot be changed",
        Mode.WRITE,
        "recorded: rbac-auth 25",
        (
            kubectl("create rolebinding $ID --clusterrole=view --user=$ID"),
            refused('patch rolebinding $ID --type=merge -p \'{"roleRef":{"name":"edit"}}\'', "cannot change roleRef"),
        ),
    ),
    Case(
        "nobody can give more than he has",
        Mode.WRITE,
        "recorded: rbac-auth 50",
        (
            given("""
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: "$ID"}
rules: [{apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: "$ID"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "$ID"}
subjects: [{kind: User, name: "$ID", apiGroup: rbac.authorization.k8s.io}]
"""),
            kubectl("auth can-i create roles --as=$ID", is_exactly("yes"), within=5),
            refused(
                "create role more --verb=delete --resource=pods --as=$ID",
                "is attempting to grant RBAC permissions not currently held",
            ),
        ),
    ),
    Case(
        "a token of an account",
        Mode.WRITE,
        "kubernetes.io/docs/reference/kubectl/generated/kubectl_create_token",
        (
            kubectl("create sa $ID", is_exactly("serviceaccount/$ID created")),
            kubectl("create token $ID --duration=1h", matches(r"^[\w-]+\.[\w-]+\.[\w-]+$")),
        ),
    ),
    Case(
        "a token that would be too short",
        Mode.WRITE,
        "recorded: rbac-auth 8",
        (
            kubectl("create sa $ID"),
            refused("create token $ID --duration=1m", "may not specify a duration less than 10 minutes"),
        ),
    ),
    Case("python: a token carries its account's rights", Mode.WRITE, _TOKENS, (given(_READER), python(_token_works))),
    Case("python: a review of somebody else", Mode.WRITE, _CAN_I, (given(_READER), python(_reviews))),
]
