"""How a question is answered: by a model with tools where there is one, by rules otherwise or when it fails.

Either way the tools are the same, run as the person, and the answer rests on their results.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from sqlalchemy import select

from ai4k8s_chat.domain.results import STORED_CHARACTERS
from ai4k8s_chat.executing import run
from ai4k8s_chat.reading.scope import AmbiguousError
from ai4k8s_chat.understanding import read_text
from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.llm.types import ModelError
from ai4k8s_common.security.redaction import mask, redact
from ai4k8s_common.store.chat import Method, answers, questions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from pydantic import JsonValue
    from sqlalchemy import Connection, Row

    from ai4k8s_chat.domain.results import ToolResult
    from ai4k8s_chat.executing import Caller, Toolbox
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.llm.types import Model

log = structlog.stdlib.get_logger(__name__)

REMEMBERED_EXCHANGES = 6


class Tell(Protocol):
    """Says something to whoever watches, at once."""

    def __call__(self, kind: str, payload: dict[str, JsonValue]) -> None:
        """Send one event."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one answer may use of a model."""

    steps: int
    seconds: float
    tokens: int


@dataclass(frozen=True)
class TalkContext:
    """Wiring of one process. Without a model (or a chain without rungs) rules answer."""

    box: Toolbox
    model: Model | None
    bounds: Bounds


@dataclass(frozen=True)
class Turn:
    """One question, by whom, about which cluster, after what."""

    tx: Transaction
    caller: Caller
    cluster_id: UUID
    text: str
    past: Sequence[Row[Any]]
    tell: Tell


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call and what it gave."""

    tool: str
    arguments: Mapping[str, Any]
    result: ToolResult | None
    error: str
    seconds: float
    choices: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it is stored and shown; never longer than a person reads."""
        shown = None if self.result is None else self.result.model_dump(mode="json", exclude_defaults=True)
        if shown is not None and len(shown.get("text") or "") > STORED_CHARACTERS:
            shown["text"] = f"{shown['text'][:STORED_CHARACTERS]}\n…"
        return {
            "tool": self.tool,
            "arguments": mask({key: value for key, value in self.arguments.items() if key != "cluster"}),
            "result": shown,
            "error": self.error,
            "seconds": round(self.seconds, 3),
        }

    @property
    def words(self) -> str:
        """What it said, in words."""
        return self.error if self.result is None else self.result.summary


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer."""

    text: str
    method: str = Method.RULES.value
    model: str | None = None
    success: bool = True
    steps: tuple[Step, ...] = ()
    choices: tuple[str, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def tool(self) -> str | None:
        """The last tool that was used."""
        return self.steps[-1].tool if self.steps else None

    @property
    def plan_id(self) -> UUID | None:
        """What waits for an approval."""
        plans = [step.result.plan.id for step in self.steps if step.result is not None and step.result.plan is not None]
        return plans[-1] if plans else None


@dataclass
class Steps:
    """Runs tools for one turn, in order, and tells each."""

    box: Toolbox
    turn: Turn
    done: list[Step] = field(default_factory=list)

    def run(self, tool: str, given: Mapping[str, Any]) -> Step:
        """Run one; an error of ours is a result as well."""
        begun = time.monotonic()
        # The conversation is about one cluster: whatever a text or a model says, no other one is meant.
        arguments = {**given, "cluster": str(self.turn.cluster_id)}
        self.turn.tell("step_begun", {"tool": tool, "number": len(self.done) + 1})
        result: ToolResult | None = None
        error, choices = "", tuple[str, ...]()
        try:
            with self.turn.tx.connection.begin_nested():
                result = run(self.turn.tx, self.box, self.turn.caller, tool, arguments)
        except AmbiguousError as found:
            error, choices = f"{found.detail}. {found.hint}", found.choices
        except Ai4k8sError as found:
            error = redact(f"{found.detail}. {found.hint}".strip())
        step = Step(tool, arguments, result, error, time.monotonic() - begun, choices)
        self.done.append(step)
        self.turn.tell("step", {"number": len(self.done), "step": step.as_json()})
        return step


def past_of(connection: Connection, conversation_id: UUID | None, question_id: UUID) -> list[Row[Any]]:
    """Return the latest exchanges of a conversation, oldest first."""
    if conversation_id is None:
        return []
    query = (
        select(
            questions.c.text.label("question"), answers.c.text, answers.c.steps, answers.c.choices, answers.c.success
        )
        .join(answers, answers.c.question_id == questions.c.id)
        .where(questions.c.conversation_id == conversation_id, questions.c.id != question_id)
        .order_by(questions.c.asked_at.desc())
        .limit(REMEMBERED_EXCHANGES)
    )
    return list(reversed(connection.execute(query).all()))


def answer(context: TalkContext, turn: Turn) -> Outcome:
    """Answer a question. kubectl lines need no model: their grammar says what they mean."""
    from ai4k8s_chat.modelling import answer_with_model  # noqa: PLC0415  # rules alone must not wait for it

    if context.model is not None and not turn.text.lstrip().startswith("kubectl "):
        try:
            return answer_with_model(context.model, context.box, turn, context.bounds)
        except ModelError as error:
            log.info("model_did_not_answer", code=error.code)
    return answer_with_rules(context.box, turn)


def answer_with_rules(box: Toolbox, turn: Turn) -> Outcome:
    """Read the text, run the one tool it means, and say what it found; unsure is a question back."""
    understood = read_text(turn.text, turn.past, box.names.of(turn.tx.connection, turn.cluster_id))
    if understood.tool is None:
        return Outcome(understood.words, success=understood.answered, choices=understood.choices)
    step = Steps(box, turn).run(understood.tool, understood.arguments)
    words = "\n".join((step.words, *understood.notes))
    return Outcome(words, success=step.result is not None, steps=(step,), choices=step.choices)
