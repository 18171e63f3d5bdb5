"""What a person must know about a cluster before trusting its picture, in order of weight.

Each says since when, why, what to do, and whether scaling rests meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

# A cycle may be late by as much as two more before anybody is alarmed; below a minute nobody ever is.
LATE_CYCLES = 3
LATE_AT_LEAST = timedelta(seconds=60)


@dataclass(frozen=True)
class ClusterHealth:
    """What is known of a cluster. Statuses are the collector's words."""

    status: str | None
    status_since: datetime | None
    reason: str
    metrics_available: bool
    metrics_detail: str
    last_success_at: datetime | None
    created_at: datetime
    interval_seconds: int
    paused: bool
    started: bool
    reason_code: str
    hold_since: datetime | None
    hold_reason: str


@dataclass(frozen=True)
class Finding:
    """One thing that needs attention."""

    kind: str
    since: datetime | None
    title: str
    reason: str
    action: str
    scaling_held: bool


NOT_STARTED = Finding(
    "not_started",
    None,
    "Monitoring has not been started",
    "",
    "Look at its connection, then start monitoring; until then nothing is read from this cluster.",
    scaling_held=True,
)
# The collector's name for a bastion that shows another host key than the confirmed one.
BASTION_CHANGED = "bastion_host_key_changed"


def findings(health: ClusterHealth, now: datetime) -> list[Finding]:
    """Return what needs attention, heaviest first."""
    if not health.started:
        return [NOT_STARTED]
    found = [_sight(health, now), _hold(health)]
    if health.paused:
        found.append(
            Finding(
                "paused", None, "This cluster is paused", "", "Resume it to observe and scale again.", scaling_held=True
            )
        )
    return [finding for finding in found if finding is not None]


def _sight(health: ClusterHealth, now: datetime) -> Finding | None:
    if health.status in {None, "pending"}:
        return Finding(
            "waiting",
            health.created_at,
            "Not observed yet",
            health.reason or "the first cycle has not run",
            "It runs within a minute. If this stays, check the connection and that the collector runs.",
            scaling_held=True,
        )
    if health.status == "unreachable" and health.reason_code == BASTION_CHANGED:
        return Finding(
            "bastion_changed",
            health.status_since,
            "The bastion shows another host key: nothing was sent to it",
            health.reason,
            "Ask who runs it. If it was set up anew, confirm its new key under Connection.",
            scaling_held=True,
        )
    if health.status == "unreachable":
        return Finding(
            "unreachable",
            health.last_success_at or health.status_since,
            "No metrics: the cluster does not answer",
            health.reason,
            "It is tried again by itself. Check that its API server is up and that the credential is still valid.",
            scaling_held=True,
        )
    if not health.metrics_available:
        return Finding(
            "no_metrics",
            health.status_since,
            "The cluster answers, but gives no metrics",
            health.metrics_detail,
            "Install metrics-server, and check it with: kubectl top pods",
            scaling_held=True,
        )
    late_after = max(LATE_AT_LEAST, timedelta(seconds=LATE_CYCLES * health.interval_seconds))
    if health.last_success_at is None or now - health.last_success_at > late_after:
        return Finding(
            "stale",
            health.last_success_at,
            "No fresh metrics",
            "the last good cycle is older than three intervals",
            "See the system page: is the collector running, and does its queue move?",
            scaling_held=True,
        )
    return None


def _hold(health: ClusterHealth) -> Finding | None:
    if health.hold_since is None:
        return None
    return Finding(
        "held",
        health.hold_since,
        "Scaling is held",
        health.hold_reason,
        "It goes on by itself once the reason is gone.",
        scaling_held=True,
    )
