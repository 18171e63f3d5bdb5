"""An anomaly in words: how much it matters, what happened in numbers, and what to do about it.

What is told of a metric is chosen by kind of subject and direction; the numbers are those that were measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

#: Ratios (distance relative to what is just told) from which a severity holds.
_MEDIUM, _HIGH, _CRITICAL = 1.5, 2.5, 5.0
#: A change below this share of what the subject may use has no consequence.
_NEGLIGIBLE = 0.1
#: From here on the subject is about to run out.
_NEARLY_FULL = 0.95
#: Below this share of what was expected it looks as if nobody came any more.
_COLLAPSED = 0.1


class Severity(IntEnum):
    """Rising."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2
    CRITICAL = 3


@dataclass(frozen=True)
class Finding:
    """What deviates on one metric of one subject.

    Attributes:
        metric: its name in the store's words.
        ratio: distance relative to what is just told.
        before, now, expected: in the metric's unit: of the hour before, of the deviating stretch, by the forecast.
        minutes: length of the deviating stretch.
        limit: what the subject may use of it; None where there is no limit or none is known.
        saturated: whether usage stood at its limit.
    """

    metric: str
    ratio: float
    before: float
    now: float
    expected: float
    minutes: int
    limit: float | None = None
    saturated: bool = False

    @property
    def rose(self) -> bool:
        """Whether there is more than expected."""
        return self.now >= self.expected

    @property
    def pressing(self) -> bool:
        """Whether somebody is about to feel it."""
        full = self.limit is not None and self.limit > 0 and self.now >= _NEARLY_FULL * self.limit
        collapsed = not self.rose and self.expected > 0 and self.now <= _COLLAPSED * self.expected
        return self.saturated or (self.rose and full) or collapsed


@dataclass(frozen=True)
class Account:
    """What is told of one anomaly."""

    severity: Severity
    score: float
    description: str
    recommended_action: str


def account(findings: list[Finding], of_node: bool) -> Account:
    """Tell one anomaly from what deviates, the strongest first.

    Args:
        findings: at least one.
        of_node: the subject is a node and not a workload.
    """
    first = findings[0]
    return Account(
        severity=max(_severity(finding) for finding in findings),
        score=round(first.ratio / (1 + first.ratio), 4),
        description=_description(findings, of_node),
        recommended_action=_action(first, of_node),
    )


def _severity(finding: Finding) -> Severity:
    by_size = Severity(sum(finding.ratio >= bound for bound in (_MEDIUM, _HIGH, _CRITICAL)))
    if finding.pressing:
        return Severity(min(max(by_size, Severity.MEDIUM) + 1, Severity.CRITICAL))
    change = abs(finding.now - finding.expected)
    if finding.limit is not None and finding.limit > 0 and change < _NEGLIGIBLE * finding.limit:
        return Severity.LOW
    # Critical means that somebody must come now: a large number alone is no reason to.
    return min(by_size, Severity.HIGH)


def _description(findings: list[Finding], of_node: bool) -> str:
    first = findings[0]
    verb = "rose" if first.now > first.before else "fell"
    if abs(first.now - first.before) <= 0.02 * max(abs(first.before), 1e-9):
        verb = "stayed"
    told = _amounts(first, of_node)
    name = _NAMES.get(first.metric, first.metric)
    change = f"stayed at {told[1]}" if verb == "stayed" else f"{verb} from {told[0]} to {told[1]}"
    sentence = f"{name} {change} {_within(first.minutes)}; {told[2]} was expected"
    others = [_NAMES.get(finding.metric, finding.metric) for finding in findings[1:]]
    return f"{sentence}. Also unusual: {', '.join(others)}." if others else f"{sentence}."


def _within(minutes: int) -> str:
    if minutes < 60:
        return f"in {minutes} minutes"
    return f"over {minutes // 60} hours" if minutes >= 120 else "over an hour"


def _amounts(finding: Finding, of_node: bool) -> tuple[str, str, str]:
    """Before, now and expected, each readable: CPU as a share of what there is where that is known."""
    values = (finding.before, finding.now, finding.expected)
    if finding.metric == "cpu" and finding.limit is not None and finding.limit > 0:
        whole = "of the node" if of_node else "of its pods' requests"
        before, now, expected = (f"{100 * value / finding.limit:.0f} %" for value in values)
        return before, f"{now} {whole}", expected
    before, now, expected = (_quantity(finding.metric, value) for value in values)
    return before, now, expected


def _quantity(metric: str, value: float) -> str:
    if metric == "cpu":
        return f"{value:.0f} millicores" if value < 10_000 else f"{value / 1000:.1f} cores"
    if metric == "requests":
        return f"{value:.3g} requests/s"
    for size, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}{_per(metric)}"
    return f"{value:.3g} B{_per(metric)}"


def _per(metric: str) -> str:
    return " a pod" if metric == "memory_per_pod" else "" if metric == "memory" else "/s"


_NAMES = {
    "cpu": "CPU",
    "memory": "Memory",
    "memory_per_pod": "Memory",
    "network_receive": "Network received",
    "network_transmit": "Network sent",
    "disk_read": "Disk reads",
    "disk_write": "Disk writes",
    "requests": "Requests",
}

_WORKLOAD_ACTIONS = {
    (
        "cpu",
        True,
    ): "Check the pods' logs and whether requests rose too; if the load is real, scale out or raise max pods.",
    ("cpu", False): "Check whether requests still reach it: its Service and Ingress, callers, and the pods' logs.",
    (
        "memory_per_pod",
        True,
    ): "Look for a leak or an unusually large job; raise the memory limit before a pod is killed.",
    ("memory_per_pod", False): "Check the pods' logs: did a cache empty itself, or a worker end?",
    ("requests", True): "Check where the requests come from; scale out if they are welcome, limit their rate if not.",
    ("requests", False): "Check what stands before it: Ingress, DNS, callers; then the pods' readiness.",
}
_NODE_ACTIONS = {
    ("cpu", True): "See which of its workloads rose; move or scale one if the node stays full.",
    ("cpu", False): "Check the node's conditions and whether its pods still run.",
    ("memory", True): "See which of its pods grew; evictions begin when the node runs out.",
    ("memory", False): "Check whether pods ended or were evicted on it.",
}
_OTHER_UP = "Check what it transfers, and to whom; compare with its logs at that time."
_OTHER_DOWN = "Check whether its peers, volumes and network still answer."


def _action(finding: Finding, of_node: bool) -> str:
    actions = _NODE_ACTIONS if of_node else _WORKLOAD_ACTIONS
    return actions.get((finding.metric, finding.rose), _OTHER_UP if finding.rose else _OTHER_DOWN)
