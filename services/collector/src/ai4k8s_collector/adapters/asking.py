"""Asks a cluster for its lists, and keeps account of what answered and what did not, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ai4k8s_collector.domain.sources import Source, SourceState, Status
from ai4k8s_common.kube.errors import KubeError, KubeForbiddenError, KubeNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_common.kube.protocols import KubeReader
    from ai4k8s_common.kube.types import Resource

T = TypeVar("T")
R = TypeVar("R")

NAMES = {Source.STATEFUL_SETS: "StatefulSets", Source.NODES: "Nodes"}

MISSING: dict[Source, tuple[str, str]] = {
    Source.POD_METRICS: ("The cluster has no metrics API", "install metrics-server"),
    Source.NODE_METRICS: ("The cluster has no metrics API", "install metrics-server"),
    Source.VERTICAL_AUTOSCALERS: (
        "The Vertical Pod Autoscaler is not installed",
        "install it from kubernetes/autoscaler to see its recommendations; AI4K8s has its own without it",
    ),
}


class Asking:
    """One look's questions. What was forbidden or is not there is a state; what fails may end the look."""

    def __init__(self, kube: KubeReader) -> None:
        self.kube = kube
        self._states: dict[Source, SourceState] = {}

    async def must(self, source: Source, resource: Resource[T], make: Callable[[T], R | None]) -> list[R]:
        """Read a list without which there is nothing to say. Raises KubeError."""
        items = await self.kube.list_made(resource, make)
        self.note(SourceState(source, Status.AVAILABLE))
        return items

    async def may(
        self, source: Source, resource: Resource[T], make: Callable[[T], R | None], *, failure_ends: bool = False
    ) -> list[R] | None:
        """Read a list that may be missing; None, never an empty list, when it was not read.

        With `failure_ends` anything but a missing right or kind raises KubeError.
        """
        try:
            items = await self.kube.list_made(resource, make)
        except KubeError as error:
            if failure_ends and not isinstance(error, KubeForbiddenError | KubeNotFoundError):
                raise
            self.note(state_of(source, resource, error))
            return None
        self.note(SourceState(source, Status.AVAILABLE))
        return items

    def note(self, state: SourceState) -> None:
        """Remember how a source answered."""
        self._states[state.source] = state

    def states(self) -> tuple[SourceState, ...]:
        """What was noted, in the order people read it."""
        return tuple(self._states[source] for source in Source if source in self._states)

    def problem(self, source: Source) -> str:
        """Why a source is not there, in a sentence; empty when it is."""
        state = self._states[source]
        if state.status is Status.AVAILABLE:
            return ""
        return f"{state.reason}: {state.hint}." if state.hint else f"{state.reason}."

    def forbidden_note(self, source: Source) -> str:
        """A sentence about a list that the credential may not read."""
        state = self._states[source]
        name = NAMES[source]
        return f"{name} are not shown: {self.problem(source)}" if state.status is Status.FORBIDDEN else ""


def state_of(source: Source, resource: Resource[T], error: KubeError) -> SourceState:
    """What an unsuccessful answer means for a source."""
    if isinstance(error, KubeNotFoundError):
        reason, hint = MISSING.get(source, ("This cluster does not offer it", ""))
        return SourceState(source, Status.MISSING, reason, hint)
    if isinstance(error, KubeForbiddenError):
        what = _list_name(resource.path)
        return SourceState(
            source,
            Status.FORBIDDEN,
            f"The credential may not list {what}",
            f"grant it list on {what} with a ClusterRole",
        )
    if source in {Source.POD_METRICS, Source.NODE_METRICS}:
        return SourceState(
            source, Status.FAILED, f"The metrics API does not answer: {error.detail}", "look at metrics-server"
        )
    return SourceState(source, Status.FAILED, error.detail, error.hint.rstrip("."))


def _list_name(path: str) -> str:
    """'/apis/apps/v1/daemonsets' -> 'daemonsets in apps'."""
    parts = path.strip("/").split("/")
    return f"{parts[-1]} in {parts[1]}" if parts[0] == "apis" else parts[-1]
