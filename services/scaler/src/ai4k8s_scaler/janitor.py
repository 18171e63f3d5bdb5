"""Withdraws floors whose time is over, from inside the cluster: `python -m ai4k8s_scaler.janitor`.

For the day on which nothing of us lives any more. It needs no store and no broker, only the notes that each floor
carries on its HPA: what its owner had set, and when it ends. The chart runs it as a CronJob where somebody wants it.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import SecretStr

from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.access import Credentials
from ai4k8s_common.kube.addresses import AccessPolicy
from ai4k8s_common.kube.client import KubeClient
from ai4k8s_common.kube.errors import KubeConflictError
from ai4k8s_scaler.adapters.cluster import FIELD_MANAGER
from ai4k8s_scaler.adapters.hpa import collection_path
from ai4k8s_scaler.hands import FLOOR_EXPIRES, FloorHand
from ai4k8s_scaler.targets import ORIGINAL_MAXIMUM, ORIGINAL_MINIMUM

if TYPE_CHECKING:
    from ai4k8s_common.kube.protocols import KubeScaler

#: Whoever lives renews at half a floor's time and withdraws within seconds of its end; clocks may differ by this much.
GRACE = timedelta(seconds=60)

log = structlog.stdlib.get_logger(__name__)


def withdraw_expired(cluster: KubeScaler, now: datetime) -> tuple[int, int]:
    """Give each HPA whose floor has ended its owner's bounds back.

    Returns:
        How many were given back, and how many could not be.
    """
    done = failed = 0
    for item in cluster.read(collection_path("hpa")).get("items") or ():
        meta = item["metadata"]
        original = expired(meta.get("annotations") or {}, now)
        if original is None:
            continue
        name = f"{meta['namespace']}/{meta['name']}"
        try:
            FloorHand(cluster, meta["namespace"], meta["name"]).give_back(original)
        except KubeConflictError:
            log.info("floor_left_alone", hpa=name, reason="somebody is writing it right now")
        except Ai4k8sError as error:
            failed += 1
            log.warning("floor_not_withdrawn", hpa=name, error=error.detail)
        else:
            done += 1
            log.info("floor_withdrawn", hpa=name, **original)
    return done, failed


def expired(annotations: dict[str, str], now: datetime) -> dict[str, Any] | None:
    """What an HPA's owner had set, if a floor under it has ended; notes that make no sense are left alone."""
    try:
        ends = datetime.fromisoformat(annotations[FLOOR_EXPIRES])
        original = {
            "min_replicas": int(annotations[ORIGINAL_MINIMUM]),
            "max_replicas": int(annotations[ORIGINAL_MAXIMUM]),
        }
    except (KeyError, ValueError):
        return None
    ends = ends if ends.tzinfo else ends.replace(tzinfo=UTC)
    return original if ends + GRACE < now else None


def main() -> int:
    """Look once, at the cluster that this runs in."""
    policy = AccessPolicy()
    try:
        # Nothing is unsealed here: the pod's own account needs no key of ours.
        credential = Credentials(SecretStr(""), policy).in_cluster()
        with KubeClient(credential, policy, field_manager=FIELD_MANAGER) as cluster:
            failed = withdraw_expired(cluster, datetime.now(UTC))[1]
    except Ai4k8sError as error:
        log.error("janitor_failed", error=error.detail, hint=error.hint)  # noqa: TRY400  # no traceback helps here
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
