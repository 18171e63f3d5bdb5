"""What was asked of a cluster, how that went, and what is lost without it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """Where something comes from, in the order people read them."""

    DEPLOYMENTS = "deployments"
    STATEFUL_SETS = "stateful_sets"
    REPLICA_SETS = "replica_sets"
    DAEMON_SETS = "daemon_sets"
    JOBS = "jobs"
    CRON_JOBS = "cron_jobs"
    CUSTOM_WORKLOADS = "custom_workloads"
    PODS = "pods"
    NODES = "nodes"
    AUTOSCALERS = "autoscalers"
    VERTICAL_AUTOSCALERS = "vertical_autoscalers"
    QUOTAS = "quotas"
    VOLUME_CLAIMS = "volume_claims"
    EVENTS = "events"
    POD_METRICS = "pod_metrics"
    NODE_METRICS = "node_metrics"
    PROMETHEUS = "prometheus"
    NETWORK = "network"
    DISK = "disk"
    REQUESTS = "requests"
    THROTTLING = "throttling"


LOST: dict[Source, str] = {
    Source.DEPLOYMENTS: "Everything: nothing can be shown or scaled.",
    Source.STATEFUL_SETS: "StatefulSets are neither shown nor scaled.",
    Source.REPLICA_SETS: "Pods cannot be attributed to their Deployments.",
    Source.DAEMON_SETS: "DaemonSets are not shown.",
    Source.JOBS: "Jobs are not shown.",
    Source.CRON_JOBS: "CronJobs are not shown.",
    Source.CUSTOM_WORKLOADS: "Custom kinds that scale, such as Argo Rollouts, are neither shown nor scaled.",
    Source.PODS: "Everything: usage cannot be summed up.",
    Source.NODES: "Nodes and their free capacity are not shown.",
    Source.AUTOSCALERS: "Whether an HPA scales a workload is not known.",
    Source.VERTICAL_AUTOSCALERS: "Recommendations of a VPA are not shown.",
    Source.QUOTAS: "Quotas are not shown; a scale-up can be refused by one unforeseen.",
    Source.VOLUME_CLAIMS: "Volume claims are not shown.",
    Source.EVENTS: "What the cluster reports about its objects is not shown.",
    Source.POD_METRICS: "CPU and memory are not measured, so nothing is forecast.",
    Source.NODE_METRICS: "Usage of nodes is not shown.",
    Source.PROMETHEUS: "There is no history at the start, and no network, disk, request or throttling rates.",
    Source.NETWORK: "Network traffic is not shown.",
    Source.DISK: "Disk traffic is not shown.",
    Source.REQUESTS: "Requests per second are not shown.",
    Source.THROTTLING: "CPU throttling is not shown.",
}


class Status(StrEnum):
    """Whether something could be read; the store's words."""

    AVAILABLE = "available"
    NOT_CONFIGURED = "not_configured"
    MISSING = "missing"
    FORBIDDEN = "forbidden"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SourceState:
    """How one source answered; `hint` says what a person can do."""

    source: Source
    status: Status
    reason: str = ""
    hint: str = ""

    @property
    def lost(self) -> str:
        """What is not there without it; nothing when it answered."""
        return "" if self.status is Status.AVAILABLE else LOST[self.source]
