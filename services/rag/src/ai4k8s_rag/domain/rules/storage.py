"""Claims, volumes, and the data of ConfigMaps and Secrets."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.findings import Act, Edit, Fix, Problem, fixed
from ai4k8s_rag.domain.quantities import quantity
from ai4k8s_rag.domain.reading import as_list, as_map, dig, each_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.documents import Thing
    from ai4k8s_rag.domain.findings import Path
    from ai4k8s_rag.domain.scope import Scope

_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_LONGEST_KEY = 253
_LARGEST = 1024 * 1024
_NOT_SOURCES = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)


def rules(thing: Thing, _: Scope) -> Iterator[Problem]:
    """Everything about storage and data that one object says."""
    if thing.kind == "PersistentVolumeClaim":
        yield from _claim(thing.spec, ("spec",))
    elif thing.kind == "StatefulSet":
        for path, each in each_map(thing.spec.get("volumeClaimTemplates"), ("spec", "volumeClaimTemplates")):
            yield from _claim(as_map(each.get("spec")), (*path, "spec"))
    elif thing.kind == "PersistentVolume":
        yield from _volume(thing)
    elif thing.kind in {"ConfigMap", "Secret"}:
        yield from _data(thing)


def _claim(spec: dict[str, Any], path: Path) -> Iterator[Problem]:
    if not as_list(spec.get("accessModes")):
        where = (*path, "accessModes")
        fix = fixed("add ReadWriteOnce", Edit(Act.SET, where, ["ReadWriteOnce"]))
        yield Problem("meaning.pvc", where, "a claim says how it is accessed", fix)
    size = dig(spec, "resources", "requests", "storage")
    amount = quantity(size)
    if size is None or (amount is not None and amount <= 0):
        where = (*path, "resources", "requests", "storage")
        yield Problem("meaning.pvc", where, "a claim says how much storage it needs")


def _volume(thing: Thing) -> Iterator[Problem]:
    sources = [key for key, value in thing.spec.items() if key not in _NOT_SOURCES and value is not None]
    if len(sources) != 1:
        yield Problem("meaning.pv", ("spec",), f"a volume has exactly one source, not {', '.join(sources) or 'none'}")
    if quantity(dig(thing.spec, "capacity", "storage")) is None:
        yield Problem("meaning.pv", ("spec", "capacity"), "a volume says how much it holds (capacity.storage)")


def _data(thing: Thing) -> Iterator[Problem]:
    other = "stringData" if thing.kind == "Secret" else "binaryData"
    total = 0
    for part in ("data", other):
        for key, value in as_map(thing.value.get(part)).items():
            if not _KEY.fullmatch(key) or len(key) > _LONGEST_KEY or key in {".", ".."}:
                yield Problem(
                    "meaning.data-key", (part, key), f"'{key[:80]}' is no key: letters, digits, '-', '_' and '.'"
                )
            total += len(value) if isinstance(value, str) else 0
            if isinstance(value, str) and (thing.kind, part) in {("Secret", "data"), ("ConfigMap", "binaryData")}:
                yield from _base64(thing, part, key, value)
    for key in as_map(thing.value.get("data")).keys() & as_map(thing.value.get("binaryData")).keys():
        yield Problem("meaning.data-twice", ("binaryData", key), f"'{key[:80]}' stands in data too")
    if total > _LARGEST:
        yield Problem("meaning.data-too-large", ("data",), f"{total:,} bytes; an object holds one MiB at most")


def _base64(thing: Thing, part: str, key: str, value: str) -> Iterator[Problem]:
    try:
        base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        fix = None
        if thing.kind == "Secret":
            moves = (Edit(Act.SET, ("stringData", key), value), Edit(Act.REMOVE, (part, key)))
            fix = Fix("move it to stringData, which takes plain text", moves)
        # The value itself is never said: it may be the secret.
        yield Problem(
            "meaning.secret-base64", (part, key), f"'{key[:80]}' is not base64; plain text belongs in stringData", fix
        )
