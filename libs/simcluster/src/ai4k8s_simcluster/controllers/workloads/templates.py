"""Pod templates: what makes two of them the same, the short name of one, and the pod that it describes."""

import copy
import hashlib
from typing import Any

import orjson

from ai4k8s_simcluster.controllers.context import owner_reference
from ai4k8s_simcluster.types import Obj

TEMPLATE_HASH = "pod-template-hash"
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_HASH_LENGTH = 10


def short_hash(content: Any, length: int = _HASH_LENGTH) -> str:
    """Return a short name for any JSON content, safe as part of a name: equal content, equal name."""
    raw = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    number = int.from_bytes(hashlib.sha256(raw).digest()[:8], "big")
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return "".join(letters)


def template_hash(template: Obj, collisions: int = 0) -> str:
    """Return the short name of a pod template; after a collision another one."""
    return short_hash([template, collisions])


def same_template(one: Obj, other: Obj) -> bool:
    """Say whether two templates make the same pods, whatever hash they carry."""
    return _bare(one) == _bare(other)


def _bare(template: Obj) -> Obj:
    metadata = dict(template.get("metadata") or {})
    labels = {key: value for key, value in (metadata.pop("labels", None) or {}).items() if key != TEMPLATE_HASH}
    metadata.pop("creationTimestamp", None)
    return {**template, "metadata": {**metadata, "labels": labels}}


def pod_from_template(template: Obj, owner: Obj, *, name: str = "", prefix: str = "") -> Obj:
    """Return the pod that a template describes, managed by its owner; a prefix gets a random end."""
    metadata = template.get("metadata") or {}
    own: Obj = {
        "namespace": owner["metadata"]["namespace"],
        "labels": dict(metadata.get("labels") or {}),
        "ownerReferences": [owner_reference(owner)],
    }
    own |= {"name": name} if name else {"generateName": prefix or f"{owner['metadata']['name']}-"}
    for part in ("annotations", "finalizers"):
        if metadata.get(part):
            own[part] = copy.deepcopy(metadata[part])
    return {"metadata": own, "spec": copy.deepcopy(template["spec"])}
