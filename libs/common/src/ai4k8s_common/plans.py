"""A plan: the exact calls to a cluster's API that a person approves, and nothing else.

Whoever wants to change objects (chat, MCP, manifests, recommendations) makes a plan; it is dry-run by the server,
shown as a difference, approved by its hash, and applied once.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

LASTS_SECONDS = 300


class CallKind(StrEnum):
    """What a call does to an object."""

    CREATE = "create"  # POST to the collection
    APPLY = "apply"  # server-side apply
    PATCH = "patch"  # merge patch
    REPLACE = "replace"  # PUT
    DELETE = "delete"
    EVICT = "evict"  # POST to a pod's eviction


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call. `path` is the object's (the collection's for CREATE); the version is the one the plan was made on."""

    kind: CallKind
    path: str
    body: Mapping[str, Any] | None = None
    uid: str | None = None
    resource_version: str | None = None


def plan_hash(cluster_id: UUID, calls: Sequence[ApiCall]) -> str:
    """Return the SHA-256 (hex) that an approval is bound to: cluster, calls in order, bodies and versions."""
    content = {"cluster_id": str(cluster_id), "calls": [asdict(call) for call in calls]}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
