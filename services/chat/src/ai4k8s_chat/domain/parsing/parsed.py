"""What a request was understood as: one call of one tool, a question back, or a refusal with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.tools import BY_NAME, Access

if TYPE_CHECKING:
    from collections.abc import Mapping


class Outcome(StrEnum):
    """What becomes of a request."""

    READ = "read"
    WRITE = "write"
    CLARIFY = "clarify"  # a question back; nothing is called
    REFUSE = "refuse"  # never, or not here; the answer says why


@dataclass(frozen=True, slots=True)
class Subject:
    """What a conversation is about: 'it' in the next message."""

    kind: str
    name: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What is known while parsing; none of it is needed."""

    namespace: str | None = None  # of the conversation; None: all
    subject: Subject | None = None
    # The request before this one, when it was answered by a question back: this message may be the answer.
    unanswered: str | None = None
    # Names that exist in the cluster and the kinds they have there: tells 'web' the deployment from a plain word.
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parsed:
    """One request, understood. `arguments` are the tool's without the cluster, and only what was said."""

    outcome: Outcome
    tool: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    answer: str = ""
    choices: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    kind: str | None = None  # of object, where the tool does not name it

    @property
    def needs_approval(self) -> bool:
        """Every write does, before anything is done."""
        return self.outcome is Outcome.WRITE

    def noted(self, *notes: str) -> Parsed:
        """The same with something said about it."""
        return replace(self, notes=(*self.notes, *notes))


# What the tools are about that take no kind.
_ABOUT = {
    "pods_list": "Pod",
    "pods_get": "Pod",
    "pods_run": "Pod",
    "pods_delete": "Pod",
    "pods_top": "Pod",
    "pods_exec": "Pod",
    "namespaces_list": "Namespace",
    "nodes_top": "Node",
    "node_cordon": "Node",
    "node_uncordon": "Node",
    "node_drain": "Node",
}


def call(tool: str, *, about: str | None = None, **arguments: Any) -> Parsed:
    """A call of a tool; arguments that are None were not said."""
    said = {name: value for name, value in arguments.items() if value is not None}
    outcome = Outcome.READ if BY_NAME[tool].access is Access.READ else Outcome.WRITE
    return Parsed(outcome, tool, said, kind=about or said.get("kind") or _ABOUT.get(tool))


def ask_back(question: str, *choices: str, tool: str | None = None, kind: str | None = None) -> Parsed:
    """A question back. `tool` is what it is about, for whoever continues."""
    return Parsed(Outcome.CLARIFY, tool, answer=question, choices=choices, kind=kind)


def refuse(reason: str) -> Parsed:
    """A refusal with its reason and, where there is one, the way to go instead."""
    return Parsed(Outcome.REFUSE, answer=reason)
