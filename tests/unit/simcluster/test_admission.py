"""Admission: Pod Security levels, quotas and limits, what is added to pods; messages are a real server's."""

from __future__ import annotations

import copy
import itertools
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from ai4k8s_simcluster.admission import limits, quotas
from ai4k8s_simcluster.admission.pods import add_priority, add_service_account, add_tolerations
from ai4k8s_simcluster.admission.podsecurity import Level, Mode, describe, label_causes, level_for, violations

if TYPE_CHECKING:
    from ai4k8s_simcluster.types import Obj

ENFORCE = "pod-security.kubernetes.io/enforce"


def _pod(*containers: Obj, **spec: Any) -> Obj:
    found = copy.deepcopy(list(containers) or [{"name": "c", "image": "x"}])
    return {"metadata": {"name": "p", "namespace": "n"}, "spec": {"containers": found, **spec}}


def _found(level: str, pod: Obj) -> str:
    return describe(violations(Level(level), pod["metadata"], pod["spec"]))


def test_a_plain_pod_is_baseline_and_not_restricted() -> None:
    assert _found("baseline", _pod()) == ""
    assert _found("restricted", _pod({"name": "a"}, {"name": "b"})) == (
        'allowPrivilegeEscalation != false (containers "a", "b" must set securityContext.allowPrivilegeEscalation=false), '
        'unrestricted capabilities (containers "a", "b" must set securityContext.capabilities.drop=["ALL"]), '
        'runAsNonRoot != true (pod or containers "a", "b" must set securityContext.runAsNonRoot=true), '
        'seccompProfile (pod or containers "a", "b" must set securityContext.seccompProfile.type to '
        '"RuntimeDefault" or "Localhost")'
    )


def test_a_careful_pod_is_restricted() -> None:
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}
    pod = _pod(
        {"name": "c", "securityContext": security},
        securityContext={"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    )
    assert _found("restricted", pod) == ""


@pytest.mark.parametrize(
    ("container", "spec", "text"),
    [
        ({"securityContext": {"privileged": True}}, {}, 'privileged (container "c" must not set'),
        ({"ports": [{"hostPort": 80}]}, {}, 'hostPort (container "c" uses hostPort 80)'),
        ({}, {"hostNetwork": True, "hostPID": True}, "host namespaces (hostNetwork=true, hostPID=true)"),
        ({}, {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, 'hostPath volumes (volume "v")'),
        (
            {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}},
            {},
            'non-default capabilities (container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add)',
        ),
        (
            {},
            {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
            'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
        ({}, {"securityContext": {"sysctls": [{"name": "kernel.x"}]}}, "forbidden sysctls (kernel.x)"),
        (
            {"livenessProbe": {"httpGet": {"host": "10.0.0.1"}}},
            {},
            'probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")',
        ),
    ],
)
def test_baseline_refuses_what_reaches_the_host(container: Obj, spec: Obj, text: str) -> None:
    assert text in _found("baseline", _pod({"name": "c", **container}, **spec))


def test_levels_follow_the_namespaces_labels() -> None:
    assert level_for({}, Mode.ENFORCE) == Level()
    assert str(level_for({ENFORCE: "baseline"}, Mode.WARN)) == "baseline:latest"
    assert level_for({ENFORCE: "typo"}, Mode.ENFORCE).name == "restricted"
    assert [cause.message for cause in label_causes({ENFORCE: "typo"})] == [
        'Invalid value: "typo": must be one of privileged, baseline, restricted'
    ]


def _quota(hard: Obj, used: Obj | None = None, **spec: Any) -> Obj:
    return {"metadata": {"name": "q"}, "spec": {"hard": hard, **spec}, "status": {"hard": hard, "used": used or {}}}


def test_a_full_quota_says_what_was_asked_what_is_used_and_what_the_limit_is() -> None:
    pod = _pod({"name": "c", "resources": {"requests": {"cpu": "500m"}}})
    quota = _quota({"pods": "2", "requests.cpu": "1"}, {"pods": "2", "requests.cpu": "800m"})
    used = quotas.used_of(quota)
    assert used is not None
    assert quotas.exceeded(quota, used, quotas.usage_of("pods", "", pod)) == (
        "exceeded quota: q, requested: pods=1,requests.cpu=500m, used: pods=2,requests.cpu=800m, "
        "limited: pods=2,requests.cpu=1"
    )


def test_a_quota_on_resources_wants_them_said() -> None:
    assert quotas.unsaid(_quota({"limits.memory": "1Gi", "pods": "1"}), _pod()) == "must specify limits.memory for: c"
    assert quotas.unsaid(_quota({"pods": "1"}), _pod()) == ""


def test_a_quota_may_be_about_some_pods_only() -> None:
    best_effort = _quota({"pods": "1"}, scopes=["BestEffort"])
    asking = _pod({"name": "c", "resources": {"requests": {"cpu": "1"}}})
    assert quotas.covers(best_effort, "pods", _pod())
    assert not quotas.covers(best_effort, "pods", asking)
    assert not quotas.covers(best_effort, "services", {})


def test_finished_pods_count_as_objects_and_no_more() -> None:
    assert set(quotas.usage_of("pods", "", {**_pod(), "status": {"phase": "Succeeded"}})) == {"count/pods"}
    service = {"spec": {"type": "LoadBalancer", "ports": [{"port": 1}, {"port": 2}]}}
    assert quotas.usage_of("services", "", service)["services.nodeports"] == Decimal(2)


LIMITS = {
    "spec": {
        "limits": [
            {
                "type": "Container",
                "default": {"cpu": "1", "memory": "256Mi"},
                "defaultRequest": {"cpu": "100m"},
                "max": {"cpu": "2"},
                "min": {"cpu": "50m"},
                "maxLimitRequestRatio": {"cpu": "4"},
            }
        ]
    }
}


def test_a_limit_range_fills_in_and_says_so() -> None:
    pod = _pod()
    limits.fill_resources(pod, [LIMITS])
    assert pod["spec"]["containers"][0]["resources"] == {
        "requests": {"cpu": "100m"},
        "limits": {"cpu": "1", "memory": "256Mi"},
    }
    assert pod["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu request for container c; cpu, memory limit for container c"
    )


@pytest.mark.parametrize(
    ("resources", "broken"),
    [
        ({"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}, []),
        (
            {"requests": {"cpu": "10m"}, "limits": {"cpu": "40m"}},
            ["minimum cpu usage per Container is 50m, but request is 10m"],
        ),
        ({"requests": {"cpu": "1"}, "limits": {"cpu": "3"}}, ["maximum cpu usage per Container is 2, but limit is 3"]),
        (
            {"requests": {"cpu": "100m"}, "limits": {"cpu": "1"}},
            ["cpu max limit to request ratio per Container is 4, but provided ratio is 10.000000"],
        ),
    ],
)
def test_a_limit_range_sets_bounds(resources: Obj, broken: list[str]) -> None:
    assert limits.broken_bounds(_pod({"name": "c", "resources": resources}), [LIMITS]) == broken


def test_a_pod_gets_its_accounts_token_once() -> None:
    suffixes = itertools.count()
    pod = _pod({"name": "a"}, {"name": "b"})
    for _ in range(2):
        add_service_account(pod, {"metadata": {"name": "default"}}, lambda: f"s{next(suffixes)}")
    assert pod["spec"]["serviceAccount"] == "default"
    assert [volume["name"] for volume in pod["spec"]["volumes"]] == ["kube-api-access-s0"]
    assert all(len(container["volumeMounts"]) == 1 for container in pod["spec"]["containers"])
    quiet = _pod()
    add_service_account(quiet, {"automountServiceAccountToken": False}, lambda: "x")
    assert "volumes" not in quiet["spec"]


def test_priority_and_tolerations_are_added_unless_they_are_given() -> None:
    pod = _pod(tolerations=[{"operator": "Exists"}])
    add_tolerations(pod)
    assert pod["spec"]["tolerations"] == [{"operator": "Exists"}]
    add_priority(pod, None, {"metadata": {"name": "usual"}, "value": 7, "preemptionPolicy": "Never"})
    assert (pod["spec"]["priority"], pod["spec"]["priorityClassName"]) == (7, "usual")
    plain = _pod()
    add_tolerations(plain)
    assert [found["tolerationSeconds"] for found in plain["spec"]["tolerations"]] == [300, 300]
