"""What made things worse is taken back or spoken of, from the store to a cluster and back."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb

from ai4k8s_common.contracts.scaler import Settlement, SettleRecommendation
from ai4k8s_scaler.revisions import HISTORY, REVISION
from ai4k8s_scaler.settling import settle_recommendation
from tests.support.scaler_bench import ENABLED, NOW, WEB, Bench, make_bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.support.stores import Database, Valkey

DEPLOYMENT = "/apis/apps/v1/namespaces/shop/deployments/web"
REPLICA_SETS = "/apis/apps/v1/namespaces/shop/replicasets"


@pytest.fixture
def bench(database: Database, valkey: Valkey) -> Iterator[Bench]:
    with make_bench(database, valkey) as bench:
        yield bench


def pods_are(bench: Bench, number: int) -> None:
    """So many are ready; how many there should be, the cluster says."""
    version = bench.kube.workloads[WEB].resource_version
    bench.cluster.execute(
        "UPDATE collector.workloads SET desired_replicas = %s, ready_replicas = %s, resource_version = %s",
        bench.kube.workloads[WEB].replicas,
        number,
        version,
    )


def look(
    bench: Bench, at: datetime, *, usage: float, pods: int, foreseen: float, applied: bool = True
) -> dict[str, Any]:
    """One cycle, with what it planned carried out at once."""
    pods_are(bench, pods)
    bench.observe(at, usage, ready_replicas=pods, pods=pods, pods_with_metrics=pods)
    bench.foresee(at, pods=foreseen)
    bench.evaluate(at)
    latest = bench.decisions()[-1] if bench.decisions() else {}
    if applied and latest.get("outcome") == "planned":
        bench.apply(latest["id"], at + timedelta(seconds=1))
    return bench.decisions()[-1] if bench.decisions() else {}


def test_a_scale_down_that_left_it_short_is_taken_back_told_and_not_repeated_for_a_while(bench: Bench) -> None:
    bench.kube.workloads[WEB].replicas = 8
    lowered = look(bench, NOW, usage=80.0, pods=8, foreseen=3.9)
    assert (lowered["action"], lowered["from_replicas"], lowered["to_replicas"]) == ("scale_down", 8, 4)
    # A forecast that does not see it, and more demand than the pods that are left can take: usage raises at once, and
    # not as far.
    raised = look(bench, NOW + timedelta(seconds=20), usage=430.0, pods=4, foreseen=3.9)
    assert (raised["engine"], raised["to_replicas"]) == ("reactive", 6)
    taken_back = look(bench, NOW + timedelta(seconds=40), usage=430.0, pods=4, foreseen=3.9)
    assert (taken_back["engine"], taken_back["outcome"]) == ("rollback", "applied")
    assert (taken_back["to_replicas"], taken_back["undo_of"]) == (8, lowered["id"])
    assert "left it short in 2 of 2 looks; 1 % was foreseen" in taken_back["reason"]
    assert bench.kube.workloads[WEB].replicas == 8
    later = look(bench, NOW + timedelta(seconds=600), usage=80.0, pods=8, foreseen=3.9)
    assert bench.state()["wanted_replicas"] == 8
    assert "fewer than 8 was too few" in later["reason"]
    over = look(bench, NOW + timedelta(seconds=1900), usage=80.0, pods=8, foreseen=3.9)
    assert over["to_replicas"] == 4


def rolled_out(bench: Bench, at: datetime) -> None:
    """Revision 7 came, and 6 was there before."""
    for revision, came in (("6", at - timedelta(days=1)), ("7", at)):
        bench.cluster.execute(
            "INSERT INTO collector.deploys (workload_id, revision, cluster_id, at) VALUES (%s, %s, %s, %s)",
            bench.workload_id,
            revision,
            bench.cluster.cluster_id,
            came,
        )
    bench.cluster.execute("UPDATE collector.workloads SET revision = '7', revision_at = %s", at)
    old = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:6"}]}}
    new = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "web:7"}], "nodeName": "a"},
    }
    bench.kube.put(DEPLOYMENT, {"metadata": {"uid": "d", "annotations": {REVISION: "7"}}, "spec": {"template": new}})
    hashed = {**old, "metadata": {"labels": {"app": "web", "pod-template-hash": "x"}}}
    notes = {REVISION: "6", HISTORY: "2,4"}
    meta = {"uid": "r6", "annotations": notes, "ownerReferences": [{"uid": "d"}]}
    bench.kube.put(f"{REPLICA_SETS}/web-6", {"metadata": meta, "spec": {"template": hashed}})


def short_since_the_rollout(bench: Bench, *, applied: bool = True) -> dict[str, Any]:
    rolled_out(bench, NOW)
    bench.kube.workloads[WEB].replicas = 20
    for number in range(1, 8):
        # At its most already: more pods cannot help, the revision itself can.
        look(bench, NOW + timedelta(seconds=20 * number), usage=2400.0, pods=20, foreseen=19.0, applied=applied)
    (told,) = [row for row in bench.decisions() if row["actuator"] == "revision"]
    return told


def image(bench: Bench) -> str:
    template = bench.kube.read(DEPLOYMENT)["spec"]["template"]
    assert "nodeName" not in template["spec"] or template["spec"]["nodeName"]
    return str(template["spec"]["containers"][0]["image"])


def test_a_revision_after_which_it_is_short_is_recommended_to_go_and_one_click_rolls_it_back(bench: Bench) -> None:
    told = short_since_the_rollout(bench)
    assert (told["engine"], told["outcome"]) == ("rollback", "observed")
    assert told["reason"].startswith("Short of capacity in 5 of 5 looks since revision 7 came at")
    assert image(bench) == "web:7"
    apply = SettleRecommendation(
        job_id=uuid.uuid4(), decision_id=told["id"], settlement=Settlement.APPLY, requested_by=uuid.UUID(int=1)
    )
    with bench.bus.transaction() as tx:
        settle_recommendation(tx, bench.at(NOW + timedelta(minutes=4)), apply)
    assert image(bench) == "web:6"
    assert "nodeName" not in bench.kube.read(DEPLOYMENT)["spec"]["template"]["spec"]


def of_kind(bench: Bench, kind: str) -> dict[str, Any]:
    """What is told of a workload that ran revision web-a when we first looked, and web-b since."""
    sets, path = (
        f"/apis/apps/v1/namespaces/shop/{kind.lower()}s/web",
        "/apis/apps/v1/namespaces/shop/controllerrevisions",
    )
    notes = {"ai4k8s.io/rolls-back-rollouts": "true", **ENABLED}
    update = "UPDATE collector.workloads SET kind = %s, revision = %s, revision_at = %s, annotations = %s"
    bench.kube.workloads[WEB].replicas = 20
    bench.cluster.execute(update, kind, "web-a", None, Jsonb(notes))
    look(bench, NOW, usage=1600.0, pods=20, foreseen=19.0)
    bench.cluster.execute(update, kind, "web-b", NOW, Jsonb(notes))
    for name in ("web-a", "web-b"):
        template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": name}]}}
        data = {"spec": {"template": {**template, "$patch": "replace"}}}
        bench.kube.put(f"{path}/{name}", {"metadata": {"ownerReferences": [{"uid": "s"}]}, "data": data})
        bench.kube.put(
            sets, {"metadata": {"uid": "s"}, "spec": {"template": template}, "status": {"updateRevision": name}}
        )
    for number in range(1, 8):
        look(bench, NOW + timedelta(seconds=20 * number), usage=2400.0, pods=20, foreseen=19.0)
    (told,) = [row for row in bench.decisions() if row["actuator"] == "revision"]
    return told


def test_a_stateful_sets_revision_waits_for_a_person_whatever_the_policy_says(bench: Bench) -> None:
    told = of_kind(bench, "StatefulSet")
    assert (told["outcome"], told["plan"]["to_revision"]) == ("observed", "web-a")
    apply = SettleRecommendation(
        job_id=uuid.uuid4(), decision_id=told["id"], settlement=Settlement.APPLY, requested_by=uuid.UUID(int=1)
    )
    with bench.bus.transaction() as tx:
        settle_recommendation(tx, bench.at(NOW + timedelta(minutes=4)), apply)
    template = bench.kube.read("/apis/apps/v1/namespaces/shop/statefulsets/web")["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "web-a"
    assert "$patch" not in template


def test_what_keeps_its_revisions_elsewhere_is_told_how_and_offers_no_click(bench: Bench) -> None:
    told = of_kind(bench, "Rollout")
    assert told["outcome"] == "held"
    assert told["reason"].endswith(
        "A Rollout keeps its revisions elsewhere: roll it back with kubectl argo rollouts undo."
    )


def test_where_the_policy_says_so_it_is_ordered_once_and_a_newer_revision_is_left_alone(bench: Bench) -> None:
    more = {"ai4k8s.io/rolls-back-rollouts": "true"}
    annotations = bench.cluster.row("SELECT annotations FROM collector.workloads")["annotations"] | more
    bench.cluster.execute("UPDATE collector.workloads SET annotations = %s", Jsonb(annotations))
    told = short_since_the_rollout(bench, applied=False)
    assert told["outcome"] == "planned"
    bench.kube.patch(DEPLOYMENT, {"metadata": {"annotations": {REVISION: "8"}}})
    bench.apply(told["id"], NOW + timedelta(seconds=150))
    refused = bench.cluster.row("SELECT outcome, outcome_detail FROM scaler.decisions WHERE id = %s", told["id"])
    assert refused == {"outcome": "conflict", "outcome_detail": "revision 8 came since; planned again."}
    assert image(bench) == "web:7"
    bench.kube.patch(DEPLOYMENT, {"metadata": {"annotations": {REVISION: "7"}}})
    bench.cluster.execute("UPDATE scaler.decisions SET outcome = 'planned' WHERE id = %s", told["id"])
    bench.apply(told["id"], NOW + timedelta(seconds=155))
    assert image(bench) == "web:6"
