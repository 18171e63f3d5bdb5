"""Tries a cluster's connection line by line, so that a person sees which link of the chain is broken."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, cast

from ai4k8s_collector import connection_rows
from ai4k8s_collector.adapters import probes
from ai4k8s_collector.domain.checklist import (
    ADD_ONS,
    CONNECTION,
    Group,
    Line,
    Outcome,
    Step,
    line_of,
    summary,
    usable,
)
from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.bus.live import LiveEvent, LiveEventName, cluster_room
from ai4k8s_common.contracts.collector import CheckConnection
from ai4k8s_common.errors import Ai4k8sError, NotFoundError
from ai4k8s_common.kube.client import KubeClient
from ai4k8s_common.kube.rights import Access, Need, Right, rights_for
from ai4k8s_common.store.base import JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

    from ai4k8s_collector.connection_rows import ConnectionFacts
    from ai4k8s_collector.context import Context
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.kube.credentials import ClusterCredential

NOT_TRIED = "not tried: an earlier line failed"
TELL_SECONDS = 0.3
# Where each add-on shows: an API group, and a kind of it where several products share the group.
ADD_ON_GROUPS: dict[Step, tuple[str, str]] = {
    Step.VPA: ("autoscaling.k8s.io", ""),
    Step.KEDA: ("keda.sh", ""),
    Step.ARGO_ROLLOUTS: ("argoproj.io", "rollouts"),
    Step.ARGO_CD: ("argoproj.io", "applications"),
    Step.FLUX: ("kustomize.toolkit.fluxcd.io", ""),
}


@dataclass
class Checklist:
    """Lines as they are tried; reports after each, with those that are done."""

    report: Callable[[int, str, list[Line]], None]
    expected: int
    lines: list[Line] = field(default_factory=list)
    told_at: float = 0.0

    def attempt(self, template: Line, trial: Callable[[], str]) -> bool:
        """Try one line; what it raises is its outcome. False when it failed."""
        try:
            outcome, detail, hint = Outcome.PASSED, trial(), ""
        except probes.NotOfferedError as error:
            outcome, detail, hint = Outcome.ABSENT, error.detail, error.hint
        except Ai4k8sError as error:
            outcome, detail, hint = Outcome.FAILED, error.detail, error.hint
        line = Line(template.check, template.title, template.group, outcome, detail, hint, template.essential)
        self.add(line)
        return outcome is not Outcome.FAILED

    def attempt_step(self, step: Step, trial: Callable[[], str]) -> bool:
        """Try one link of the chain."""
        return self.attempt(line_of(step, Outcome.SKIPPED), trial)

    def add(self, line: Line) -> None:
        """Take a line as it is."""
        self.lines.append(line)
        # Every link of the chain is told; rights come so fast that telling each would take longer than asking.
        if line.group is Group.RIGHTS and time.monotonic() - self.told_at < TELL_SECONDS:
            return
        self.told_at = time.monotonic()
        percent = min(99, 100 * len(self.lines) // self.expected)
        self.report(percent, f"{line.title}: {line.outcome.value}", self.lines)


def check_connection(tx: Transaction, context: Context, message: CheckConnection) -> None:
    """Run the checklist, keep it, and report it as the job's result. A broken connection is a result, not a failure."""

    def report(progress: int, words: str, lines: list[Line]) -> None:
        context.bus.report_job(
            JobReport(message.job_id, CheckConnection.name, JobStatus.PROCESSING, progress, words, _result(lines))
        )

    with context.bus.transaction() as reading:
        facts = connection_rows.find(reading.connection, message.cluster_id)
        if facts is None:
            raise NotFoundError("this cluster is not connected any more")
        connection_rows.begin(reading.connection, message.cluster_id, context.clock())
    rights = rights_for(Access.WRITE, namespaced=bool(facts.namespaces))
    checklist = Checklist(report, len(Step) + len(rights))
    _check(context, message, facts, rights, checklist)
    lines = checklist.lines
    _keep(tx, context, message, lines)
    context.bus.report_job(
        JobReport(message.job_id, CheckConnection.name, JobStatus.COMPLETED, 100, summary(lines), _result(lines))
    )


def _result(lines: list[Line]) -> JsonValue:
    checks = [cast("JsonValue", line.as_json()) for line in lines]
    return {"ok": usable(lines), "summary": summary(lines), "checks": checks}


def _keep(tx: Transaction, context: Context, message: CheckConnection, lines: list[Line]) -> None:
    now = context.clock()
    connection_rows.record(
        tx.connection,
        message.cluster_id,
        checked_at=now,
        ok=usable(lines),
        summary=summary(lines),
        lines=[line.as_json() for line in lines],
    )
    told: dict[str, JsonValue] = {
        "cluster_id": str(message.cluster_id),
        "checked_at": now.isoformat(),
        "ok": usable(lines),
    }
    tx.emit(LiveEvent(LiveEventName.CLUSTER, cluster_room(message.cluster_id), told))


def _check(
    context: Context,
    message: CheckConnection,
    facts: ConnectionFacts,
    rights: tuple[Right, ...],
    checklist: Checklist,
) -> None:
    groups: frozenset[str] = frozenset()
    opened: list[ClusterCredential] = []

    def open_credential() -> str:
        opened.append(context.open_credential(message.cluster_id, facts.sealed))
        return ""

    if checklist.attempt_step(Step.CREDENTIAL, open_credential) and _reach(context, opened[0], checklist):
        with KubeClient(opened[0], context.policy, probes.QUICK, namespaces=facts.namespaces) as client:
            groups = _ask(client, facts, rights, checklist)
    else:
        _skip_rest(checklist, rights)
    trial = partial(probes.ask_prometheus, facts.prometheus_url, groups, context.policy)
    checklist.attempt_step(Step.PROMETHEUS, trial)


def _reach(context: Context, credential: ClusterCredential, checklist: Checklist) -> bool:
    """The chain up to TLS; each line needs the one before it."""
    policy = context.policy
    for step, probe in (
        (Step.BASTION, probes.enter_bastion),
        (Step.DNS, probes.resolve),
        (Step.TCP, probes.connect),
    ):
        if not checklist.attempt_step(step, partial(probe, credential, policy)):
            return False
    try:
        KubeClient(credential, policy, probes.QUICK).close()
    except Ai4k8sError as error:
        checklist.add(line_of(Step.TLS, Outcome.FAILED, error.detail, error.hint))
        return False
    return True


def _ask(client: KubeClient, facts: ConnectionFacts, rights: tuple[Right, ...], checklist: Checklist) -> frozenset[str]:
    """From TLS to add-ons. Returns the API groups that the cluster serves, as far as it tells."""
    for step, trial in (
        (Step.TLS, lambda: probes.shake_hands(client)),
        (Step.VERSION, lambda: client.version().git_version),
        (Step.LOGIN, lambda: probes.log_in(client)),
    ):
        if not checklist.attempt_step(step, trial):
            _skip_rest(checklist, rights)
            return frozenset()
    groups, user = _groups(client), _own_name(client)
    for right in rights:
        checklist.attempt(_line_of_right(right), partial(_may, client, right, facts.namespaces, groups, user))
    checklist.attempt_step(Step.METRICS_SERVER, lambda: probes.see_usage(client))
    for step in ADD_ONS:
        checklist.attempt_step(step, partial(_find, client, step, groups))
    return groups


def _groups(client: KubeClient) -> frozenset[str]:
    try:
        return client.groups()
    except Ai4k8sError:
        # Discovery may be closed; add-ons are then not told, and nothing else changes.
        return frozenset()


def _own_name(client: KubeClient) -> str:
    """Who is to be given what is missing; nothing where the cluster does not say."""
    try:
        return client.own_name() or ""
    except Ai4k8sError:
        return ""


def _may(client: KubeClient, right: Right, namespaces: tuple[str, ...], groups: frozenset[str], user: str) -> str:
    if right.need is Need.ADD_ON and right.group not in groups:
        raise probes.NotOfferedError("not installed in this cluster")
    return probes.may(client, right, namespaces, user)


def _find(client: KubeClient, step: Step, groups: frozenset[str]) -> str:
    group, plural = ADD_ON_GROUPS[step]
    if group not in groups or (plural and plural not in client.plurals(group)):
        raise probes.NotOfferedError("not installed in this cluster")
    return "installed"


def _line_of_right(right: Right) -> Line:
    verbs = " and ".join(right.verbs)
    return Line(
        right.key, f"{verbs} {right.name}", Group.RIGHTS, Outcome.SKIPPED, essential=right.need is Need.ESSENTIAL
    )


def _skip_rest(checklist: Checklist, rights: tuple[Right, ...]) -> None:
    tried = {line.check for line in checklist.lines}
    steps = [step for step in (*CONNECTION, Step.METRICS_SERVER, *ADD_ONS) if step.value not in tried]
    checklist.lines += [line_of(step, Outcome.SKIPPED, NOT_TRIED) for step in steps if step in CONNECTION]
    for right in rights:
        blank = _line_of_right(right)
        checklist.lines.append(Line(blank.check, blank.title, blank.group, Outcome.SKIPPED, NOT_TRIED))
    checklist.lines += [line_of(step, Outcome.SKIPPED, NOT_TRIED) for step in steps if step not in CONNECTION]
