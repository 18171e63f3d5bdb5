"""From a definition to resource types: one for each served version, all kept under the storage version."""

from typing import Any

from ai4k8s_simcluster.registry import SCALE, Custom, ResourceType, Subresource, Verb
from ai4k8s_simcluster.registry.model import META_FIELDS
from ai4k8s_simcluster.types import Obj

# In the order in which a real server lists the verbs of custom resources.
_VERBS = (
    Verb.DELETE, Verb.DELETE_COLLECTION, Verb.GET, Verb.LIST, Verb.PATCH, Verb.CREATE, Verb.UPDATE, Verb.WATCH,
)  # fmt: skip


def types_of(definition: Obj) -> tuple[ResourceType, ...]:
    """Return the types that a definition describes: the stored one first, then the other served versions."""
    versions = definition["spec"].get("versions") or []
    stored = next(version for version in versions if version.get("storage"))
    kept = _type(definition, stored, None)
    others = [
        _type(definition, version, kept) for version in versions if version is not stored and version.get("served")
    ]
    return (kept, *others)


def served_types(definition: Obj) -> tuple[ResourceType, ...]:
    """Return the types that clients may use."""
    served = {version["name"] for version in definition["spec"].get("versions") or () if version.get("served")}
    return tuple(found for found in types_of(definition) if found.version in served)


def _type(definition: Obj, version: Obj, stored_as: ResourceType | None) -> ResourceType:
    spec = definition["spec"]
    names = spec["names"]
    parts = version.get("subresources") or {}
    scale = parts.get("scale")
    subresources: list[Subresource] = []
    if parts.get("status") is not None:
        subresources.append(Subresource("status", names["kind"]))
    if scale is not None:
        subresources.append(SCALE)
    selectable = [str(found["jsonPath"]).lstrip(".") for found in version.get("selectableFields") or ()]
    fields = {**META_FIELDS, **{path: path for path in selectable}}
    return ResourceType(
        spec["group"],
        version["name"],
        names["plural"],
        names.get("singular", ""),
        names["kind"],
        namespaced=spec.get("scope") == "Namespaced",
        definition=definition_name(spec["group"], version["name"], names["kind"]),
        verbs=_VERBS,
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=tuple(subresources),
        field_labels=fields,
        has_generation=True,
        stored_as=stored_as,
        custom=Custom(
            _schema_of(version), names["listKind"], tuple(version.get("additionalPrinterColumns") or ()), scale
        ),
    )


def _schema_of(version: Obj) -> dict[str, Any]:
    return dict((version.get("schema") or {}).get("openAPIV3Schema") or {"type": "object"})


def definition_name(group: str, version: str, kind: str) -> str:
    """Return the name of a custom resource's schema in OpenAPI: the group backwards, as Kubernetes writes it."""
    return f"{'.'.join(reversed(group.split('.')))}.{version}.{kind}"
