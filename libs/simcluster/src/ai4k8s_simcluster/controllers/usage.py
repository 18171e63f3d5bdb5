"""What controllers may know of the use of resources: what metrics-server would tell, and the kernel."""

from collections.abc import Iterable
from typing import Protocol

from ai4k8s_simcluster.usage import UsageSample


class UsageReader(Protocol):
    """The load model as controllers see it."""

    def pod_usage(self, uid: str) -> UsageSample | None:
        """Return a pod's usage, None while there are not two measurements of it."""
        ...

    def over_memory_limit(self) -> Iterable[str]:
        """Return the uids of pods that hold more memory than their limit."""
        ...


class Unmeasured:
    """A cluster without metrics-server and without load: nothing is ever measured."""

    def pod_usage(self, uid: str) -> UsageSample | None:
        """Return nothing."""
        del uid
        return None

    def over_memory_limit(self) -> Iterable[str]:
        """Return nobody."""
        return ()
