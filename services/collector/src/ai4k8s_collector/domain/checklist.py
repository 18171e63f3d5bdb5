"""What is tried when a connection is tested, and what each line tells a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """One line of the checklist, in the order of trying."""

    CREDENTIAL = "credential"
    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    VERSION = "version"
    LOGIN = "login"
    LIST_DEPLOYMENTS = "list_deployments"
    LIST_STATEFUL_SETS = "list_stateful_sets"
    LIST_REPLICA_SETS = "list_replica_sets"
    LIST_PODS = "list_pods"
    LIST_NODES = "list_nodes"
    PATCH_SCALE = "patch_scale"
    METRICS_SERVER = "metrics_server"
    PROMETHEUS = "prometheus"


class Outcome(StrEnum):
    """How one line went."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


TITLES: dict[Step, str] = {
    Step.CREDENTIAL: "The stored credential can be opened",
    Step.DNS: "The API server's name resolves to an address that may be used",
    Step.TCP: "The API server accepts connections",
    Step.TLS: "Its certificate proves that it is this cluster",
    Step.VERSION: "It answers like a Kubernetes API server",
    Step.LOGIN: "It accepts the credential",
    Step.LIST_DEPLOYMENTS: "Deployments can be listed",
    Step.LIST_STATEFUL_SETS: "StatefulSets can be listed",
    Step.LIST_REPLICA_SETS: "ReplicaSets can be listed (who owns a pod)",
    Step.LIST_PODS: "Pods can be listed",
    Step.LIST_NODES: "Nodes can be listed",
    Step.PATCH_SCALE: "Replica counts can be changed",
    Step.METRICS_SERVER: "metrics-server reports usage",
    Step.PROMETHEUS: "Prometheus answers (history)",
}

# Without these there is nothing to show; the others cost a feature each.
ESSENTIAL = frozenset(
    set(Step) - {Step.LIST_STATEFUL_SETS, Step.LIST_NODES, Step.PATCH_SCALE, Step.METRICS_SERVER, Step.PROMETHEUS}
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its outcome; `hint` says what to do."""

    step: Step
    outcome: Outcome
    detail: str = ""
    hint: str = ""

    def as_json(self) -> dict[str, str]:
        """For a job's result."""
        return {
            "check": self.step.value,
            "title": TITLES[self.step],
            "outcome": self.outcome.value,
            "detail": self.detail,
            "hint": self.hint,
        }


def usable(lines: list[Line]) -> bool:
    """Whether the cluster can be observed at all."""
    failed = {line.step for line in lines if line.outcome is not Outcome.PASSED}
    return not failed & ESSENTIAL


def summary(lines: list[Line]) -> str:
    """One sentence."""
    failed = [line for line in lines if line.outcome is Outcome.FAILED]
    if not failed:
        return "Everything works."
    first = TITLES[failed[0].step]
    if usable(lines):
        return f"Connected; {len(failed)} feature(s) missing, first: {first[0].lower()}{first[1:]}."
    return f"Not connected: failed at '{first}'."
