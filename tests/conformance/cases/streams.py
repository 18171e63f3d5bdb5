"""Logs, exec, top: what comes out of running pods."""

from __future__ import annotations

from tests.conformance.case import (
    Case,
    Mode,
    Needs,
    columns,
    counts,
    given,
    is_exactly,
    kubectl,
    matches,
    refused,
    says,
)
from tests.conformance.manifests import deployment, job, pod

_LOGS = "kubernetes.io/docs/reference/kubectl/generated/kubectl_logs"
_EXEC = "kubernetes.io/docs/reference/kubectl/generated/kubectl_exec"
_TALKER = '{command: [sh, -c, "echo one; echo two; echo three; sleep 3600"]}'
_TALKING = (
    given(pod(image="busybox:1.37", container=_TALKER)),
    kubectl("wait --for=condition=Ready pod/$ID --timeout=60s"),
)
_LINES = is_exactly("one\ntwo\nthree")

CASES = [
    Case("logs", Mode.WRITE, _LOGS, (*_TALKING, kubectl("logs $ID", _LINES, within=10))),
    Case(
        "logs of the last lines",
        Mode.WRITE,
        _LOGS,
        (
            *_TALKING,
            kubectl("logs $ID", _LINES, within=10),
            kubectl("logs $ID --tail=1", is_exactly("three")),
            kubectl("logs $ID --tail=0", is_exactly("")),
        ),
    ),
    Case(
        "logs with times",
        Mode.WRITE,
        _LOGS,
        (
            *_TALKING,
            kubectl("logs $ID --timestamps", matches(r"^\d{4}-\d\d-\d\dT\S+Z one$"), within=10),
        ),
    ),
    Case("logs since", Mode.WRITE, _LOGS, (*_TALKING, kubectl("logs $ID --since=1h", _LINES, within=10))),
    Case(
        "logs of a container by name",
        Mode.WRITE,
        _LOGS,
        (
            *_TALKING,
            kubectl("logs $ID -c c", _LINES, within=10),
            refused("logs $ID -c nope", "container nope is not valid for pod $ID"),
        ),
    ),
    Case(
        "logs of a deployment's pod",
        Mode.WRITE,
        _LOGS,
        (
            given(deployment()),
            kubectl("rollout status deploy/$ID --timeout=60s"),
            kubectl("logs deploy/$ID --tail=5"),
        ),
    ),
    Case(
        "logs to the end of a pod that ended",
        Mode.WRITE,
        _LOGS,
        (
            given(job(container='{command: [sh, -c, "echo one; echo two"]}')),
            kubectl("wait --for=condition=Complete job/$ID --timeout=60s"),
            kubectl("logs job/$ID -f", is_exactly("one\ntwo"), within=10),
        ),
    ),
    Case(
        "logs of the container before",
        Mode.WRITE,
        _LOGS,
        (
            given(pod(image="busybox:1.37", container='{command: [sh, -c, "echo failing; exit 1"]}')),
            kubectl("logs $ID --previous", is_exactly("failing"), within=90),
        ),
    ),
    Case(
        "logs of a container before that never was",
        Mode.WRITE,
        _LOGS,
        (
            *_TALKING,
            refused("logs $ID --previous", 'previous terminated container "c" in pod "$ID" not found'),
        ),
    ),
    Case(
        "logs of a pod that is not there",
        Mode.READ,
        "recorded: kubectl-get 106",
        (refused("logs nope -n default", 'pods "nope" not found in namespace "default"'),),
    ),
    Case(
        "logs of a pod that waits for a node",
        Mode.WRITE,
        "recorded: kubectl-get 105",
        (
            given(pod(spec='{nodeSelector: {conformance: "no-such-node"}}')),
            kubectl("logs $ID", is_exactly("")),
        ),
    ),
    Case("exec", Mode.WRITE, _EXEC, (*_TALKING, kubectl("exec $ID -- echo hello there", is_exactly("hello there")))),
    Case(
        "exec passes the exit code on",
        Mode.WRITE,
        _EXEC,
        (
            *_TALKING,
            kubectl("exec $ID -- sh -c 'exit 3'", exit_code=3),
        ),
    ),
    Case(
        "exec in a pod without a node",
        Mode.WRITE,
        "recorded: kubectl-get 109",
        (
            given(pod(spec='{nodeSelector: {conformance: "no-such-node"}}')),
            refused("exec $ID -- ls", "pod $ID does not have a host assigned"),
        ),
    ),
    Case(
        "exec in a pod that is not there",
        Mode.READ,
        _EXEC,
        (refused("exec nope -n default -- ls", 'pods "nope" not found'),),
    ),
    Case(
        "top pods",
        Mode.WRITE,
        "recorded: kubectl-get 81",
        (
            given(deployment(replicas=2)),
            kubectl("top pods -l app=$ID", columns("NAME", "CPU(cores)", "MEMORY(bytes)"), counts(3), within=120),
            kubectl(
                "top pods -l app=$ID --containers",
                columns("POD", "NAME", "CPU(cores)", "MEMORY(bytes)"),
                matches(r"\sc\s+\d+m\s+\d+Mi"),
            ),
            kubectl("top pods -l app=$ID --sum", says("________")),
        ),
        needs=Needs.METRICS,
    ),
]
