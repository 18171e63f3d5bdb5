"""What writes would call: the object that was read, at the version that was read, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ai4k8s_chat.domain import writes
from ai4k8s_chat.domain.modes import ModeRule, ToolMode, may_plan
from ai4k8s_chat.domain.rollouts import revisions, status
from ai4k8s_common.errors import InvalidInputError, NotFoundError
from ai4k8s_common.plans import CallKind

PATH = "/apis/apps/v1/namespaces/shop/deployments/web"


def deployment(*containers: str) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "7", "managedFields": [{}]},
        "spec": {
            "replicas": 2,
            "template": {
                "spec": {"containers": [{"name": name, "image": f"{name}:1", "env": []} for name in containers]}
            },
        },
        "status": {"replicas": 2},
    }


def replica_set(number: int, image: str) -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"app": "web", "pod-template-hash": "x"}},
        "spec": {"containers": [{"image": image}]},
    }
    return {
        "metadata": {
            "annotations": {"deployment.kubernetes.io/revision": str(number)},
            "ownerReferences": [{"uid": "u"}],
        },
        "spec": {"template": template},
    }


@pytest.mark.parametrize(
    ("now", "exact", "by", "percent", "wanted"),
    [
        (3, 5, None, None, 5),
        (3, None, 2, None, 5),
        (3, None, -1, None, 2),
        (2, None, None, -50, 1),
        (3, None, None, -50, 1),
        (3, None, None, 25, 4),
        (1, None, None, 100, 2),
        (4, None, None, -100, 0),
    ],
)
def test_replicas_are_a_number_a_change_or_a_share(now: int, exact: int, by: int, percent: int, wanted: int):
    assert writes.replicas_wanted(now, exact, by, percent) == wanted


def test_a_restart_touches_the_template_at_the_version_that_was_read():
    call = writes.restart(PATH, deployment("app"), datetime(2026, 1, 2, tzinfo=UTC))
    assert (call.kind, call.uid, call.resource_version) == (CallKind.PATCH, "u", "7")
    stamp = call.body["spec"]["template"]["metadata"]["annotations"]  # type: ignore[index]
    assert stamp == {"kubectl.kubernetes.io/restartedAt": "2026-01-02T00:00:00Z"}


def test_an_image_is_set_in_one_container_and_the_others_stay_as_they_were():
    found = deployment("app", "proxy")
    call = writes.set_image(PATH, found, "app", "app:2")
    written = call.body["spec"]["template"]["spec"]["containers"]  # type: ignore[index]
    assert written == [{"name": "app", "image": "app:2", "env": []}, {"name": "proxy", "image": "proxy:1", "env": []}]
    assert found == deployment("app", "proxy")


def test_an_image_without_a_container_is_a_question_where_there_are_two():
    with pytest.raises(InvalidInputError, match="which container"):
        writes.set_image(PATH, deployment("app", "proxy"), None, "app:2")
    with pytest.raises(NotFoundError, match="no container 'web'"):
        writes.set_image(PATH, deployment("app"), "web", "app:2")


def test_going_back_takes_the_template_of_the_revision_before_without_what_controllers_added():
    found = deployment("app")
    known = revisions(found, [replica_set(3, "web:3"), replica_set(1, "web:1"), replica_set(2, "web:2")])
    call, revision = writes.undo(PATH, found, known, None)
    assert revision.number == 2
    assert call.kind is CallKind.REPLACE
    assert call.body is not None
    expected = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"image": "web:2"}]}}
    assert call.body["spec"]["template"] == expected
    assert "status" not in call.body
    assert writes.undo(PATH, found, known, 1)[1].images == ("web:1",)
    with pytest.raises(NotFoundError, match="no revision 9"):
        writes.undo(PATH, found, known, 9)


def pod(name: str, owner: str | None, **spec: Any) -> dict[str, Any]:
    owners = [{"kind": owner, "controller": True}] if owner else []
    meta = {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "1", "ownerReferences": owners}
    return {"metadata": meta, "spec": spec, "status": {"phase": "Running"}}


def test_a_drain_leaves_daemons_and_refuses_to_lose_what_nobody_makes_again():
    pods = [
        pod("a", "ReplicaSet"),
        pod("d", "DaemonSet"),
        pod("alone", None),
        pod("e", "ReplicaSet", volumes=[{"emptyDir": {}}]),
    ]
    careful = writes.drain(pods, daemon_sets=True, empty_dirs=False, force=False)
    assert [one["metadata"]["name"] for one in careful.evicted] == ["a"]
    assert [text.split(" ", 1)[0] for text in careful.problems] == ["shop/alone", "shop/e"]
    bold = writes.drain(pods, daemon_sets=True, empty_dirs=True, force=True)
    assert [one["metadata"]["name"] for one in bold.evicted] == ["a", "alone", "e"]
    assert bold.problems == ()


@pytest.mark.parametrize(
    ("numbers", "done"),
    [
        ({"updatedReplicas": 1, "replicas": 2, "availableReplicas": 2}, False),
        ({"updatedReplicas": 2, "replicas": 3, "availableReplicas": 2}, False),
        ({"updatedReplicas": 2, "replicas": 2, "availableReplicas": 1}, False),
        ({"updatedReplicas": 2, "replicas": 2, "availableReplicas": 2}, True),
    ],
)
def test_a_rollout_is_done_when_all_new_pods_are_available_and_no_old_ones_are_left(numbers, done):
    assert status({**deployment("app"), "status": numbers})[0] is done


def test_the_strictest_mode_that_is_set_holds():
    ask, read_only = ModeRule(ToolMode.ASK), ModeRule(ToolMode.READ_ONLY)
    listed = ModeRule(ToolMode.ALLOW_LISTED, frozenset({"rollout_restart"}))
    assert may_plan("pods_delete", [])
    assert may_plan("pods_delete", [ask])
    assert not may_plan("pods_delete", [ask, read_only])
    assert may_plan("rollout_restart", [ask, listed])
    assert not may_plan("pods_delete", [ask, listed])
