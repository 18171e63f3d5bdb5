"""Plans as chat would have written them, for tests of what people say to them. Never used by the product."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from tests.support.stores import Database

NEEDS = [["object:write", "shop"]]


def add_plan(
    database: Database, cluster_id: str, asked_by: str, needs: list[list[str]] = NEEDS, **values: Any
) -> tuple[str, str]:
    """What chat would have written; the plan's id and hash."""
    row = {
        "id": uuid.uuid4(),
        "cluster_id": cluster_id,
        "asked_by": asked_by,
        "origin": "chat",
        "title": "Set the image of web",
        "hash": f"a{uuid.uuid4().hex * 2}"[:64],
        "calls": b"sealed",
        "undo_calls": b"sealed",
        "changes": Jsonb(
            [
                {
                    "verb": "patch",
                    "api_version": "apps/v1",
                    "kind": "Deployment",
                    "namespace": "shop",
                    "name": "web",
                    "diff": "-a\n+b",
                    "through": "",
                }
            ]
        ),
        "effects": Jsonb([{"kind": "pods_restarted", "weight": "warn", "text": "2 pods replaced."}]),
        "needs": Jsonb(needs),
        "status": "waiting",
    } | values
    names = ", ".join(row)
    with database.connect() as connection:
        connection.execute(
            f"INSERT INTO chat.plans ({names}, expires_at)"
            f" VALUES ({', '.join(['%s'] * len(row))}, now() + interval '300 s')".encode(),
            list(row.values()),
        )
    return str(row["id"]), str(row["hash"])
