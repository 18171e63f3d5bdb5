"""Logs as they follow from a pod's life."""

from __future__ import annotations

from typing import Any

import pytest

from ai4k8s_simcluster.api.subresources.logs import read_options
from ai4k8s_simcluster.clock import rfc3339
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.pods.containers import find_container
from ai4k8s_simcluster.pods.logs import KEPT_LINES, Work, current_run, previous_run, write_log

START = 1_700_000_000.0


def pod(**changes: Any) -> dict[str, Any]:
    running = {"name": "app", "state": {"running": {"startedAt": rfc3339(START)}}}
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": rfc3339(START + 20)}
    return {
        "metadata": {"name": "web-1", "namespace": "t", "uid": "u"},
        "spec": {
            "nodeName": "node-1",
            "containers": [{"name": "app", "image": "sim/web:1", "ports": [{"containerPort": 8080}]}],
        },
        "status": {"conditions": [ready], "containerStatuses": [running]},
        **changes,
    }


def steady(_pod: Any, _container: str, since: float, until: float) -> list[Work]:
    minutes = range(int(since // 60) + 1, int(until // 60) + 1)
    return [Work(minute * 60.0, 12.5) for minute in minutes]


def texts(found: dict[str, Any], now: float, **options: Any) -> list[str]:
    container = find_container(found, "app")
    run = current_run(container)
    assert run is not None
    return [line.text for line in write_log(container, run, steady, now, **options)]


def test_a_log_tells_start_readiness_and_measured_work() -> None:
    lines = texts(pod(), START + 130)
    assert lines[0].endswith('msg="starting" pod=web-1 image=sim/web:1 node=node-1')
    assert lines[1].endswith('msg="ready, taking requests" ports=8080')
    assert all('msg="requests served" seconds=60 cpu_seconds=12.50' in line for line in lines[2:])
    assert len(lines) == 4


def test_the_same_moment_has_the_same_log_and_following_continues_it() -> None:
    whole = texts(pod(), START + 600)
    assert texts(pod(), START + 600) == whole
    assert texts(pod(), START + 300) + texts(pod(), START + 600, after=START + 300) == whole


def test_a_long_log_was_rotated() -> None:
    lines = texts(pod(), START + (KEPT_LINES + 500) * 60)
    assert len(lines) <= KEPT_LINES
    assert not any("starting" in line or "ready" in line for line in lines)


def test_a_deleted_pod_says_that_it_was_told_to_stop() -> None:
    metadata = {**pod()["metadata"], "deletionTimestamp": rfc3339(START + 130), "deletionGracePeriodSeconds": 30}
    assert texts(pod(metadata=metadata), START + 110)[-1].endswith(
        'msg="SIGTERM received, finishing and closing connections"'
    )


@pytest.mark.parametrize(
    ("ended", "last"),
    [
        ({"exitCode": 1, "reason": "Error"}, 'level=error msg="exiting" exit_code=1'),
        ({"exitCode": 0, "reason": "Completed"}, 'level=info msg="exiting" exit_code=0'),
        ({"exitCode": 137, "reason": "OOMKilled"}, "cpu_seconds=12.50"),
    ],
)
def test_the_log_of_a_run_that_ended_ends_with_it(ended: dict[str, Any], last: str) -> None:
    times = {"startedAt": rfc3339(START), "finishedAt": rfc3339(START + 130)}
    state = {
        "name": "app",
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {**ended, **times}},
    }
    found = find_container(pod(status={"containerStatuses": [state]}), "app")
    run = previous_run(found.previous)
    assert run is not None
    assert write_log(found, run, steady, START + 900)[-1].text.endswith(last)
    assert current_run(found) == run


def test_a_waiting_container_has_no_log_yet() -> None:
    status = {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}
    found = find_container(pod(status=status), "")
    assert current_run(found) is None
    assert (
        found.waiting().message
        == 'container "app" in pod "web-1" is waiting to start: trying and failing to pull image'
    )


def test_one_of_several_containers_must_be_named() -> None:
    several = pod()
    several["spec"] = {"containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}]}
    with pytest.raises(ApiError, match=r"must be specified for pod web-1, choose one of: \[i a b\]"):
        find_container(several, "")
    with pytest.raises(ApiError, match="container c is not valid for pod web-1"):
        find_container(several, "c")
    assert find_container(several, "i").name == "i"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"tailLines": "-1"}, "tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ({"limitBytes": "0"}, "limitBytes: Invalid value: 0: must be greater than 0"),
        ({"sinceSeconds": "0"}, "sinceSeconds: Invalid value: 0: must be greater than 0"),
        ({"sinceSeconds": "5", "sinceTime": "2024-01-01T00:00:00Z"}, "at most one of `sinceTime` or `sinceSeconds`"),
        ({"tailLines": "x"}, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ({"sinceTime": "yesterday"}, 'parsing time "yesterday"'),
    ],
)
def test_impossible_options_are_refused(query: dict[str, str], message: str) -> None:
    with pytest.raises(ApiError) as refused:
        read_options(query, "web-1")
    assert message in refused.value.message


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        (["sh", "-c", "echo one; echo 'two  words'; sleep 3600"], ["one", "two  words"]),
        (["echo", "hello", "there"], ["hello there"]),
        (["sh", "-c", "echo before; sleep 5; echo after"], ["before"]),
        (["sh", "-c", "echo once; exit 1; echo never"], ["once"]),
    ],
)
def test_what_a_plain_command_prints_is_the_log(command: list[str], printed: list[str]) -> None:
    found = pod()
    found["spec"]["containers"][0]["command"] = command
    assert texts(found, START + 3) == printed


def test_a_script_that_prints_later_is_not_ahead_of_itself() -> None:
    found = pod()
    found["spec"]["containers"][0]["command"] = ["sh", "-c", "echo before; sleep 5; echo after"]
    assert texts(found, START + 6) == ["before", "after"]


def test_what_depends_on_the_environment_is_not_made_up() -> None:
    found = pod()
    found["spec"]["containers"][0]["command"] = ["sh", "-c", "echo $HOSTNAME"]
    assert texts(found, START + 130)[0].endswith("node=node-1")
