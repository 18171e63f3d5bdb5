"""One table of rights: roles, the chart, the documentation and the commands all say the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ai4k8s_chat.domain.kinds import KINDS
from ai4k8s_common.kube.errors import KubeForbiddenError, error_for
from ai4k8s_common.kube.manifests import account_commands, chart_rules, documentation, role_objects
from ai4k8s_common.kube.opt_ins import OptIn
from ai4k8s_common.kube.rights import RIGHTS, WARNINGS, Access, Feature, Need, rights_for, rules
from ai4k8s_common.security.redaction import redact

ROOT = Path(__file__).parents[3]


def test_the_page_of_rights_is_made_from_the_table() -> None:
    assert (ROOT / "docs" / "rights.md").read_text() == documentation()


def test_the_charts_rules_are_made_from_the_table() -> None:
    assert (ROOT / "deploy/helm/ai4k8s/files/rights.yaml").read_text() == chart_rules()


def allowed(granted: list[dict[str, list[str]]]) -> set[tuple[str, str, str]]:
    return {
        (group, resource, verb)
        for rule in granted
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("namespaced", [False, True])
def test_a_role_allows_exactly_the_rights_of_its_variant(access: Access, namespaced: bool) -> None:
    rights = rights_for(access, namespaced=namespaced)
    assert allowed(rules(rights)) == {(r.group, r.resource, verb) for r in rights for verb in r.verbs}


def test_reading_changes_nothing_and_secrets_are_in_no_role_unless_asked_for() -> None:
    assert {verb for right in rights_for(Access.READ) for verb in right.verbs} <= {"get", "list", "watch"}
    for access in Access:
        granted = allowed(rules(rights_for(access)))
        assert not {resource.partition("/")[0] for _, resource, _ in granted} & {"secrets", "*"}
        assert not {group for group, _, _ in granted} & {"*"}


def test_no_right_is_a_cluster_administrators() -> None:
    everything = allowed(rules(RIGHTS))
    assert not {verb for _, _, verb in everything} & {"*", "escalate", "bind", "impersonate", "deletecollection"}
    assert {verb for group, resource, verb in everything if "*" in {group, resource}} == {"get", "list"}
    of_secrets = {verb for _, resource, verb in everything if resource == "secrets"}
    assert of_secrets == {"get", "list", "create", "patch", "delete"}


def test_what_plans_write_is_given_to_nobody_who_only_reads_or_scales() -> None:
    for access, given in ((Access.READ, False), (Access.SCALE, False), (Access.WRITE, True)):
        granted = allowed(rules(rights_for(access)))
        for wanted in (("apps", "deployments", "create"), ("", "pods/eviction", "create"), ("", "nodes", "patch")):
            assert (wanted in granted) is given
        assert ("", "pods/log", "get") in granted
    narrow = allowed(rules(rights_for(Access.WRITE, namespaced=True)))
    assert ("", "configmaps", "patch") in narrow
    assert not {resource for _, resource, _ in narrow} & {"nodes", "namespaces", "persistentvolumes", "clusterroles"}


def test_every_kind_that_chat_knows_by_name_may_be_read_or_is_an_opt_in() -> None:
    granted = allowed(rules(rights_for(Access.READ)))
    for kind in KINDS:
        missing = {verb for verb in ("get", "list") if (kind.group, kind.plural, verb) not in granted}
        assert not missing or kind.plural in {"secrets", "verticalpodautoscalers"}, (kind.plural, missing)


def test_dangerous_rights_are_only_given_on_demand_and_say_why() -> None:
    default = {right.feature for right in rights_for(Access.SCALE)}
    assert not default & set(WARNINGS)
    opt_ins = {right.feature for right in RIGHTS if right.need is Need.OPT_IN}
    assert opt_ins == {one.feature for one in OptIn}
    assert opt_ins | {right.feature for right in RIGHTS if right.access is Access.WRITE} == set(WARNINGS)
    wanted = rights_for(Access.SCALE, opt_ins=frozenset({Feature.NETWORK}))
    assert "nodes/proxy" in {right.resource for right in wanted}


def test_a_namespaced_role_asks_for_nothing_of_the_whole_cluster() -> None:
    objects = role_objects(Access.SCALE, ("shop", "blog"))
    assert [(item["kind"], item["metadata"]["namespace"]) for item in objects] == [
        ("Role", "shop"),
        ("RoleBinding", "shop"),
        ("Role", "blog"),
        ("RoleBinding", "blog"),
    ]
    resources = {resource for _, resource, _ in allowed(objects[0]["rules"])}
    assert "nodes" not in resources
    assert "deployments/scale" in resources


def test_the_commands_carry_a_whole_manifest_and_print_a_kubeconfig() -> None:
    make, show = account_commands(Access.READ)
    manifest = make.removeprefix("kubectl apply -f - <<'EOF'\n").removesuffix("EOF\n")
    kinds = [item["kind"] for item in yaml.safe_load_all(manifest)]
    assert kinds == ["Namespace", "ServiceAccount", "Secret", "ClusterRole", "ClusterRoleBinding"]
    assert "kind: Config" in show


def test_keys_of_lines_are_unique() -> None:
    assert len({right.key for right in RIGHTS}) == len(RIGHTS)


USER = "system:serviceaccount:ai4k8s:ai4k8s"


def refused(message: str) -> KubeForbiddenError:
    body = json.dumps({"kind": "Status", "message": message}).encode()
    error = error_for("GET /x", 403, {}, body)
    assert isinstance(error, KubeForbiddenError)
    return error


def test_a_refusal_names_the_missing_rule_and_the_command_that_grants_it() -> None:
    said = (
        f'pods "web" is forbidden: User "{USER}" cannot get resource "pods/log" in API group "" in the namespace "shop"'
    )
    hint = refused(said).hint
    assert "lacks the rule 'get pods/log in the namespace 'shop''" in hint
    assert (
        "kubectl create role ai4k8s-get-pods-log -n shop --verb=get --resource=pods/log && "
        f"kubectl create rolebinding ai4k8s-get-pods-log -n shop --role=ai4k8s-get-pods-log --user={USER}" in hint
    )
    assert "the role 'read'" in hint
    whole = refused(f'x: User "{USER}" cannot patch resource "nodes" in API group "" at the cluster scope').hint
    assert "kubectl create clusterrole ai4k8s-patch-nodes --verb=patch --resource=nodes &&" in whole
    assert "the role 'write'" in whole
    group = refused(f'x: User "{USER}" cannot create resource "deployments" in API group "apps" in the namespace "a"')
    assert "--resource=deployments.apps" in group.hint
    secret = refused(f'x: User "{USER}" cannot list resource "secrets" in API group "" in the namespace "a"').hint
    assert WARNINGS[Feature.SECRETS] in secret
    # What chat hides of credentials leaves the command whole.
    assert [redact(text) for text in (hint, whole, secret)] == [hint, whole, secret]


def test_words_of_a_cluster_are_no_commands_and_refusals_of_admission_name_no_rule() -> None:
    evil = refused('x: User "a$(reboot);b" cannot list resource "pods" in API group "" at the cluster scope').hint
    assert "--user='a$(reboot);b'" in evil
    assert "kubectl" not in refused('admission webhook "policy" denied the request: no latest').hint
    assert "kubectl" not in refused('User "a" cannot list resource "p$(x)" in API group "" at the cluster scope').hint
