"""The kernel's last resort: a container that holds more memory than its limit is killed."""

from collections.abc import Mapping

from ai4k8s_simcluster.controllers.nodes.kubelet import Kubelet
from ai4k8s_simcluster.controllers.reconciler import Handler
from ai4k8s_simcluster.controllers.usage import UsageReader

_LOOK_SECONDS = 1.0


class MemoryKiller:
    """Looks every second who holds too much, and has it killed."""

    def __init__(self, usage: UsageReader, kubelet: Kubelet) -> None:
        self._usage = usage
        self._kubelet = kubelet
        self._looked_at = float("-inf")

    def watches(self) -> Mapping[str, Handler]:
        """Follow nothing: memory is not in the store."""
        return {}

    def start(self) -> None:
        """Begin with the next look."""

    def work(self, now: float) -> bool:
        """Look when it is time; say whether anybody was killed."""
        if abs(now - self._looked_at) < _LOOK_SECONDS:
            return False
        self._looked_at = now
        over = list(self._usage.over_memory_limit())
        for uid in over:
            self._kubelet.kill_for_memory(uid)
        return bool(over)
