"""Proof of what was done: rows that each cover the one before by a hash, so that an edited one is found.

    record(connection, Service.CHAT, Entry(actor=Actor(...), action="plan.apply", ...))

Call it last in a transaction: writers wait for one another from here to the commit. In a request or a task use
`tx.audit(entry)`, which does so. What is recorded is masked here once more: by the names of fields, and by what texts
show.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.security.redaction import redact
from ai4k8s_common.store.audit import AUDIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from ai4k8s_common.services import Service

GENESIS = bytes(32)
HEAD_ID = 1
CHECKPOINT = "audit.checkpoint"
LEAST_KEPT_DAYS = 30  # the function in the database refuses less
MASKED = "(masked)"
LONGEST_TEXT = 2_000
BATCH = 1_000
_SECRET_NAME = re.compile(
    r"pass(word|phrase)|secret|token|kubeconfig|credential|private|api_?key|otp|recovery|cookie|authorization|(^|_)(code|key|pem)s?$"
    # Texts that may hold Secrets.
    r"|^(manifests?|yaml)$",
    re.IGNORECASE,
)


class AuditResult(StrEnum):
    """How it ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who. Without an id: a service by its own rules, or somebody unknown. `token`: the name of the API token used."""

    id: UUID | None = None
    name: str = ""
    token: str = ""
    client: str = ""  # the address they came from


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done, to what, and how it ended. `object` as in 'Deployment/web'; before and after are JSON values."""

    actor: Actor
    action: str
    cluster: UUID | None = None
    namespace: str = ""
    object: str = ""
    before: Any = None
    after: Any = None
    result: AuditResult = AuditResult.DONE
    detail: str = ""
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along a chain found. `problem` is empty when it is whole; head and count tell how far it went."""

    service: Service
    rows: int
    head_seq: int
    head_hash: str
    problem: str = ""
    broken_seq: int | None = None


def masked(value: Any) -> Any:
    """Return a JSON value without what its names or its texts show to be secret, and with long texts shortened."""
    if isinstance(value, dict):
        if value.get("kind") == "Secret":
            value = {**value, **{name: MASKED for name in ("data", "stringData") if name in value}}
        return {
            str(key): MASKED if _SECRET_NAME.search(str(key)) and item not in (None, "", [], {}) else masked(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return _shortened(redact(value)) if isinstance(value, str) else value


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}… ({len(text):,} characters)"


def record(connection: Connection, service: Service, entry: Entry) -> int:
    """Append an entry to the service's chain; returns its number. The chain stays locked until the commit."""
    tables = AUDIT[service]
    head = connection.execute(select(tables.head).where(tables.head.c.id == HEAD_ID).with_for_update()).one()
    row: dict[str, Any] = {
        "seq": head.seq + 1,
        "at": entry.at.astimezone(UTC),
        "actor_id": entry.actor.id,
        "actor": _plain(entry.actor.name),
        "token": _plain(entry.actor.token),
        "client": _plain(entry.actor.client),
        "action": _plain(entry.action),
        "cluster": entry.cluster,
        "namespace": _plain(entry.namespace),
        "object": _plain(entry.object),
        "before": _json(entry.before),
        "after": _json(entry.after),
        "result": entry.result.value,
        "detail": _plain(entry.detail),
    }
    digest = row_hash(head.hash, row)
    connection.execute(insert(tables.entries).values(**row, previous=head.hash, hash=digest))
    connection.execute(update(tables.head).where(tables.head.c.id == HEAD_ID).values(seq=row["seq"], hash=digest))
    return int(row["seq"])


def row_hash(previous: bytes, row: Mapping[str, Any]) -> bytes:
    """Return SHA-256 over the hash before and everything a row says."""
    content = {name: _said(row[name]) for name in _COVERED}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(bytes(previous) + canonical.encode()).digest()


_COVERED = (
    "seq",
    "at",
    "actor_id",
    "actor",
    "token",
    "client",
    "action",
    "cluster",
    "namespace",
    "object",
    "before",
    "after",
    "result",
    "detail",
)


def verify(connection: Connection, service: Service, expected: tuple[int, str] | None = None) -> Verified:
    """Walk along a chain. `expected` is a number and hash (hex) noted earlier, which must still be there.

    Found are: an edited row, a missing or doubled one, another order, a cut end, a beginning without checkpoint.
    """
    head = connection.execute(select(AUDIT[service].head)).one_or_none()
    if head is None:
        return Verified(service, 0, 0, "", "the end of the chain is not noted any more")
    rows, previous, last, noted = 0, None, None, False
    for row in _walk(connection, service):
        problem = _problem(connection, service, row, previous)
        if problem:
            return Verified(service, rows, head.seq, head.hash.hex(), problem, row.seq)
        noted = noted or (expected is not None and (row.seq, row.hash.hex()) == expected)
        previous, last, rows = row, row, rows + 1
    problem = _end_problem(head, last)
    if not problem and expected is not None and not noted:
        problem = f"entry {expected[0]} with the hash noted earlier is not there any more"
    return Verified(service, rows, head.seq, head.hash.hex(), problem)


def _problem(connection: Connection, service: Service, row: Row[Any], previous: Row[Any] | None) -> str:
    if row_hash(row.previous, row._asdict()) != row.hash:  # SQLAlchemy's public name for it
        return f"entry {row.seq} is not what was written: it was edited"
    if previous is not None:
        if row.seq != previous.seq + 1:
            return f"entries between {previous.seq} and {row.seq} are missing"
        return "" if row.previous == previous.hash else f"entry {row.seq} does not follow entry {previous.seq}"
    if row.seq == 1:
        return "" if row.previous == GENESIS else "entry 1 is not the chain's first"
    return _beginning_problem(connection, service, row)


def _beginning_problem(connection: Connection, service: Service, first: Row[Any]) -> str:
    """Older entries may be gone where a checkpoint, itself an entry, says so."""
    entries = AUDIT[service].entries
    query = select(entries.c.after).where(entries.c.action == CHECKPOINT, entries.c.seq >= first.seq)
    for after in connection.execute(query).scalars():
        said = json.loads(after or "{}")
        if said.get("to_seq") == first.seq - 1 and said.get("hash") == first.previous.hex():
            return ""
    return f"entries before {first.seq} are missing, and no checkpoint says that they were removed"


def _end_problem(head: Row[Any], last: Row[Any] | None) -> str:
    if last is None:
        return "" if head.seq == 0 else f"all {head.seq} entries are missing"
    if (last.seq, last.hash) != (head.seq, head.hash):
        return f"the chain ends at entry {last.seq}, and entry {head.seq} was the last that was written"
    return ""


def _walk(connection: Connection, service: Service) -> Iterable[Row[Any]]:
    entries, after = AUDIT[service].entries, -1
    while True:
        query = select(entries).where(entries.c.seq > after).order_by(entries.c.seq).limit(BATCH)
        batch = connection.execute(query).all()
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1].seq


def prune(connection: Connection, service: Service, keep_days: int, now: datetime) -> int:
    """Remove entries older than `keep_days`, after a checkpoint that says so; returns how many.

    Raises InvalidInputError below LEAST_KEPT_DAYS.
    """
    if keep_days < LEAST_KEPT_DAYS:
        raise InvalidInputError(f"audit entries are kept for at least {LEAST_KEPT_DAYS} days")
    entries = AUDIT[service].entries
    # Times come from many hosts: up to the first that is young enough, in the chain's own order.
    young = select(func.min(entries.c.seq)).where(entries.c.at >= now - timedelta(days=keep_days))
    first_kept = connection.execute(young).scalar_one_or_none()
    last_gone = select(entries.c.seq, entries.c.hash).order_by(entries.c.seq.desc()).limit(1)
    if first_kept is not None:
        last_gone = last_gone.where(entries.c.seq < first_kept)
    row = connection.execute(last_gone).one_or_none()
    if row is None:
        return 0
    said = {"to_seq": row.seq, "hash": row.hash.hex(), "kept_days": keep_days}
    record(connection, service, Entry(Actor(name=service.value), CHECKPOINT, after=said, at=now))
    pruning = select(getattr(getattr(func, service.value), "prune_audit")(row.seq))  # noqa: B009  # a schema's function
    return int(connection.execute(pruning).scalar_one())


def _json(value: Any) -> str | None:
    if value is None:
        return None
    text = json.dumps(masked(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return _plain(text)


def _plain(text: str) -> str:
    """Postgres keeps no NUL; lone surrogates would not survive the way either."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _said(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if value is None or isinstance(value, int) else str(value)
