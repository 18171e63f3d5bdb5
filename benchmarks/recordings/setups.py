"""What a scenario finds when it begins: its namespaces and the objects that were prepared without being recorded."""

import re
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from benchmarks.recordings.client import Client
from benchmarks.recordings.lines import Scenario

_NAMESPACE = re.compile(r"/namespaces/([a-z0-9-]+)")
_NAMESPACE_FLAG = re.compile(r"(?:-n|--namespace)[ =]([a-z0-9-]+)")
_FOUND_EVERYWHERE = frozenset({"default", "kube-system", "kube-node-lease", "kube-public"})
_NEVER_THERE = frozenset({"nope"})
_READY_SECONDS = 12.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Action:
    """One prepared write: an object to create, or a request of its own."""

    method: str
    path: str
    body: Any
    content_type: str = "application/json"


@dataclass(frozen=True)
class Setup:
    """What is prepared before a scenario, before some of its lines, and while a watch is open."""

    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    objects: tuple[Action, ...] = ()
    before: dict[int, tuple[Action, ...]] = field(default_factory=dict)
    during: dict[int, tuple[Action, ...]] = field(default_factory=dict)
    settle: dict[int, float] = field(default_factory=dict)
    bind: dict[str, str] = field(default_factory=dict)
    wait: bool = True


_PATHS = {
    "Pod": "/api/v1/namespaces/{ns}/pods",
    "ConfigMap": "/api/v1/namespaces/{ns}/configmaps",
    "Service": "/api/v1/namespaces/{ns}/services",
    "ResourceQuota": "/api/v1/namespaces/{ns}/resourcequotas",
    "PersistentVolumeClaim": "/api/v1/namespaces/{ns}/persistentvolumeclaims",
    "Deployment": "/apis/apps/v1/namespaces/{ns}/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/{ns}/statefulsets",
    "DaemonSet": "/apis/apps/v1/namespaces/{ns}/daemonsets",
    "Job": "/apis/batch/v1/namespaces/{ns}/jobs",
    "CronJob": "/apis/batch/v1/namespaces/{ns}/cronjobs",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses",
    "PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses",
}


def _deployment(name: str, replicas: int) -> dict[str, Any]:
    labels = {"app": name}
    containers = [{"name": "c", "image": "nginx:1.27"}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    }


def _action(raw: dict[str, Any], namespace: str) -> Action:
    """Read one prepared write: `deployment: name`, an object, or a request."""
    if "deployment" in raw:
        obj = _deployment(raw["deployment"], raw.get("replicas", 1))
    elif "pod" in raw:
        spec = {"containers": [{"name": "c", "image": "nginx:1.27"} | raw.get("container", {})], **raw.get("spec", {})}
        obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": raw["pod"], **raw.get("metadata", {})}}
        obj["spec"] = spec
    elif "method" in raw:
        content_type = raw.get("type", "application/json")
        return Action(raw["method"], raw["path"].format(ns=namespace), raw.get("body"), content_type)
    else:
        obj = raw
    return Action("POST", _PATHS[obj["kind"]].format(ns=namespace), obj)


@cache
def _documents() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("setups.yaml").read_text())
    return found


def setup_of(scenario: str, namespace: str) -> Setup:
    """Return what a scenario needs; nothing for one that prepares nothing."""
    raw = _documents().get(scenario) or {}

    def actions(listed: list[dict[str, Any]]) -> tuple[Action, ...]:
        return tuple(_action(one, namespace) for one in listed)

    return Setup(
        labels=raw.get("labels") or {},
        objects=actions(raw.get("objects") or []),
        before={n: actions(listed) for n, listed in (raw.get("before") or {}).items()},
        during={n: actions(listed) for n, listed in (raw.get("during") or {}).items()},
        settle=raw.get("settle") or {},
        bind={name: path.format(ns=namespace) for name, path in (raw.get("bind") or {}).items()},
        wait=raw.get("wait", True),
    )


def namespaces_of(scenario: Scenario) -> list[str]:
    """Return the namespaces that a scenario works in, in the order of their first use."""
    texts = [one.path for one in scenario.exchanges if one.method != "OBSERVE"]
    flags = [one.command for one in scenario.commands]
    found = [name for text in texts for name in _NAMESPACE.findall(text)]
    found += [name for text in flags for name in _NAMESPACE_FLAG.findall(text)]
    return [name for name in dict.fromkeys(found) if name not in _FOUND_EVERYWHERE | _NEVER_THERE]


def perform(client: Client, actions: tuple[Action, ...]) -> list[str]:
    """Make prepared writes; return what was refused."""
    refused = []
    for action in actions:
        answer = client.send(action.method, action.path, action.body, {"Content-Type": action.content_type})
        if answer.status >= 300:
            refused.append(f"{action.method} {action.path}: {answer.status} {answer.body}")
    return refused


def prepare(client: Client, scenario: Scenario) -> tuple[Setup, list[str]]:
    """Create what a scenario needs and wait until its pods run; return what was refused."""
    names = namespaces_of(scenario)
    setup = setup_of(scenario.name, names[0] if names else "default")
    refused = []
    for name in names:
        metadata: dict[str, Any] = {"name": name}
        if name in setup.labels:
            metadata["labels"] = setup.labels[name]
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        refused += perform(client, (Action("POST", "/api/v1/namespaces", namespace),))
    _until_accounts_are_there(client, names)
    refused += perform(client, setup.objects)
    if setup.objects and setup.wait:
        _until_settled(client, names[0])
    return setup, refused


def _until_accounts_are_there(client: Client, names: list[str]) -> None:
    """Wait a moment for each namespace's default account, which a controller makes."""
    deadline = time.monotonic() + 1.0
    for name in names:
        path = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        while client.send("GET", path).status != 200 and time.monotonic() < deadline:
            time.sleep(0.05)


def _until_settled(client: Client, namespace: str) -> None:
    """Wait until nothing changes any more in the pods of a namespace: what can run, runs."""
    deadline = time.monotonic() + _READY_SECONDS
    last: Any = None
    unchanged_since = time.monotonic()
    while time.monotonic() < deadline:
        pods = client.send("GET", f"/api/v1/namespaces/{namespace}/pods").body
        state = [(pod["metadata"]["name"], pod.get("status")) for pod in (pods or {}).get("items") or []]
        if state != last:
            last, unchanged_since = state, time.monotonic()
        elif time.monotonic() - unchanged_since > 2.6:
            return
        time.sleep(_POLL_SECONDS)
