"""What the scaler owns: the decision ledger, and what it remembers between cycles."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from ai4k8s_common.store.base import at_column, metadata


class DecisionAction(StrEnum):
    """What a decision wants."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    MAINTAIN = "maintain"


class DecisionOutcome(StrEnum):
    """What became of a decision."""

    PLANNED = "planned"
    APPLIED = "applied"
    OBSERVED = "observed"  # mode observe or recommend: recorded, nothing done
    HELD = "held"  # a guard said no
    CONFLICT = "conflict"  # the object changed since the plan
    SUPERSEDED = "superseded"  # more was needed before this was carried out, or its time had passed
    DISMISSED = "dismissed"  # a person does not want what was recommended
    FAILED = "failed"


class Engine(StrEnum):
    """What a decision comes from."""

    PREDICTIVE = "predictive"
    REACTIVE = "reactive"  # HPA's formula, where no HPA is there to run it
    SCHEDULED = "scheduled"
    HPA = "hpa"
    VPA = "vpa"
    MANUAL = "manual"
    ROLLBACK = "rollback"  # a change after which the SLO got worse is taken back


class Actuator(StrEnum):
    """How replicas are moved."""

    REPLICAS = "replicas"  # we own spec.replicas
    HPA_FLOOR = "hpa_floor"  # minReplicas of the HPA that owns them
    EXTERNAL_METRIC = "external_metric"  # a number that KEDA asks for; nothing in the cluster is written
    REVISION = "revision"  # the pod template of an earlier revision
    REQUESTS = "requests"  # what the pods ask for


#: The hands that move a number of pods; the others change what the pods are.
MOVES_PODS = (Actuator.REPLICAS.value, Actuator.HPA_FLOOR.value, Actuator.EXTERNAL_METRIC.value)


class AutoscalerKind(StrEnum):
    """Objects in the cluster that scale."""

    HPA = "hpa"
    VPA = "vpa"


decisions = Table(
    "decisions",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("workload_id", BigInteger, nullable=False),
    Column("cycle_id", UUID, nullable=False),
    at_column("decided_at"),
    Column("mode", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("from_replicas", Integer, nullable=False),
    Column("to_replicas", Integer, nullable=False),
    Column("planned_resource_version", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("inputs", JSONB, nullable=False),
    Column("forecast", JSONB),
    Column("alternatives", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("guards", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("outcome", Text, nullable=False),
    Column("outcome_detail", Text, nullable=False, server_default=""),
    at_column("outcome_at", nullable=True),
    Column("advice", JSONB),
    Column("judgement", JSONB),
    at_column("judged_at", nullable=True),
    Column("engine", Text, nullable=False, server_default=Engine.PREDICTIVE.value),
    Column("actuator", Text, nullable=False, server_default=Actuator.REPLICAS.value),
    Column("plan", JSONB(none_as_null=True)),  # what is written where, and what was there before us
    Column("answer", JSONB(none_as_null=True)),  # what the cluster's API said
    Column("undo_of", UUID),
    Column("requested_by", UUID),
    # The idempotency key of guarantees 1, 7 and 8.
    UniqueConstraint("cluster_id", "workload_id", "cycle_id"),
    schema="scaler",
)
Index("ix_decisions_workload_id_decided_at", decisions.c.workload_id, decisions.c.decided_at)
Index("ix_decisions_cluster_id_decided_at", decisions.c.cluster_id, decisions.c.decided_at)
Index("ix_decisions_undo_of", decisions.c.undo_of, postgresql_where=decisions.c.undo_of.is_not(None))
Index(
    "ix_decisions_unjudged",
    decisions.c.outcome_at,
    postgresql_where=decisions.c.judged_at.is_(None) & (decisions.c.outcome == DecisionOutcome.APPLIED.value),
)

workload_states = Table(
    "workload_states",
    metadata,
    Column("workload_id", BigInteger, primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("cycle_id", UUID, nullable=False),
    at_column("evaluated_at"),
    Column("mode", Text, nullable=False),
    Column("wanted_replicas", Integer),
    Column("reason", Text, nullable=False, server_default=""),
    Column("guards", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    at_column("hold_until", nullable=True),
    at_column("last_applied_at", nullable=True),
    Column("slo_price", Double),  # lambda of the policy: pods worth one unit of shortage
    # The SLO's account of the last three days; NULL before its first hour.
    Column("slo_short_seen", Double),  # share of that time with too few ready pods
    Column("slo_budget_left", Double),  # share of the budget; negative: overspent
    Column("slo_beyond_sense", Boolean, nullable=False, server_default=text("false")),  # not at a sensible price
    Column("memory", JSONB, nullable=False, server_default=text("'{}'::jsonb")),  # the policy's own state
    schema="scaler",
)

cluster_holds = Table(
    "cluster_holds",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    at_column("since"),
    Column("reason", Text, nullable=False),
    schema="scaler",
)

# What we hold in a cluster, and what was there before: one owner of a workload's size.
claims = Table(
    "claims",
    metadata,
    Column("workload_id", BigInteger, primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("actuator", Text, nullable=False),
    Column("object_name", Text, nullable=False),  # the HPA's, or the workload's own
    Column("original", JSONB, nullable=False),  # {replicas} or {min_replicas, max_replicas}
    Column("held_replicas", Integer, nullable=False),
    Column("held_maximum", Integer),
    at_column("held_at"),
    at_column("expires_at", nullable=True),  # a floor that is not renewed ends by itself
    schema="scaler",
)
Index("ix_claims_cluster_id", claims.c.cluster_id)

# What pods were made to ask for without rolling them: new pods come from the template, and are brought to it as well.
held_requests = Table(
    "held_requests",
    metadata,
    Column("workload_id", BigInteger, primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("decision_id", UUID, nullable=False),
    Column("wanted", JSONB, nullable=False),  # {container: {requests: {cpu, memory}, limits: {...}}}
    Column("original", JSONB, nullable=False),  # the same, as the template has it
    at_column("held_at"),
    schema="scaler",
)
Index("ix_held_requests_cluster_id", held_requests.c.cluster_id)

# How old a cluster's newest sample is when its workloads are decided about, as it was lately.
metric_lags = Table(
    "metric_lags",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    Column("median_seconds", Double, nullable=False),
    Column("p95_seconds", Double, nullable=False),
    Column("ages_seconds", JSONB, nullable=False),  # of the last cycles, the oldest first
    at_column("measured_at"),
    schema="scaler",
)

# When somebody else sets what we set: noticed, told, and backed off from.
fights = Table(
    "fights",
    metadata,
    Column("workload_id", BigInteger, primary_key=True),
    Column("cluster_id", UUID, nullable=False),
    Column("resets", JSONB, nullable=False, server_default=text("'[]'::jsonb")),  # [epoch second, manager]
    at_column("backed_off_until", nullable=True),
    Column("reason", Text, nullable=False, server_default=""),
    schema="scaler",
)

# HPAs and VPAs as last seen, with their state in words.
autoscalers = Table(
    "autoscalers",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("namespace", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("uid", Text, nullable=False, server_default=""),
    Column("resource_version", Text, nullable=False, server_default=""),
    Column("target_kind", Text, nullable=False),
    Column("target_name", Text, nullable=False),
    Column("spec", JSONB, nullable=False),
    Column("status", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("annotations", JSONB, nullable=False, server_default=text("'{}'::jsonb")),  # only ai4k8s.io/*
    Column("managers", JSONB, nullable=False, server_default=text("'[]'::jsonb")),  # who writes its spec
    Column("sentence", Text, nullable=False, server_default=""),
    at_column("seen_at"),
    schema="scaler",
)

# What else bounds a cluster's workloads, as last seen.
surroundings = Table(
    "surroundings",
    metadata,
    Column("cluster_id", UUID, primary_key=True),
    at_column("seen_at"),
    Column("quotas", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("disruption_budgets", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("vpa_installed", Boolean, nullable=False, server_default=text("false")),
    Column("problems", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    schema="scaler",
)
