"""The chart's whole life by real helm on a simulated cluster, in a namespace that enforces the restricted standard.

No image runs there: pods come up by the simulation's rules. What hooks run, though, runs for real (tests.support.
pod_runtime): Secrets are made by the hook's program with the rights of the hook's account, and in the production-like
installation the migration and the first administrator are made in a real Postgres.
"""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from ai4k8s_common.security.installation import Servers, secrets_of_installation
from ai4k8s_simcluster.controllers.context import SecondsRange
from ai4k8s_simcluster.registry import BUILT_IN
from ai4k8s_simcluster.settings import SimSettings
from ai4k8s_simcluster.testing import SimThread
from ai4k8s_standalone.embedded.server import start
from tests.support.deployment import QUEUES, ROOT
from tests.support.folders import quick_folder
from tests.support.pod_runtime import PodRuntime, Ran, held
from tests.support.stores import disposable_postgres
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ai4k8s_standalone.embedded.valkey import EmbeddedValkey

pytestmark = pytest.mark.timeout(900)  # the first test of a release waits for all of its steps
CHART = ROOT / "deploy" / "helm" / "ai4k8s"
PRODUCTION = CHART / "ci" / "production.yaml"
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
HELM_SECONDS = 250
WAIT = ("--wait", "--wait-for-jobs", "--timeout=240s")
TRIAL_PARTS = {f"{service.value}-{kind.value}" for service, kind in QUEUES} | {"gateway", "beat", "chat-mcp"}
SECRETS = {f"ai4k8s-{component}" for component in ("root", *secrets_of_installation(bytes(32), Servers()))}
# What clusters make by themselves: what was done, and what Services, rollouts and nodes are kept by.
PASSING = {"Event", "Endpoints", "EndpointSlice", "Lease", "ControllerRevision"}

Objects = dict[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True)
class Site:
    """A simulated cluster with helm and an administrator's client."""

    helm: Path
    folder: Path
    api: httpx.Client

    def call(self, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """GET, or POST when there is a body; expecting success."""
        answer = self.api.request("GET" if body is None else "POST", path, json=body, **more)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def make_namespace(self, name: str) -> None:
        self.call("/api/v1/namespaces", {"metadata": {"name": name, "labels": RESTRICTED}})
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        eventually(lambda: self.api.get(account).is_success)

    def objects(self, namespace: str) -> Objects:
        """Everything in a namespace but what passes, and helm's own record of releases."""
        found: Objects = {}
        for kind in BUILT_IN:
            if kind.namespaced and kind.stored and kind.stored_as is None and kind.kind not in PASSING:
                prefix = f"/apis/{kind.api_version}" if kind.group else "/api/v1"
                for item in self.call(f"{prefix}/namespaces/{namespace}/{kind.plural}")["items"]:
                    if item.get("type") != "helm.sh/release.v1":
                        found[kind.kind, item["metadata"]["name"]] = item
        return found


@dataclass
class Release:
    """One release and what was seen of it, step by step."""

    site: Site
    namespace: str
    values: tuple[str, ...]
    runtime: PodRuntime
    seen: dict[str, Objects] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    ran: dict[str, list[Ran]] = field(default_factory=dict)

    def do(self, step: str, *arguments: str) -> None:
        """Run helm, expecting success, and look at the namespace."""
        before = len(self.runtime.ran)
        command = [str(self.site.helm), step, "ai4k8s", *arguments, f"--namespace={self.namespace}"]
        command += [f"--kubeconfig={self.site.folder / 'kubeconfig'}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=HELM_SECONDS)
        self.ran[step] = self.runtime.ran[before:]
        assert done.returncode == 0, f"{done.stderr}\n{[one.output for one in self.ran[step]]}"
        self.said[step] = done.stdout + done.stderr
        self.seen[step] = eventually(lambda: settled(self.site.objects(self.namespace)), within=60, every=0.2)

    def put(self, step: str, *arguments: str) -> None:
        """Install or upgrade, and wait until all of it is ready."""
        self.do(step, str(CHART), *WAIT, *self.values, *arguments)

    def of(self, step: str, kind: str) -> dict[str, dict[str, Any]]:
        """Name -> object of one kind after a step."""
        return {name: item for (found, name), item in self.seen[step].items() if found == kind}


def settled(objects: Objects) -> Objects:
    """The objects; none while some are still on their way out: helm waits for its own, not for what those own."""
    uids = {item["metadata"]["uid"] for item in objects.values()}
    for item in objects.values():
        owners = item["metadata"].get("ownerReferences", [])
        if "deletionTimestamp" in item["metadata"] or any(owner["uid"] not in uids for owner in owners):
            return {}
    return objects


@pytest.fixture(scope="module")
def site(helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    quick = SecondsRange(0.1, 0.3)
    settings = SimSettings(
        folder / "state",
        folder / "kubeconfig",
        nodes=3,
        demo=False,
        storage_class=True,
        startup=quick,
        termination=quick,
    )
    with SimThread(settings) as sim:
        token = (folder / "state" / "token").read_text(encoding="utf-8")
        trust = ssl.create_default_context(cafile=str(folder / "state" / "ca.crt"))
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=sim.server.api_url, headers=headers, verify=trust) as api:
            yield Site(helm, folder, api)


def runtime_of(site: Site, namespace: str) -> PodRuntime:
    return PodRuntime(site.api, namespace, site.folder / "state" / "ca.crt", site.folder / namespace)


def held_open(*containers: str) -> tuple[str, ...]:
    return (f"--set-json=podAnnotations={json.dumps(held(*containers))}",)


def live_trial(site: Site) -> Release:
    """Default values: installed, tested, upgraded, rolled back, uninstalled."""
    site.make_namespace("trial")
    with runtime_of(site, "trial") as runtime:
        release = Release(site, "trial", held_open("secrets"), runtime)
        release.seen["before"] = site.objects("trial")
        release.put("install")
        release.do("test")
        release.put("upgrade", "--set=gateway.replicas=3", "--set=settings.AI4K8S_LOG_LEVEL=DEBUG")
        release.do("rollback", "1", *WAIT)
        release.do("uninstall", "--wait", "--timeout=240s")
    return release


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """An empty Postgres of its own: the migration sets the passwords of roles, which belong to the whole server."""
    folder = quick_folder()
    server = disposable_postgres(folder / "postgres")
    running = start(server, folder / "postgres.log")
    yield server.url
    running.kill()
    shutil.rmtree(folder, ignore_errors=True)


def live_production(site: Site, database_url: str, redis_url: str) -> Release:
    """Servers of one's own, an ingress, monitors, policies: installed, upgraded, uninstalled."""
    site.make_namespace("ops")
    for plural, kind in (("servicemonitors", "ServiceMonitor"), ("podmonitors", "PodMonitor")):
        site.call("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", any_object(plural, kind))
    site.call("/apis/scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": "platform"}, "value": 1000})
    for name, url in (("ai4k8s-postgres-owner", database_url), ("ai4k8s-redis", redis_url)):
        site.call("/api/v1/namespaces/ops/secrets", {"metadata": {"name": name}, "stringData": {"url": url}})
    clusters = {"metadata": {"name": "platform-clusters"}, "stringData": {"far": "kind: Config"}}
    site.call("/api/v1/namespaces/ops/secrets", clusters)
    with runtime_of(site, "ops") as runtime:
        values = (f"--values={PRODUCTION}", *held_open("secrets", "migrate", "bootstrap"))
        release = Release(site, "ops", values, runtime)
        release.seen["before"] = site.objects("ops")
        release.put("install")
        release.put("upgrade", "--set=gateway.replicas=2")
        release.do("uninstall", "--wait", "--timeout=240s")
    return release


@pytest.fixture(scope="module")
def lives(
    site: Site, database_url: str, valkey_of_this_process: EmbeddedValkey
) -> Iterator[tuple[Future[Release], Future[Release]]]:
    """Both releases at once: most of their time is waiting."""
    with ThreadPoolExecutor(2) as pool:
        yield (
            pool.submit(live_trial, site),
            pool.submit(live_production, site, database_url, valkey_of_this_process.url),
        )


@pytest.fixture(scope="module")
def trial(lives: tuple[Future[Release], Future[Release]]) -> Release:
    return lives[0].result()


@pytest.fixture(scope="module")
def production(lives: tuple[Future[Release], Future[Release]]) -> Release:
    return lives[1].result()


def any_object(plural: str, kind: str) -> dict[str, Any]:
    """A definition under the Prometheus operator's names that accepts whatever is an object."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind}
    spec = {"group": "monitoring.coreos.com", "names": names, "scope": "Namespaced", "versions": [version]}
    return {"metadata": {"name": f"{plural}.monitoring.coreos.com"}, "spec": spec}


def values_of(secret: dict[str, Any]) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def is_complete(job: dict[str, Any]) -> bool:
    return any(found["type"] == "Complete" and found["status"] == "True" for found in job["status"]["conditions"])


def all_ready(objects: dict[str, dict[str, Any]]) -> bool:
    return all(item["status"].get("readyReplicas") == item["spec"]["replicas"] for item in objects.values())


@pytest.mark.parametrize("step", ["install", "upgrade", "rollback"])
def test_everything_is_ready_when_helm_says_so(trial: Release, step: str) -> None:
    deployments, stateful = trial.of(step, "Deployment"), trial.of(step, "StatefulSet")
    assert deployments.keys() == {f"ai4k8s-{part}" for part in TRIAL_PARTS}
    assert stateful.keys() == {"ai4k8s-postgres", "ai4k8s-valkey"}
    assert all_ready(deployments)
    assert all_ready(stateful)


def test_the_trial_comes_up_under_the_restricted_standard_without_a_warning(trial: Release, site: Site) -> None:
    assert not [step for step, said in trial.said.items() if "would violate" in said]
    careless = {"metadata": {"name": "careless"}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    refused = site.api.post("/api/v1/namespaces/trial/pods", json=careless)
    assert refused.status_code == 403
    assert 'violates PodSecurity "restricted' in refused.json()["message"]


def test_secrets_are_made_once_by_a_hook_and_never_touched_again(trial: Release) -> None:
    first, second = trial.ran["install"], trial.ran["upgrade"]
    assert [(one.container, one.exit_code, json.loads(one.output)) for one in (*first, *second)] == [
        ("secrets", 0, {"new": len(SECRETS)}),
        ("secrets", 0, {"new": 0}),
    ]
    made = trial.of("install", "Secret")
    assert made.keys() == SECRETS
    for step in ("upgrade", "rollback", "uninstall"):
        kept = trial.of(step, "Secret")
        assert {name: item["metadata"]["uid"] for name, item in kept.items()} == {
            name: item["metadata"]["uid"] for name, item in made.items()
        }
        assert {name: item["data"] for name, item in kept.items()} == {
            name: item["data"] for name, item in made.items()
        }


def test_the_hook_may_create_secrets_and_read_the_root_and_is_gone_with_its_rights(trial: Release) -> None:
    rights = [rule for rule in trial.ran["install"][0].rights if rule["apiGroups"] == [""]]
    assert [(rule["resources"], rule["verbs"], rule.get("resourceNames")) for rule in rights] == [
        (["secrets"], ["create"], None),
        (["secrets"], ["get"], ["ai4k8s-root"]),
    ]
    for kind in ("Job", "ServiceAccount", "Role", "RoleBinding"):
        assert "ai4k8s-secrets" not in trial.of("install", kind)


def test_no_account_of_ours_has_a_right_that_not_everybody_has(trial: Release, site: Site) -> None:
    """Clusters are reached with the credentials that people gave for them, never with a pod's account."""

    def rights(account: str) -> list[dict[str, Any]]:
        groups = ("system:serviceaccounts", "system:serviceaccounts:trial", "system:authenticated")
        headers = [("Impersonate-User", f"system:serviceaccount:trial:{account}")]
        headers += [("Impersonate-Group", group) for group in groups]
        body = {"spec": {"namespace": "trial"}}
        answer = site.call("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body, headers=headers)
        found: list[dict[str, Any]] = answer["status"]["resourceRules"]
        return found

    ours = trial.of("install", "ServiceAccount").keys() - trial.of("before", "ServiceAccount").keys()
    assert {f"ai4k8s-{service.value}" for service, _ in QUEUES} | {"ai4k8s-gateway", "ai4k8s-common"} == ours
    everybody = rights("somebody")
    assert {group for rule in everybody for group in rule["apiGroups"]} == {
        "authorization.k8s.io",
        "authentication.k8s.io",
    }
    for account in ours:
        assert rights(account) == everybody, account
    for pod in trial.of("install", "Pod").values():
        assert not [volume for volume in pod["spec"]["volumes"] if volume["name"].startswith("kube-api-access")]


def test_jobs_of_the_trial_are_complete(trial: Release) -> None:
    for step, revision in (("install", 1), ("upgrade", 2), ("rollback", 1)):
        jobs = trial.of(step, "Job")
        assert jobs.keys() == {f"ai4k8s-migrate-{revision}", "ai4k8s-bootstrap"}
        assert all(is_complete(job) for job in jobs.values())


def test_helm_test_succeeds_and_clears_away_its_pod(trial: Release) -> None:
    assert "Phase:          Succeeded" in trial.said["test"]
    assert "ai4k8s-test" not in trial.of("test", "Pod")


def test_an_upgrade_reaches_every_pod_and_a_rollback_takes_it_back(trial: Release) -> None:
    level = {"name": "AI4K8S_LOG_LEVEL", "value": "DEBUG"}
    for step, replicas in (("install", 2), ("upgrade", 3), ("rollback", 2)):
        assert trial.of(step, "Deployment")["ai4k8s-gateway"]["status"]["readyReplicas"] == replicas
        for name, item in trial.of(step, "Deployment").items():
            container = item["spec"]["template"]["spec"]["containers"][0]
            assert (level in container["env"]) is (step == "upgrade"), name
            assert item["status"]["updatedReplicas"] == item["status"]["replicas"] == item["spec"]["replicas"]


def test_the_bundled_servers_keep_their_volumes_through_it_all(trial: Release) -> None:
    claims = {f"data-ai4k8s-{server}-0": "Bound" for server in ("postgres", "valkey")}
    for step in ("install", "upgrade", "rollback", "uninstall"):
        found = trial.of(step, "PersistentVolumeClaim")
        assert {name: claim["status"]["phase"] for name, claim in found.items()} == claims


def left_behind(release: Release) -> set[tuple[str, str]]:
    return {
        (kind, name if kind != "Pod" else name.rpartition("-")[0])
        for kind, name in release.seen["uninstall"].keys() - release.seen["before"].keys()
    }


def test_uninstalling_the_trial_leaves_secrets_volumes_and_the_log_with_the_password(trial: Release) -> None:
    assert left_behind(trial) == {
        *(("Secret", name) for name in SECRETS),
        *(("PersistentVolumeClaim", f"data-ai4k8s-{server}-0") for server in ("postgres", "valkey")),
        ("Job", "ai4k8s-bootstrap"),
        ("Pod", "ai4k8s-bootstrap"),
    }
    kept = [item for key, item in trial.seen["uninstall"].items() if key not in trial.seen["before"]]
    assert all(item["metadata"]["labels"]["app.kubernetes.io/instance"] == "ai4k8s" for item in kept)


def test_in_production_secrets_come_before_the_migration_and_that_before_everything_else(production: Release) -> None:
    ran = production.ran["install"]
    assert [(one.container, one.exit_code) for one in ran] == [("secrets", 0), ("migrate", 0), ("bootstrap", 0)]
    migrated_at = ran[1].ended_at
    for name, item in production.of("install", "Deployment").items():
        created = item["metadata"]["creationTimestamp"]
        assert created >= stamp(migrated_at), name
    assert [(one.container, one.exit_code) for one in production.ran["upgrade"]] == [("secrets", 0), ("migrate", 0)]
    assert json.loads(production.ran["upgrade"][0].output) == {"new": 0}


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_each_service_can_log_in_to_the_database_that_was_migrated(production: Release, database_url: str) -> None:
    secrets = production.of("install", "Secret")
    for service, _ in QUEUES:
        url = values_of(secrets[f"ai4k8s-{service.value}"])["database-url"]
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (service.role,)
    with psycopg.connect(database_url) as connection:
        people = connection.execute("SELECT count(*) FROM gateway.users").fetchone()
    assert people == (1,)
    assert '"password"' in production.ran["install"][2].output


def test_production_brings_no_server_and_all_that_was_asked_for(production: Release) -> None:
    assert not production.of("install", "StatefulSet")
    assert not production.of("install", "PersistentVolumeClaim")
    deployments = production.of("install", "Deployment")
    assert deployments.keys() == {f"ai4k8s-{part}" for part in TRIAL_PARTS}
    assert all_ready(deployments)
    assert all_ready(production.of("upgrade", "Deployment"))
    assert production.of("install", "Ingress").keys() == {"ai4k8s-gateway"}
    policies = production.of("install", "NetworkPolicy")
    assert policies.keys() == {"ai4k8s-gateway", "ai4k8s-chat-mcp", "ai4k8s-workers"}
    assert all(pod["spec"]["priority"] == 1000 for pod in production.of("install", "Pod").values())
    assert not [step for step, said in production.said.items() if "would violate" in said]


def test_uninstalling_production_leaves_secrets_and_the_jobs_of_hooks(production: Release) -> None:
    assert left_behind(production) == {
        *(("Secret", name) for name in SECRETS),
        *((kind, f"ai4k8s-{job}") for kind in ("Job", "Pod") for job in ("migrate", "bootstrap")),
    }
    monitors = production.site.call("/apis/monitoring.coreos.com/v1/namespaces/ops/servicemonitors")
    assert monitors["items"] == []
