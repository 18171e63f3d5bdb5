"""Which pods are unhealthy, crashing and so on, read from what the API server prints of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_chat.domain.arguments import PodState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CRASHES = ("CrashLoopBackOff", "Error", "OOMKilled", "RunContainerError", "StartError", "ContainerCannotRun")
_DONE = ("Completed", "Succeeded")

# What the server can leave out by itself.
SELECTORS: dict[PodState, str] = {
    PodState.PENDING: "status.phase=Pending",
    PodState.FAILED: "status.phase=Failed",
    PodState.COMPLETED: "status.phase=Succeeded",
}


def is_healthy(cells: Mapping[str, str]) -> bool:
    """Running with all its containers ready, or done."""
    status, (ready, _, total) = cells.get("Status", ""), cells.get("Ready", "").partition("/")
    return status in _DONE or (status == "Running" and ready == total)


def is_crashing(cells: Mapping[str, str]) -> bool:
    """A container ended in an error, and is started again or not."""
    status = cells.get("Status", "").removeprefix("Init:")
    return status in _CRASHES or status.startswith("ExitCode")


def restarts(cells: Mapping[str, str]) -> int:
    """How often its containers were started again; printed as '3 (5m ago)'."""
    first = cells.get("Restarts", "0").split(" ", 1)[0]
    return int(first) if first.isdigit() else 0


def keeper(state: PodState) -> Callable[[Mapping[str, str]], bool] | None:
    """Return what to look at beside the server's own selectors."""
    keepers: dict[PodState, Callable[[Mapping[str, str]], bool]] = {
        PodState.UNHEALTHY: lambda cells: not is_healthy(cells),
        PodState.RUNNING: lambda cells: cells.get("Status") == "Running",
        PodState.CRASHING: is_crashing,
        PodState.RESTARTED: lambda cells: restarts(cells) > 0,
    }
    return keepers.get(state)
