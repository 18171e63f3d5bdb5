"""Plans against a simulated cluster: what is shown before, what is done, and the way back."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_chat.plans import making
from ai4k8s_chat.plans.preparing import inverse_calls, on_undo
from ai4k8s_common import audit
from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.chat import UndoPlan
from ai4k8s_common.errors import Ai4k8sError, ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from ai4k8s_common.kube.errors import KubeNotFoundError, KubeUnavailableError
from ai4k8s_common.plans import ApiCall, CallKind
from ai4k8s_common.rights import Grant, Rights, Role
from ai4k8s_common.services import Service
from ai4k8s_common.store.base import JobStatus
from tests.support.plans import DEPLOYMENTS, PlanBench, SimCluster, plan_bench, sim_cluster
from tests.support.stores import new_database
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_common.bus.transaction import Bus
    from ai4k8s_standalone.embedded.valkey import EmbeddedValkey
    from tests.support.stores import SharedPostgres


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimCluster]:
    with sim_cluster(tmp_path_factory.mktemp("sim")) as running:
        yield running


@pytest.fixture(scope="module")
def bench(
    sim: SimCluster,
    shared_postgres: SharedPostgres,
    migrated_template: str,
    valkey_of_this_process: EmbeddedValkey,
) -> Iterator[PlanBench]:
    for database in new_database(shared_postgres, migrated_template):
        with plan_bench(sim, database, valkey_of_this_process.url) as made:
            yield made


@pytest.fixture
def shop(sim: SimCluster) -> str:
    return sim.namespace()


def path(namespace: str, name: str = "web") -> str:
    return f"{DEPLOYMENTS.format(namespace)}/{name}"


def set_image(namespace: str, image: str = "web:2") -> ApiCall:
    containers = [{"name": "web", "image": image}]
    return ApiCall(CallKind.PATCH, path(namespace), {"spec": {"template": {"spec": {"containers": containers}}}})


MANIFESTS = """
apiVersion: v1
kind: Secret
metadata: {{name: db}}
stringData: {{password: canary-value-4711}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: {made}}}
data: {{colour: blue}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: {made}}}
"""


def test_manifests_become_a_plan_that_is_applied_and_undone_from_the_same_place(
    bench: PlanBench, sim: SimCluster, shop: str
) -> None:
    made = f"{shop}-made"
    text = MANIFESTS.format(made=made).replace("name: db}", f"name: db, namespace: {shop}}}")
    plan = bench.prepare(manifests=text)
    assert [(c["verb"], c["kind"]) for c in plan.changes] == [
        ("create", "Namespace"),
        ("create", "Secret"),
        ("create", "ConfigMap"),
    ]
    assert "+  colour: blue" in plan.changes[2]["diff"]
    with pytest.raises(KubeNotFoundError):
        sim.kube.read(f"/api/v1/namespaces/{made}")
    ended = bench.carry_out(plan)
    assert (ended["status"], ended["result"]["sentence"]) == ("applied", "All 3 changes are done.")
    assert sim.kube.read(f"/api/v1/namespaces/{made}/configmaps/settings")["data"] == {"colour": "blue"}
    assert "Y2FuYXJ5" in sim.kube.read(f"/api/v1/namespaces/{shop}/secrets/db")["data"]["password"]

    changed = bench.prepare(manifests=text.replace("4711", "4712").replace("blue", "red"))
    diffs = {c["kind"]: c["diff"] for c in changed.changes}
    assert set(diffs) == {"Secret", "ConfigMap"}
    assert "(changed)" in diffs["Secret"]
    assert {"-  colour: blue", "+  colour: red"} <= set(diffs["ConfigMap"].splitlines())

    back = undo(bench, ended["id"])
    assert [(c["verb"], c["kind"]) for c in back["changes"]] == [
        ("delete", "ConfigMap"),
        ("delete", "Secret"),
        ("delete", "Namespace"),
    ]
    assert any(effect["kind"] == "data_lost" for effect in back["effects"])
    with bench.cluster.database.connect() as connection:
        for table in ("chat.plans", "chat.plan_steps", "chat.audit_entries", "chat.job_states", "chat.outbox"):
            rows = connection.execute(f"SELECT * FROM {table}".encode()).fetchall()
            assert not any("canary-value" in str(row) or "Y2FuYXJ5" in str(row) for row in rows), table


def undo(bench: PlanBench, plan_id: uuid.UUID) -> dict[str, Any]:
    """Ask for the way back, as the gateway would; the new plan's row."""
    message = UndoPlan(job_id=uuid.uuid4(), plan_id=uuid.uuid4(), undo_of=plan_id, user_id=bench.user_id)
    with bench.bus.transaction() as tx:
        on_undo(tx, bench.context, message)
    assert bench.job(message.job_id)["status"] == "completed", bench.job(message.job_id)
    return bench.row(message.plan_id)


def test_a_rollout_is_shown_with_what_it_affects_followed_to_its_end_and_undone(
    bench: PlanBench, sim: SimCluster, shop: str
) -> None:
    sim.deployment(shop, replicas=2)
    annotations = {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:web"}}}
    sim.kube.patch(path(shop), annotations)
    budget = {"metadata": {"name": "web"}, "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}}
    sim.kube.create(f"/apis/policy/v1/namespaces/{shop}/poddisruptionbudgets", budget)
    plan = bench.prepare(set_image(shop))
    kinds = {effect["kind"] for effect in plan.effects}
    assert kinds == {"pods_restarted", "disruption_budget", "gitops"}
    lines = plan.changes[0]["diff"].splitlines()
    assert {"-      - image: web:1", "+      - image: web:2"} <= set(lines)
    assert "status" not in plan.changes[0]["diff"]
    assert sim.read(shop)["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1"

    ended = bench.carry_out(plan)
    assert ended["status"] == "applied"
    status = sim.read(shop)["status"]
    assert (status["updatedReplicas"], status["availableReplicas"]) == (2, 2)

    back = undo(bench, plan.plan_id)
    assert "+      - image: web:1" in back["changes"][0]["diff"]
    assert back["undo_of"] == plan.plan_id
    message = bench.cluster.row("SELECT hash FROM chat.plans WHERE id = %s", back["id"])
    assert message["hash"] != plan.hash


def test_what_changed_since_is_a_refusal_and_what_controllers_note_is_not(
    bench: PlanBench, sim: SimCluster, shop: str
) -> None:
    sim.deployment(shop)
    plan = bench.prepare(set_image(shop))
    # As a controller would: the version moves, and what people wrote does not.
    sim.kube.patch(path(shop), {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "7"}}})
    assert bench.carry_out(plan)["status"] == "applied"

    plan = bench.prepare(set_image(shop, "web:3"))
    sim.kube.patch(path(shop), {"metadata": {"labels": {"somebody": "else"}}})
    ended = bench.apply(bench.approve(plan))
    assert ended["status"] == "failed"
    assert "was changed since the plan was made" in ended["result"]["sentence"]
    assert sim.read(shop)["spec"]["template"]["spec"]["containers"][0]["image"] == "web:2"


def test_replicas_go_to_the_scaler_once_and_the_rest_of_the_change_to_the_cluster(
    bench: PlanBench, sim: SimCluster, shop: str
) -> None:
    found = sim.deployment(shop, replicas=2)
    call = ApiCall(CallKind.PATCH, path(shop), {"spec": {"replicas": 5}, "metadata": {"labels": {"tier": "one"}}})
    with pytest.raises(NotFoundError, match="not been observed"):
        bench.prepare(call)
    bench.cluster.workload(namespace=shop)
    plan = bench.prepare(call)
    assert [(c["verb"], c["through"]) for c in plan.changes] == [("patch", ""), ("scale", "scaler")]
    assert plan.needs == [["object:write", shop], ["workload:scale", shop]]
    assert "+  replicas: 5" in plan.changes[1]["diff"]
    message = bench.approve(plan)
    bench.apply(message)
    bench.apply(message)  # delivered twice
    asked = bench.cluster.rows("SELECT payload FROM chat.outbox WHERE contract = 'scaler.scale_workload.v1'")
    assert [row["payload"]["replicas"] for row in asked] == [5]
    now = sim.read(shop)
    assert (now["spec"]["replicas"], now["metadata"]["labels"]["tier"]) == (found["spec"]["replicas"], "one")
    bench.cluster.execute(
        "INSERT INTO scaler.job_states (job_id, kind, status, message) VALUES (%s, 'x', 'completed', 'set to 5')",
        asked[0]["payload"]["job_id"],
    )
    ended = bench.follow(plan.plan_id)
    assert (ended["status"], ended["result"]["done"]) == ("applied", 2)


def test_hpas_are_written_by_the_scaler(bench: PlanBench, sim: SimCluster, shop: str) -> None:
    sim.deployment(shop)
    hpa = f"""
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: web, namespace: {shop}}}
spec:
  minReplicas: 2
  maxReplicas: 9
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}
"""
    plan = bench.prepare(manifests=hpa)
    assert plan.needs == [["workload:scale", shop]]
    bench.apply(bench.approve(plan))
    asked = bench.cluster.rows(
        "SELECT payload FROM chat.outbox WHERE contract = 'scaler.write_autoscaler.v1' ORDER BY created_at DESC"
    )
    assert asked[0]["payload"]["spec"]["maxReplicas"] == 9


def test_an_eviction_asks_the_budget_and_says_so_before(bench: PlanBench, sim: SimCluster, shop: str) -> None:
    sim.deployment(shop, replicas=1)
    pods = f"/api/v1/namespaces/{shop}/pods"
    eventually(lambda: sim.read(shop)["status"].get("availableReplicas") == 1)
    budget = {"metadata": {"name": "web"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}}
    sim.kube.create(f"/apis/policy/v1/namespaces/{shop}/poddisruptionbudgets", budget)
    budgets = f"/apis/policy/v1/namespaces/{shop}/poddisruptionbudgets/web"
    eventually(lambda: (sim.kube.read(budgets).get("status") or {}).get("currentHealthy") == 1)
    (pod,) = sim.kube.read(pods)["items"]
    plan = bench.prepare(ApiCall(CallKind.EVICT, f"{pods}/{pod['metadata']['name']}"))
    assert any("allows no eviction now" in effect["text"] for effect in plan.effects)
    assert "makes another one by itself" in plan.undo_problem
    sim.kube.patch(budgets, {"spec": {"minAvailable": 0}})
    eventually(lambda: sim.kube.read(budgets)["status"]["disruptionsAllowed"] == 1)
    assert bench.carry_out(plan)["status"] == "applied"
    with pytest.raises(KubeNotFoundError):
        sim.kube.read(f"{pods}/{pod['metadata']['name']}")


class DiedError(Exception):
    """The worker is killed here."""


@pytest.mark.parametrize("moment", ["before the call", "after the call"])
def test_guarantee_9_a_worker_that_dies_around_a_call_is_followed_by_one_that_does_the_rest_once(
    bench: PlanBench, sim: SimCluster, shop: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same with a real process and SIGKILL is in test_plans_survive.py; here each call kind, at both moments."""
    sim.deployment(shop)
    configmaps = f"/api/v1/namespaces/{shop}/configmaps"
    sim.kube.create(configmaps, {"metadata": {"name": "old"}, "data": {"a": "1"}})
    new = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new", "namespace": shop}, "data": {"a": "1"}}
    plan = bench.prepare(
        ApiCall(CallKind.CREATE, configmaps, new), set_image(shop), ApiCall(CallKind.DELETE, f"{configmaps}/old")
    )
    message = bench.approve(plan)
    made: list[CallKind] = []
    real = making.make

    def dying(cluster: Any, call: ApiCall) -> making.Made:
        if call.kind not in died and moment == "before the call":
            died.add(call.kind)
            raise DiedError
        made.append(call.kind)
        answer = real(cluster, call)
        if call.kind not in died:
            died.add(call.kind)
            raise DiedError
        return answer

    died: set[CallKind] = set()
    monkeypatch.setattr(making, "make", dying)
    for _ in range(3):
        with pytest.raises(DiedError):
            bench.apply(message)
    bench.apply(message)
    assert made == [CallKind.CREATE, CallKind.PATCH, CallKind.DELETE]
    assert bench.follow(plan.plan_id)["result"]["sentence"] == "All 3 changes are done."


def test_a_cluster_that_does_not_answer_is_asked_again_and_a_refusal_of_one_call_ends_the_plan_there(
    bench: PlanBench, sim: SimCluster, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    configmaps = f"/api/v1/namespaces/{shop}/configmaps"
    calls = [
        ApiCall(CallKind.CREATE, configmaps, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
        for name in ("a", "b", "c")
    ]
    plan = bench.prepare(*calls)
    message = bench.approve(plan)
    real = making.make
    errors = [KubeUnavailableError("away"), None, ConflictError("no")]

    def failing(cluster: Any, call: ApiCall) -> making.Made:
        error = errors.pop(0)
        if error is not None:
            raise error
        return real(cluster, call)

    monkeypatch.setattr(making, "make", failing)
    with pytest.raises(KubeUnavailableError):
        bench.apply(message)
    with pytest.raises(ConflictError, match="applying"), bench.bus.transaction() as tx:
        inverse_calls(tx, bench.context, _row(bench.bus, plan.plan_id))
    bench.bus.report_job(JobReport(message.job_id, message.name, JobStatus.FAILED, 100, "failed", error="away"))
    with bench.bus.transaction() as tx:  # given up on: what was done of it, which is nothing, can be undone
        assert inverse_calls(tx, bench.context, _row(bench.bus, plan.plan_id)) == ()
    ended = bench.apply(message)
    assert ended["status"] == "failed"
    assert ended["result"] | {"sentence": ""} == {"done": 1, "total": 3, "sentence": "", "may_undo": True}
    with bench.bus.transaction() as tx:
        (back,) = inverse_calls(tx, bench.context, _row(bench.bus, plan.plan_id))
    assert back.path == f"{configmaps}/a"


def _row(bus: Bus, plan_id: uuid.UUID) -> Any:
    from ai4k8s_chat.plans import repository

    with bus.transaction() as tx:
        return repository.find(tx.connection, plan_id)


def test_everything_done_by_plans_is_in_an_audit_chain_that_is_whole(bench: PlanBench, shop: str) -> None:
    call = ApiCall(
        CallKind.CREATE,
        f"/api/v1/namespaces/{shop}/configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "noted"}, "data": {"a": "b"}},
    )
    plan = bench.prepare(call)
    bench.carry_out(plan)
    (entry,) = bench.cluster.rows("SELECT * FROM chat.audit_entries WHERE object = 'ConfigMap/noted'")
    assert (entry["action"], entry["result"], entry["actor_id"]) == ("plan.create", "done", bench.user_id)
    assert "+  a: b" in json.loads(entry["after"])["diff"]
    with bench.bus.transaction() as tx:
        assert audit.verify(tx.connection, Service.CHAT).problem == ""


REFUSED: dict[str, tuple[str, type[Ai4k8sError]]] = {
    "a proxy": ("/api/v1/namespaces/{}/pods/web/proxy", InvalidInputError),
    "a node's proxy": ("/api/v1/nodes/n/proxy", InvalidInputError),
    "exec": ("/api/v1/namespaces/{}/pods/web/exec", InvalidInputError),
    "a token": ("/api/v1/namespaces/{}/serviceaccounts/default/token", InvalidInputError),
    "a status": ("/apis/apps/v1/namespaces/{}/deployments/web/status", InvalidInputError),
    "finalize": ("/api/v1/namespaces/{}/finalize", InvalidInputError),
    "a way up": ("/api/v1/namespaces/{}/pods/..", InvalidInputError),
    "parameters": ("/api/v1/namespaces/{}/pods/web?dryRun=All", InvalidInputError),
    "encoded": ("/api/v1/namespaces/{}/pods/web%2Fexec", InvalidInputError),
    "another host": ("https://192.0.2.1/api/v1/namespaces/{}/pods/web", InvalidInputError),
    "no object": ("/api/v1/namespaces/{}/pods", InvalidInputError),
    "not there": ("/api/v1/namespaces/{}/pods/none", KubeNotFoundError),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_object_cannot_be_part_of_a_plan(bench: PlanBench, shop: str, what: str) -> None:
    where, error = REFUSED[what]
    with pytest.raises(error):
        bench.prepare(ApiCall(CallKind.PATCH, where.format(shop), {"metadata": {"labels": {"a": "b"}}}))


MANIFESTS_REFUSED = {
    "an alias": "a: &a [x]\nb: *a\nkind: ConfigMap",
    "too deep": "[" * 100 + "]" * 100,
    "no YAML": "a: b: c",
    "no name": "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}",
    "no such kind": "apiVersion: example.org/v1\nkind: Robot\nmetadata: {name: x}",
    "nothing": "---\n---\n",
    "an object of Python": "!!python/object/apply:os.system ['true']",
    "no object": "- a\n- b",
    "too many": "\n---\n".join(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{i}}}" for i in range(101)),
}


@pytest.mark.parametrize("what", MANIFESTS_REFUSED)
def test_what_is_no_manifest_is_refused_with_the_reason(bench: PlanBench, what: str) -> None:
    with pytest.raises(InvalidInputError):
        bench.prepare(manifests=MANIFESTS_REFUSED[what])


def test_nobody_can_even_propose_what_they_may_not_do(bench: PlanBench, sim: SimCluster, shop: str) -> None:
    sim.deployment(shop)
    grants = (Grant(bench.cluster_id, None, Role.VIEWER), Grant(bench.cluster_id, shop, Role.OPERATOR))
    rights = Rights(bench.user_id, Role.OPERATOR, grants)
    mine = replace(bench, context=replace(bench.context, rights_of=lambda _, __, ___: rights))
    assert mine.prepare(set_image(shop)).needs == [["object:write", shop]]
    other = sim.namespace()
    sim.deployment(other)
    with pytest.raises(ForbiddenError):
        mine.prepare(set_image(other))
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "all", "namespace": shop},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    }
    with pytest.raises(ForbiddenError, match="cluster:manage"):
        mine.prepare(ApiCall(CallKind.CREATE, f"/apis/rbac.authorization.k8s.io/v1/namespaces/{shop}/roles", role))
