"""One object: found wherever its name is found once, shown as a row, described, or whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain import arguments as a
from ai4k8s_chat.domain.columns import containers
from ai4k8s_chat.domain.kinds import BY_KIND, Kind, find_kind
from ai4k8s_chat.domain.results import Rows, ToolResult
from ai4k8s_chat.reading.dumps import dump
from ai4k8s_chat.reading.events import events_of
from ai4k8s_chat.reading.lists import PAGE_ROWS, printed
from ai4k8s_chat.reading.scope import AmbiguousError, Scope, not_found
from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.errors import KubeNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ai4k8s_chat.adapters.cluster import KubeReads

_NEAR_NAMES = 3
_NEAR_SCORE = 60


@dataclass(frozen=True, slots=True)
class Located:
    """An object, and where it is."""

    kind: Kind
    object: dict[str, Any]

    @property
    def meta(self) -> dict[str, Any]:
        """Its metadata."""
        found: dict[str, Any] = self.object.get("metadata") or {}
        return found

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.meta["name"])

    @property
    def namespace(self) -> str | None:
        """Its namespace; None for what has none."""
        return str(self.meta["namespace"]) if self.kind.namespaced else None

    @property
    def path(self) -> str:
        """Its place in the API."""
        return self.kind.path(self.namespace, self.name)

    @property
    def title(self) -> str:
        """How a sentence names it."""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.kind.kind} {self.name}{where}"


def resolve_kind(kube: KubeReads, word: str) -> Kind:
    """Return the kind that is meant: a well-known one, or what the cluster serves. Raises InvalidInputError."""
    known = find_kind(word)
    if known is not None and ("." not in word or word.lower().endswith(known.group.lower())):
        return known
    plural, _, group_wanted = word.strip().lower().partition(".")
    for group in kube.discover().items or ():
        name = str(group.metadata.get("name", ""))
        if group_wanted and group_wanted != name:
            continue
        for version in group.versions or ():
            for one in version.resources or ():
                if plural in {one.resource, one.response_kind.kind.lower()}:
                    api_version = f"{name}/{version.version}"
                    return Kind(one.response_kind.kind, one.resource, api_version, one.scope == "Namespaced")
    raise InvalidInputError(f"this cluster has no kind '{word}'", hint="Such as deployments, pods or services.")


def locate(kube: KubeReads, scope: Scope, kind: Kind, name: str, namespace: str | None) -> Located:
    """Find one object. Raises NotFoundError with near names, AmbiguousError with the namespaces it is in."""
    if namespace is not None and kind.namespaced:
        scope.check(namespace)
        try:
            return Located(kind, _whole(kube.read(kind.path(namespace, name)), kind))
        except KubeNotFoundError:
            raise not_found(kind, name, namespace, near_names(kube, scope, kind, name, namespace)) from None
    found: list[dict[str, Any]] = []
    for place in scope.places(kind, namespace):
        page = kube.read(kind.collection(place), {"fieldSelector": f"metadata.name={name}", "limit": "20"})
        found += page.get("items") or []
    if not found:
        raise not_found(kind, name, "this cluster", near_names(kube, scope, kind, name, None))
    if len(found) > 1:
        places = tuple(sorted(str(item["metadata"]["namespace"]) for item in found))
        raise AmbiguousError(f"{kind.kind} '{name}' is in {len(found)} namespaces: which one?", places)
    return Located(kind, _whole(found[0], kind))


def _whole(found: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """Items of a list do not say what they are."""
    return {"apiVersion": kind.api_version, "kind": kind.kind, **found}


def near_names(kube: KubeReads, scope: Scope, kind: Kind, name: str, namespace: str | None) -> tuple[str, ...]:
    """Return names that may have been meant, of the first few hundred."""
    from rapidfuzz import process  # noqa: PLC0415  # only after a mistake

    names: list[str] = []
    for place in scope.places(kind, namespace):
        table = kube.table(kind.collection(place), {"limit": str(PAGE_ROWS), "includeObject": "Metadata"})
        names += [str((row.object or {}).get("metadata", {}).get("name", "")) for row in table.rows or ()]
    close = process.extract(name, names, limit=_NEAR_NAMES, score_cutoff=_NEAR_SCORE)
    return tuple(dict.fromkeys(found for found, _, _ in close))


def resources_get(kube: KubeReads, scope: Scope, kind: Kind, wish: a.ResourcesGet | a.PodsGet) -> ToolResult:
    """One object, in the form that is wanted."""
    found = locate(kube, scope, kind, wish.name, wish.namespace)
    if wish.output in {a.Output.YAML, a.Output.JSON}:
        language: Any = wish.output.value
        return ToolResult(summary=f"{found.title}.", text=dump(found.object, language), language=language)
    if wish.output is a.Output.NAME:
        return ToolResult(summary=f"{found.kind.kind.lower()}/{found.name}")
    table = _row(kube, found, wide=wish.output is a.Output.WIDE)
    if wish.output is not a.Output.DESCRIBE and kind.kind != "Pod":
        return ToolResult(summary=f"{found.title}.", table=table)
    return ToolResult(summary=f"{found.title}.", table=table, text=_described(kube, found, wish.output))


def pods_get(kube: KubeReads, scope: Scope, wish: a.PodsGet) -> ToolResult:
    """One pod."""
    return resources_get(kube, scope, BY_KIND["Pod"], wish)


def _row(kube: KubeReads, found: Located, *, wide: bool) -> Rows:
    table = kube.table(found.path)
    shown = [i for i, column in enumerate(table.column_definitions or ()) if column.priority == 0 or wide]
    titles = tuple((table.column_definitions or [])[i].name for i in shown)
    rows = tuple(tuple(printed(row.cells[i]) for i in shown) for row in table.rows or ())
    return Rows(columns=titles, rows=rows, total=len(rows))


def _described(kube: KubeReads, found: Located, output: a.Output) -> str:
    """The parts of an object that say how it is, and what was reported of it."""
    whole, status = found.object, found.object.get("status") or {}
    parts: dict[str, Any] = {"labels": found.meta.get("labels")}
    if output is a.Output.DESCRIBE:
        parts |= {"annotations": found.meta.get("annotations"), "created": found.meta.get("creationTimestamp")}
        parts |= {"owners": [f"{o['kind']}/{o['name']}" for o in found.meta.get("ownerReferences") or ()]}
        parts |= {key: value for key, value in whole.items() if key not in _ELSEWHERE}
        parts |= {"spec": whole.get("spec")} if found.kind.kind != "Pod" else {"node": whole["spec"].get("nodeName")}
    if containers(whole):
        parts["containers"] = [_container(one, status) for one in containers(whole)]
    parts["conditions"] = [_condition(one) for one in status.get("conditions") or ()]
    if output is a.Output.DESCRIBE:
        parts["status"] = {key: value for key, value in status.items() if key not in _TOLD} or None
    parts["events"] = events_of(kube, found.kind, found.name, found.namespace)
    return dump({key: value for key, value in parts.items() if value not in (None, [], {}, "")}, "yaml")


_ELSEWHERE = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})
_TOLD = frozenset({"conditions", "containerStatuses", "initContainerStatuses"})


def _condition(one: dict[str, Any]) -> str:
    why = ": ".join(str(one[key]) for key in ("reason", "message") if one.get(key))
    return f"{one.get('type')}={one.get('status')}" + (f" ({why})" if why else "")


def _container(one: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, Any]:
    states = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
    now: dict[str, Any] = next((state for state in states if state.get("name") == one.get("name")), {})
    shown = {
        "name": one.get("name"),
        "image": one.get("image"),
        "command": [*(one.get("command") or ()), *(one.get("args") or ())],
        "ports": [port.get("containerPort") for port in one.get("ports") or ()],
        "resources": one.get("resources"),
        "env": one.get("env"),
        "ready": now.get("ready"),
        "restarts": now.get("restartCount"),
        "state": now.get("state"),
        "last state": now.get("lastState"),
    }
    return {key: value for key, value in shown.items() if value not in (None, [], {}, "")}
