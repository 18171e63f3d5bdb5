"""Five minutes of a cluster, in one transaction: what deviates, in which incident, how well the cluster is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from ai4k8s_common.bus.live import LiveEvent, LiveEventName, cluster_room
from ai4k8s_common.store.anomalies import SubjectKind
from ai4k8s_forecaster import anomaly_repository as store
from ai4k8s_forecaster import repository
from ai4k8s_forecaster.domain.account import Severity, account
from ai4k8s_forecaster.domain.alarms import FORGOTTEN_DAYS, alarms, weight_of_age
from ai4k8s_forecaster.domain.grid import FIVE_MINUTES_SECONDS
from ai4k8s_forecaster.domain.grouping import CALM, Beginning, OpenIncident, group, title
from ai4k8s_forecaster.domain.known_causes import bins_since, rises, steps, told
from ai4k8s_forecaster.domain.watch import LEAST_SAMPLES, scores_of
from ai4k8s_forecaster.findings import Alarm, findings_of
from ai4k8s_forecaster.metrics import ANALYSIS_SECONDS, ANOMALIES
from ai4k8s_forecaster.wellbeing import write_health

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import JsonValue
    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.forecaster import AnalyseCluster
    from ai4k8s_forecaster.anomaly_repository import Subject
    from ai4k8s_forecaster.context import Context
    from ai4k8s_forecaster.domain.arrays import FloatArray
    from ai4k8s_forecaster.domain.watch import Scan
    from ai4k8s_forecaster.watching import Watched

#: History after which a subject counts as known.
_LEARNT_BINS = 288

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Looked:
    """One kind of subject after the look at its newest bin."""

    kind: SubjectKind
    subjects: list[Subject]
    watched: Watched | None
    alarms: list[Alarm]


def analyse_cluster(tx: Transaction, context: Context, message: AnalyseCluster) -> None:
    """Look for what cannot be explained in the newest complete five minutes, and judge the cluster's health."""
    cluster_id, until = message.cluster_id, message.until
    done = store.analysed_until(tx.connection, cluster_id)
    if (done is not None and done >= until) or not store.is_wanted(tx.connection, cluster_id):
        log.info("analysis_skipped", cluster_id=str(cluster_id), until=until.isoformat())
        return
    with ANALYSIS_SECONDS.time():
        recent = store.recent_anomalies(tx.connection, cluster_id, until - timedelta(days=FORGOTTEN_DAYS))
        looked = [_look(tx, context, message, kind, recent) for kind in SubjectKind]
        _record(tx, message, looked, recent)
        _note_state(tx, cluster_id, until, looked)
        write_health(
            tx.connection, cluster_id, until, _watched(looked, SubjectKind.WORKLOAD), _watched(looked, SubjectKind.NODE)
        )
    if until.hour == 0 and until.minute < FIVE_MINUTES_SECONDS // 60:
        store.prune(tx.connection, cluster_id, until - timedelta(weeks=context.settings.keep_score_weeks))
    tx.emit(LiveEvent(LiveEventName.METRICS, cluster_room(cluster_id), {"cluster_id": str(cluster_id)}))


def _look(
    tx: Transaction, context: Context, message: AnalyseCluster, kind: SubjectKind, recent: list[Row[Any]]
) -> Looked:
    subjects = store.subjects(tx.connection, message.cluster_id, kind)
    if not subjects:
        return Looked(kind, [], None, [])
    last_bin = int(message.until.timestamp()) // FIVE_MINUTES_SECONDS - 1
    past = repository.state_of_past(tx.connection, message.cluster_id)
    ids = [subject.subject_id for subject in subjects]
    watched, scans = context.watched.look(tx.connection, message.cluster_id, kind, ids, last_bin, past)
    if not scans:
        return Looked(kind, subjects, watched, [])
    ids, is_watched = list(watched.ids), set(watched.ids)
    known = [subject for subject in subjects if subject.subject_id in is_watched]
    causes = _causes(tx, message, kind, ids, watched)
    masks = [told(name, scans[name], *causes) for name in scans]
    scores = scores_of(list(scans.values()), masks, watched.forest)
    counts, going_on = _earlier(recent, kind, ids, message.until)
    found = np.flatnonzero(alarms(scores, counts, going_on))
    return Looked(
        kind, subjects, watched, [_alarm(int(row), kind, known, watched, scans, masks, scores) for row in found]
    )


def _causes(
    tx: Transaction, message: AnalyseCluster, kind: SubjectKind, ids: list[int], watched: Watched
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Bins since the newest restart or deploy, change of scale, and scale-down of each subject."""
    if kind is SubjectKind.NODE:
        moved = bins_since(steps(watched.columns["pods"], least=2.0) != 0)
        return np.full(len(ids), np.inf), moved, moved
    desired, ready = steps(watched.columns["desired"]), steps(watched.columns["ready"])
    restarted = bins_since(rises(watched.columns["restarts"]))
    deployed = repository.newest_deploys(tx.connection, message.cluster_id, since=message.until - timedelta(hours=6))
    seconds = np.array([(message.until - deployed[one]).total_seconds() if one in deployed else np.inf for one in ids])
    return (
        np.minimum(restarted, np.maximum(seconds, 0.0) / FIVE_MINUTES_SECONDS),
        bins_since((desired != 0) | (ready != 0)),
        bins_since(desired < 0),
    )


def _earlier(recent: list[Row[Any]], kind: SubjectKind, ids: list[int], now: datetime) -> tuple[FloatArray, Any]:
    """How many alarms each subject raised lately, weighed by age, and whether one goes on."""
    position = {subject_id: row for row, subject_id in enumerate(ids)}
    counts, going_on = np.zeros(len(ids)), np.zeros(len(ids), np.bool_)
    for one in recent:
        row = position.get(one.subject_id) if one.subject_kind == kind.value else None
        if row is not None:
            days = (now - one.started_at) / timedelta(days=1)
            counts[row] += float(weight_of_age(np.array(days)))
            going_on[row] |= one.ended_at is None
    return counts, going_on


def _alarm(
    row: int,
    kind: SubjectKind,
    subjects: list[Subject],
    watched: Watched,
    scans: dict[str, Scan],
    masks: list[FloatArray],
    scores: FloatArray,
) -> Alarm:
    findings = findings_of(row, subjects[row], kind, watched, scans, masks, float(scores[row]))
    return Alarm(subjects[row], kind, findings, account(findings, kind is SubjectKind.NODE))


def _record(tx: Transaction, message: AnalyseCluster, looked: list[Looked], recent: list[Row[Any]]) -> None:
    """Continue, begin and end anomalies and the incidents they belong to."""
    until = message.until
    going_on = {(one.subject_kind, one.subject_id): one for one in recent if one.ended_at is None}
    begin = []
    continued: set[int] = set()
    for alarm in (alarm for one in looked for alarm in one.alarms):
        earlier = going_on.get((alarm.kind.value, alarm.subject.subject_id))
        if earlier is None:
            begin.append(alarm)
        else:
            continued.add(earlier.id)
            _continue(tx, earlier, alarm, until)
    over = [one for one in going_on.values() if one.id not in continued and until - one.last_at > CALM]
    store.end_anomalies(tx.connection, [one.id for one in over])
    _begin(tx, message, begin)
    _close(tx, message, {one.incident_id for one in going_on.values() if one not in over})


def _continue(tx: Transaction, earlier: Row[Any], alarm: Alarm, until: datetime) -> None:
    values: dict[str, Any] = {"last_at": until}
    if alarm.account.score > earlier.score:
        values |= _told(alarm)
        if Severity[earlier.severity.upper()] > alarm.account.severity:
            values["severity"] = earlier.severity
    store.change_anomaly(tx.connection, earlier.id, values)
    store.change_incident(tx.connection, earlier.incident_id, {"last_at": until})
    if alarm.account.severity > Severity[earlier.severity.upper()]:
        store.raise_incident(tx.connection, earlier.incident_id, alarm.account.severity.name.lower())


def _begin(tx: Transaction, message: AnalyseCluster, begin: list[Alarm]) -> None:
    if not begin:
        return
    started = message.until - timedelta(seconds=FIVE_MINUTES_SECONDS)
    open_ones = [
        OpenIncident(row.id, row.namespace, row.opened_at)
        for row in store.open_incidents(tx.connection, message.cluster_id)
    ]
    beginnings = [
        Beginning(alarm.subject.place, alarm.subject.title, alarm.account.severity, alarm.account.description)
        for alarm in begin
    ]
    quiet = store.muted(tx.connection, message.cluster_id, message.until)
    rows = []
    for one in group(beginnings, open_ones, started):
        members = [beginnings[position] for position in one.members]
        severity = max(member.severity for member in members).name.lower()
        incident_id = one.incident_id
        if incident_id is None:
            values = {"namespace": one.place, "severity": severity, "title": title(members)}
            times = {"opened_at": started, "last_at": message.until}
            incident_id = store.open_incident(tx.connection, {"cluster_id": message.cluster_id, **values, **times})
            if not all(begin[position].key in quiet for position in one.members):
                _tell(tx, message.cluster_id, incident_id, severity, values["title"])
        else:
            store.change_incident(tx.connection, incident_id, {"last_at": message.until})
            store.raise_incident(tx.connection, incident_id, severity)
        rows += [_row(message, begin[position], incident_id, started) for position in one.members]
    store.insert_anomalies(tx.connection, rows)
    for alarm in begin:
        ANOMALIES.labels(alarm.kind.value, alarm.account.severity.name.lower()).inc()
    log.info("anomalies_began", cluster_id=str(message.cluster_id), count=len(begin))


def _close(tx: Transaction, message: AnalyseCluster, alive: set[int]) -> None:
    """Close incidents none of whose anomalies goes on, after an hour of calm."""
    for row in store.open_incidents(tx.connection, message.cluster_id):
        if row.id not in alive and message.until - row.last_at > CALM:
            store.change_incident(tx.connection, row.id, {"closed_at": message.until})
            _tell(tx, message.cluster_id, row.id, row.severity, row.title, closed=True)


def _tell(
    tx: Transaction, cluster_id: UUID, incident_id: int, severity: str, name: str, *, closed: bool = False
) -> None:
    payload: dict[str, JsonValue] = {
        "cluster_id": str(cluster_id),
        "incident_id": incident_id,
        "severity": severity,
        "title": name,
        "closed": closed,
    }
    tx.emit(LiveEvent(LiveEventName.INCIDENT, cluster_room(cluster_id), payload))


def _row(message: AnalyseCluster, alarm: Alarm, incident_id: int, started: datetime) -> dict[str, Any]:
    return {
        "incident_id": incident_id,
        "cluster_id": message.cluster_id,
        "subject_kind": alarm.kind.value,
        "subject_id": alarm.subject.subject_id,
        "started_at": started,
        "last_at": message.until,
        **_told(alarm),
    }


def _told(alarm: Alarm) -> dict[str, Any]:
    return {
        "severity": alarm.account.severity.name.lower(),
        "score": alarm.account.score,
        "affected_metrics": [finding.metric for finding in alarm.findings],
        "description": alarm.account.description,
        "recommended_action": alarm.account.recommended_action,
        "evidence": [
            {
                "metric": finding.metric,
                "before": round(finding.before, 3),
                "now": round(finding.now, 3),
                "expected": round(finding.expected, 3),
                "minutes": finding.minutes,
            }
            for finding in alarm.findings
        ],
    }


def _note_state(tx: Transaction, cluster_id: UUID, until: datetime, looked: list[Looked]) -> None:
    samples = [
        watch.samples for one in looked if one.watched is not None for watch in list(one.watched.watches.values())[:1]
    ]
    known = np.concatenate(samples) if samples else np.zeros(0)
    subjects = sum(len(one.subjects) for one in looked)
    learning = subjects - int((known >= _LEARNT_BINS).sum())
    values = {
        "analysed_until": until,
        "subjects": subjects,
        "learning": learning,
        "detail": _learning(known, subjects, learning),
    }
    store.set_watch_state(tx.connection, cluster_id, values)


def _learning(known: FloatArray, subjects: int, learning: int) -> str:
    if not learning:
        return ""
    if not known.size or known.max() < LEAST_SAMPLES:
        most = int(known.max()) if known.size else 0
        return f"learning: {most} of {LEAST_SAMPLES} samples; nothing is told yet"
    return f"{learning} of {subjects} have less than a day of history: only large deviations of theirs are told"


def _watched(looked: list[Looked], kind: SubjectKind) -> Watched | None:
    return next(one.watched for one in looked if one.kind is kind)
