"""Postgres roles and grants, derived from who owns which table: the house rule, held by the database.

A service may write its own schema and read the others', except for the few tables that hold secrets; of
those it sees at most the columns that say what a person may do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text

from ai4k8s_common.services import Service
from ai4k8s_common.store.audit import AUDIT
from ai4k8s_common.store.gateway import PUBLIC_COLUMNS
from ai4k8s_common.store.tables import metadata, owner_may, owner_of, readers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg import Connection as PsycopgConnection
    from sqlalchemy import Connection

# Roles belong to the whole server: two migrations of two databases must not make them at once.
ROLES_LOCK = 7_042_001


def ensure_roles(connection: Connection, passwords: Mapping[Service, str]) -> None:
    """Create or update the login role of each service given a password."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ROLES_LOCK})
    raw: PsycopgConnection = connection.connection.driver_connection  # type: ignore[assignment]
    known = {row.rolname for row in connection.execute(text("SELECT rolname FROM pg_roles"))}
    for service, password in passwords.items():
        verb = sql.SQL("ALTER" if service.role in known else "CREATE")
        raw.execute(
            sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(service.role), sql.Literal(password))
        )


def apply_grants(connection: Connection) -> None:
    """Make the grants of every existing role say exactly what table ownership says."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ROLES_LOCK})
    known = {row.rolname for row in connection.execute(text("SELECT rolname FROM pg_roles"))}
    for service in Service:
        if service.role in known:
            for statement in _statements(service):
                connection.exec_driver_sql(statement)


def _statements(service: Service) -> Iterator[str]:
    role = service.role
    for schema in Service:
        yield f"GRANT USAGE ON SCHEMA {schema.value} TO {role}"
        yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema.value} FROM {role}"
    for key in metadata.tables:
        if owner_of(key) is service:
            yield f"GRANT {', '.join(owner_may(key))} ON {key} TO {role}"
        elif service in readers_of(key):
            yield f"GRANT SELECT ON {key} TO {role}"
        elif key in PUBLIC_COLUMNS:
            yield f"GRANT SELECT ({', '.join(PUBLIC_COLUMNS[key])}) ON {key} TO {role}"
    if service in AUDIT:
        yield f"GRANT EXECUTE ON FUNCTION {service.value}.prune_audit(bigint) TO {role}"
    if service is Service.COLLECTOR:
        for function in ("ensure_partitions(date, date)", "ensure_rollup_partitions(date, date)"):
            yield f"GRANT EXECUTE ON FUNCTION collector.{function} TO {role}"
        for function in ("drop_partitions(date)", "drop_rollup_partitions(date)"):
            yield f"GRANT EXECUTE ON FUNCTION collector.{function} TO {role}"
