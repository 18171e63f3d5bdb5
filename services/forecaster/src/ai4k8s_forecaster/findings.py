"""From the arrays of a look to what is told of one subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_common.store.anomalies import SubjectKind
from ai4k8s_forecaster.domain.account import Finding
from ai4k8s_forecaster.domain.surprise import SCALES
from ai4k8s_forecaster.domain.watch import FURTHER_METRIC

if TYPE_CHECKING:
    from ai4k8s_forecaster.anomaly_repository import Subject
    from ai4k8s_forecaster.domain.account import Account
    from ai4k8s_forecaster.domain.arrays import FloatArray
    from ai4k8s_forecaster.domain.watch import Scan
    from ai4k8s_forecaster.watching import Watched

#: A metric is named with an anomaly when it alone comes this close to being one.
_AFFECTED = 0.7
_BIN_MINUTES = 5


@dataclass(frozen=True)
class Alarm:
    """One subject whose newest bin belongs to an anomaly."""

    subject: Subject
    kind: SubjectKind
    findings: list[Finding]
    account: Account

    @property
    def key(self) -> tuple[str, str, str, str]:
        """By what a person mutes it."""
        return self.kind.value, self.subject.place, self.subject.kind, self.subject.name


def findings_of(
    row: int,
    subject: Subject,
    kind: SubjectKind,
    watched: Watched,
    scans: dict[str, Scan],
    masks: list[FloatArray],
    score: float,
) -> list[Finding]:
    """What deviates on one subject, the strongest first; the forest's share of the score goes to all alike."""
    ratios = []
    for index, (name, mask) in enumerate(zip(scans, masks, strict=True)):
        weighted = scans[name].ratio[:, row] * mask[:, row] / (FURTHER_METRIC if index else 1.0)
        ratios.append((float(weighted.max()), int(weighted.argmax()), name))
    ratios.sort(key=lambda one: -one[0])
    factor = score / ratios[0][0] if ratios[0][0] > 0 else 1.0
    chosen = [one for place, one in enumerate(ratios) if place == 0 or one[0] * factor >= _AFFECTED]
    return [
        _finding(row, subject, kind, watched, scans[name], name, width, ratio * factor) for ratio, width, name in chosen
    ]


def _finding(
    row: int, subject: Subject, kind: SubjectKind, watched: Watched, seen: Scan, name: str, width: int, ratio: float
) -> Finding:
    deviation = seen.deviation[width]
    saturated = name == "cpu" and kind is SubjectKind.WORKLOAD and watched.columns["saturated"][row, -1] > 0
    return Finding(
        metric=name,
        ratio=ratio,
        before=float(deviation.level[row, 0]),
        now=float(deviation.value[row, 0]),
        expected=float(deviation.expected[row, 0]),
        minutes=SCALES[width] * _BIN_MINUTES,
        limit=_limit(row, subject, kind, watched, name),
        saturated=bool(saturated),
    )


def _limit(row: int, subject: Subject, kind: SubjectKind, watched: Watched, name: str) -> float | None:
    if name.startswith("memory"):
        return subject.memory_limit
    if name != "cpu":
        return None
    if kind is SubjectKind.NODE:
        return subject.cpu_limit
    capacity = float(watched.columns["capacity"][row, -1])
    return capacity if capacity > 0 else None
