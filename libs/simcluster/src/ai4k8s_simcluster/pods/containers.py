"""Which container of a pod is meant, and the state it is in."""

from collections.abc import Iterable
from dataclasses import dataclass

from ai4k8s_simcluster.errors import ApiError, bad_request
from ai4k8s_simcluster.types import Obj

_KINDS = (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses"))
_PULLING = {"ErrImagePull", "ImagePullBackOff"}


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod: as specified, and as last reported (empty before the kubelet saw it)."""

    pod: Obj
    spec: Obj
    status: Obj

    @property
    def name(self) -> str:
        """Return the container's name."""
        return str(self.spec["name"])

    @property
    def running(self) -> Obj | None:
        """Return the running state; None when it does not run."""
        return (self.status.get("state") or {}).get("running")

    @property
    def terminated(self) -> Obj | None:
        """Return how it ended; None while it has not."""
        return (self.status.get("state") or {}).get("terminated")

    @property
    def previous(self) -> Obj | None:
        """Return how its last run before this one ended."""
        return (self.status.get("lastState") or {}).get("terminated")

    def waiting(self) -> ApiError:
        """Return the refusal of a container that has not started (400)."""
        reason = ((self.status.get("state") or {}).get("waiting") or {}).get("reason") or "ContainerCreating"
        why = "trying and failing to pull image" if reason in _PULLING else reason
        pod = self.pod["metadata"]["name"]
        return bad_request(f'container "{self.name}" in pod "{pod}" is waiting to start: {why}')


def find_container(pod: Obj, wanted: str) -> Container:
    """Return the container of that name, or the only one. Raises ApiError (400)."""
    name = pod["metadata"]["name"]
    every = list(_all(pod))
    if not wanted:
        containers = pod["spec"].get("containers") or []
        if len(containers) != 1:
            listed = " ".join(found.name for found in every)
            raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{listed}]")
        wanted = containers[0]["name"]
    found = next((container for container in every if container.name == wanted), None)
    if found is None:
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    return found


def _all(pod: Obj) -> Iterable[Container]:
    reported = pod.get("status") or {}
    for kind, statuses in _KINDS:
        by_name = {status["name"]: status for status in reported.get(statuses) or []}
        for spec in pod["spec"].get(kind) or []:
            yield Container(pod, spec, by_name.get(spec["name"]) or {})
