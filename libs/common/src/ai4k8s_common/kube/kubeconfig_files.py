"""Puts the files that a kubeconfig names into it: on the machine they are on, by somebody who may read them.

Never for an upload: there the names would be of our files.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import yaml

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.kubeconfig import check_shape

if TYPE_CHECKING:
    from pathlib import Path

MAX_FILE_BYTES = 256 * 1024
_OF_CLUSTER = {"certificate-authority": "certificate-authority-data"}
_OF_USER = {"client-certificate": "client-certificate-data", "client-key": "client-key-data"}
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def inline_files(text: str, base: Path, *, within: Path | None = None) -> str:
    """Return the kubeconfig with certificates, keys and token files inside it.

    Args:
        text: the kubeconfig.
        base: the folder that relative names start from, as kubectl takes them.
        within: refuse files outside this folder.

    Raises InvalidInputError naming the file that cannot be read, never what is in it.
    """
    check_shape(text)
    raw = yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    if not isinstance(raw, dict):
        return text
    read = _Files(base, within)
    changed = False
    for part, names in (("cluster", _OF_CLUSTER), ("user", _OF_USER)):
        for entry in _parts(raw, part):
            for name, data in names.items():
                if entry.get(name) and not entry.get(data):
                    entry[data] = base64.b64encode(read(entry[name], name)).decode()
                changed = entry.pop(name, None) is not None or changed
            if part == "user" and entry.get("tokenFile") and not entry.get("token"):
                entry["token"] = read(entry["tokenFile"], "tokenFile").decode(errors="replace").strip()
            changed = entry.pop("tokenFile", None) is not None or changed
    return yaml.safe_dump(raw, sort_keys=False) if changed else text


def only_context(text: str, context: str | None) -> str:
    """Return the kubeconfig with one context (default: the current one) and what it names: nothing else is handed on.

    Raises InvalidInputError when it is not there.
    """
    check_shape(text)
    raw = yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    if not isinstance(raw, dict):
        raise InvalidInputError("this is not a kubeconfig")
    wanted = context or raw.get("current-context")
    chosen = _named(raw, "contexts", wanted)
    if chosen is None:
        names = ", ".join(str(item.get("name")) for item in _entries(raw, "contexts")) or "none"
        raise InvalidInputError(f"this kubeconfig has no context '{wanted or ''}'", hint=f"It has: {names}")
    inside = chosen.get("context")
    if not isinstance(inside, dict):
        raise InvalidInputError(f"context '{wanted}' says nothing")
    cluster, user = _named(raw, "clusters", inside.get("cluster")), _named(raw, "users", inside.get("user"))
    kept = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": wanted,
        "contexts": [chosen],
        "clusters": [cluster] if cluster else [],
        "users": [user] if user else [],
    }
    return yaml.safe_dump(kept, sort_keys=False)


def _entries(raw: dict[str, Any], part: str) -> list[dict[str, Any]]:
    entries = raw.get(part)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _named(raw: dict[str, Any], part: str, name: object) -> dict[str, Any] | None:
    return next((entry for entry in _entries(raw, part) if name and entry.get("name") == name), None)


def _parts(raw: dict[str, Any], part: str) -> list[dict[str, Any]]:
    entries = raw.get(f"{part}s")
    found = [entry.get(part) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [entry for entry in found if isinstance(entry, dict)]


class _Files:
    def __init__(self, base: Path, within: Path | None) -> None:
        self._base, self._within = base, within

    def __call__(self, name: object, field: str) -> bytes:
        path = (self._base / str(name)).expanduser()
        if self._within is not None and not path.resolve().is_relative_to(self._within.resolve()):
            raise InvalidInputError(f"{field} names a file outside the directory of kubeconfigs: {name}")
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise InvalidInputError(f"{field} names {path}, which is too large to be what it should")
            return path.read_bytes()
        except OSError as error:
            raise InvalidInputError(f"{field} names {path}, which cannot be read: {error.strerror}") from None
