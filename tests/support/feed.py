"""Rows as the workers would write them, for tests of what is read from the store. Never used by the product."""

from __future__ import annotations

import json
import math
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tests.support.stores import Database

REQUEST_MILLICORES = 500.0
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
SPREAD = (-2.0, -1.3, -0.7, 0.0, 0.7, 1.3, 1.65, 2.0)
STEP_SECONDS = 300
STEPS = 72


def demand_millicores(at: datetime) -> float:
    """A load with a daily wave and an hourly rise, the same whenever it is asked."""
    day = math.sin(2 * math.pi * (at.hour * 60 + at.minute - 480) / 1440)
    minute = at.minute + at.second / 60
    hourly = 1300 * math.exp(-(((minute - 20) / 7) ** 2))
    ripple = 90 * math.sin(at.timestamp() / 37) + 60 * math.sin(at.timestamp() / 11)
    return 1600 + 700 * day + hourly + ripple


@dataclass
class FedWorkload:
    """A workload with a past."""

    database: Database
    cluster_id: str
    id: int
    now: datetime

    def execute(self, statement: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Run SQL as the owner."""
        with self.database.connect() as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def feed_samples(self, hours: float, every_seconds: int, *, until: datetime | None = None, source: int = 0) -> None:
        """Samples up to `until` (default now)."""
        end = until or self.now
        count = int(hours * 3600 / every_seconds)
        with self.database.connect() as connection:
            connection.execute(
                "SELECT collector.ensure_partitions(%s, %s)",
                ((end - timedelta(hours=hours)).date(), (end + timedelta(days=1)).date()),
            )
            with connection.cursor().copy(
                "COPY collector.workload_samples (cluster_id, workload_id, at, source, desired_replicas,"
                " ready_replicas, pods, pods_with_metrics, cpu_usage_millicores, cpu_capacity_millicores,"
                " saturated, memory_bytes, restarts) FROM STDIN"
            ) as copy:
                for index in range(count):
                    at = end - timedelta(seconds=(count - 1 - index) * every_seconds)
                    copy.write_row(self._sample(at, source))

    def _sample(self, at: datetime, source: int) -> tuple[object, ...]:
        demand = demand_millicores(at)
        ahead = max(demand_millicores(at + timedelta(minutes=m)) for m in range(6))
        ready = max(2, math.ceil(ahead * 1.05 / REQUEST_MILLICORES))
        short = demand > ready * REQUEST_MILLICORES * 0.97
        return (
            self.cluster_id, self.id, at, source, ready, ready, ready, ready,
            demand, ready * REQUEST_MILLICORES, short, 2.1e8 * ready, 0,
        )  # fmt: skip

    def feed_forecast(self, made_at: datetime | None = None, status: str = "ready", hours: float = 336.0) -> None:
        """A forecast that is right but for its width."""
        made_at = made_at or self.now
        start = made_at + timedelta(seconds=STEP_SECONDS)
        median = np.array([demand_millicores(start + timedelta(seconds=STEP_SECONDS * step)) for step in range(STEPS)])
        width = 90 + 3.2 * np.arange(STEPS)
        values = np.concatenate([np.maximum(median + factor * width, 0) for factor in SPREAD])
        ready = status == "ready"
        self.execute(
            "INSERT INTO forecaster.forecasts (workload_id, metric, made_at, cluster_id, cycle_id, status, detail,"
            " history_hours, path_start_at, path_step_seconds, path_levels, path_values, window_status,"
            " lead_time_seconds, window_levels, window_values)"
            " VALUES (%s, 'cpu', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 150, %s, %s)",
            (
                self.id,
                made_at,
                self.cluster_id,
                uuid.uuid4(),
                status,
                "" if ready else "too little history",
                hours,
                start if ready else None,
                STEP_SECONDS if ready else None,
                list(LEVELS) if ready else None,
                values.tolist() if ready else None,
                status,
                list(LEVELS) if ready else None,
                (median[0] + np.array(SPREAD) * 90).tolist() if ready else None,
            ),
        )

    def feed_decisions(self, hours: float, every_minutes: int = 60) -> list[str]:
        """One rise and one fall an hour."""
        ids = []
        for index in range(int(hours * 60 / every_minutes)):
            hour = (self.now - timedelta(minutes=index * every_minutes)).replace(minute=8, second=10, microsecond=0)
            if hour >= self.now:
                continue
            ids.append(self._decision(hour, 4, 7))
            if hour + timedelta(minutes=22) < self.now:
                ids.append(self._decision(hour + timedelta(minutes=22), 7, 4))
        return ids

    def _decision(self, at: datetime, before: int, after: int) -> str:
        decision_id = str(uuid.uuid4())
        up = after > before
        reason = (
            f"{after} pods: the 0.95 quantile of the next 150 s' highest demand is {after - 0.4:.1f} pods"
            if up
            else f"{after} pods: lower demand for 20 min, and the forecast stays below {after} pods"
        )
        judged = at < self.now - timedelta(minutes=40)
        self.execute(
            "INSERT INTO scaler.decisions (id, cluster_id, workload_id, cycle_id, decided_at, mode, action,"
            " from_replicas, to_replicas, planned_resource_version, reason, inputs, forecast, alternatives, guards,"
            " outcome, outcome_detail, outcome_at, advice, judgement)"
            " VALUES (%s, %s, %s, %s, %s, 'auto', %s, %s, %s, '4711', %s, %s, %s, %s, %s, 'applied', '', %s, %s, %s)",
            (
                decision_id,
                self.cluster_id,
                self.id,
                uuid.uuid4(),
                at,
                "scale_up" if up else "scale_down",
                before,
                after,
                reason,
                json.dumps(
                    {
                        "demand_pods": 3.1,
                        "ready_replicas": before,
                        "cpu_request_millicores": REQUEST_MILLICORES,
                        "metrics_age_seconds": 14.2,
                    }
                ),
                json.dumps({"lead_time_seconds": 150, "levels": [0.5, 0.95], "values": [2400.0, 3290.0]}),
                json.dumps(
                    [
                        {"replicas": after, "quantile": 0.95, "cost": after + 0.4},
                        {"replicas": after + 1, "quantile": 0.99, "cost": after + 1.1},
                    ]
                ),
                json.dumps([{"name": "step_limit", "detail": "one step reaches 10", "before": 11, "after": 10}]),
                at + timedelta(seconds=2),
                json.dumps({"text": "A rise every hour at twenty past; this one is as usual.", "provider": "rules"}),
                json.dumps(
                    {
                        "verdict": "in_time",
                        "sentence": "Ready in time: demand reached 6.4 pods, short 0.0 % of the time.",
                        "hpa": {"target_percent": 60, "replicas": [before] * 12 + [after + 1] * 20},
                    }
                )
                if judged and up
                else None,
            ),
        )
        return decision_id


def feed_node(
    database: Database, cluster_id: str, name: str, *, ready: bool = True, usage_millicores: float | None = None
) -> None:
    """A node of 4 cores, with a sample of just now where its usage is known."""
    at = datetime.now(UTC) - timedelta(seconds=5)
    with database.connect() as connection:
        row = connection.execute(
            "INSERT INTO collector.nodes (cluster_id, name, ready, cpu_allocatable_millicores,"
            " memory_allocatable_bytes, pods_allocatable, first_seen_at, last_seen_at)"
            " VALUES (%s, %s, %s, 4000, 16e9, 110, %s, %s) RETURNING id",
            (cluster_id, name, ready, at - timedelta(days=14), at),
        ).fetchone()
        assert row is not None
        if usage_millicores is None:
            return
        connection.execute("SELECT collector.ensure_partitions(%s, %s)", (at.date(), (at + timedelta(days=1)).date()))
        connection.execute(
            "INSERT INTO collector.node_samples (cluster_id, node_id, at, source, cpu_usage_millicores, memory_bytes,"
            " pods) VALUES (%s, %s, %s, 0, %s, %s, 12)",
            (cluster_id, row[0], at, usage_millicores, 2e6 * usage_millicores + 3e9),
        )


def feed_wish(
    workload: FedWorkload, replicas: int, mode: str, guards: list[dict[str, Any]] | None = None, reason: str = ""
) -> None:
    """The scaler's latest word on a workload."""
    workload.execute(
        "INSERT INTO scaler.workload_states (workload_id, cluster_id, cycle_id, evaluated_at, mode, wanted_replicas,"
        " reason, guards) VALUES (%s, %s, %s, now(), %s, %s, %s, %s)",
        (workload.id, workload.cluster_id, uuid.uuid4(), mode, replicas, reason, json.dumps(guards or [])),
    )


def feed_workload(
    database: Database,
    cluster_id: str,
    *,
    name: str = "web",
    namespace: str = "shop",
    now: datetime | None = None,
    ready: int = 4,
) -> FedWorkload:
    """A connected cluster with a workload."""
    now = now or datetime.now(UTC)
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO collector.cluster_states (cluster_id, status, status_since, server_version,"
            " metrics_available, last_success_at, next_due_at, backfill_status)"
            " VALUES (%s, 'connected', %s, 'v1.33.1', true, %s, %s, 'completed') ON CONFLICT DO NOTHING",
            (cluster_id, now - timedelta(days=1), now, now),
        )
        connection.execute(
            "INSERT INTO collector.cycles (id, cluster_id, started_at, finished_at, status, workload_rows, node_rows)"
            " VALUES (%s, %s, %s, %s, 'completed', 12, 3)",
            (uuid.uuid4(), cluster_id, now - timedelta(seconds=3), now - timedelta(seconds=2)),
        )
        row = connection.execute(
            "INSERT INTO collector.workloads (cluster_id, namespace, kind, name, api_version, resource_version,"
            " desired_replicas, ready_replicas, updated_replicas, cpu_request_millicores, startup_p95_seconds,"
            " first_seen_at, last_seen_at) VALUES (%s, %s, 'Deployment', %s, 'apps/v1', '1', %s, %s, %s, %s, 62, %s, %s)"
            " RETURNING id",
            (cluster_id, namespace, name, ready, ready, ready, REQUEST_MILLICORES, now - timedelta(days=14), now),
        ).fetchone()
    assert row is not None
    return FedWorkload(database, cluster_id, row[0], now)


def feed_incident(workload: FedWorkload, *, minutes_ago: int = 25, is_open: bool = True, severity: str = "high") -> int:
    """An incident of one anomaly of the workload; its number."""
    began = workload.now - timedelta(minutes=minutes_ago)
    last = workload.now if is_open else began + timedelta(minutes=15)
    ((namespace, name),) = workload.execute(
        "SELECT namespace, name FROM collector.workloads WHERE id = %s", (workload.id,)
    )
    description = "CPU rose from 30 % to 95 % of its pods' requests in 5 minutes; 31 % was expected."
    ((number,),) = workload.execute(
        "INSERT INTO forecaster.incidents (cluster_id, namespace, severity, title, opened_at, last_at, closed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (
            workload.cluster_id, namespace, severity, f"{namespace}/{name}: {description}", began, last,
            None if is_open else last,
        ),
    )  # fmt: skip
    evidence = [{"metric": "cpu", "before": 600.0, "now": 1900.0, "expected": 620.0, "minutes": 5}]
    workload.execute(
        "INSERT INTO forecaster.anomalies (incident_id, cluster_id, subject_kind, subject_id, severity, score,"
        " affected_metrics, description, recommended_action, evidence, started_at, last_at, ended_at)"
        " VALUES (%s, %s, 'workload', %s, %s, 0.87, '{cpu}', %s, %s, %s, %s, %s, %s)",
        (
            number, workload.cluster_id, workload.id, severity, description,
            "Check the pods' logs and whether requests rose too; if the load is real, scale out or raise max pods.",
            json.dumps(evidence), began, last, None if is_open else last,
        ),
    )  # fmt: skip
    return int(number)


def feed_health(workload: FedWorkload, at: datetime, score: float) -> None:
    """A cluster's health at one moment."""
    lost = round(100 - score, 1)
    ingredients = [
        {"name": "anomalies", "lost": lost, "of": 30, "known": True, "sentence": "1 open anomaly: 1 high."},
        {"name": "nodes", "lost": 0, "of": 30, "known": True, "sentence": "All 3 nodes ready."},
        {"name": "headroom", "lost": 0, "of": 20, "known": False, "sentence": "Use of the nodes is not known."},
    ]
    workload.execute(
        "INSERT INTO forecaster.health_scores (cluster_id, at, score, ingredients) VALUES (%s, %s, %s, %s)",
        (workload.cluster_id, at, score, json.dumps(ingredients)),
    )
