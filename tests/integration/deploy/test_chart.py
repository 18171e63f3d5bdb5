"""The chart, by real helm: what it renders, what it refuses, and that every object is one that Kubernetes accepts."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml

from ai4k8s_common.kube.opt_ins import OptIn
from ai4k8s_common.kube.rights import Access
from ai4k8s_common.security.installation import Servers, kubernetes_secrets
from ai4k8s_common.services import QueueKind, Service
from tests.support.clients import client_path
from tests.support.deployment import MAY_OPEN_CREDENTIALS, QUEUES, ROOT, dockerfile_stages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHART = ROOT / "deploy" / "helm" / "ai4k8s"
VALUES: dict[str, tuple[str, ...]] = {
    "default": (),
    **{path.stem: (f"--values={path}",) for path in sorted((CHART / "ci").glob("*.yaml"))},
    "plans": (
        "--set=inCluster.enabled=true,inCluster.access=write,inCluster.optIns={secrets},inCluster.namespaces={shop}",
    ),
    "one worker more": ("--set=workers.collector-cycle.replicas=9",),
}
# With inCluster.enabled, as in ci/production.yaml, those who talk to clusters have an account in this one.
IN_CLUSTER = {f"house-ai4k8s-{s.value}-{kind.value}" for s, kind in QUEUES if s in MAY_OPEN_CREDENTIALS} | {
    "house-ai4k8s-chat-mcp"
}
OPERATORS_OWN = "monitoring.coreos.com/v1"
SECRETS = {item["metadata"]["name"]: item for item in kubernetes_secrets(bytes(32), Servers(), "house-ai4k8s", {})}


def run_helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([client_path("helm"), *arguments], capture_output=True, text=True, check=False, timeout=60)


@dataclass(frozen=True)
class Rendered:
    """The objects of one set of values."""

    objects: tuple[dict[str, Any], ...]

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Name -> object, for the objects of a kind."""
        return {item["metadata"]["name"]: item for item in self.objects if item["kind"] == kind}

    def pods(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every pod's spec with its owner's name."""
        for item in self.objects:
            if item["kind"] == "Pod":
                yield item["metadata"]["name"], item["spec"]
            elif item["kind"] in {"Deployment", "StatefulSet", "Job"}:
                yield item["metadata"]["name"], item["spec"]["template"]["spec"]


@cache
def rendered(values: str = "default") -> Rendered:
    answer = run_helm("template", "house", CHART, "--namespace=ops", *VALUES[values])
    assert answer.returncode == 0, answer.stderr
    return Rendered(tuple(item for item in yaml.safe_load_all(answer.stdout) if item))


@pytest.mark.parametrize("values", VALUES)
def test_helm_finds_nothing_to_complain_about(values: str) -> None:
    answer = run_helm("lint", "--strict", CHART, *VALUES[values])
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("values", VALUES)
def test_every_object_is_one_that_kubernetes_knows(values: str) -> None:
    for item in rendered(values).objects:
        if item["apiVersion"] != OPERATORS_OWN:
            kubernetes_validate.validate(item, "1.37", strict=True)


@pytest.mark.parametrize("values", VALUES)
def test_names_are_unique_and_fit(values: str) -> None:
    names = [(item["kind"], item["metadata"]["name"]) for item in rendered(values).objects]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 63 for _, name in names)


@pytest.mark.parametrize("values", VALUES)
def test_every_pod_meets_the_restricted_standard_and_says_what_it_needs(values: str) -> None:
    for name, pod in rendered(values).pods():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        owns_account = name == "house-ai4k8s-secrets" or (values in {"production", "plans"} and name in IN_CLUSTER)
        assert pod["automountServiceAccountToken"] is owns_account, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False
            assert security["readOnlyRootFilesystem"] is True
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}
            assert container["resources"]["limits"]["memory"]
            mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
            declared = {volume["name"] for volume in pod.get("volumes", [])}
            assert mounted - declared <= {"data"}, name  # made from a claim's template


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize(("service", "kind"), QUEUES)
def test_every_queue_of_the_catalogue_has_a_worker(values: str, service: Service, kind: QueueKind) -> None:
    deployment = rendered(values).of("Deployment")[f"house-ai4k8s-{service.value}-{kind.value}"]
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["args"] == ["--queue", kind.value]
    assert f"ai4k8s-{service.value}:" in container["image"]
    assert deployment["spec"]["replicas"] >= 1


@pytest.mark.parametrize("values", VALUES)
def test_every_deployment_can_be_drained_spread_and_probed(values: str) -> None:
    budgets = rendered(values).of("PodDisruptionBudget")
    for name, deployment in rendered(values).of("Deployment").items():
        selector = deployment["spec"]["selector"]
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert selector["matchLabels"].items() <= labels.items()
        assert budgets[name]["spec"]["selector"] == selector
        pod = deployment["spec"]["template"]["spec"]
        assert {constraint["topologyKey"] for constraint in pod["topologySpreadConstraints"]} == {
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        }
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(pod["containers"][0])


def test_selectors_of_different_components_do_not_overlap() -> None:
    selectors = [
        json.dumps(item["spec"]["selector"])
        for item in rendered().objects
        if item["kind"] in {"Deployment", "StatefulSet"}
    ]
    assert len(set(selectors)) == len(selectors)


def test_each_image_is_a_target_of_the_dockerfile() -> None:
    ours = {c["image"].split(":")[0].removeprefix("ai4k8s-") for _, pod in rendered().pods() for c in pod["containers"]}
    assert {image for image in ours if "/" not in image} - {"postgres"} <= dockerfile_stages().keys()


def secrets_seen(pod: dict[str, Any]) -> set[str]:
    found = set()
    for volume in pod.get("volumes", []):
        found |= {source["secret"]["name"] for source in volume.get("projected", {}).get("sources", [])}
        found |= {volume["secret"]["secretName"]} if "secret" in volume else set()
    return found


def test_each_pod_sees_its_own_secrets_and_finds_the_files_it_is_told_to_read() -> None:
    for name, pod in rendered().pods():
        seen = secrets_seen(pod)
        assert seen <= SECRETS.keys(), name
        files = {key for secret in seen for key in SECRETS[secret]["stringData"]}
        for variable in pod["containers"][0].get("env", []):
            if variable["name"].endswith("_FILE"):
                assert variable["value"].removeprefix("/etc/ai4k8s/") in files, (name, variable)
        assert "house-ai4k8s-root" not in seen


def test_only_a_few_can_open_credentials_and_nobody_logs_in_as_another() -> None:
    for service in Service:
        expected = {f"house-ai4k8s-{service.value}", "house-ai4k8s-shared"}
        if service is Service.GATEWAY:
            expected.add("house-ai4k8s-people")
        if service in {Service.GATEWAY, Service.CHAT}:
            expected.add("house-ai4k8s-internal")
        names = [f"house-ai4k8s-{service.value}-{kind.value}" for s, kind in QUEUES if s is service] or [
            "house-ai4k8s-gateway"
        ]
        for name in names:
            assert secrets_seen(dict(rendered().pods())[name]) == expected
        holds = "credentials-private-key" in SECRETS[f"house-ai4k8s-{service.value}"]["stringData"]
        assert holds is (service in MAY_OPEN_CREDENTIALS)


def test_the_cluster_it_is_installed_in_is_only_open_to_those_who_talk_to_clusters_and_only_on_demand() -> None:
    assert not rendered().of("ClusterRole")
    (role,) = rendered("production").of("ClusterRole").values()
    assert role["rules"] == yaml.safe_load((CHART / "files" / "rights.yaml").read_text())["cluster"]["read"]["rules"]
    (binding,) = rendered("production").of("ClusterRoleBinding").values()
    assert {subject["name"] for subject in binding["subjects"]} == {
        f"house-ai4k8s-{service.value}" for service in MAY_OPEN_CREDENTIALS
    }


def test_what_approved_plans_need_is_given_on_demand_and_where_it_is_wanted() -> None:
    role = rendered("plans").of("Role")["house-ai4k8s-in-cluster"]
    binding = rendered("plans").of("RoleBinding")["house-ai4k8s-in-cluster"]
    assert not rendered("plans").of("ClusterRole")
    assert [item["metadata"]["namespace"] for item in (role, binding)] == ["shop", "shop"]
    variant = yaml.safe_load((CHART / "files" / "rights.yaml").read_text())["namespaces"]["write"]
    assert role["rules"] == [*variant["rules"], *variant["optIns"]["secrets"]]
    wide = run_helm(
        "template",
        "house",
        CHART,
        "--set=inCluster.enabled=true,inCluster.access=read,inCluster.optIns={change-secrets}",
    )
    assert "'change-secrets' gives nothing with access 'read'" in wide.stderr


def test_the_charts_opt_ins_are_those_of_the_table() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]["inCluster"]["properties"]
    assert schema["access"]["enum"] == [access.value for access in Access]
    assert schema["optIns"]["items"]["enum"] == [one.value for one in OptIn]


def test_the_hook_that_makes_secrets_may_create_them_and_read_the_root_alone() -> None:
    rules = rendered().of("Role")["house-ai4k8s-secrets"]["rules"]
    assert [(rule["resources"], rule["verbs"], rule.get("resourceNames")) for rule in rules] == [
        (["secrets"], ["create"], None),
        (["secrets"], ["get"], ["house-ai4k8s-root"]),
    ]
    assert list(rendered().of("Role")) == ["house-ai4k8s-secrets"]
    assert not rendered().of("ClusterRole")


def test_an_own_database_is_migrated_before_anything_else_and_a_bundled_one_once_it_is_up() -> None:
    annotations = rendered("production").of("Job")["house-ai4k8s-migrate"]["metadata"]["annotations"]
    assert annotations["helm.sh/hook"] == "pre-install,pre-upgrade"
    before = rendered("production").of("Job")["house-ai4k8s-secrets"]["metadata"]["annotations"]
    assert int(before["helm.sh/hook-weight"]) < int(annotations["helm.sh/hook-weight"])
    # A hook would wait for a Postgres that is installed only after the hooks.
    bundled = rendered().of("Job")["house-ai4k8s-migrate-1"]["metadata"]
    assert "helm.sh/hook" not in bundled.get("annotations", {})


@pytest.mark.parametrize("values", VALUES)
def test_hooks_that_run_first_need_nothing_that_is_installed_later(values: str) -> None:
    accounts = rendered(values).of("ServiceAccount")
    for name, job in rendered(values).of("Job").items():
        hook = job["metadata"].get("annotations", {}).get("helm.sh/hook", "")
        account = job["spec"]["template"]["spec"].get("serviceAccountName")
        if "pre-install" in hook and account:
            assert "pre-install" in accounts[account]["metadata"]["annotations"]["helm.sh/hook"], name


def test_nothing_bundled_is_rendered_beside_servers_of_ones_own() -> None:
    assert not rendered("production").of("StatefulSet")
    job = dict(rendered("production").pods())["house-ai4k8s-secrets"]
    assert secrets_seen(job) == {"ai4k8s-postgres-owner", "ai4k8s-redis"}


def test_the_gateway_answers_to_its_service_and_to_the_ingress() -> None:
    container = dict(rendered("production").pods())["house-ai4k8s-gateway"]["containers"][0]
    env = {item["name"]: item.get("value") for item in container["env"]}
    assert {"ai4k8s.example.org", "house-ai4k8s-gateway.ops.svc"} <= set(
        json.loads(env["AI4K8S_GATEWAY_ALLOWED_HOSTS"])
    )
    assert env["AI4K8S_GATEWAY_PUBLIC_URL"] == "https://ai4k8s.example.org"


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("gateway.replica=3", "additional properties 'replica' not allowed"),
        ("workers.collector-cycle.queue=fast", "value must be one of 'cycle', 'jobs'"),
        ("workers.collector-cycle.terminationGracePeriodSeconds=5", "minimum: got 5, want 30"),
        (
            "postgres.existingSecret=mine",
            "postgres.existingSecret names a server of yours while postgres.bundled is true",
        ),
        ("valkey.bundled=false", "valkey.bundled is false; name the Secret with the URL of yours"),
        ("workers.fast.service=scaler,workers.fast.queue=jobs", "its name must be scaler-jobs"),
        ("settings.AI4K8S_DATABASE_URL=postgres://x", "would put a secret in plain sight"),
        ("settings.LOG_LEVEL=INFO", "'LOG_LEVEL' does not match pattern '^AI4K8S_"),
    ],
)
def test_a_mistake_in_the_values_is_refused_in_plain_words(setting: str, complaint: str) -> None:
    answer = run_helm("template", "house", CHART, f"--set={setting}")
    assert answer.returncode != 0
    assert complaint in answer.stderr


def test_what_is_printed_after_an_installation_names_the_next_step() -> None:
    answer = run_helm("install", "house", CHART, "--namespace=ops", "--dry-run=client", "--output=json")
    assert answer.returncode == 0, answer.stderr
    notes = json.loads(answer.stdout)["info"]["notes"]
    assert "kubectl -n ops logs job/house-ai4k8s-bootstrap" in notes
    assert "port-forward service/house-ai4k8s-gateway 5003:80" in notes


def test_keys_and_settings_of_models_reach_only_services_that_ask_models() -> None:
    with_models: set[str] = set()
    for name, spec in rendered("production").pods():
        (container, *_) = spec["containers"]
        names = {item["name"] for item in container.get("env", [])}
        secrets = {item["secretRef"]["name"] for item in container.get("envFrom", [])}
        assert ("AI4K8S_LLM_DAILY_TOKENS" in names) == ("ai4k8s-models" in secrets)
        if secrets:
            with_models.add(name.removeprefix("house-ai4k8s-"))
    assert with_models == {f"{s.value}-{kind.value}" for s, kind in QUEUES if s.value in {"advisor", "chat", "rag"}}
