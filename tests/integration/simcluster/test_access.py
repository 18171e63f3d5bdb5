"""Who may do what: real clients with tokens, certificates and impersonation against rights evaluated for real."""

from __future__ import annotations

import base64
import json
import ssl
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ai4k8s_simcluster.tls import make_client_certificate
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ai4k8s_simcluster.testing import SimProcess
    from tests.integration.simcluster.conftest import Kubectl

RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture(scope="module")
def bot(ctl: Kubectl, cluster: SimProcess) -> Iterator[httpx.Client]:
    """The service account `shop/bot`, which may read pods and scale `web` there."""
    ctl("create", "serviceaccount", "bot", "-n", "shop")
    ctl("create", "role", "reader", "-n", "shop", "--verb=get,list,watch", "--resource=pods,pods/log")
    ctl("create", "role", "scaler", "-n", "shop", "--verb=get,patch", "--resource=deployments.apps/scale",
        "--resource-name=web")  # fmt: skip
    for role in ("reader", "scaler"):
        ctl("create", "rolebinding", role, "-n", "shop", f"--role={role}", "--serviceaccount=shop:bot")
    token = ctl("create", "token", "bot", "-n", "shop").strip()
    with client(cluster, token=token) as found:
        yield found


def client(cluster: SimProcess, *, token: str = "", certificate: tuple[Path, Path] | None = None) -> httpx.Client:
    context = ssl.create_default_context(cafile=str(cluster.ca_file))
    if certificate is not None:
        context.load_cert_chain(*certificate)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=cluster.api_url, headers=headers, verify=context, timeout=20)


def test_a_service_account_may_do_what_its_roles_say(bot: httpx.Client) -> None:
    codes = {
        (method, path): bot.request(
            method, path, content=b'{"spec":{"replicas":3}}', headers={"Content-Type": "application/merge-patch+json"}
        ).status_code
        for method, path in (
            ("GET", "/api/v1/namespaces/shop/pods"),
            ("GET", "/api/v1/namespaces/shop/pods/none"),
            ("GET", "/api/v1/pods"),
            ("DELETE", "/api/v1/namespaces/shop/pods/none"),
            ("GET", "/api/v1/namespaces/shop/secrets"),
            ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web/scale"),
            ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/api/scale"),
            ("GET", "/apis/nope.example.com/v1/foos"),
            ("GET", "/api"),
            ("GET", "/metrics"),
        )
    }
    assert list(codes.values()) == [200, 404, 403, 403, 403, 200, 403, 403, 200, 403]


def test_the_decision_explains_itself_to_auth_can_i(bot: httpx.Client, ctl: Kubectl) -> None:
    spec = {"resourceAttributes": {"namespace": "shop", "verb": "list", "resource": "pods"}}
    answer = bot.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json={"spec": spec}).json()
    assert answer["status"] == {
        "allowed": True,
        "reason": 'RBAC: allowed by RoleBinding "reader/shop" of Role "reader" to ServiceAccount "bot/shop"',
    }
    owned = answer["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:resourceAttributes"]
    assert owned == {".": {}, "f:namespace": {}, "f:resource": {}, "f:verb": {}}
    asked = ("auth", "can-i", "--as", "system:serviceaccount:shop:bot", "-n", "shop")
    assert ctl(*asked, "list", "pods") == "yes\n"
    assert ctl.run(*asked, "delete", "pods").stdout == "no\n"
    listed = ctl(*asked, "--list")
    assert "deployments.apps/scale" in listed
    assert "[web]" in listed


def test_no_credentials_are_somebody_and_wrong_ones_nobody(cluster: SimProcess) -> None:
    with client(cluster) as nobody, client(cluster, token="wrong") as wrong:
        assert nobody.get("/version").status_code == 200
        refused = nobody.get("/api/v1/pods")
        assert refused.status_code == 403
        assert 'User "system:anonymous" cannot list resource "pods"' in refused.json()["message"]
        assert wrong.get("/version").status_code == 401


def test_a_client_certificate_names_user_and_groups(cluster: SimProcess, ctl: Kubectl, tmp_path: Path) -> None:
    made = make_client_certificate(cluster.state_dir, "jane", ["dev"])
    files = tmp_path / "jane.crt", tmp_path / "jane.key"
    for path, data in zip(files, (made.certificate, made.key), strict=True):
        path.write_bytes(data)
    with client(cluster, certificate=files) as jane:
        review = jane.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", json={}).json()
        info = review["status"]["userInfo"]
        assert (info["username"], info["groups"]) == ("jane", ["dev", "system:authenticated"])
        assert jane.get("/api/v1/namespaces/shop/configmaps").status_code == 403
        ctl("create", "rolebinding", "dev-view", "-n", "shop", "--clusterrole=view", "--group=dev")
        assert jane.get("/api/v1/namespaces/shop/configmaps").status_code == 200
        assert jane.get("/api/v1/namespaces/shop/secrets").status_code == 403


def test_impersonation_needs_its_right(bot: httpx.Client, ctl: Kubectl) -> None:
    refused = bot.get("/api/v1/namespaces/shop/pods", headers={"Impersonate-User": "jane"})
    assert refused.status_code == 403
    assert "cannot impersonate-on:user-info:list" in refused.json()["message"]
    said = ctl.run("get", "secrets", "-n", "shop", "--as", "mary").stderr
    assert 'secrets is forbidden: User "mary" cannot list resource "secrets"' in said
    who = ctl("auth", "whoami", "--as", "mary", "--as-group", "dev", "--as-group", "ops", "-o", "json")
    assert json.loads(who)["status"]["userInfo"] == {
        "username": "mary",
        "groups": ["dev", "ops", "system:authenticated"],
    }


def test_roles_cannot_be_used_to_climb(bot: httpx.Client, ctl: Kubectl) -> None:
    ctl("create", "role", "manager", "-n", "shop", "--verb=create", "--resource=roles,rolebindings")
    ctl("create", "rolebinding", "manager", "-n", "shop", "--role=manager", "--serviceaccount=shop:bot")
    everything = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    role = {"metadata": {"name": "evil"}, "rules": [everything]}
    refused = bot.post(f"{RBAC}/namespaces/shop/roles", json=role)
    assert refused.status_code == 403
    assert refused.json()["message"].endswith('{APIGroups:["*"], Resources:["*"], Verbs:["*"]}')
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    binding = {"metadata": {"name": "evil"}, "subjects": [{"kind": "User", "name": "x"}], "roleRef": ref}
    assert bot.post(f"{RBAC}/namespaces/shop/rolebindings", json=binding).status_code == 403
    mine = {"metadata": {"name": "mine"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}
    assert bot.post(f"{RBAC}/namespaces/shop/roles", json=mine).status_code == 201


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (
            f"{RBAC}/namespaces/shop/rolebindings",
            {"metadata": {"name": "x"}, "subjects": [{"kind": "Robot", "name": "y"}],
             "roleRef": {"apiGroup": "x", "kind": "Thing", "name": ""}},
            ['roleRef.apiGroup: Unsupported value: "x"', "roleRef.kind: Unsupported value", "roleRef.name: Required value",
             'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'],
        ),
        (
            f"{RBAC}/namespaces/shop/roles",
            {"metadata": {"name": "x"}, "rules": [{"verbs": [], "apiGroups": [""], "resources": []},
                                                  {"verbs": ["get"], "nonResourceURLs": ["/x"]}]},
            ["rules[0].verbs: Required value: verbs must contain at least one value",
             "rules[0].resources: Required value: resource rules must supply at least one resource",
             "rules[1].nonResourceURLs", "namespaced rules cannot apply to non-resource URLs"],
        ),
        (
            "/api/v1/namespaces/shop/serviceaccounts/bot/token",
            {"spec": {"expirationSeconds": 60}},
            ["spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes"],
        ),
        (
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            {"spec": {}},
            ["exactly one of nonResourceAttributes or resourceAttributes must be specified"],
        ),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("bot")
def test_what_cannot_be_is_refused_with_its_reasons(
    http: httpx.Client, path: str, body: dict[str, Any], said: list[str]
) -> None:
    refused = http.post(path, json=body)
    assert refused.status_code == 422
    assert [words for words in said if words not in refused.json()["message"]] == []


def test_a_bindings_role_is_fixed(http: httpx.Client, bot: httpx.Client) -> None:
    del bot
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "other"}
    refused = http.patch(
        f"{RBAC}/namespaces/shop/rolebindings/reader",
        content=json.dumps({"roleRef": ref}),
        headers={"Content-Type": "application/merge-patch+json"},
    )
    assert "cannot change roleRef" in refused.json()["message"]


def test_a_token_is_reviewed(http: httpx.Client, ctl: Kubectl, bot: httpx.Client) -> None:
    del bot
    token = ctl("create", "token", "bot", "-n", "shop", "--audience", "vault", "--duration", "20m").strip()
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert (claims["aud"], claims["exp"] - claims["iat"]) == (["vault"], 1200)
    review = "/apis/authentication.k8s.io/v1/tokenreviews"
    assert http.post(review, json={"spec": {"token": token}}).json()["status"] == {
        "user": {}, "error": "invalid bearer token",
    }  # fmt: skip
    good = http.post(review, json={"spec": {"token": token, "audiences": ["vault"]}}).json()["status"]
    assert (good["authenticated"], good["user"]["username"]) == (True, "system:serviceaccount:shop:bot")


def test_a_secret_of_the_old_kind_is_given_a_token(cluster: SimProcess, http: httpx.Client, bot: httpx.Client) -> None:
    del bot
    path = "/api/v1/namespaces/shop/secrets"
    annotations = {"kubernetes.io/service-account.name": "bot"}
    body = {"metadata": {"name": "old", "annotations": annotations}, "type": "kubernetes.io/service-account-token"}
    assert http.post(path, json=body).status_code == 201
    found = eventually(lambda: http.get(f"{path}/old").json().get("data"), within=10)
    assert base64.b64decode(found["namespace"]) == b"shop"
    with client(cluster, token=base64.b64decode(found["token"]).decode()) as old:
        assert old.get("/api/v1/namespaces/shop/pods").status_code == 200


def test_every_answer_can_be_found_in_an_audit(http: httpx.Client) -> None:
    answer = http.get("/api/v1/nodes", headers={"Audit-ID": "abc"})
    assert answer.headers["audit-id"] == "abc"
    assert "audit-id" in http.get("/nowhere").headers
    assert "x-kubernetes-pf-flowschema-uid" in answer.headers
