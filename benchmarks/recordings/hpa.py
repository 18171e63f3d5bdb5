"""Replays the recorded decisions of the HPA: the same Deployments, the same usage, all cases side by side."""

import threading
import time
from typing import Any

from benchmarks.recordings.binding import Binder
from benchmarks.recordings.client import Client
from benchmarks.recordings.compare import Difference, compare
from benchmarks.recordings.lines import Exchange, Scenario
from benchmarks.recordings.report import Outcome
from benchmarks.recordings.setups import Action, perform

_NAMESPACE = "hpa"
_USAGE_ANNOTATION = "sim.ai4k8s.io/usage"
_READY_SECONDS = 20.0
_MORE_SECONDS = 3.0
_POLL_SECONDS = 0.5
_LONGEST_SECONDS = 100.0


def usage_annotation(rule: dict[str, Any]) -> str:
    """Return a recorded usage rule as the simulated cluster takes it."""
    parts = []
    if "cpu_m" in rule:
        parts.append(f"cpu={rule['cpu_m']}m")
    if "cpu_list" in rule:
        parts.append("cpu=" + ",".join(f"{value}m" for value in rule["cpu_list"]))
    if "total_cpu_m" in rule:
        parts.append(f"total-cpu={rule['total_cpu_m']}m")
    if "mem_mi" in rule:
        parts.append(f"memory={rule['mem_mi']}Mi")
    if "missing" in rule:
        parts.append(f"missing={rule['missing']}")
    return ";".join(parts)


def _deployment(name: str, case: dict[str, Any]) -> dict[str, Any]:
    requests: dict[str, str] = {}
    if case["cpu_request_m"] is not None:
        requests["cpu"] = f"{case['cpu_request_m']}m"
    if case["memory_request_mi"] is not None:
        requests["memory"] = f"{case['memory_request_mi']}Mi"
    containers: list[dict[str, Any]] = [{"name": "c", "image": "nginx:1.27", "resources": {"requests": requests}}]
    if case["second_container_without_request"]:
        containers.append({"name": "side", "image": "nginx:1.27"})
    labels = {"app": name}
    metadata: dict[str, Any] = {"labels": labels}
    if case["pod_annotations"]:
        metadata["annotations"] = case["pod_annotations"]
    template = {"metadata": metadata, "spec": {"containers": containers}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "annotations": {_USAGE_ANNOTATION: usage_annotation(case["usage_rule"])}},
        "spec": {
            "replicas": case["deployment_replicas_at_start"],
            "selector": {"matchLabels": labels},
            "template": template,
        },
    }


def _steps(sequence: list[dict[str, Any]]) -> list[int]:
    """Return the sizes an HPA wished for, in order, without repetitions."""
    wished = [int(one.get("desiredReplicas") or 0) for one in sequence if one.get("conditions")]
    return [value for at, value in enumerate(wished) if at == 0 or value != wished[at - 1]]


class HpaReplay:
    """All cases of one recording."""

    def __init__(self, client: Client, scenario: Scenario) -> None:
        self._client = client
        self._scenario = scenario
        self._seen: dict[str, list[dict[str, Any]]] = {}

    def run(self) -> list[Outcome]:
        """Create every Deployment, then every HPA, watch them for as long as was recorded, and compare."""
        client = self._client
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}}
        perform(client, (Action("POST", "/api/v1/namespaces", namespace),))
        cases = self._scenario.exchanges
        for one in cases:
            path = f"/apis/apps/v1/namespaces/{_NAMESPACE}/deployments"
            client.send("POST", path, _deployment(one.step, one.observed), {"Content-Type": "application/json"})
        self._until_ready(cases)
        outcomes = [Outcome(one.scenario, one.topic, one.n, one.step, "HPA case") for one in cases]
        threads = [
            threading.Thread(target=self._case, args=(one, outcome), daemon=True)
            for one, outcome in zip(cases, outcomes, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_LONGEST_SECONDS + _MORE_SECONDS)
        return outcomes

    def _until_ready(self, cases: list[Exchange]) -> None:
        wanted = sum(
            one.observed["deployment_replicas_at_start"] for one in cases if not (one.observed["pod_annotations"] or {})
        )
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            listed = self._client.send("GET", f"/apis/apps/v1/namespaces/{_NAMESPACE}/deployments").body
            ready = sum((item.get("status") or {}).get("readyReplicas", 0) for item in listed.get("items") or [])
            if ready >= wanted:
                return
            time.sleep(_POLL_SECONDS)

    def _case(self, one: Exchange, outcome: Outcome) -> None:
        path = f"/apis/autoscaling/v2/namespaces/{_NAMESPACE}/horizontalpodautoscalers"
        body = {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": one.step},
            "spec": one.observed["hpa_spec_sent"],
        }
        created = self._client.send("POST", path, body, {"Content-Type": "application/json"})
        if created.status != 201:
            outcome.differences.append(Difference("status", 201, f"{created.status} {created.body}"))
            return
        outcome.differences += compare(
            one.observed["hpa_spec_after_create"], created.body["spec"], Binder(), "hpa_spec_after_create"
        )
        sequence = self._follow(f"{path}/{one.step}", one)
        outcome.differences += _judged(one, sequence) + self._events(one)

    def _follow(self, path: str, one: Exchange) -> list[dict[str, Any]]:
        recorded = one.observed["status_sequence"]
        last = max((float(state["t"]) for state in recorded), default=0.0)
        deadline = time.monotonic() + min(last + _MORE_SECONDS, _LONGEST_SECONDS)
        found: list[dict[str, Any]] = []
        while time.monotonic() < deadline:
            status = self._client.send("GET", path).body.get("status") or {}
            if not found or status != found[-1]:
                found.append(status)
            time.sleep(_POLL_SECONDS)
        return found

    def _events(self, one: Exchange) -> list[Difference]:
        selector = f"involvedObject.kind%3DHorizontalPodAutoscaler,involvedObject.name%3D{one.step}"
        listed = self._client.send("GET", f"/api/v1/namespaces/{_NAMESPACE}/events?fieldSelector={selector}").body
        ours = {(item.get("type"), item.get("reason"), item.get("message")) for item in listed.get("items") or []}
        recorded = {(item["type"], item["reason"], item["message"]) for item in one.observed["events"]}
        return [] if ours == recorded else [Difference("events", sorted(recorded), sorted(ours, key=repr))]


def _judged(one: Exchange, sequence: list[dict[str, Any]]) -> list[Difference]:
    recorded = one.observed["status_sequence"]
    first_recorded: dict[str, Any] = next((state for state in recorded if state["conditions"]), {})
    first_seen: dict[str, Any] = next((state for state in sequence if state.get("conditions")), {})
    found: list[Difference] = []
    for key in ("desiredReplicas", "currentMetrics"):
        wanted, answered = first_recorded.get(key), first_seen.get(key)
        if (wanted or 0) != (answered or 0):
            found.append(Difference(f"first decision.{key}", wanted, answered))
    if _steps(recorded) != _steps(sequence):
        found.append(Difference("desiredReplicas in order", _steps(recorded), _steps(sequence)))
    for name, state in (("first", first_recorded), ("last", recorded[-1] if recorded else {})):
        seen = first_seen if name == "first" else (sequence[-1] if sequence else {})
        wanted_conditions = _conditions(state)
        if wanted_conditions != _conditions(seen):
            found.append(Difference(f"{name} conditions", wanted_conditions, _conditions(seen)))
    return found


def _conditions(status: dict[str, Any]) -> list[tuple[str, ...]]:
    return sorted(
        (one["type"], one["status"], one.get("reason", ""), one.get("message", ""))
        for one in status.get("conditions") or []
    )
