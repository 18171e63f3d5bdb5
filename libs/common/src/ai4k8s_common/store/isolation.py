"""Rows of other teams' clusters do not exist for the gateway while it works for a person: Postgres itself says so.

Every query of the gateway asks within what somebody may see; should one forget to, this is what is left of it. The
policies follow from the tables, as the grants do. They ask one setting of the transaction, which the gateway's
connections begin with as 'nothing' and `see` widens: a list of clusters, or '*'. Connections that know no such setting
are a former release's, and see what they always saw.

Workers act for the installation: their roles are exempt (BYPASSRLS), which also spares the loop's COPY the question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from ai4k8s_common.services import Service
from ai4k8s_common.store.tables import metadata, owner_of, readers_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.rights import Rights

SETTING, PERSON = "ai4k8s.clusters", "ai4k8s.person"
NOTHING, EVERYTHING = "{}", "*"
# The name tells apart what an older release made: with another condition comes another name.
POLICY = "seen_by_the_gateway_1"

_ALL = f"(SELECT coalesce(current_setting('{SETTING}', true), '{EVERYTHING}') = '{EVERYTHING}')"
# In sub-selects of their own, so that they are asked once a query instead of once a row.
_LISTED = f"((SELECT nullif(nullif(current_setting('{SETTING}', true), '{EVERYTHING}'), '')::uuid[])::uuid[])"
_PERSON = f"(SELECT nullif(current_setting('{PERSON}', true), '')::uuid)"

#: Tables that know a thing and not its cluster: by which of their columns, and what has the cluster.
BY_THING = {
    "gateway.incident_acknowledgements": ("incident_id", "forecaster.incidents"),
    "forecaster.hindcasts": ("workload_id", "collector.workloads"),
    "gateway.plan_verdicts": ("plan_id", "chat.plans"),
    "gateway.questions": ("conversation_id", "gateway.conversations"),
}
log = structlog.stdlib.get_logger(__name__)


def see(connection: Connection, rights: Rights) -> None:
    """Let this transaction see what somebody may, and nothing else."""
    listed = EVERYTHING if rights.clusters is None else "{" + ",".join(map(str, rights.clusters)) + "}"
    _set(connection, listed, str(rights.user_id))


def see_clusters(connection: Connection, cluster_ids: Iterable[UUID]) -> None:
    """Let this transaction see some clusters, for nobody in particular."""
    _set(connection, "{" + ",".join(map(str, cluster_ids)) + "}", "")


def see_everything(connection: Connection) -> None:
    """Let this transaction see all there is: where the gateway works for the installation, or reads rights first."""
    _set(connection, EVERYTHING, "")


def see_also(connection: Connection, cluster_id: UUID) -> None:
    """Let this transaction see one cluster more: one that it makes."""
    connection.execute(
        text(
            "SELECT set_config(:name, CASE WHEN s = '*' THEN s ELSE "
            "array_append(coalesce(nullif(s, ''), '{}')::uuid[], CAST(:id AS uuid))::text END, true) "
            "FROM current_setting(:name, true) s"
        ),
        {"name": SETTING, "id": cluster_id},
    )


def _set(connection: Connection, clusters: str, person: str) -> None:
    connection.execute(
        text("SELECT set_config(:setting, :clusters, true), set_config(:as, :person, true)"),
        {"setting": SETTING, "clusters": clusters, "as": PERSON, "person": person},
    )


def conditions() -> dict[str, str]:
    """Return, for each table that tells of clusters and that the gateway may read, which rows it sees."""
    found = {}
    for key, table in metadata.tables.items():
        if Service.GATEWAY is not owner_of(key) and Service.GATEWAY not in readers_of(key):
            continue
        if key == "gateway.clusters":
            found[key] = f"{_ALL} OR id = ANY ({_LISTED})"
        elif "cluster_id" in table.c:
            found[key] = f"{_ALL} OR cluster_id = ANY ({_LISTED})"
            if table.c["cluster_id"].nullable:  # somebody's own where it says whose, else the installation's
                own = f" AND (user_id IS NULL OR user_id = {_PERSON})" if "user_id" in table.c else ""
                found[key] += f" OR cluster_id IS NULL{own}"
        elif key in BY_THING:
            column, things = BY_THING[key]
            found[key] = f"{_ALL} OR EXISTS (SELECT FROM {things} thing WHERE thing.id = {column})"
    return found


def apply_isolation(connection: Connection) -> None:
    """Make the policies. Without the right to exempt the workers there are none, and the log says so."""
    roles = {row.rolname: row for row in connection.execute(text("SELECT rolname, rolbypassrls FROM pg_roles"))}
    if Service.GATEWAY.role not in roles:
        return
    workers = [service.role for service in Service if service is not Service.GATEWAY and service.role in roles]
    isolated = _exempt(connection, [role for role in workers if not roles[role].rolbypassrls])
    if not isolated:
        log.warning("rows_not_isolated", hint="Let the database's owner set BYPASSRLS, then migrate again.")
    made = {
        f"{row.schemaname}.{row.tablename}": row.policyname
        for row in connection.execute(text("SELECT schemaname, tablename, policyname FROM pg_policies"))
    }
    for key, condition in conditions().items():
        if isolated and made.get(key) != POLICY:
            if key in made:
                connection.exec_driver_sql(f"DROP POLICY {made[key]} ON {key}")
            connection.exec_driver_sql(f"CREATE POLICY {POLICY} ON {key} TO {Service.GATEWAY.role} USING ({condition})")
            connection.exec_driver_sql(f"ALTER TABLE {key} ENABLE ROW LEVEL SECURITY")
        elif not isolated and key in made:
            connection.exec_driver_sql(f"DROP POLICY {made[key]} ON {key}")
            connection.exec_driver_sql(f"ALTER TABLE {key} DISABLE ROW LEVEL SECURITY")


def _exempt(connection: Connection, roles: list[str]) -> bool:
    try:
        with connection.begin_nested():
            for role in roles:
                connection.exec_driver_sql(f"ALTER ROLE {role} BYPASSRLS")
    except ProgrammingError:  # insufficient privilege: not every owner of a database is a superuser
        return False
    return True
