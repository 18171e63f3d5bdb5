"""Text made from the table of rights: roles to apply, commands to paste, and the page of documentation.

python -m ai4k8s_common.kube.manifests docs            docs/rights.md
python -m ai4k8s_common.kube.manifests chart           the rules the chart gives for its own cluster
python -m ai4k8s_common.kube.manifests role [read|scale|write] [+OPT-IN ...] [NAMESPACE ...]
                                                       to pipe into kubectl apply -f -
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import yaml

from ai4k8s_common.kube.opt_ins import OptIn
from ai4k8s_common.kube.rights import WARNINGS, Access, Feature, Need, features, rights_for, rules

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCOUNT = "ai4k8s"
NAMESPACE = "ai4k8s"
TOKEN_SECRET = "ai4k8s-token"  # noqa: S105  # its name
RBAC = "rbac.authorization.k8s.io"
GENERATED = "# Made from libs/common/src/ai4k8s_common/kube/rights.py; change that, not this.\n"


def role_objects(
    access: Access, namespaces: Sequence[str] = (), opt_ins: frozenset[Feature] = frozenset()
) -> list[dict[str, Any]]:
    """Return what gives a service account the rights of a variant: cluster-wide, or in the named namespaces only."""
    if not namespaces:
        granted = rules(rights_for(access, opt_ins=opt_ins))
        role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": ACCOUNT}, "rules": granted}
        return [role, _binding("ClusterRoleBinding", {"name": ACCOUNT}, "ClusterRole")]
    found: list[dict[str, Any]] = []
    for namespace in namespaces:
        metadata = {"name": ACCOUNT, "namespace": namespace}
        granted = rules(rights_for(access, namespaced=True, opt_ins=opt_ins))
        role = {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": granted}
        found += [role, _binding("RoleBinding", dict(metadata), "Role")]
    return found


def _binding(kind: str, metadata: dict[str, str], role: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": kind,
        "metadata": metadata,
        "roleRef": {"apiGroup": RBAC, "kind": role, "name": ACCOUNT},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    }


def account_objects() -> list[dict[str, Any]]:
    """Return the service account, its namespace, and a token that does not end.

    A Secret rather than `kubectl create token`: managed clusters cut the life of the latter to a day or two.
    """
    metadata = {"name": ACCOUNT, "namespace": NAMESPACE}
    token = {
        "name": TOKEN_SECRET,
        "namespace": NAMESPACE,
        "annotations": {"kubernetes.io/service-account.name": ACCOUNT},
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": "v1", "kind": "Secret", "metadata": token, "type": "kubernetes.io/service-account-token"},
    ]


def as_yaml(objects: list[dict[str, Any]]) -> str:
    """Return objects as one YAML stream."""
    return "---\n".join(yaml.safe_dump(item, sort_keys=False, default_flow_style=None, width=110) for item in objects)


def account_commands(
    access: Access, namespaces: Sequence[str] = (), opt_ins: frozenset[Feature] = frozenset()
) -> tuple[str, str]:
    """Return two things to paste: what makes the account, and what prints a kubeconfig for it.

    Nothing but kubectl is needed, on the machine and in the context of somebody who administers the cluster.
    """
    manifest = as_yaml([*account_objects(), *role_objects(access, namespaces, opt_ins)])
    return f"kubectl apply -f - <<'EOF'\n{manifest}EOF\n", PRINT_KUBECONFIG


# The CA comes from the token's Secret, which every cluster fills in; the address from the context in use.
PRINT_KUBECONFIG = f"""\
kubectl wait --for=jsonpath='{{.data.token}}' -n {NAMESPACE} secret/{TOKEN_SECRET} --timeout=30s >/dev/null &&
cat <<EOF
apiVersion: v1
kind: Config
current-context: {ACCOUNT}
contexts: [{{name: {ACCOUNT}, context: {{cluster: {ACCOUNT}, user: {ACCOUNT}}}}}]
clusters:
- name: {ACCOUNT}
  cluster:
    server: $(kubectl config view --minify -o jsonpath='{{.clusters[0].cluster.server}}')
    certificate-authority-data: $(kubectl get secret -n {NAMESPACE} {TOKEN_SECRET} -o jsonpath='{{.data.ca\\.crt}}')
users:
- name: {ACCOUNT}
  user: {{token: $(kubectl get secret -n {NAMESPACE} {TOKEN_SECRET} -o jsonpath='{{.data.token}}' | base64 --decode)}}
EOF
"""


DOCUMENTATION_HEAD = """\
# What AI4K8s asks of a cluster

Made from the table in `libs/common/src/ai4k8s_common/kube/rights.py`, as are the roles, the commands the page prints
and the connection test. A test holds this page equal to it:
`.venv/bin/python -m ai4k8s_common.kube.manifests docs > docs/rights.md`.

*read* is enough to observe, forecast, and answer questions in chat; *scale* adds what changes replicas; *write* adds
what plans may change that a person approved. In chosen namespaces only, what is marked *whole cluster* is left out.
*add-on* rules matter only where that add-on runs; *opt-in* rules are in no role unless you ask for them, by the word in
brackets (`python -m ai4k8s_common.kube.manifests role write +secrets shop`; `inCluster.optIns` of the chart). Secrets
are among those: without them chat says which rule is missing. Nothing asks for cluster-admin.

Who may write workloads may run anything in them, with every Secret of the namespace: give *write* to a credential only
where plans shall be carried out, and in chosen namespaces where that is enough.

| to | rule | verbs | in | without it |
|---|---|---|---|---|"""


def documentation() -> str:
    """Return the page docs/rights.md."""
    parts = [DOCUMENTATION_HEAD]
    for feature, rights in features():
        for right in rights:
            marks = [right.access.value]
            marks += [right.need.value] if right.need is Need.ADD_ON else []
            marks += [f"opt-in ({OptIn[feature.name].value})"] if right.need is Need.OPT_IN else []
            marks += ["whole cluster"] if right.cluster_wide else []
            loss = f"{right.loss}; {WARNINGS[feature]}" if feature in WARNINGS else right.loss
            parts.append(
                f"| {feature.value} | `{right.name}` | {', '.join(right.verbs)} | {', '.join(marks)} | {loss} |"
            )
    parts += ["", "## The roles", ""]
    for title, access, namespaces in (
        ("Read the whole cluster", Access.READ, ()),
        ("Read and scale the whole cluster", Access.SCALE, ()),
        ("Read and scale in the namespace `shop` only", Access.SCALE, ("shop",)),
        ("Read, scale and carry out approved plans in the namespace `shop` only", Access.WRITE, ("shop",)),
    ):
        parts += [f"{title}:", "", "```yaml", as_yaml(role_objects(access, namespaces)).rstrip(), "```", ""]
    make, show = account_commands(Access.SCALE)
    parts += [
        "## A service account",
        "",
        "As somebody who may administer the cluster, make the account (here with *scale*):",
        "",
        "```sh",
        make.rstrip(),
        "```",
        "",
        "and print a kubeconfig for it, to be pasted into the page or given to `ai4k8s cluster add --kubeconfig`:",
        "",
        "```sh",
        show.rstrip(),
        "```",
        "",
    ]
    return "\n".join(parts)


def chart_rules() -> str:
    """Return what the chart includes: the rules of each variant, for the cluster it is installed in."""
    parts = {access.value: _variant(access, namespaced=False) for access in Access}
    narrow = {access.value: _variant(access, namespaced=True) for access in Access}
    return GENERATED + yaml.safe_dump(
        {"cluster": parts, "namespaces": narrow}, sort_keys=False, default_flow_style=None, width=110
    )


def _variant(access: Access, *, namespaced: bool) -> dict[str, Any]:
    """The rules of a variant, and what each opt-in adds to them; an opt-in that adds nothing there is not offered."""
    more: dict[str, Any] = {}
    for opt_in in OptIn:
        chosen = rights_for(access, namespaced=namespaced, opt_ins=frozenset({opt_in.feature}))
        added = rules(tuple(right for right in chosen if right.feature is opt_in.feature))
        more |= {opt_in.value: added} if added else {}
    return {"rules": rules(rights_for(access, namespaced=namespaced)), "optIns": more}


def main() -> None:
    """Entry point."""
    match sys.argv[1:]:
        case ["docs"]:
            sys.stdout.write(documentation())
        case ["chart"]:
            sys.stdout.write(chart_rules())
        case ["role", *rest]:
            access = Access(rest[0]) if rest else Access.SCALE
            opt_ins = frozenset(OptIn(word[1:]).feature for word in rest[1:] if word.startswith("+"))
            namespaces = [word for word in rest[1:] if not word.startswith("+")]
            sys.stdout.write(as_yaml([*account_objects(), *role_objects(access, namespaces, opt_ins)]))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
