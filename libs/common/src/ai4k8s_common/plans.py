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
    SCALE = "scale"  # the scaler's: its body is {"replicas": n, "from": m}


class PlanOrigin(StrEnum):
    """Who wants it."""

    CHAT = "chat"
    MCP = "mcp"
    MANIFEST = "manifest"
    RECOMMENDATION = "recommendation"
    PAGE = "page"
    UNDO = "undo"


class PlanStatus(StrEnum):
    """Where a plan stands. A waiting one is void after five minutes, without anybody noting it."""

    WAITING = "waiting"
    APPLYING = "applying"
    FOLLOWING = "following"  # all calls are made; the cluster is getting there
    APPLIED = "applied"
    FAILED = "failed"  # nothing, or not all of it, was done: the result says what
    REFUSED = "refused"  # when it was to be applied it was not allowed, or not the same, any more


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call. `path` is the object's (the collection's for CREATE); the version is the one the plan was made on.

    `fingerprint` covers the object as it was then, without its status: a status written since changes nothing.
    """

    kind: CallKind
    path: str
    body: Mapping[str, Any] | None = None
    uid: str | None = None
    resource_version: str | None = None
    fingerprint: str | None = None
    force: bool = False  # server-side apply: take fields over from other managers

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> ApiCall:
        """Read one that was written with `asdict`."""
        return cls(**{**values, "kind": CallKind(values["kind"])})


def plan_hash(cluster_id: UUID, calls: Sequence[ApiCall]) -> str:
    """Return the SHA-256 (hex) that an approval is bound to: cluster, calls in order, bodies and versions."""
    content = {"cluster_id": str(cluster_id), "calls": [asdict(call) for call in calls]}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def dump_calls(calls: Sequence[ApiCall]) -> bytes:
    """Write calls, to be sealed: bodies may hold secrets."""
    return json.dumps([asdict(call) for call in calls], separators=(",", ":")).encode()


def load_calls(raw: bytes) -> tuple[ApiCall, ...]:
    """Read what `dump_calls` wrote."""
    return tuple(ApiCall.of(values) for values in json.loads(raw))
