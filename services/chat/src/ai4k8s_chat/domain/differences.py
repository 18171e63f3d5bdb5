"""What a call changes on an object: cleaned of bookkeeping, masked on both sides, as a difference that people read."""

from __future__ import annotations

import copy
import difflib
import hashlib
import json
from typing import Any

import yaml

from ai4k8s_common.security.redaction import HIDDEN, mask

CONTEXT_LINES = 3
MAX_DIFF_LINES = 400
_BOOKKEEPING = ("managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink")
# Written by controllers, or by us, beside what people mean. What asks us for scaling is a person's own word.
_NOTES = (
    "deployment.kubernetes.io/",
    "kubectl.kubernetes.io/last-applied-configuration",
    "ai4k8s.io/last-decision",
    "ai4k8s.io/original-",
    "ai4k8s.io/floor-expires-at",
)


def cleaned(found: dict[str, Any] | None) -> dict[str, Any]:
    """Return what people wrote of an object: without status, versions and what the server keeps for itself."""
    if found is None:
        return {}
    left: dict[str, Any] = copy.deepcopy({key: value for key, value in found.items() if key != "status"})
    metadata = left.get("metadata") or {}
    for name in _BOOKKEEPING:
        metadata.pop(name, None)
    notes = {k: v for k, v in (metadata.get("annotations") or {}).items() if not k.startswith(_NOTES)}
    metadata.pop("annotations", None)
    if notes:
        metadata["annotations"] = notes
    return left


def fingerprint(found: dict[str, Any]) -> str:
    """Return a hash of what people wrote. The number of replicas is left out: it has an owner of its own."""
    left = cleaned(found)
    if isinstance(left.get("spec"), dict):
        left["spec"] = {key: value for key, value in left["spec"].items() if key != "replicas"}
    canonical = json.dumps(left, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def merge_patch(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the merge patch (RFC 7386) that makes `after` of `before`."""
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        if key not in before:
            patch[key] = value
        elif isinstance(value, dict) and isinstance(before[key], dict):
            inner = merge_patch(before[key], value)
            if inner:
                patch[key] = inner
        elif value != before[key]:
            patch[key] = value
    return patch


def contains(found: Any, wanted: Any) -> bool:
    """Whether everything that is wanted is there; the server may have added defaults."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(contains(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(contains(one, other) for one, other in zip(found, wanted, strict=True))
        )
    return bool(found == wanted)


def unified_diff(before: dict[str, Any] | None, after: dict[str, Any] | None, name: str) -> str:
    """Return the difference of two states of an object as YAML. Nothing secret is in it, on neither side."""
    old, new = cleaned(before), cleaned(after)
    shown_old, shown_new = mask(old), _mark_changed(old, new, mask(new))
    lines = list(
        difflib.unified_diff(
            _yaml(shown_old), _yaml(shown_new), f"{name} (now)", f"{name} (then)", lineterm="", n=CONTEXT_LINES
        )
    )
    if len(lines) > MAX_DIFF_LINES:
        lines = [*lines[:MAX_DIFF_LINES], f"… {len(lines) - MAX_DIFF_LINES:,} more lines"]
    return "\n".join(lines)


def _mark_changed(old: Any, new: Any, shown: Any) -> Any:
    """A hidden value that is replaced by another hidden value says so."""
    if isinstance(shown, dict) and isinstance(new, dict):
        before = old if isinstance(old, dict) else {}
        return {key: _mark_changed(before.get(key), new.get(key), value) for key, value in shown.items()}
    if isinstance(shown, list) and isinstance(new, list):
        before_items = old if isinstance(old, list) else []
        return [
            _mark_changed(before_items[i] if i < len(before_items) else None, new[i], value)
            for i, value in enumerate(shown)
        ]
    hidden = isinstance(shown, str) and HIDDEN in shown and shown != new
    return f"{shown} (changed)" if hidden and old is not None and old != new else shown


def _yaml(found: dict[str, Any]) -> list[str]:
    if not found:
        return []
    return yaml.safe_dump(found, sort_keys=True, allow_unicode=True, default_flow_style=False, width=110).splitlines()
