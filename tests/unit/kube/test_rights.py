"""One table of rights: roles, the chart, the documentation and the commands all say the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ai4k8s_common.kube.manifests import account_commands, chart_rules, documentation, role_objects
from ai4k8s_common.kube.rights import RIGHTS, WARNINGS, Access, Feature, Need, rights_for, rules

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


def test_reading_changes_nothing_and_nobody_is_asked_for_secrets() -> None:
    verbs = {verb for right in rights_for(Access.READ) for verb in right.verbs}
    assert verbs <= {"get", "list", "watch"}
    assert not {right.plural for right in RIGHTS} & {"secrets", "configmaps", "*"}
    assert "*" not in {right.group for right in RIGHTS}


def test_dangerous_rights_are_only_given_on_demand_and_say_why() -> None:
    default = {right.feature for right in rights_for(Access.SCALE)}
    assert not default & set(WARNINGS)
    assert {right.feature for right in RIGHTS if right.need is Need.OPT_IN} == set(WARNINGS)
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
