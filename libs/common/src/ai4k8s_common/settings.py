"""Settings, read once in an entry point and passed down.

Each group is small so that a process asks only for what it needs; a missing one is a clear error at start-up.
No secret has a default. Every variable may also be given as a file: AI4K8S_DATABASE_URL_FILE names a file that
holds what AI4K8S_DATABASE_URL would, because a mounted secret shows neither in `docker inspect` nor in children. Or
AI4K8S_CREDENTIALS_PRIVATE_KEY_COMMAND is a program that prints it: the way to a KMS, a vault or a hardware module that
keeps the key or opens an encrypted one. It is run once, without a shell.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


class LogFormat(StrEnum):
    """How log lines look."""

    JSON = "json"
    CONSOLE = "console"


COMMAND_SECONDS = 20


class FilesNamedByVariables(PydanticBaseSettingsSource):
    """Reads <VARIABLE>_FILE, or runs <VARIABLE>_COMMAND, for each field of a group."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002  # its base's
        """Return the file's content without the newline that editors add; None without such a variable."""
        variable = f"{self.config.get('env_prefix', '')}{field_name}".upper()
        path, command = os.environ.get(f"{variable}_FILE"), os.environ.get(f"{variable}_COMMAND")
        if not path and not command:
            return None, field_name, False
        ways = [name for name in (variable, f"{variable}_FILE", f"{variable}_COMMAND") if name in os.environ]
        if len(ways) > 1:
            raise SettingsError(f"both {' and '.join(ways)} are set; which one is meant?")
        if command:
            return _output_of(command, variable), field_name, False
        assert path  # noqa: S101 - one of the two
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{variable}_FILE names '{path}', which cannot be read: {error}") from error

    def __call__(self) -> dict[str, Any]:
        """Return the fields that are given as files."""
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, is_complex = self.get_field_value(field, name)
            if value is not None:
                found[key] = self.prepare_field_value(name, field, value, is_complex)
        return found


def _output_of(command: str, variable: str) -> str:
    """Return what the operator's program prints, without the newline; its errors are told, its output never."""
    try:
        done = subprocess.run(
            shlex.split(command), capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise SettingsError(f"{variable}_COMMAND could not be run: {error}") from error
    if done.returncode != 0 or not done.stdout.strip():
        said = done.stderr.strip().splitlines()
        raise SettingsError(f"{variable}_COMMAND ended with {done.returncode}: {said[-1] if said else 'no output'}")
    return done.stdout.strip()


class Group(BaseSettings):
    """A few settings that belong together: from AI4K8S_* variables, or from the files they name."""

    model_config = SettingsConfigDict(env_prefix="AI4K8S_", frozen=True, extra="ignore")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then variables, then the files they name."""
        return init_settings, env_settings, FilesNamedByVariables(settings_cls)


class LogSettings(Group):
    """AI4K8S_LOG_FORMAT, AI4K8S_LOG_LEVEL."""

    log_format: LogFormat = LogFormat.JSON
    log_level: str = "INFO"


class TraceSettings(Group):
    """AI4K8S_OTLP_ENDPOINT: base URL of an OTLP/HTTP collector; spans stay here without it."""

    otlp_endpoint: str | None = None


class MetricsSettings(Group):
    """AI4K8S_METRICS_PORT: where a worker serves Prometheus metrics; not served without it."""

    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=1, le=65535)


class HealthSettings(Group):
    """AI4K8S_HEALTH_DIRECTORY: where a process without a port shows that it lives; nowhere without it."""

    health_directory: Path | None = None


class StoreSettings(Group):
    """AI4K8S_DATABASE_URL: Postgres, as the role of the process that reads it."""

    database_url: SecretStr
    database_pool_size: int = Field(default=5, ge=1, description="connections kept open by one process")


class BusSettings(Group):
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


class CycleSettings(Group):
    """AI4K8S_CYCLE_SECONDS: how often each cluster is observed unless the cluster says otherwise."""

    cycle_seconds: int = Field(default=60, ge=5, le=3600)


class AuditSettings(Group):
    """AI4K8S_AUDIT_KEEP_DAYS: for those who write audit entries."""

    audit_keep_days: int = Field(default=365, ge=30, description="older entries go, and the chain stays verifiable")


class ClusterAccessSettings(Group):
    """Where clusters may be, for those who talk to them."""

    allow_loopback_clusters: bool = Field(default=False, description="clusters on this very machine")
    allow_insecure_clusters: bool = Field(default=False, description="clusters whose certificate is not checked")
    kubeconfig_directory: Path | None = Field(
        default=None,
        description="kubeconfigs that administrators can add clusters from; for collector, scaler and chat",
    )


class SealSettings(Group):
    """The public half: who has it can seal a credential and never read it again."""

    credentials_public_key: str


class PeopleKeySettings(Group):
    """The key of people's secrets, for the gateway alone: one key, or several with the present one first."""

    people_private_key: SecretStr | None = None


class UnsealSettings(Group):
    """The private half, only for services that talk to clusters: one key, or several with the present one first."""

    credentials_private_key: SecretStr


class InternalSettings(Group):
    """AI4K8S_INTERNAL_KEY: the gateway signs with it whatever it passes on to chat for a person; of these two only."""

    internal_key: SecretStr | None = Field(default=None, min_length=32)
