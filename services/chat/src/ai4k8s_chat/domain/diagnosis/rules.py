"""All rules, what hurts most first; and the sentence that comes before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_chat.domain.diagnosis import cluster, pods, workloads
from ai4k8s_chat.domain.diagnosis.state import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ai4k8s_chat.domain.diagnosis.state import State

RULES: tuple[Callable[[State], Iterator[Finding]], ...] = (
    cluster.nodes,
    pods.find,
    workloads.rollouts,
    workloads.refused_pods,
    workloads.dangling_services,
    workloads.autoscalers,
    workloads.quotas,
    workloads.claims,
    cluster.certificates,
    cluster.deprecated,
)
_TOLD_FIRST = 3


def diagnose(state: State) -> list[Finding]:
    """Return what is wrong, worst first."""
    found = [finding for rule in RULES for finding in rule(state)]
    return sorted(found, key=lambda finding: (finding.severity.rank, finding.subject))


def sentence(findings: Sequence[Finding], state: State, about: str) -> str:
    """Say it in a sentence, and what could not be looked at."""
    gaps = ""
    if state.gaps:
        gaps = f" Not looked at: {'; '.join(f'{what} ({why})' for what, why in sorted(state.gaps.items()))}."
    issues = [finding for finding in findings if finding.severity is not Severity.INFO]
    if not issues:
        notes = f" {len(findings)} thing{'s' if len(findings) > 1 else ''} worth knowing." if findings else ""
        return f"Nothing is wrong with {about} as far as the rules can see.{notes}{gaps}"
    first = ", ".join(f"{n}) {one.subject} {one.title}" for n, one in enumerate(issues[:_TOLD_FIRST], 1))
    rest = f", and {len(issues) - _TOLD_FIRST} more" if len(issues) > _TOLD_FIRST else ""
    count = f"{len(issues)} issue{'s' if len(issues) > 1 else ''}"
    return f"Found {count} with {about}: {first}{rest}.{gaps}"
