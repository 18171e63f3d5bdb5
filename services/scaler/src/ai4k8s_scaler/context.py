"""What a scaler process needs to carry decisions out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from ai4k8s_scaler.adapters.cluster import ClusterOpener
    from ai4k8s_scaler.settings import ScalerSettings


@dataclass(frozen=True)
class Context:
    """Wiring of one process.

    Attributes:
        settings: the operator's.
        interval: of clusters that do not say otherwise.
        open_cluster: the way to a cluster.
        clock: the time now.
        audit_keep_days: how long audit entries are kept.
    """

    settings: ScalerSettings
    interval: timedelta
    open_cluster: ClusterOpener
    clock: Callable[[], datetime]
    audit_keep_days: int = 365
