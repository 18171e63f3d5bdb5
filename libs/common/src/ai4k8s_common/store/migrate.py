"""Bring a database to the present schema: Alembic, then roles and grants. Safe to run twice and at once.

Run as `python -m ai4k8s_common.store.migrate` with the owner's AI4K8S_DATABASE_URL and AI4K8S_ROLE_PASSWORDS,
a JSON object of service name to password. Without passwords existing roles only get their grants.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from alembic import command
from alembic.config import Config
from pydantic import Field, SecretStr
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from ai4k8s_common.errors import UnavailableError
from ai4k8s_common.services import Service
from ai4k8s_common.settings import Group, LogSettings
from ai4k8s_common.store.engine import store_url
from ai4k8s_common.store.grants import apply_grants, ensure_roles
from ai4k8s_common.store.isolation import apply_isolation
from ai4k8s_common.telemetry.logs import configure_logs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 7_042_000

log = structlog.stdlib.get_logger(__name__)


class MigrateSettings(Group):
    """The owner's connection, and the passwords of the roles to be."""

    database_url: SecretStr
    role_passwords: dict[Service, SecretStr] = Field(default_factory=dict)


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without an ini file: it lives in the package."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def migrate(owner_url: str, role_passwords: Mapping[Service, str]) -> None:
    """Upgrade to the newest revision, make the roles, set the grants and the policies.

    One transaction: killed half way it leaves what was there before, and can be run again.
    Raises UnavailableError when the database does not answer or refuses.
    """
    engine = create_engine(store_url(owner_url), connect_args={"connect_timeout": 5})
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            command.upgrade(alembic_config(connection), "head")
            ensure_roles(connection, role_passwords)
            apply_grants(connection)
            apply_isolation(connection)
    except SQLAlchemyError as error:
        message = str(error.__cause__ or error).strip().splitlines()[0]
        raise UnavailableError(
            f"the database could not be migrated: {message}",
            hint="Check that AI4K8S_DATABASE_URL names the owner of the database and that Postgres runs.",
        ) from error
    finally:
        engine.dispose()


def main() -> None:
    """Entry point."""
    configure_logs("migrate", LogSettings())
    settings = MigrateSettings()
    passwords = {service: secret.get_secret_value() for service, secret in settings.role_passwords.items()}
    try:
        migrate(settings.database_url.get_secret_value(), passwords)
    except UnavailableError as error:
        sys.exit(json.dumps({"error": error.detail, "hint": error.hint}))
    log.info("store_migrated", roles=len(passwords))


if __name__ == "__main__":
    main()
