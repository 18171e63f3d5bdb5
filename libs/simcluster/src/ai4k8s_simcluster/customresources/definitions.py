"""What makes a CustomResourceDefinition valid, and what of it may not change.

The schema must be structural: types everywhere, so that pruning and defaulting are defined.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ai4k8s_simcluster.customresources.rules import RuleError, compiled
from ai4k8s_simcluster.customresources.values import validate_value
from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.types import Obj

_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_SELECTABLE = {"string", "boolean", "integer"}
_SCHEMA = "spec.validation.openAPIV3Schema"
_NO_UPDATE = ("group", "scope")
# Keeps a definition that is being deleted until its instances are gone.
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"


def default_definition(definition: Obj) -> None:
    """Fill in what a definition leaves out, in place."""
    spec = definition.setdefault("spec", {})
    names = spec.setdefault("names", {})
    if names.get("kind"):
        names.setdefault("singular", names["kind"].lower())
        names.setdefault("listKind", f"{names['kind']}List")
    spec.setdefault("conversion", {"strategy": "None"})


def initial_status(definition: Obj) -> Obj:
    """Return the status of a definition that was just written."""
    stored = [version["name"] for version in definition["spec"].get("versions") or () if version.get("storage")]
    return {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored}


def begin_termination(definition: Obj, now: str) -> None:
    """Mark a definition whose deletion was asked for, in place: its instances go first."""
    metadata = definition["metadata"]
    if CLEANUP not in (metadata.get("finalizers") or ()):
        metadata["finalizers"] = [*(metadata.get("finalizers") or ()), CLEANUP]
    status = definition.setdefault("status", {})
    conditions = [found for found in status.get("conditions") or () if found["type"] != "Terminating"]
    conditions.append(
        {
            "type": "Terminating",
            "status": "True",
            "lastTransitionTime": now,
            "reason": "InstanceDeletionPending",
            "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        }
    )
    status["conditions"] = conditions


def definition_causes(definition: Obj) -> list[Cause]:
    """Return what is wrong with a definition, defaults applied."""
    spec = definition.get("spec") or {}
    names, group = spec.get("names") or {}, str(spec.get("group") or "")
    causes: list[Cause] = []
    wanted = f"{names.get('plural', '')}.{group}"
    if definition["metadata"].get("name") != wanted:
        detail = 'must be spec.names.plural+"."+spec.group'
        causes.append(Cause.invalid("metadata.name", definition["metadata"].get("name", ""), detail))
    causes += _group_causes(group)
    causes += _scope_causes(spec.get("scope"))
    versions = spec.get("versions") or []
    causes += _versions_causes(versions)
    for place, version in enumerate(versions):
        causes += _version_causes(version, f"spec.versions[{place}]", single=len(versions) == 1)
    return causes + list(_names_causes(names))


def _group_causes(group: str) -> Iterator[Cause]:
    if not group:
        yield Cause.required("spec.group")
    elif "." not in group:
        yield Cause.invalid("spec.group", group, "should be a domain with at least one dot")


def _scope_causes(scope: Any) -> Iterator[Cause]:
    if not scope:
        yield Cause.required("spec.scope")
    elif scope not in {"Cluster", "Namespaced"}:
        yield Cause.unsupported("spec.scope", scope, ("Cluster", "Namespaced"))


def _versions_causes(versions: list[Obj]) -> Iterator[Cause]:
    for place, version in enumerate(versions):
        if not _LABEL.fullmatch(str(version.get("name", ""))):
            yield Cause.invalid(f"spec.versions[{place}].name", version.get("name", ""), _LABEL_RULE)
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            yield Cause.required(f"spec.versions[{place}].schema.openAPIV3Schema", "schemas are required")
    names = [version.get("name") for version in versions]
    if len(set(names)) != len(names):
        yield Cause.invalid("spec.versions", versions, "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        yield Cause.invalid("spec.versions", versions, "must have exactly one version marked as storage version")


def _version_causes(version: Obj, path: str, *, single: bool) -> Iterator[Cause]:
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if schema:
        # With one version, a real server speaks of it as of the definition itself.
        where = _SCHEMA if single else f"{path}.schema.openAPIV3Schema"
        yield from _schema_causes(schema, where, root=True, place="at the root")
    yield from _scale_causes((version.get("subresources") or {}).get("scale"), f"{path}.subresources.scale")
    for place, column in enumerate(version.get("additionalPrinterColumns") or ()):
        yield from _column_causes(column, f"{path}.additionalPrinterColumns[{place}]")
    for place, selectable in enumerate(version.get("selectableFields") or ()):
        where = f"spec.selectableFields[{place}].jsonPath" if single else f"{path}.selectableFields[{place}].jsonPath"
        yield from _selectable_causes(str(selectable.get("jsonPath") or ""), schema or {}, where)


def _schema_causes(schema: Obj, path: str, *, place: str, root: bool = False) -> Iterator[Cause]:
    kind, free = schema.get("type"), schema.get("x-kubernetes-preserve-unknown-fields")
    if not kind and not schema.get("x-kubernetes-int-or-string") and not (free and not root):
        yield Cause.required(f"{path}.type", f"must not be empty {place}")
    elif kind and kind not in _TYPES:
        yield Cause.unsupported(f"{path}.type", kind, _TYPES)
    if root and kind and kind != "object":
        yield Cause.invalid(f"{path}.type", kind, "must be object at the root")
    for word in ("$ref", "definitions", "dependencies", "patternProperties", "additionalItems", "id"):
        if schema.get(word):
            yield Cause.forbidden(f"{path}.{word}", f"{word} is not supported")
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield Cause.forbidden(f"{path}.uniqueItems", detail)
    if schema.get("properties") and schema.get("additionalProperties"):
        yield Cause.forbidden(
            f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive"
        )
    if kind == "array" and not schema.get("items"):
        yield Cause.required(f"{path}.items", "must be specified")
    if schema.get("pattern") and not _is_pattern(str(schema["pattern"])):
        detail = "must be a valid regular expression"
        yield Cause.invalid(f"{path}.pattern", schema["pattern"], detail)
    yield from _list_causes(schema, path)
    yield from _rule_causes(schema, path)
    if "default" in schema:
        yield from validate_value(schema["default"], schema, f"{path}.default")
    yield from _inner_causes(schema, path)


def _inner_causes(schema: Obj, path: str) -> Iterator[Cause]:
    for name, inner in (schema.get("properties") or {}).items():
        yield from _schema_causes(inner, f"{path}.properties[{name}]", place="for specified object fields")
    values, items = schema.get("additionalProperties"), schema.get("items")
    if isinstance(values, dict):
        yield from _schema_causes(values, f"{path}.additionalProperties", place="for specified object fields")
    if isinstance(items, dict):
        yield from _schema_causes(items, f"{path}.items", place="for specified array items")


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _list_causes(schema: Obj, path: str) -> Iterator[Cause]:
    kind, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys") or []
    if kind is not None and kind not in {"atomic", "set", "map"}:
        yield Cause.unsupported(f"{path}.x-kubernetes-list-type", kind, ("atomic", "set", "map"))
    if keys and kind != "map":
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        yield Cause.required(f"{path}.x-kubernetes-list-type", detail)
    if kind != "map":
        return
    if not keys:
        yield Cause.required(f"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map")
    items = schema.get("items") or {}
    properties, required = items.get("properties") or {}, items.get("required") or ()
    for key in keys:
        if key not in properties:
            detail = "entries must all be names of item properties"
            yield Cause.invalid(f"{path}.x-kubernetes-list-map-keys", keys, detail)
        elif key not in required and "default" not in properties[key]:
            detail = (
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            )
            yield Cause.required(f"{path}.items.properties[{key}].default", detail)


def _rule_causes(schema: Obj, path: str) -> Iterator[Cause]:
    for place, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        where = f"{path}.x-kubernetes-validations[{place}]"
        text = str(rule.get("rule") or "").strip()
        if not text:
            yield Cause.required(f"{where}.rule", "rule is not specified")
            continue
        for name in ("rule", "messageExpression"):
            if not rule.get(name):
                continue
            try:
                compiled(str(rule[name]))
            except RuleError as error:
                yield Cause.invalid(f"{where}.{name}", rule[name], f"compilation failed: {error}")


def _scale_causes(scale: Mapping[str, Any] | None, path: str) -> Iterator[Cause]:
    if scale is None:
        return
    for name, under in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        value = str(scale.get(name) or "")
        if not value:
            yield Cause.required(f"{path}.{name}")
        elif not value.startswith(under):
            yield Cause.invalid(f"{path}.{name}", value, f"should be a json path under {under.rstrip('.')}")


def _column_causes(column: Obj, path: str) -> Iterator[Cause]:
    if not column.get("name"):
        yield Cause.required(f"{path}.name")
    kinds = f"must be one of {','.join(_COLUMN_TYPES)}"
    if not column.get("type"):
        yield Cause.required(f"{path}.type", kinds)
    elif column["type"] not in _COLUMN_TYPES:
        yield Cause.invalid(f"{path}.type", column["type"], kinds)
    if not column.get("jsonPath"):
        yield Cause.required(f"{path}.JSONPath")


def _selectable_causes(path: str, schema: Obj, where: str) -> Iterator[Cause]:
    if not path:
        yield Cause.required(where)
        return
    if path.startswith(".metadata"):
        yield Cause.invalid(where, path, "must not point to fields in metadata")
        return
    for part in path.strip(".").split("."):
        properties: Obj = schema.get("properties") or {}
        if part not in properties:
            yield Cause.invalid(where, path, "is an invalid path: does not refer to a valid field")
            return
        schema = properties[part]
    if schema.get("type") not in _SELECTABLE:
        detail = "must point to a field of type string, boolean or integer. "
        yield Cause.invalid(where, path, detail + "Enum string fields and strings with formats are allowed.")


def _names_causes(names: Obj) -> Iterator[Cause]:
    for name in ("plural", "singular", "kind", "listKind"):
        if not names.get(name):
            yield Cause.required(f"spec.names.{name}")
        elif not _LABEL.fullmatch(str(names[name]).lower()):
            prefix = "may have mixed case, but should otherwise match: " if "ind" in name else ""
            yield Cause.invalid(f"spec.names.{name}", names[name], prefix + _LABEL_RULE)
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        yield Cause.invalid("spec.names.listKind", names["listKind"], "kind and listKind may not be the same")


def change_causes(old: Obj, new: Obj) -> list[Cause]:
    """Return what of a definition was changed that may not be."""
    before, after = old["spec"], new["spec"]
    causes = [
        Cause.invalid(f"spec.{name}", after.get(name), "field is immutable")
        for name in _NO_UPDATE
        if before.get(name) != after.get(name)
    ]
    for name in ("kind", "plural"):
        value = after["names"].get(name)
        if before["names"].get(name) != value:
            causes.append(Cause.invalid(f"spec.names.{name}", value, "field is immutable"))
    served = {version["name"] for version in after.get("versions") or ()}
    for place, stored in enumerate((new.get("status") or {}).get("storedVersions") or ()):
        if stored not in served:
            detail = (
                f"missing from spec.versions; {stored} was previously a storage version, and must remain in "
                "spec.versions until a storage migration ensures no data remains persisted in "
                f"{stored} and removes {stored} from status.storedVersions"
            )
            causes.append(Cause.invalid(f"status.storedVersions[{place}]", stored, detail))
    return causes
