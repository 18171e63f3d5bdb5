"""Workloads of custom kinds: whatever has a scale subresource, such as Argo Rollouts."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from ai4k8s_collector.adapters.asking import state_of
from ai4k8s_collector.adapters.translate_objects import custom_of
from ai4k8s_collector.domain.sources import Source, SourceState, Status
from ai4k8s_common.kube.errors import KubeError, KubeNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ai4k8s_collector.adapters.asking import Asking
    from ai4k8s_collector.domain.observed import ObservedWorkload
    from ai4k8s_collector.memory import ClusterMemory
    from ai4k8s_common.kube.discovery import ScalableKind

# Kinds come with add-ons, which are not installed every minute.
KINDS_KEPT = timedelta(minutes=10)


async def read_custom_workloads(
    ask: Asking, memory: ClusterMemory, clock: Callable[[], datetime]
) -> tuple[set[str], list[ObservedWorkload]]:
    """Return (kinds that were listed, their objects). Never raises KubeError: what is missing is noted."""
    try:
        kinds = await _kinds(ask, memory, clock())
    except KubeError as error:
        ask.note(SourceState(Source.CUSTOM_WORKLOADS, Status.FAILED, error.detail, error.hint.rstrip(".")))
        return set(), []
    found = await asyncio.gather(*(_listed(ask, kind) for kind in kinds))
    problems = [problem for _, _, problem in found if problem is not None]
    names = ", ".join(kind.kind for kind in kinds)
    ask.note(problems[0] if problems else SourceState(Source.CUSTOM_WORKLOADS, Status.AVAILABLE, names))
    listed = {kind for kind, items, _ in found if items is not None}
    return listed, [item for _, items, _ in found for item in items or ()]


async def _kinds(ask: Asking, memory: ClusterMemory, now: datetime) -> list[ScalableKind]:
    if memory.kinds is None or now >= memory.kinds_until:
        memory.kinds = await ask.kube.scalable_kinds()
        memory.kinds_until = now + KINDS_KEPT
    return memory.kinds


async def _listed(ask: Asking, kind: ScalableKind) -> tuple[str, list[ObservedWorkload] | None, SourceState | None]:
    try:
        return kind.kind, await ask.kube.list_made(kind.resource, partial(custom_of, kind)), None
    except KubeNotFoundError:
        # Its definition was removed since we asked; the next question will not name it.
        return kind.kind, None, None
    except KubeError as error:
        return kind.kind, None, state_of(Source.CUSTOM_WORKLOADS, kind.resource, error)
