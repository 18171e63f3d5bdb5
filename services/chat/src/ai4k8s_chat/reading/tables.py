"""pods_list, resources_list, namespaces_list: one sentence, and a table of what matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain import arguments as a
from ai4k8s_chat.domain.columns import READERS
from ai4k8s_chat.domain.kinds import BY_KIND
from ai4k8s_chat.domain.podstates import SELECTORS, keeper, restarts
from ai4k8s_chat.domain.results import Rows, ToolResult
from ai4k8s_chat.reading.dumps import dump
from ai4k8s_chat.reading.lists import Found, Row, Wanted, check_selector, find, printed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_chat.adapters.cluster import KubeReads
    from ai4k8s_chat.domain.kinds import Kind
    from ai4k8s_chat.reading.scope import Scope

_WHOLE = {a.Output.YAML, a.Output.JSON}


def pods_list(kube: KubeReads, scope: Scope, wish: a.PodsList) -> ToolResult:
    """Pods, of a state or all of them."""
    check_selector(wish.label_selector)
    keep, selector = keeper(wish.status), SELECTORS.get(wish.status)
    parts = (wish.field_selector, selector, f"spec.nodeName={wish.node}" if wish.node else None)
    found = find(
        kube,
        scope,
        Wanted(
            kind=BY_KIND["Pod"],
            namespace=wish.namespace,
            label_selector=wish.label_selector,
            field_selector=",".join(part for part in parts if part) or None,
            keep=_keeper(keep, wish.name_contains),
            sort=_sorter(wish.sort_by),
            whole=bool(wish.columns) or wish.output in _WHOLE,
            limit=wish.limit,
        ),
    )
    state = "" if wish.status is a.PodState.ALL else f"{wish.status.value} "
    return _shown(found, BY_KIND["Pod"], f"{state}pods", wish.namespace, wish.output, wish.columns)


def resources_list(kube: KubeReads, scope: Scope, kind: Kind, wish: a.ResourcesList) -> ToolResult:
    """Objects of any kind."""
    check_selector(wish.label_selector)
    found = find(
        kube,
        scope,
        Wanted(
            kind=kind,
            namespace=wish.namespace if kind.namespaced else None,
            label_selector=wish.label_selector,
            field_selector=wish.field_selector,
            keep=_keeper(None, wish.name_contains),
            sort=_sorter(wish.sort_by),
            whole=bool(wish.columns) or wish.output in _WHOLE,
            limit=wish.limit,
        ),
    )
    return _shown(found, kind, kind.plural, wish.namespace, wish.output, wish.columns)


def namespaces_list(kube: KubeReads, scope: Scope, wish: a.NamespacesList) -> ToolResult:
    """Namespaces; those that the person may see, where that is not all."""
    kind = BY_KIND["Namespace"]
    if scope.namespaces is not None:
        rows = tuple((name,) for name in scope.namespaces)
        table = Rows(columns=("Name",), rows=rows, total=len(rows))
        return ToolResult(summary=f"You may see {len(rows)} namespaces.", table=table)
    found = find(kube, scope, Wanted(kind=kind, label_selector=wish.label_selector, limit=wish.limit))
    return _shown(found, kind, kind.plural, None, wish.output, ())


def _keeper(cells: Callable[[Any], bool] | None, part: str | None) -> Callable[[Row], bool] | None:
    if cells is None and not part:
        return None
    return lambda row: (cells is None or cells(row.cells)) and (not part or part in row.name)


def _sorter(by: str | None) -> Callable[[Row], Any] | None:
    sorters: dict[str, Callable[[Row], Any]] = {
        "name": lambda row: (row.name, row.namespace),
        "age": lambda row: _backwards(row.created),
        "restarts": lambda row: (-restarts(row.cells), row.name),
        "status": lambda row: (row.cells.get("Status", ""), row.name),
    }
    return sorters.get(by or "")


def _backwards(text: str) -> tuple[int, ...]:
    """Newest first: times of the API as texts sort the other way round."""
    return tuple(-ord(character) for character in text)


def _shown(
    found: Found, kind: Kind, what: str, namespace: str | None, output: a.Output, columns: tuple[a.Column, ...]
) -> ToolResult:
    where = f" in {namespace}" if namespace and kind.namespaced else ""
    summary = _sentence(found, what, where)
    if output is a.Output.COUNT:
        return ToolResult(summary=summary)
    narrow = "" if found.total == len(found.rows) else "Narrow with a namespace, a label selector or part of the name."
    if output is a.Output.NAME:
        names = "\n".join(f"{kind.kind.lower()}/{row.name}" for row in found.rows)
        return ToolResult(summary=summary, text=names, narrow=narrow)
    if output in _WHOLE:
        objects = [row.object for row in found.rows]
        language: Any = output.value
        return ToolResult(summary=summary, text=dump(objects, language), language=language, narrow=narrow)
    return ToolResult(summary=summary, table=_table(found, kind, namespace, output, columns), narrow=narrow)


def _sentence(found: Found, what: str, where: str) -> str:
    if found.total is None:
        begun = "At least " if found.complete else "So far (there are too many to look through at once) "
        return f"{begun}{len(found.rows):,} {what}{where}."
    if found.total == 0:
        return f"There are no {what}{where}."
    noun = what[:-1] if found.total == 1 and what.endswith("s") and not what.endswith("ss") else what
    shown = "" if found.total == len(found.rows) else f", {len(found.rows):,} of them shown"
    return f"{found.total:,} {noun}{where}{shown}."


def _table(found: Found, kind: Kind, namespace: str | None, output: a.Output, columns: tuple[a.Column, ...]) -> Rows:
    shown = [column.name for column in found.columns if column.priority == 0 or output is a.Output.WIDE]
    further = [READERS[column] for column in columns if READERS[column][0] not in shown]
    with_namespace = kind.namespaced and namespace is None
    return Rows(
        columns=(*(("Namespace",) if with_namespace else ()), *shown, *(title for title, _ in further)),
        rows=tuple(
            (
                *((row.namespace,) if with_namespace else ()),
                *(row.cells.get(name, "") for name in shown),
                *(printed(reader(row.object)) for _, reader in further),
            )
            for row in found.rows
        ),
        total=found.total,
    )
