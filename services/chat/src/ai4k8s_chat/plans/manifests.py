"""From YAML that a person gives to calls: each object is created, or applied to the one that is there.

The text comes from outside. Aliases are refused rather than expanded (a YAML bomb needs them), depth and number are
bounded, and nothing but plain values is built.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.errors import KubeNotFoundError
from ai4k8s_common.kube.writes import Place, place_of
from ai4k8s_common.plans import ApiCall, CallKind

if TYPE_CHECKING:
    from ai4k8s_chat.adapters.writing import KubeWrites

MAX_BYTES = 1_000_000
MAX_OBJECTS = 100
MAX_DEPTH = 60
# What others need comes first.
_FIRST = {"Namespace": 0, "CustomResourceDefinition": 1}


def parse(text: str) -> list[dict[str, Any]]:
    """Return the objects of a YAML text, lists unfolded. Raises InvalidInputError."""
    if len(text.encode()) > MAX_BYTES:
        raise InvalidInputError("the manifest is larger than 1 MB")
    try:
        _check(text)
        documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))  # it is a safe loader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise InvalidInputError(
            f"this is no YAML{where}: {getattr(error, 'problem', None) or 'it cannot be read'}"
        ) from None
    objects = [one for document in documents if document is not None for one in _unfolded(document)]
    if not objects:
        raise InvalidInputError("the manifest holds no object")
    if len(objects) > MAX_OBJECTS:
        raise InvalidInputError(f"the manifest holds {len(objects)} objects, and {MAX_OBJECTS} are the most")
    return sorted(objects, key=lambda one: _FIRST.get(one["kind"], 2))


def _check(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise InvalidInputError("YAML aliases (*name) are not taken", hint="Write the value out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise InvalidInputError(f"the manifest is nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _unfolded(document: Any) -> list[dict[str, Any]]:
    if not isinstance(document, dict):
        raise InvalidInputError("a document of the manifest is no object")
    if document.get("kind") == "List" and isinstance(document.get("items"), list):
        return [one for item in document["items"] for one in _unfolded(item)]
    metadata = document.get("metadata")
    for name, value in (
        ("apiVersion", document.get("apiVersion")),
        ("kind", document.get("kind")),
        ("metadata.name", metadata.get("name") if isinstance(metadata, dict) else None),
    ):
        if not isinstance(value, str) or not value:
            raise InvalidInputError(
                f"an object of the manifest has no {name}", hint="Give each object a name of its own."
            )
    document["metadata"] = {key: value for key, value in document["metadata"].items() if key not in _SERVERS}
    return [{key: value for key, value in document.items() if key != "status"}]


_SERVERS = frozenset({"managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink"})


@dataclass
class Kinds:
    """Where the cluster keeps each kind, as it says itself; each API version is read once."""

    cluster: KubeWrites
    _known: dict[str, dict[str, tuple[str, bool]]] = field(default_factory=dict)

    def place(self, found: dict[str, Any], default_namespace: str) -> Place:
        """Return an object's place. Raises InvalidInputError for a kind the cluster does not serve."""
        version, kind = found["apiVersion"], found["kind"]
        kinds = self._kinds(version)
        if kind not in kinds:
            raise InvalidInputError(
                f"this cluster has no {kind} in {version}",
                hint="Check apiVersion, or install what brings the kind first.",
            )
        plural, namespaced = kinds[kind]
        namespace = (found["metadata"].get("namespace") or default_namespace) if namespaced else ""
        inside = f"/namespaces/{namespace}" if namespace else ""
        root = "/apis" if "/" in version else "/api"
        return place_of(f"{root}/{version}{inside}/{plural}/{found['metadata']['name']}")

    def _kinds(self, version: str) -> dict[str, tuple[str, bool]]:
        if version not in self._known:
            root = "/apis" if "/" in version else "/api"
            try:
                found = self.cluster.read(f"{root}/{version}").get("resources") or ()
            except KubeNotFoundError:
                found = ()
            self._known[version] = {
                str(one["kind"]): (str(one["name"]), bool(one.get("namespaced")))
                for one in found
                if "/" not in one["name"]
            }
        return self._known[version]


def calls_of(cluster: KubeWrites, text: str, default_namespace: str) -> list[ApiCall]:
    """Return one call for each object of a manifest. Raises InvalidInputError and KubeError."""
    kinds, calls = Kinds(cluster), []
    for found in parse(text):
        place = kinds.place(found, default_namespace)
        if place.namespace:
            found["metadata"]["namespace"] = place.namespace
        calls.append(ApiCall(CallKind.APPLY, place.path, found))
    return calls
