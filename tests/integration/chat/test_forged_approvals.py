"""What got past the gateway changes nothing: chat looks at everything an approval is bound to again.

Each way tries to have a plan applied that nobody approved as it stands: by a forged or repeated message, by a verdict
or a plan that was altered in the store, or with rights that are gone.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_chat.plans.applying import on_apply
from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import UnauthenticatedError
from ai4k8s_common.plans import ApiCall, CallKind, dump_calls
from ai4k8s_common.rights import Grant, Rights, Role
from tests.support.plans import PlanBench, later, plan_bench, sim_cluster
from tests.support.stores import new_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ai4k8s_chat.plans.preparing import PreparedPlan
    from ai4k8s_common.contracts.chat import ApplyPlan
    from ai4k8s_standalone.embedded.valkey import EmbeddedValkey
    from tests.support.stores import SharedPostgres

    Forgery = Callable[[PlanBench, PreparedPlan], tuple[PlanBench, ApplyPlan]]


@pytest.fixture(scope="module")
def bench(
    tmp_path_factory: pytest.TempPathFactory,
    shared_postgres: SharedPostgres,
    migrated_template: str,
    valkey_of_this_process: EmbeddedValkey,
) -> Iterator[PlanBench]:
    with sim_cluster(tmp_path_factory.mktemp("sim")) as sim:
        for database in new_database(shared_postgres, migrated_template):
            with plan_bench(sim, database, valkey_of_this_process.url) as made:
                yield made


@pytest.fixture(scope="module")
def namespace(bench: PlanBench) -> str:
    return bench.sim.namespace()


def collection(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


def creating(namespace: str, name: str, value: str = "good") -> ApiCall:
    metadata = {"name": name, "namespace": namespace}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"value": value}}
    return ApiCall(CallKind.CREATE, collection(namespace), body)


def message_with(**changed: Any) -> Forgery:
    def forge(bench: PlanBench, plan: PreparedPlan) -> tuple[PlanBench, ApplyPlan]:
        return bench, bench.approve(plan).model_copy(update=changed)

    return forge


def verdict_with(**changed: Any) -> Forgery:
    def forge(bench: PlanBench, plan: PreparedPlan) -> tuple[PlanBench, ApplyPlan]:
        return bench, bench.approve(plan, **changed)

    return forge


def plan_with(statement: str, value: Callable[[PlanBench, PreparedPlan], object]) -> Forgery:
    def forge(bench: PlanBench, plan: PreparedPlan) -> tuple[PlanBench, ApplyPlan]:
        message = bench.approve(plan)
        bench.cluster.execute(f"UPDATE chat.plans SET {statement} WHERE id = %s", value(bench, plan), plan.plan_id)
        return bench, message

    return forge


def with_rights(*grants: tuple[str | None, Role], installation: Role = Role.OPERATOR) -> Forgery:
    def forge(bench: PlanBench, plan: PreparedPlan) -> tuple[PlanBench, ApplyPlan]:
        given = tuple(Grant(bench.cluster_id, namespace, role) for namespace, role in grants)
        rights = Rights(bench.user_id, installation, given)
        mine = replace(bench, context=replace(bench.context, rights_of=lambda _, __, ___: rights))
        return mine, bench.approve(plan)

    return forge


def disabled(bench: PlanBench, plan: PreparedPlan) -> tuple[PlanBench, ApplyPlan]:
    def gone(*_: object) -> Rights:
        raise UnauthenticatedError("this account is gone or disabled")

    return replace(bench, context=replace(bench.context, rights_of=gone)), bench.approve(plan)


def unapproved(bench: PlanBench, plan: PreparedPlan) -> tuple[PlanBench, ApplyPlan]:
    approved = bench.approve(bench.prepare(creating(bench.sim.namespace(), "bait")))
    return bench, approved.model_copy(update={"plan_id": plan.plan_id, "hash": plan.hash})


def evil(bench: PlanBench, plan: PreparedPlan) -> bytes:
    """Other calls, sealed as the plan's own."""
    change = plan.changes[0]
    call = creating(change["namespace"], change["name"], "evil")
    return bench.context.vault.close(plan.plan_id, dump_calls([call]))


def borrowed(bench: PlanBench, plan: PreparedPlan) -> bytes:
    """The sealed calls of another plan."""
    change = plan.changes[0]
    other = bench.prepare(creating(change["namespace"], change["name"], "evil"))
    return bytes(bench.row(other.plan_id)["calls"])


def other_cluster(bench: PlanBench, plan: PreparedPlan) -> uuid.UUID:
    assert plan.hash
    return uuid.uuid4()


LONG_AGO = timedelta(seconds=301)
FORGED: dict[str, Forgery] = {
    "a plan that nobody approved": unapproved,
    "a plan that was refused": verdict_with(verdict="refuse"),
    "a verdict on another hash": verdict_with(hash="0" * 64),
    "a message with another hash": message_with(hash="0" * 64),
    "a message with an empty hash": message_with(hash=""),
    "a message of another job": message_with(job_id=uuid.uuid4()),
    "in another person's name": message_with(approved_by=uuid.uuid4()),
    "a verdict of somebody else": verdict_with(decided_by=uuid.uuid4()),
    "a plan that is none": message_with(plan_id=uuid.uuid4()),
    "approved after five minutes": lambda b, p: (b, b.approve(p, decided_at=later(400))),
    "delivered after five minutes": lambda b, p: (b.at(later(400)), b.approve(p)),
    "the hash rewritten": plan_with("hash = %s", lambda _, __: "0" * 64),
    "the calls replaced": plan_with("calls = %s", evil),
    "the calls of another plan": plan_with("calls = %s", borrowed),
    "calls that are nonsense": plan_with("calls = %s", lambda _, __: b"nonsense"),
    "on another cluster": plan_with("cluster_id = %s", other_cluster),
    "applied already": plan_with("status = %s", lambda _, __: "applied"),
    "failed already": plan_with("status = %s", lambda _, __: "failed"),
    "refused already": plan_with("status = %s", lambda _, __: "refused"),
    "followed already": plan_with("status = %s", lambda _, __: "following"),
    "moved back in time": plan_with("expires_at = %s", lambda _, __: utc_now() - LONG_AGO),
    "by a person who lost the role": with_rights((None, Role.VIEWER)),
    "by a person who may nothing here": with_rights(),
    "by a person of another namespace": with_rights((None, Role.VIEWER), ("other", Role.ADMIN)),
    "by a viewer of the installation": with_rights((None, Role.ADMIN), installation=Role.VIEWER),
    "by a person who was disabled": disabled,
}


@pytest.mark.parametrize("how", FORGED)
def test_guarantee_20_what_was_not_approved_as_it_stands_is_not_done(
    bench: PlanBench, namespace: str, how: str
) -> None:
    name = f"map-{uuid.uuid4().hex[:8]}"
    plan = bench.prepare(creating(namespace, name))
    mine, message = FORGED[how](bench, plan)
    with mine.bus.transaction() as tx:
        on_apply(tx, mine.context, message)
    assert name not in [item["metadata"]["name"] for item in bench.sim.kube.read(collection(namespace))["items"]]
    job = bench.job(message.job_id)
    assert (job["status"], bool(job["error"])) == ("failed", True)
    refused = bench.cluster.rows(
        "SELECT detail FROM chat.audit_entries WHERE result = 'refused' AND object = %s", f"plan {message.plan_id}"
    )
    assert len(refused) == 1
    assert refused[0]["detail"]


def test_the_same_plan_approved_as_it_stands_is_done_so_the_ways_above_fail_for_their_reason(
    bench: PlanBench, namespace: str
) -> None:
    plan = bench.prepare(creating(namespace, "as-approved"))
    assert bench.carry_out(plan)["status"] == "applied"
    assert bench.sim.kube.read(f"{collection(namespace)}/as-approved")["data"] == {"value": "good"}


def test_an_object_that_was_made_again_is_another_one(
    bench: PlanBench,
    namespace: str,
) -> None:
    kube, where = bench.sim.kube, f"{collection(namespace)}/again"
    made = kube.create(collection(namespace), {"metadata": {"name": "again"}, "data": {"value": "good"}})
    plan = bench.prepare(ApiCall(CallKind.DELETE, where))
    message = bench.approve(plan)
    kube.delete(where, uid=made["metadata"]["uid"])
    kube.create(collection(namespace), {"metadata": {"name": "again"}, "data": {"value": "good"}})
    assert bench.apply(message)["status"] == "failed"
    assert kube.read(where)["data"] == {"value": "good"}
