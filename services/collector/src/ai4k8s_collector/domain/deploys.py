"""When a workload was deployed: a new revision is a change point of everything that is measured of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

# The cluster's clock and ours may differ by this much before a ReplicaSet counts as made before our last look.
CLOCKS_DIFFER_BY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Revision:
    """A ReplicaSet of a Deployment or Rollout. `number` counts deploys, roll-backs included."""

    number: int
    replica_set: str
    created_at: datetime | None
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deploy:
    """One deploy of one workload."""

    revision: str
    at: datetime
    replica_set: str
    images: tuple[str, ...]


def newest(revisions: Sequence[Revision]) -> Revision | None:
    """Return the revision that is rolled out or being rolled out."""
    return max(revisions, key=lambda revision: revision.number, default=None)


def past_deploys(revisions: Sequence[Revision]) -> list[Deploy]:
    """Return the deploys that a cluster still tells of when it is first looked at.

    A ReplicaSet that was rolled back to has a high number and an early birth: when that happened is not known.
    """
    told: list[Deploy] = []
    latest: datetime | None = None
    for revision in sorted(revisions, key=lambda revision: revision.number):
        made = revision.created_at
        if made is None or (latest is not None and made < latest):
            continue
        latest = made
        told.append(Deploy(str(revision.number), made, revision.replica_set, revision.images))
    return told


def deploy_since(
    known_revision: str,
    current: str,
    revision: Revision | None,
    images: tuple[str, ...],
    seen_at: datetime,
    now: datetime,
) -> Deploy | None:
    """Return the deploy that came since the look at `seen_at`; None when the revision is the same.

    Its time is the birth of its ReplicaSet, or now when that is older: then it was rolled back to.
    """
    if not current or current == known_revision:
        return None
    made = revision.created_at if revision is not None else None
    at = made if made is not None and seen_at - CLOCKS_DIFFER_BY <= made <= now else now
    if revision is None:
        return Deploy(current, at, "", images)
    return Deploy(current, at, revision.replica_set, revision.images)
