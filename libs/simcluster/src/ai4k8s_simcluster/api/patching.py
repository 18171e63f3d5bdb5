"""What a patch makes of an object: the three patch formats, and configurations that are applied."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.api.bodies import media_type, read_patch
from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.patches import json_patch, merge_patch, strategic_merge
from ai4k8s_simcluster.types import Obj

APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
_JSON_PATCH = "application/json-patch+json"
_BUILT_IN = (_JSON_PATCH, _MERGE, _STRATEGIC, APPLY)
_CUSTOM = (_JSON_PATCH, _MERGE, APPLY)
_LONGEST_MANAGER = 128
_TRUE = {"1", "t", "T", "TRUE", "true", "True"}


class _GoYaml(yaml.SafeLoader):
    """YAML 1.1 as the API server reads it: `y` and `n` are booleans too, and times stay text."""


_GoYaml.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith((":timestamp", ":bool"))]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_GoYaml.add_implicit_resolver(
    "tag:yaml.org,2002:bool",
    re.compile(r"^(?:y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE|n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$"),
    list("yYnNtTfFoO"),
)


def _construct_bool(loader: _GoYaml, node: yaml.ScalarNode) -> bool:
    return str(loader.construct_scalar(node)).lower() in {"y", "yes", "on", "true"}


_GoYaml.add_constructor("tag:yaml.org,2002:bool", _construct_bool)


def patch_format(headers: Mapping[str, str], *, custom: bool) -> str:
    """Return the format of a patch. Raises ApiError (415) for one that the resource does not take."""
    content = media_type(headers)
    accepted = _CUSTOM if custom else _BUILT_IN
    if content in accepted:
        return content
    if custom:
        known = ", ".join(accepted)
        message = f"the body of the request was in an unknown format - accepted media types include: {known}"
        raise errors.unsupported_media_type(message)
    raise errors.unsupported_media_type("415: Unsupported Media Type", {})


def check_options(query: Mapping[str, str], content: str) -> None:
    """Refuse options of a patch that do not go together. Raises ApiError (422)."""
    manager = query.get("fieldManager", "")
    causes: list[Cause] = []
    if content == APPLY and not manager:
        causes.append(Cause.required("fieldManager", "is required for apply patch"))
    if content != APPLY and "force" in query:
        causes.append(Cause.forbidden("force", "may not be specified for non-apply patch"))
    causes += manager_causes(manager)
    if causes:
        raise errors.invalid("PatchOptions", "meta.k8s.io", "", causes)


def manager_causes(manager: str) -> list[Cause]:
    """Return what is wrong with the name of a field manager."""
    causes: list[Cause] = []
    if len(manager) > _LONGEST_MANAGER:
        text = f"Too long: may not be more than {_LONGEST_MANAGER} bytes"
        causes.append(Cause("fieldManager", "FieldValueTooLong", text))
    if not manager.isprintable():
        causes.append(Cause.invalid("fieldManager", manager, "should only contain printable characters"))
    return causes


def manager_of(query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """Return who is to own what a request writes: as it says, or the program that sent it."""
    agent = headers.get("user-agent", "").partition("/")[0]
    return query.get("fieldManager") or "".join(filter(str.isprintable, agent))[:_LONGEST_MANAGER]


def is_forced(query: Mapping[str, str]) -> bool:
    """Say whether an apply takes what others own."""
    return query.get("force", "") in _TRUE


def read_configuration(raw: bytes) -> Obj:
    """Read the body of an apply. Raises ApiError (400) when it is no YAML mapping."""
    try:
        value = yaml.load(raw, Loader=_GoYaml)  # noqa: S506 - a subclass of the safe loader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise errors.bad_request(f"error decoding YAML: {error}") from error
    if not isinstance(value, dict):
        message = "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal"
        raise errors.bad_request(f"{message} {_shape(value)} into Go value of type map[string]interface {{}}")
    return value


def _shape(value: Any) -> str:
    return {list: "array", str: "string", bool: "bool", type(None): "null"}.get(type(value), "number")


def patched(content: str, before: Obj, raw: bytes, definition: str) -> Obj:
    """Return the object that a patch makes. Raises ApiError (400, 422, 500)."""
    if content == _JSON_PATCH:
        operations = read_patch(raw, list, "[]handlers.jsonPatchOp")
        after = json_patch(before, operations)
        if not isinstance(after, dict):
            raise errors.unprocessable_patch()
        return after
    patch = read_patch(raw, dict, "map[string]interface {}")
    if content == _STRATEGIC:
        return strategic_merge(before, patch, definition)
    merged: Obj = merge_patch(before, patch)
    return merged
