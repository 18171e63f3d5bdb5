"""Anomalies become incidents: what begins together in one place is one thing to look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ai4k8s_forecaster.domain.account import Severity

#: What begins within this of an incident's opening, in the same place, belongs to it.
TOGETHER = timedelta(minutes=15)
#: An incident (and an anomaly) is over after this long without anything remarkable.
CALM = timedelta(hours=1)


@dataclass(frozen=True)
class Beginning:
    """An anomaly that begins now.

    Attributes:
        place: namespace, or empty for nodes.
        subject: its name, for people.
        severity: see `Severity`.
        summary: what happened, in a sentence.
    """

    place: str
    subject: str
    severity: Severity
    summary: str


@dataclass(frozen=True)
class OpenIncident:
    """An incident that is not over."""

    incident_id: int
    place: str
    opened_at: datetime


@dataclass
class Group:
    """Beginnings that share an incident: one that is open already, or a new one.

    Attributes:
        incident_id: of the open one; None for a new one.
        place: see `Beginning`.
        members: positions among the beginnings.
    """

    incident_id: int | None
    place: str
    members: list[int] = field(default_factory=list)


def group(beginnings: Sequence[Beginning], open_incidents: Sequence[OpenIncident], now: datetime) -> list[Group]:
    """Assign each beginning to the youngest open incident of its place, or to a new one shared by the place.

    Args:
        beginnings: of one cluster and moment.
        open_incidents: of the cluster.
        now: when they begin.
    """
    groups: dict[str, Group] = {}
    for incident in sorted(open_incidents, key=lambda one: one.opened_at):
        if now - incident.opened_at <= TOGETHER:
            groups[incident.place] = Group(incident.incident_id, incident.place)
    for position, beginning in enumerate(beginnings):
        groups.setdefault(beginning.place, Group(None, beginning.place)).members.append(position)
    return [one for one in groups.values() if one.members]


def title(beginnings: Sequence[Beginning]) -> str:
    """Name an incident after its gravest member: 'shop/web and 2 more: CPU rose ...'."""
    gravest = max(beginnings, key=lambda one: one.severity)
    others = len({one.subject for one in beginnings}) - 1
    who = gravest.subject if not others else f"{gravest.subject} and {others} more"
    return f"{who}: {gravest.summary}"
