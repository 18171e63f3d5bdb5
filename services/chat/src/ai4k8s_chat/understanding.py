"""What a text means, without a model: the parser, told what the conversation is about and what the cluster holds."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from ai4k8s_chat.domain.parsing.parse import parse
from ai4k8s_chat.domain.parsing.parsed import Context, Outcome, Subject
from ai4k8s_chat.domain.results import STORED_CHARACTERS
from ai4k8s_chat.domain.written import can_be_applied
from ai4k8s_common.store.collector import nodes, workloads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import Connection, Row

MOST_NAMES = 5_000
_APPLY_IT = re.compile(
    r"\s*(?:(?:please|yes|ok(?:ay)?|good|now)[,.]? )*(?:apply|deploy|create|use) (?:it|this|that|them|the manifests?)"
    r"(?: now| please)?\s*[.!]?\s*$",
    re.IGNORECASE,
)
NAMES_LAST_SECONDS = 10.0
# What a tool is about where its arguments name no kind.
_KINDS = {"pods_get": "Pod", "pods_log": "Pod", "node_cordon": "Node", "node_uncordon": "Node", "node_drain": "Node"}


@dataclass(frozen=True, slots=True)
class Understood:
    """A tool and its arguments; or words back: a question with choices, a refusal, or an answer."""

    tool: str | None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    choices: tuple[str, ...] = ()
    answered: bool = True
    notes: tuple[str, ...] = ()


def read_text(text: str, past: Sequence[Row[Any]], known: Mapping[str, tuple[str, ...]]) -> Understood:
    """Read a text in the light of what was said before and of the names that exist."""
    manifest = written_before(past) if _APPLY_IT.match(text) else None
    if manifest is not None:
        return Understood("resources_create_or_update", {"manifest": manifest})
    parsed = parse(text, Context(subject=subject_of(past), unanswered=unanswered_of(past), known=known))
    if parsed.outcome in {Outcome.CLARIFY, Outcome.REFUSE} or parsed.tool is None:
        return Understood(None, words=parsed.answer, choices=parsed.choices, answered=parsed.outcome is Outcome.CLARIFY)
    return Understood(parsed.tool, parsed.arguments, notes=parsed.notes)


def written_before(past: Sequence[Row[Any]]) -> str | None:
    """Return the manifest that the last answer showed, if it is there as it was written."""
    steps = past[-1].steps if past else ()
    if not steps or steps[-1].get("tool") != "manifest_generate":
        return None
    text = str((steps[-1].get("result") or {}).get("text") or "")
    return text if text and can_be_applied(text, STORED_CHARACTERS) else None


def subject_of(past: Sequence[Row[Any]]) -> Subject | None:
    """Return what the conversation is about: the last object that a tool was called on."""
    for exchange in reversed(past):
        for step in reversed(exchange.steps):
            given = step.get("arguments") or {}
            kind = given.get("kind") or _KINDS.get(step.get("tool", ""))
            if kind and (given.get("name") or given.get("namespace")):
                return Subject(str(kind), given.get("name"), given.get("namespace"))
    return None


def unanswered_of(past: Sequence[Row[Any]]) -> str | None:
    """Return the last request, if what it was answered with is a question back."""
    if not past:
        return None
    last = past[-1]
    asked_back = bool(last.choices) or (last.success and not last.steps)
    return str(last.question) if asked_back else None


@dataclass
class Names:
    """The names in clusters, kept for some seconds: a large cluster has thousands, and each answer wants them."""

    clock: Callable[[], float] = time.monotonic
    _kept: dict[UUID, tuple[float, Mapping[str, tuple[str, ...]]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, connection: Connection, cluster_id: UUID) -> Mapping[str, tuple[str, ...]]:
        """Return what was observed a moment ago. Names of clusters that nobody asks about are let go of."""
        now = self.clock()
        with self._lock:
            self._kept = {key: one for key, one in self._kept.items() if now - one[0] < NAMES_LAST_SECONDS}
            kept = self._kept.get(cluster_id)
        if kept is not None:
            return kept[1]
        found = names_in(connection, cluster_id)
        with self._lock:
            self._kept[cluster_id] = (now, found)
        return found


def names_in(connection: Connection, cluster_id: UUID) -> dict[str, tuple[str, ...]]:
    """Return the names that were observed in a cluster, each with its kinds."""
    known: dict[str, tuple[str, ...]] = {}
    observed = select(workloads.c.name, workloads.c.kind).where(
        workloads.c.cluster_id == cluster_id, workloads.c.gone_at.is_(None)
    )
    for row in connection.execute(observed.limit(MOST_NAMES)):
        known[row.name] = (*known.get(row.name, ()), row.kind)
    machines = select(nodes.c.name).where(nodes.c.cluster_id == cluster_id, nodes.c.gone_at.is_(None))
    for name in connection.execute(machines.limit(MOST_NAMES)).scalars():
        known[name] = (*known.get(name, ()), "Node")
    return known
