"""Tries a cluster's connection line by line, so that a person sees which link of the chain is broken."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from ai4k8s_collector import repository
from ai4k8s_collector.backfill import RULES_HINT
from ai4k8s_collector.domain.checklist import Line, Outcome, Step, summary, usable
from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.contracts.collector import CheckConnection
from ai4k8s_common.errors import Ai4k8sError, NotFoundError
from ai4k8s_common.kube.addresses import check_address, parse_endpoint
from ai4k8s_common.kube.client import KubeClient
from ai4k8s_common.kube.errors import KubeForbiddenError, KubeNotFoundError, KubeTlsError
from ai4k8s_common.kube.prometheus import PrometheusClient
from ai4k8s_common.kube.transport import Timeouts
from ai4k8s_common.kube.types import (
    DEPLOYMENTS,
    NODES,
    POD_METRICS,
    PODS,
    REPLICA_SETS,
    STATEFUL_SETS,
)
from ai4k8s_common.store.base import JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any
    from uuid import UUID

    from pydantic import JsonValue

    from ai4k8s_collector.context import Context
    from ai4k8s_common.kube.credentials import ClusterCredential
    from ai4k8s_common.kube.types import Resource

QUICK = Timeouts(connect_seconds=3.0, read_seconds=5.0, total_seconds=6.0)
# Of kube-state-metrics: one number, however large the cluster is.
PRESENCE = "count(kube_deployment_spec_replicas)"
PERMISSION_HINT = "Grant this right to the credential's user or service account with a ClusterRole."

LISTS: tuple[tuple[Step, Resource[Any]], ...] = (
    (Step.LIST_DEPLOYMENTS, DEPLOYMENTS),
    (Step.LIST_STATEFUL_SETS, STATEFUL_SETS),
    (Step.LIST_REPLICA_SETS, REPLICA_SETS),
    (Step.LIST_PODS, PODS),
    (Step.LIST_NODES, NODES),
)


class NotOfferedError(NotFoundError):
    """The cluster does not have this at all, which is no fault."""

    code = "not_offered"


@dataclass
class Checklist:
    """Lines as they are tried; reports after each."""

    report: Callable[[int, str], None]
    lines: list[Line] = field(default_factory=list)

    def attempt(self, step: Step, trial: Callable[[], str]) -> bool:
        """Try one line; what it raises is its outcome."""
        try:
            line = Line(step, Outcome.PASSED, trial())
        except NotOfferedError as error:
            line = Line(step, Outcome.SKIPPED, error.detail)
        except Ai4k8sError as error:
            line = Line(step, Outcome.FAILED, error.detail, error.hint)
        self.lines.append(line)
        self.report(100 * len(self.lines) // len(Step), f"{step.value}: {line.outcome.value}")
        return line.outcome is Outcome.PASSED


def check_connection(context: Context, message: CheckConnection) -> None:
    """Run the checklist and report it as the job's result. A broken connection is a result, not a failure."""

    def report(progress: int, words: str) -> None:
        context.bus.report_job(JobReport(message.job_id, CheckConnection.name, JobStatus.PROCESSING, progress, words))

    with context.bus.transaction() as reading:
        found = repository.find_cluster(reading.connection, message.cluster_id)
    if found is None:
        raise NotFoundError("this cluster is not connected any more")
    prometheus_url, sealed = found
    checklist = Checklist(report)
    _check_cluster(context, message.cluster_id, sealed, checklist)
    _check_prometheus(context, prometheus_url, checklist)
    lines = sorted(checklist.lines, key=lambda line: list(Step).index(line.step))
    checks: list[JsonValue] = [{**line.as_json()} for line in lines]
    result: JsonValue = {"ok": usable(lines), "checks": checks}
    context.bus.report_job(
        JobReport(message.job_id, CheckConnection.name, JobStatus.COMPLETED, 100, summary(lines), result)
    )


def _check_cluster(context: Context, cluster_id: UUID, sealed: bytes | None, checklist: Checklist) -> None:
    opened: list[ClusterCredential] = []

    def unseal() -> str:
        opened.append(context.open_credential(cluster_id, sealed))
        return ""

    if not checklist.attempt(Step.CREDENTIAL, unseal):
        return _skip_cluster(checklist)
    (credential,) = opened
    if not checklist.attempt(Step.DNS, lambda: _resolve(context, credential)):
        return _skip_cluster(checklist)
    if not checklist.attempt(Step.TCP, lambda: _connect(credential, context)):
        return _skip_cluster(checklist)
    try:
        client = KubeClient(credential, context.policy, QUICK)
    except Ai4k8sError as error:
        checklist.lines.append(Line(Step.TLS, Outcome.FAILED, error.detail, error.hint))
        return _skip_cluster(checklist)
    with client:
        _check_api(client, checklist)
    return None


def _check_api(client: KubeClient, checklist: Checklist) -> None:
    if not checklist.attempt(Step.TLS, lambda: _handshake(client)):
        return _skip_cluster(checklist)
    if not checklist.attempt(Step.VERSION, lambda: client.version().git_version):
        return _skip_cluster(checklist)
    if not checklist.attempt(Step.LOGIN, lambda: _log_in(client)):
        return _skip_cluster(checklist)
    for step, resource in LISTS:
        checklist.attempt(step, partial(_list, client, resource))
    checklist.attempt(Step.PATCH_SCALE, lambda: _may_scale(client))
    checklist.attempt(Step.METRICS_SERVER, lambda: _metrics(client))
    return None


def _skip_cluster(checklist: Checklist) -> None:
    tried = {line.step for line in checklist.lines}
    rest = [step for step in Step if step not in tried and step is not Step.PROMETHEUS]
    checklist.lines += [Line(step, Outcome.SKIPPED, "not tried: an earlier line failed") for step in rest]


def _resolve(context: Context, credential: ClusterCredential) -> str:
    endpoint = parse_endpoint(credential.server, "the API server", context.policy)
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotFoundError(
            f"the name '{endpoint.host}' cannot be resolved: {error.strerror or error}",
            hint="Check the address and this server's DNS.",
        ) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        check_address(address, f"'{endpoint.host}'", context.policy)
    return ", ".join(addresses)


def _connect(credential: ClusterCredential, context: Context) -> str:
    endpoint = parse_endpoint(credential.server, "the API server", context.policy)
    try:
        with socket.create_connection((endpoint.host, endpoint.port), timeout=QUICK.connect_seconds):
            return f"port {endpoint.port}"
    except OSError as error:
        raise NotFoundError(
            f"{endpoint.host}:{endpoint.port} does not accept connections: {error.strerror or error}",
            hint="Check the port, firewalls between this server and the cluster, and that the API server runs.",
        ) from None


def _handshake(client: KubeClient) -> str:
    try:
        client.version()
    except KubeTlsError:
        raise
    except Ai4k8sError:
        # Whatever it is, it is not TLS: the next line says it.
        return ""
    return ""


def _log_in(client: KubeClient) -> str:
    try:
        _probe(client, PODS)
    except KubeForbiddenError:
        # Known, but without this right: the line about pods says it.
        return "the credential is known"
    return "the credential is known"


def _probe(client: KubeClient, resource: Resource[Any]) -> str:
    client.probe(resource)
    return ""


def _list(client: KubeClient, resource: Resource[Any]) -> str:
    try:
        return _probe(client, resource)
    except KubeNotFoundError:
        raise NotOfferedError("this cluster does not offer it") from None


def _may_scale(client: KubeClient) -> str:
    try:
        allowed = client.allowed("patch", "apps", "deployments", "scale")
    except KubeNotFoundError:
        return "this API server does not say; it is seen at the first scaling"
    if not allowed:
        raise KubeForbiddenError(
            "patch on deployments/scale is not allowed: AI4K8s can recommend, but not scale", hint=PERMISSION_HINT
        )
    return ""


def _metrics(client: KubeClient) -> str:
    try:
        return _probe(client, POD_METRICS)
    except KubeNotFoundError:
        raise NotFoundError(
            "the cluster has no metrics API",
            hint="Install metrics-server (kubernetes-sigs/metrics-server): without usage nothing is forecast.",
        ) from None


def _check_prometheus(context: Context, url: str | None, checklist: Checklist) -> None:
    if url is None:
        checklist.lines.append(
            Line(
                Step.PROMETHEUS,
                Outcome.SKIPPED,
                "no address given",
                "With one, the first forecast comes at once instead of after days of watching.",
            )
        )
        return

    def ask() -> str:
        with PrometheusClient(url, context.policy, QUICK) as past:
            if not past.query(PRESENCE):
                raise NotFoundError("Prometheus answers, but knows nothing of this cluster", hint=RULES_HINT)
        return ""

    checklist.attempt(Step.PROMETHEUS, ask)
