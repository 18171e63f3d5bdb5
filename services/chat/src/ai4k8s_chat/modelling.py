"""A model with tools, kept short: bounded in calls, time and tokens, and never believed beyond what its tools returned.

What tools return goes to it fenced, as data. Whatever it wants to call runs as the person and no further; a write is a
plan, and one at most for an answer.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_chat.conversing import Outcome, Step, Steps, answer_with_rules
from ai4k8s_chat.domain.grounding import cites, unbacked
from ai4k8s_chat.domain.tools import BY_NAME, TOOLS, Access
from ai4k8s_common.llm.fence import Fence
from ai4k8s_common.llm.types import TEXT_BEGINS_ANEW, Message, Question, Speaker, ToolSpec, Use

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ai4k8s_chat.conversing import Bounds, Turn
    from ai4k8s_chat.executing import Toolbox
    from ai4k8s_common.llm.types import Answer, Model, ToolCall

log = structlog.stdlib.get_logger(__name__)

RESULT_CHARACTERS = 6_000
ANSWER_TOKENS = 700
CALLS_AT_ONCE = 3
SYSTEM = (
    "You answer questions about one Kubernetes cluster with the given tools. Call a tool whenever the answer depends "
    "on the cluster; never guess names, numbers or states. Call a tool that changes something only if the person asks "
    "for exactly that change now; it makes a plan that they must approve: never say it is done. If it is not clear "
    "which object is meant, ask. Keep answers short. After each statement that rests on a tool result, cite it as [1], "
    "[2] by its number. Say nothing about the cluster that no result says. {rule}"
)


def answer_with_model(model: Model, box: Toolbox, turn: Turn, bounds: Bounds) -> Outcome:
    """Answer with a model. Raises ModelError when none answers before anything was found out."""
    return _Loop(model, box, turn, bounds).run()


class _Loop:
    def __init__(self, model: Model, box: Toolbox, turn: Turn, bounds: Bounds) -> None:
        self._model, self._box, self._turn, self._bounds = model, box, turn, bounds
        self._steps = Steps(box, turn)
        self._fence = Fence()
        self._deadline = time.monotonic() + bounds.seconds
        self._input_tokens = self._output_tokens = 0
        self._planned = False

    def run(self) -> Outcome:
        """Ask, call, ask again, until there is an answer or a bound is reached."""
        messages = self._first_messages()
        while True:
            answer = self._ask(messages, last=self._is_spent())
            calls = answer.tool_calls[:CALLS_AT_ONCE]
            if not calls or self._is_spent():
                return self._outcome(answer)
            messages.append(Message(Speaker.ASSISTANT, answer.text, tool_calls=calls))
            for call in calls:
                messages.append(Message(Speaker.TOOL, self._result_of(call), tool_call_id=call.id))

    def _first_messages(self) -> list[Message]:
        messages = [Message(Speaker.SYSTEM, SYSTEM.format(rule=self._fence.rule))]
        for exchange in self._turn.past:
            messages.append(Message(Speaker.USER, exchange.question))
            # Earlier answers hold what clusters said: data, in a later question as well.
            messages.append(Message(Speaker.ASSISTANT, self._fence.wrap(exchange.text[:1500], "an earlier answer")))
        messages.append(Message(Speaker.USER, self._turn.text))
        return messages

    def _is_spent(self) -> bool:
        used = self._input_tokens + self._output_tokens
        return (
            len(self._steps.done) >= self._bounds.steps
            or used >= self._bounds.tokens
            or time.monotonic() >= self._deadline
        )

    def _ask(self, messages: Sequence[Message], *, last: bool) -> Answer:
        question = Question(
            use=Use.CHAT,
            messages=tuple(messages),
            tools=() if last else _specs(),
            max_tokens=ANSWER_TOKENS,
            user_id=self._turn.caller.rights.user_id,
            timeout_seconds=max(5.0, self._deadline - time.monotonic()),
        )
        answer = self._model.ask(question, on_text=self._on_text)
        self._input_tokens += answer.usage.input_tokens
        self._output_tokens += answer.usage.output_tokens
        return answer

    def _on_text(self, text: str) -> None:
        kind = "words_void" if text == TEXT_BEGINS_ANEW else "words"
        self._turn.tell(kind, {"text": "" if kind == "words_void" else text})

    def _result_of(self, call: ToolCall) -> str:
        """Run a call and return what the model is told of it: numbered, fenced, and cut to size."""
        tool = BY_NAME.get(call.name)
        if tool is not None and tool.access is not Access.READ:
            if self._planned:
                return "Refused: one change is planned already; the person must decide on it first."
            self._planned = True
        step = self._steps.run(call.name, call.arguments)
        text = step.error or (step.result.as_text() if step.result is not None else "")
        number = len(self._steps.done)
        return f"[{number}] {self._fence.wrap(text[:RESULT_CHARACTERS], f'result of {call.name}')}"

    def _outcome(self, answer: Answer) -> Outcome:
        """Take the model's words where they rest on results; otherwise what the results say themselves."""
        steps = tuple(self._steps.done)
        if not steps:
            return self._without_results(answer)
        sources = [self._turn.text, *(_source(step) for step in steps)]
        missing = unbacked(answer.text, sources)
        text = answer.text.strip()
        if not text or missing:
            log.info("model_words_not_backed", missing=len(missing))
            self._turn.tell("words_void", {"text": ""})
            text = "\n".join(f"{step.words} [{n}]" for n, step in enumerate(steps, 1))
        elif not cites(text, len(steps)):
            text = f"{text} [{', '.join(str(n) for n in range(1, len(steps) + 1))}]"
        return self._told(answer, text, steps)

    def _without_results(self, answer: Answer) -> Outcome:
        """No tool was called: rules look whether one should have been. Else the words may claim nothing of it."""
        by_rules = answer_with_rules(self._box, self._turn)
        if by_rules.steps or by_rules.choices:
            self._turn.tell("words_void", {"text": ""})
            return by_rules
        text = answer.text.strip()
        if not text or unbacked(text, [self._turn.text]):
            self._turn.tell("words_void", {"text": ""})
            return by_rules
        return self._told(answer, text, ())

    def _told(self, answer: Answer, text: str, steps: tuple[Step, ...]) -> Outcome:
        success = not steps or any(step.result is not None for step in steps)
        return Outcome(
            text,
            method=answer.provider.replace("-", "_"),
            model=answer.model,
            success=success,
            steps=steps,
            choices=steps[-1].choices if steps else (),
            input_tokens=self._input_tokens,
            output_tokens=self._output_tokens,
        )


def _source(step: Step) -> str:
    result = step.result.as_text() if step.result is not None else step.error
    return f"{json.dumps(dict(step.arguments))} {result}"


def _specs() -> tuple[ToolSpec, ...]:
    """The catalogue as a model sees it: the cluster is not its to choose, and what is privileged is not there."""
    return tuple(
        ToolSpec(tool.name, tool.description, _parameters(tool.arguments.model_json_schema()))
        for tool in TOOLS
        if tool.access is not Access.PRIVILEGED
    )


def _parameters(schema: dict[str, Any]) -> dict[str, Any]:
    properties = {name: value for name, value in schema["properties"].items() if name != "cluster"}
    required = [name for name in schema.get("required", ()) if name != "cluster"]
    return {**schema, "properties": properties, "required": required}
