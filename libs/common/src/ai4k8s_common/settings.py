"""Settings, read once in an entry point and passed down.

Each group is small so that a process asks only for what it needs; a missing one is a clear error at start-up.
No secret has a default.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class LogFormat(StrEnum):
    """How log lines look."""

    JSON = "json"
    CONSOLE = "console"


class _Group(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="AI4K8S_", frozen=True, extra="ignore")


class LogSettings(_Group):
    """AI4K8S_LOG_FORMAT, AI4K8S_LOG_LEVEL."""

    log_format: LogFormat = LogFormat.JSON
    log_level: str = "INFO"


class TraceSettings(_Group):
    """AI4K8S_OTLP_ENDPOINT: base URL of an OTLP/HTTP collector; spans stay here without it."""

    otlp_endpoint: str | None = None


class MetricsSettings(_Group):
    """AI4K8S_METRICS_PORT: where a worker serves Prometheus metrics; not served without it."""

    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=1, le=65535)


class StoreSettings(_Group):
    """AI4K8S_DATABASE_URL: Postgres, as the role of the process that reads it."""

    database_url: SecretStr
    database_pool_size: int = Field(default=5, ge=1, description="connections kept open by one process")


class BusSettings(_Group):
    """Broker (Celery messages) and cache (live events, advisor cache), which may be two servers.

    The time-outs obey one rule, checked at start-up: time limit < visibility timeout, per queue.
    """

    broker_url: SecretStr
    redis_url: SecretStr
    cycle_time_limit_seconds: int = Field(default=45, ge=1)
    cycle_visibility_timeout_seconds: int = Field(default=60, ge=2)
    jobs_time_limit_seconds: int = Field(default=300, ge=1)
    jobs_visibility_timeout_seconds: int = Field(default=330, ge=2)
    max_attempts: int = Field(default=5, ge=1, description="then a message becomes a dead letter")
    resend_after_seconds: float = Field(default=15.0, gt=0, description="first resend of an unanswered message")


class CycleSettings(_Group):
    """AI4K8S_CYCLE_SECONDS: how often each cluster is observed unless the cluster says otherwise."""

    cycle_seconds: int = Field(default=60, ge=5, le=3600)


class ClusterAccessSettings(_Group):
    """Where clusters may be, for those who talk to them."""

    allow_loopback_clusters: bool = Field(default=False, description="clusters on this very machine")
    allow_insecure_clusters: bool = Field(
        default=False, description="clusters whose certificate is not checked"
    )


class SealSettings(_Group):
    """The public half: who has it can seal a credential and never read it again."""

    credentials_public_key: str


class UnsealSettings(_Group):
    """The private half, only for services that talk to clusters."""

    credentials_private_key: SecretStr
