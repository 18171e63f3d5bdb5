"""One rule for time-outs, and why every queue has unacked keys of its own.

Kombu keeps messages that a worker took and has not acknowledged in one Redis hash, and whoever looks first gives
back those older than *its own* visibility timeout. With the default keys a cycle worker (60 s) would redeliver the
240 s message that a jobs worker is busy with. So each queue has its own hash, index and mutex, and the rule is

    time limit < visibility timeout          (checked here, at start-up)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.services import QueueKind, Service, queue_name

if TYPE_CHECKING:
    from ai4k8s_common.settings import BusSettings


@dataclass(frozen=True)
class QueueLimits:
    """How long work of one queue may take."""

    queue: str
    time_limit_seconds: int
    visibility_timeout_seconds: int

    def transport_options(self) -> dict[str, object]:
        """Return kombu's options for a consumer of this queue."""
        return {
            "visibility_timeout": self.visibility_timeout_seconds,
            "unacked_key": f"{self.queue}:unacked",
            "unacked_index_key": f"{self.queue}:unacked_index",
            "unacked_mutex_key": f"{self.queue}:unacked_mutex",
            # Look every second, every time: the defaults look every 10 s, one time in ten.
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
            "unacked_mutex_expire": 5,
            "socket_connect_timeout": 3,
        }


def limits_of(settings: BusSettings, service: Service, kind: QueueKind) -> QueueLimits:
    """Return the limits of a queue.

    Raises InvalidInputError when the settings break the rule.
    """
    if kind is QueueKind.CYCLE:
        limit, visibility = settings.cycle_time_limit_seconds, settings.cycle_visibility_timeout_seconds
    else:
        limit, visibility = settings.jobs_time_limit_seconds, settings.jobs_visibility_timeout_seconds
    if limit >= visibility:
        raise InvalidInputError(
            f"AI4K8S_{kind.value.upper()}_TIME_LIMIT_SECONDS ({limit}) must be below the visibility timeout "
            f"({visibility}): a task that outlives it would be delivered twice",
        )
    return QueueLimits(queue_name(service, kind), limit, visibility)
