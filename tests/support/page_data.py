"""What a person would find on the page after two weeks: clusters well and sick, workloads, decisions, jobs, dead letters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_collector.domain.checklist import Group, Line, Outcome, Step, line_of, summary, usable
from ai4k8s_common.kube.rights import Access, rights_for
from ai4k8s_gateway.system.service import EXPECTED
from tests.support.feed import feed_health, feed_incident, feed_node, feed_wish, feed_workload
from tests.support.feed_observed import feed_observed
from tests.support.feed_sizes import feed_sizes

if TYPE_CHECKING:
    from tests.support.feed import FedWorkload
    from tests.support.gateway import Person, RunningGateway


@dataclass(frozen=True)
class Filled:
    """Where to look."""

    cluster_id: str
    web: FedWorkload
    incident: int


def fill_workload(gateway: RunningGateway, person: Person, cluster: str = "prod-eu") -> FedWorkload:
    """A cluster with a workload that has a past, a forecast and decisions."""
    # Observed so seldom that nothing here grows stale while it is looked at.
    cluster_id = person.add_cluster(cluster, interval_seconds=3600)["id"]
    web = feed_workload(gateway.database, cluster_id)
    feed_workload(gateway.database, cluster_id, name="checkout", ready=3).feed_forecast(status="not_ready", hours=3)
    web.feed_samples(hours=14 * 24, every_seconds=300, source=1, until=web.now - timedelta(hours=7))
    web.feed_samples(hours=7, every_seconds=15)
    for minutes in (330, 240, 150, 60, 0):
        web.feed_forecast(made_at=web.now - timedelta(minutes=minutes))
    web.feed_decisions(hours=24)
    policy = {"mode": "auto", "min_replicas": 2, "max_replicas": 20}
    assert person.send("PUT", f"/workloads/{web.id}/policy", policy).status_code == 200
    return web


def fill(gateway: RunningGateway, person: Person) -> Filled:
    """Everything that a page can show."""
    web = fill_workload(gateway, person)
    feed_observed(web)
    database, cluster_id = gateway.database, web.cluster_id
    for number, usage in enumerate((1500.0, 3400.0, None), start=1):
        feed_node(database, cluster_id, f"node-{number}", ready=usage is not None, usage_millicores=usage)
    api = feed_workload(database, cluster_id, name="api", namespace="billing", ready=6)
    api.feed_forecast()
    incident = feed_incident(web)
    feed_incident(api, minutes_ago=200, is_open=False, severity="medium")
    for hours in range(24, -1, -1):
        feed_health(web, web.now - timedelta(hours=hours), 100.0 if hours > 1 else 92.0)
    feed_sizes(web, api)
    feed_wish(api, 9, "recommend", reason="the forecast's 0.95 quantile of the next 4 minutes' maximum is 8.4 pods")
    for name in ("cart", "search", "images"):
        feed_workload(database, cluster_id, name=name, ready=2).feed_forecast()
    away = person.add_cluster("staging")["id"]
    feed_workload(database, away, name="web", ready=1)
    gateway.execute(
        "UPDATE collector.cluster_states SET status = 'unreachable', reason = 'connection refused',"
        " status_since = now() - interval '12 min', last_success_at = now() - interval '12 min' WHERE cluster_id = %s",
        (away,),
    )
    _feed_advice(gateway, cluster_id, incident)
    feed_check(gateway, cluster_id, lines_of_a_test())
    _feed_jobs(gateway, person, cluster_id, away)
    _feed_system(gateway)
    return Filled(cluster_id, web, incident)


def _feed_advice(gateway: RunningGateway, cluster_id: str, incident: int) -> None:
    """What a model said of the newest decisions, clamped, and a short list of what is worth doing."""
    names = ("performance", "forecast_fit", "cost", "stability", "timing")
    scores = [
        {"replicas": replicas, "risk": risk, "total": total, **dict.fromkeys(names, total)}
        for replicas, risk, total in ((7, 0.12, 0.71), (8, 0.03, 0.79), (9, 0.004, 0.76))
    ]
    advice = {
        "text": "shop/web is expected to need up to 3.3 cores within 150 s; 7 pods are wanted before then instead of 4.",
        "provider": "rules",
        "target_replicas": 7,
        "settled_by": "rules",
        "scores": scores,
        "word": {
            "provider": "gpt-oss",
            "model": "smollm2",
            "action": "scale_up",
            "target_replicas": 40,
            "reasoning": "More pods are always better when CPU is increasing, so I choose 40.",
            "facts": ["trend"],
        },
        "clamp": "It chose 40; kept to 9, for only 7, 8, 9 may be chosen.",
        "note": "The rules decide (7 pods): of the model's word, what it chose is not on offer.",
        "calibration": "not calibrated yet: 12 of 50",
        "autoscaler": "hpa",
        "autoscaler_reason": "it keeps no state that is known of, so that more pods share the work",
    }
    gateway.execute(
        "UPDATE scaler.decisions SET advice = %s WHERE cluster_id = %s AND action = 'scale_up'",
        (json.dumps(advice), cluster_id),
    )
    item = {"severity": "high", "evidence": "incident", "evidence_id": str(incident), "worded_by": "rules"}
    items = [
        {
            **item,
            "title": "shop/web: high incident",
            "sentence": "CPU is at 3.1 cores where 1.2 were expected.",
            "action": "See whether the newest deploy is the reason.",
        },
        {
            **item,
            "severity": "medium",
            "evidence": "decision",
            "title": "billing/api: a recommendation waits",
            "sentence": "9 pods: the forecast's upper quantile of the next 4 minutes' maximum is 8.4 pods.",
            "action": "Apply it: set 9 pods; or dismiss it.",
        },
    ]
    gateway.execute(
        "INSERT INTO advisor.cluster_recommendations VALUES (%s, now() - interval '4 min', 'rules', '', %s)",
        (cluster_id, json.dumps(items)),
    )


def lines_of_a_test() -> list[Line]:
    """A connection that works, with one right missing and a few add-ons not there."""
    absent = {Step.BASTION, Step.VPA, Step.KEDA, Step.ARGO_ROLLOUTS, Step.FLUX}
    rights = rights_for(Access.SCALE)
    missing = rights[-1]
    return [
        *(line_of(step, Outcome.ABSENT if step in absent else Outcome.PASSED) for step in Step),
        *(Line(r.key, f"{' and '.join(r.verbs)} {r.name}", Group.RIGHTS, Outcome.PASSED) for r in rights[:-1]),
        Line(
            missing.key,
            f"{' and '.join(missing.verbs)} {missing.name}",
            Group.RIGHTS,
            Outcome.FAILED,
            f"may not {missing.verbs[0]} {missing.name}: {missing.loss}",
            "Apply the roles of docs/rights.md, which the page 'Add a cluster' prints too.",
        ),
    ]


def feed_check(gateway: RunningGateway, cluster_id: str, lines: list[Line]) -> None:
    """What the collector keeps of a connection's test."""
    as_json = json.dumps([line.as_json() for line in lines])
    gateway.execute(
        "INSERT INTO collector.connection_checks VALUES (%s, now(), now(), %s, %s, %s)",
        (cluster_id, usable(lines), summary(lines), as_json),
    )


def _feed_jobs(gateway: RunningGateway, person: Person, cluster_id: str, away: str) -> None:
    checks = [
        line_of(Step.CREDENTIAL, Outcome.PASSED),
        line_of(Step.DNS, Outcome.PASSED, "192.0.2.10"),
        line_of(
            Step.TCP,
            Outcome.FAILED,
            "192.0.2.10:6443 does not accept connections: connection refused",
            "Check the port, firewalls between this server and the cluster, and that the API server runs.",
        ),
        line_of(Step.TLS, Outcome.SKIPPED, "not tried: an earlier line failed"),
    ]
    lines = [line.as_json() for line in checks]
    states = (
        (away, "completed", 100, summary(checks), {"ok": False, "checks": lines}, None),
        (cluster_id, "failed", 40, "list pods", None, "the worker ended before the job did"),
        (cluster_id, "processing", 60, "list pods: passed", None, None),
    )
    for cluster, status, progress, message, result, error in states:
        job = person.send("POST", f"/clusters/{cluster}/test").json()["job_id"]
        gateway.execute(
            "INSERT INTO collector.job_states (job_id, kind, status, progress, message, result, error)"
            " VALUES (%s, 'collector.check_connection.v1', %s, %s, %s, %s, %s)",
            (job, status, progress, message, json.dumps(result) if result else None, error),
        )


def _feed_system(gateway: RunningGateway) -> None:
    for name in EXPECTED:
        service = name.partition(".")[0]
        # From a little ahead of now, so that they live as long as somebody looks.
        gateway.execute(
            f"INSERT INTO {service}.heartbeats (host, process, pid, version, started_at, seen_at)"
            " VALUES ('host-1', %s, 4711, '0.1.0', now() - interval '3 h', now() + interval '5 min')",
            (name,),
        )
    gateway.execute(
        "INSERT INTO scaler.dead_letters (message_id, contract, queue, payload, attempts, error, died_at)"
        " VALUES (gen_random_uuid(), 'scaler.evaluate.v1', 'scaler.cycle', '{}', 5,"
        " 'ValueError: cannot convert float NaN to integer', now() - interval '20 min')"
    )
