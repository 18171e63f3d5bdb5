"""The published definitions of each Kubernetes version, read when somebody asks for one and kept."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib import resources

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_rag.domain.custom_kinds import SHIPPED
from ai4k8s_rag.domain.schema import Definitions

_PACKAGE = "kubernetes_validate"
_FOLDER = "kubernetes-json-schema"
_NAME = re.compile(r"v1\.(\d+)\.\d+-local")


class UnknownVersionError(InvalidInputError):
    """We have no definitions of this version of Kubernetes."""

    code = "unknown_kubernetes_version"


@lru_cache(maxsize=1)
def minors() -> tuple[int, ...]:
    """Return the minor versions that we know, oldest first."""
    folder = resources.files(_PACKAGE).joinpath(_FOLDER)
    found = (_NAME.fullmatch(each.name) for each in folder.iterdir())
    return tuple(sorted(int(match[1]) for match in found if match))


def minor_of(version: str | None) -> int:
    """Return the minor of '1.31', 'v1.31.4' or '1.31.2-gke.1'; the newest without. Raises UnknownVersionError."""
    if version is None or version in {"", "latest"}:
        return minors()[-1]
    found = re.match(r"v?1\.(\d{1,3})(?:\D|$)", version)
    if found is None or int(found[1]) not in minors():
        known = f"1.{minors()[0]} to 1.{minors()[-1]}"
        raise UnknownVersionError(f"there are no definitions of Kubernetes '{version[:40]}'", hint=f"Known: {known}.")
    return int(found[1])


# Two versions at a time are 40 MB of a worker's memory; who compares more waits for 30 ms.
@lru_cache(maxsize=2)
def definitions(minor: int) -> Definitions:
    """Return what one version knows."""
    path = f"{_FOLDER}/v1.{minor}.0-local/_definitions.json"
    named = json.loads(resources.files(_PACKAGE).joinpath(path).read_bytes())["$defs"]
    kinds = {}
    for name, schema in named.items():
        for each in schema.get("x-kubernetes-group-version-kind", ()):
            api_version = f"{each['group']}/{each['version']}" if each["group"] else each["version"]
            kinds[api_version, each["kind"]] = name
    return Definitions(f"1.{minor}", named, kinds, SHIPPED)
