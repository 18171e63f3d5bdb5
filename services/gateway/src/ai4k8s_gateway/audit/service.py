"""Use cases around the audit log: search it, take it away as a file, prove that it is whole."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
from datetime import datetime
from typing import TYPE_CHECKING

from ai4k8s_common.audit import verify
from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.rights import Permission
from ai4k8s_common.services import Service
from ai4k8s_common.store.audit import AUDIT
from ai4k8s_gateway.audit import repository
from ai4k8s_gateway.audit.schemas import AuditEntryView, AuditPage, ChainView, VerifyView

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.audit.schemas import AuditFilter

EXPORT_ROWS = 50_000
# A spreadsheet would run what begins like this.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
CSV_COLUMNS = (
    "at", "actor", "token", "client", "action", "result", "cluster_name", "namespace", "object", "detail", "before",
    "after", "service", "seq", "hash",
)  # fmt: skip


def search(
    connection: Connection, principal: Principal, wanted: AuditFilter, after: str | None, limit: int
) -> AuditPage:
    """Return one page of what somebody may see. Raises InvalidInputError for a place that is none."""
    rows = repository.page(connection, wanted, _seen(principal), _place(after), limit + 1)
    following = _cursor(rows[limit - 1]) if len(rows) > limit else None
    return AuditPage(items=[_view(row) for row in rows[:limit]], next=following)


def export_lines(connection: Connection, principal: Principal, wanted: AuditFilter) -> str:
    """Return the newest entries, one JSON object a line."""
    return "".join(f"{view.model_dump_json()}\n" for view in _all(connection, principal, wanted))


def export_csv(connection: Connection, principal: Principal, wanted: AuditFilter) -> str:
    """Return the newest entries as a table."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    for view in _all(connection, principal, wanted):
        values = view.model_dump(mode="json")
        writer.writerow([_cell(values[name]) for name in CSV_COLUMNS])
    return out.getvalue()


def verify_all(connection: Connection) -> VerifyView:
    """Walk along every chain."""
    found = [verify(connection, service) for service in AUDIT]
    chains = [
        ChainView(
            service=one.service,
            rows=one.rows,
            head_seq=one.head_seq,
            head_hash=one.head_hash,
            problem=one.problem,
            broken_seq=one.broken_seq,
        )
        for one in found
    ]
    return VerifyView(whole=not any(chain.problem for chain in chains), chains=chains)


def _seen(principal: Principal) -> tuple[UUID, list[UUID] | None]:
    rights = principal.rights
    if rights.may(Permission.AUDIT_READ):
        return principal.user_id, None
    return principal.user_id, [one for one in rights.clusters or () if rights.may(Permission.AUDIT_READ, one)]


def _all(connection: Connection, principal: Principal, wanted: AuditFilter) -> Iterator[AuditEntryView]:
    for row in repository.page(connection, wanted, _seen(principal), None, EXPORT_ROWS):
        yield _view(row)


def _view(row: Row[Any]) -> AuditEntryView:
    return AuditEntryView(
        service=Service(row.service),
        seq=row.seq,
        at=row.at,
        actor_id=row.actor_id,
        actor=row.actor_name,
        token=row.token,
        client=row.client,
        action=row.action,
        cluster_id=row.cluster,
        cluster_name=row.cluster_name,
        namespace=row.namespace,
        object=row.object,
        before=None if row.before is None else json.loads(row.before),
        after=None if row.after is None else json.loads(row.after),
        result=row.result,
        detail=row.detail,
        hash=row.hash.hex(),
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cursor(row: Row[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.at.isoformat(), row.service, row.seq]).encode()).decode()


def _place(cursor: str | None) -> tuple[datetime, str, int] | None:
    if cursor is None:
        return None
    try:
        at, service, seq = json.loads(base64.urlsafe_b64decode(cursor))
        return datetime.fromisoformat(at), Service(service).value, int(seq)
    except (ValueError, TypeError, binascii.Error):
        raise InvalidInputError("'after' is no place in the log", hint="Give what 'next' of a page said.") from None
