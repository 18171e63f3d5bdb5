"""Lists of any kind, as the API server itself would print them, page by page and no more than is needed.

A cluster may have 150,000 pods: rows come as cells, not as objects; what is left out is counted by the server.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.security.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ai4k8s_chat.adapters.cluster import KubeReads
    from ai4k8s_chat.domain.kinds import Kind
    from ai4k8s_chat.reading.scope import Scope
    from ai4k8s_common.kube.types import Table, TableColumn

PAGE_ROWS = 500
LOOKED_THROUGH_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a list."""

    namespace: str
    name: str
    cells: dict[str, str]
    object: dict[str, Any]

    @property
    def created(self) -> str:
        """When it was made; texts of this form sort by time."""
        return str(self.object.get("metadata", {}).get("creationTimestamp") or "")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a kind is wanted. `keep` sees cells; `whole` asks for the objects along with them."""

    kind: Kind
    namespace: str | None = None
    label_selector: str | None = None
    field_selector: str | None = None
    keep: Callable[[Row], bool] | None = None
    sort: Callable[[Row], Any] | None = None
    whole: bool = False
    limit: int = 50

    @property
    def looks_through_all(self) -> bool:
        """Whether every row has to be seen before the first can be shown."""
        return self.keep is not None or self.sort is not None

    def params(self, more: str) -> dict[str, str]:
        """Parameters of the next page."""
        rows = PAGE_ROWS if self.looks_through_all else min(PAGE_ROWS, self.limit)
        given = {
            "limit": str(rows),
            "includeObject": "Object" if self.whole else "Metadata",
            "labelSelector": self.label_selector,
            "fieldSelector": self.field_selector,
            "continue": more,
        }
        return {key: value for key, value in given.items() if value}


@dataclass(slots=True)
class Found:
    """What a list gave. `complete` is False where time ran out before its end."""

    columns: list[TableColumn] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    total: int | None = 0
    complete: bool = True


def find(kube: KubeReads, scope: Scope, wanted: Wanted) -> Found:
    """Read a list as far as is needed. Raises KubeError, OutOfScopeError."""
    found = Found()
    deadline = time.monotonic() + LOOKED_THROUGH_SECONDS
    for place in scope.places(wanted.kind, wanted.namespace):
        for table in _pages(kube, wanted, place):
            found.columns = table.column_definitions or found.columns
            rows = [_row(row.cells, row.object, found.columns) for row in table.rows or ()]
            kept = [row for row in rows if wanted.keep is None or wanted.keep(row)]
            room = len(kept) if wanted.sort is not None else max(0, wanted.limit - len(found.rows))
            found.rows += kept[:room]
            _count(found, len(kept))
            if not wanted.looks_through_all and len(found.rows) >= wanted.limit and table.metadata.continue_:
                rest = table.metadata.remaining_item_count
                found.total = None if rest is None or found.total is None else found.total + rest
                break
            if time.monotonic() > deadline and table.metadata.continue_:
                found.complete, found.total = False, None
                break
    if wanted.sort is not None:
        found.rows = sorted(found.rows, key=wanted.sort)[: wanted.limit]
    return found


def _count(found: Found, more: int) -> None:
    if found.total is not None:
        found.total += more


def _pages(kube: KubeReads, wanted: Wanted, place: str | None) -> Iterator[Table]:
    more = ""
    while True:
        table = kube.table(wanted.kind.collection(place), wanted.params(more))
        yield table
        if not table.metadata.continue_ or table.metadata.continue_ == more:
            return
        more = table.metadata.continue_


def _row(cells: list[Any], found: dict[str, Any] | None, columns: list[TableColumn]) -> Row:
    meta = (found or {}).get("metadata", {})
    texts = {column.name: printed(cell) for column, cell in zip(columns, cells, strict=False)}
    return Row(str(meta.get("namespace", "")), str(meta.get("name", "")), texts, found or {})


def printed(cell: object) -> str:
    """A cell as text, on one line, without credentials."""
    text = "" if cell is None else str(cell)
    return redact(" ".join(text.split()))


def read_page(kube: KubeReads, path: str, params: dict[str, str], most: int = 10_000) -> list[dict[str, Any]]:
    """Read whole objects of a short list, up to `most` of them. Raises KubeError."""
    items: list[dict[str, Any]] = []
    more = ""
    while len(items) < most:
        page = kube.read(path, {**params, "limit": str(PAGE_ROWS), **({"continue": more} if more else {})})
        items += page.get("items") or []
        following = str(page.get("metadata", {}).get("continue") or "")
        if not following or following == more:
            break
        more = following
    return items


def check_selector(selector: str | None) -> None:
    """Refuse what cannot be a selector before the server has to."""
    if selector is not None and ("\n" in selector or not selector.strip()):
        raise InvalidInputError("that is not a label selector", hint="Such as app=web,tier!=db.")
