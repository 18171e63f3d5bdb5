"""What changed since the last look: deploys, events, pods, kills. Each is told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ai4k8s_collector.domain.deploys import Revision, deploy_since, newest, past_deploys
from ai4k8s_collector.domain.events import EventKey, EventRow, KnownEvent, merge
from ai4k8s_collector.domain.objects import ObservedEvent
from ai4k8s_collector.domain.pods import PodRow, difference, row_of
from ai4k8s_collector.domain.summary import Known, summarize
from tests.unit.collector.test_summary import INTERVAL, NOW, WEB, pod, snapshot

MINUTE = timedelta(minutes=1)


def revision(number: int, minutes_ago: float) -> Revision:
    return Revision(number, f"web-{number}", NOW - minutes_ago * MINUTE, (f"web:{number}",))


def test_at_the_first_look_the_replica_sets_tell_of_past_deploys() -> None:
    told = past_deploys([revision(3, 10), revision(1, 5000), revision(2, 300)])
    assert [(deploy.revision, deploy.at) for deploy in told] == [
        ("1", NOW - 5000 * MINUTE),
        ("2", NOW - 300 * MINUTE),
        ("3", NOW - 10 * MINUTE),
    ]


def test_a_roll_back_before_the_first_look_has_no_known_time() -> None:
    rolled_back = [revision(2, 300), revision(3, 5000)]
    assert [deploy.revision for deploy in past_deploys(rolled_back)] == ["2"]


def test_a_new_replica_set_is_a_deploy_at_its_birth_and_an_old_one_a_roll_back_now() -> None:
    seen_at = NOW - MINUTE
    fresh, old = revision(4, 0.5), revision(5, 900)
    assert newest([revision(3, 9), fresh]) == fresh
    deployed = deploy_since("3", "4", fresh, (), seen_at, NOW)
    assert deployed is not None
    assert (deployed.at, deployed.images) == (NOW - 0.5 * MINUTE, ("web:4",))
    rolled_back = deploy_since("4", "5", old, (), seen_at, NOW)
    assert rolled_back is not None
    assert rolled_back.at == NOW
    assert deploy_since("5", "5", old, (), seen_at, NOW) is None
    assert deploy_since("5", "", None, (), seen_at, NOW) is None


def test_a_workload_carries_its_deploys_and_the_revision_it_is_at() -> None:
    seen = replace(snapshot([pod()], []), revisions={"d1": (revision(1, 5000), revision(2, 0.5))})
    (first,) = summarize(seen, {}, INTERVAL).workloads
    assert (first.revision, len(first.deploys), first.revision_at) == ("2", 2, NOW - 0.5 * MINUTE)
    known = Known(NOW - MINUTE, [], "1", NOW - 5000 * MINUTE)
    (later,) = summarize(seen, {WEB: known}, INTERVAL).workloads
    assert [deploy.revision for deploy in later.deploys] == ["2"]
    (same,) = summarize(seen, {WEB: replace(known, revision="2", revision_at=NOW)}, INTERVAL).workloads
    assert (same.deploys, same.revision_at) == ((), NOW)


def event(uid: str, count: int, minutes_ago: float = 1, message: str = "back-off") -> ObservedEvent:
    last = NOW - minutes_ago * MINUTE
    return ObservedEvent(uid, "shop", "Pod", f"web-{uid}", "Warning", "BackOff", message, "kubelet", count, last, last)


KEY = EventKey("shop", "Deployment", "web", "Warning", "BackOff")


def merged(known: KnownEvent | None, *events: ObservedEvent) -> list[EventRow]:
    return merge([(KEY, 7, one) for one in events], {KEY: known} if known else {})


def test_events_of_a_workloads_pods_are_one_row_with_the_newest_words() -> None:
    (row,) = merged(None, event("a", 3, 5, "old"), event("b", 2, 1, "new"))
    assert (row.count, row.message, row.object, row.workload_id) == (5, "new", "Pod/web-b", 7)
    assert (row.first_at, row.last_at) == (NOW - 5 * MINUTE, NOW - MINUTE)


def test_what_was_counted_is_not_counted_again_and_what_vanished_stays_counted() -> None:
    known = KnownEvent(5, {"a": 3, "b": 2}, NOW - 5 * MINUTE, NOW - MINUTE)
    assert merged(known, event("a", 3), event("b", 2)) == []
    (row,) = merged(known, event("b", 4), event("c", 1))
    assert (row.count, dict(row.counts), row.first_at) == (8, {"b": 4, "c": 1}, NOW - 5 * MINUTE)


def test_only_pods_that_changed_are_written() -> None:
    pods = [pod(number, uid=f"u{number}") for number in range(3)]
    before = {one.uid: row_of(one, 1) for one in pods}
    now = {one.uid: row_of(one, 1) for one in (replace(pods[0], ready=False), pods[1], pod(9, uid="u9"))}
    changed, gone = difference(before, now)
    assert ({row.uid for row in changed}, gone) == ({"u0", "u9"}, ["u2"])


def kills(before: dict[str, PodRow], known: Known | None, oom_at: datetime | None) -> int:
    seen = snapshot([pod(uid="u0", oom_at=oom_at)], [])
    (row,) = summarize(seen, {WEB: known} if known else {}, INTERVAL, before).workloads
    return row.new_oom_kills


def test_a_kill_is_counted_once_and_not_at_the_first_look() -> None:
    killed = NOW - timedelta(seconds=20)
    known = Known(NOW - MINUTE, [], oom_kills=4)
    stored = {"u0": row_of(pod(uid="u0", oom_at=killed), 1)}
    assert kills({}, None, killed) == 0
    assert kills({}, known, killed) == 1
    assert kills(stored, known, killed) == 0
    assert kills(stored, known, NOW) == 1
    assert kills({}, known, NOW - timedelta(days=1)) == 0


def test_what_pods_wait_for_is_counted_by_reason() -> None:
    waiting = {"ready": False, "phase": "Pending"}
    pods = [
        pod(0, **waiting, reason="Unschedulable"),
        pod(1, **waiting, reason="Unschedulable"),
        pod(2, **waiting),
        pod(3, ready=False, reason="CrashLoopBackOff"),
        pod(4, **waiting, terminating=True),
        pod(5),
    ]
    (row,) = summarize(snapshot(pods, []), {}, INTERVAL).workloads
    assert row.pending == {"Unschedulable": 2, "Pending": 1, "CrashLoopBackOff": 1}
    assert row.pending_pods == 4
