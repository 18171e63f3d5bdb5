"""A model's part: it drafts and repairs. Nothing it says is trusted; what it is told from elsewhere is fenced."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ai4k8s_common.llm.fence import Fence
from ai4k8s_common.llm.types import Message, ModelError, Question, Speaker, Use
from ai4k8s_rag.checking import check_text
from ai4k8s_rag.domain.drafts import invented, missing
from ai4k8s_rag.domain.findings import Layer, Severity
from ai4k8s_rag.generating import Wanted, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from ai4k8s_common.llm.types import Model
    from ai4k8s_rag.domain.check import Report
    from ai4k8s_rag.knowledge.search import Entry

ROUNDS = 3
MOST_TOKENS = 2_048
MOST_ERRORS = 12
_BODY = re.compile(r"```(?:ya?ml)?\s*\n(.*?)```", re.DOTALL)
_SCHEMA = {"type": "object", "properties": {"yaml": {"type": "string"}}, "required": ["yaml"]}

_TASK = """You write Kubernetes manifests. Answer with one JSON object {"yaml": "..."} that holds the complete manifests
and nothing else. Kubernetes %(version)s. Pin images to a version, set requests and a memory limit,
allowPrivilegeEscalation false, seccomp RuntimeDefault. Never write passwords, tokens or keys: use a secretKeyRef, or
the value change-me in a Secret. %(fence)s"""


class Drafter(Protocol):
    """Something that writes a first manifest."""

    def draft(self, wanted: Wanted, entries: Sequence[Entry], by_rules: Written) -> Written:
        """Return what was written and checked; without manifests, and a note why, where it failed."""
        ...


@dataclass(frozen=True, slots=True)
class ModelDrafter:
    """Asks a model, then holds it to the check."""

    model: Model
    user_id: UUID | None = None
    cancelled: Callable[[], bool] | None = None
    most_tokens: int = MOST_TOKENS  # of one answer
    rounds: int = ROUNDS

    def draft(self, wanted: Wanted, entries: Sequence[Entry], by_rules: Written) -> Written:
        """Draft, check, and let it repair by the exact errors; at most so many rounds."""
        fence = Fence()
        messages = [_system(wanted, fence), _request(wanted, entries, by_rules, fence)]
        errors: list[str] = []
        try:
            for round_number in range(1, self.rounds + 1):
                answer = self.model.ask(self._question(messages), cancelled=self.cancelled)
                text = manifest_in(answer.text, answer.value)
                errors, report = _errors(text, wanted, by_rules)
                if not errors and report is not None:
                    said = f"drafted by {answer.model} in {round_number} rounds"
                    return Written(text, "model", report, [], [], [], [], [said])
                messages += [Message(Speaker.ASSISTANT, answer.text), _repair(errors)]
        except ModelError as error:
            return Written(notes=[f"the model did not answer ({error.detail}); written by rules"])
        return Written(
            notes=[f"the model's draft was not valid after {self.rounds} rounds ({errors[0]}); written by rules"]
        )

    def _question(self, messages: list[Message]) -> Question:
        return Question(Use.RAG, tuple(messages), schema=_SCHEMA, max_tokens=self.most_tokens, user_id=self.user_id)


def manifest_in(text: str, value: object) -> str:
    """Return the YAML of an answer, whichever way it was wrapped."""
    if isinstance(value, dict) and isinstance(value.get("yaml"), str):
        text = str(value["yaml"])
    else:
        try:
            parsed = json.loads(text)
            text = str(parsed["yaml"]) if isinstance(parsed, dict) and "yaml" in parsed else text
        except ValueError:
            pass
    found = _BODY.findall(text)
    return ("---\n".join(found) if found else text).strip() + "\n"


def _errors(text: str, wanted: Wanted, by_rules: Written) -> tuple[list[str], Report | None]:
    if not text.strip():
        return ["the answer held no manifest"], None
    report = check_text(text, wanted.version, wanted.profile)
    # What policy says is shown to the person and left to them; a model must not talk itself around it either way.
    bad = [each for each in report.findings if each.severity is Severity.ERROR and each.layer is not Layer.POLICY]
    if any(each.rule == "schema.unknown-kind" for each in report.findings):
        bad += [each for each in report.findings if each.rule == "schema.unknown-kind" and each not in bad]
    said = [f"line {each.line}, {each.path}: {each.why}" for each in bad[:MOST_ERRORS]]
    given = f"{wanted.request}\n{wanted.manifest}"
    return said or [*missing(text, by_rules.manifests), *invented(text, given)], report


def _system(wanted: Wanted, fence: Fence) -> Message:
    return Message(Speaker.SYSTEM, _TASK % {"version": wanted.version or "of today", "fence": fence.rule})


def _request(wanted: Wanted, entries: Sequence[Entry], by_rules: Written, fence: Fence) -> Message:
    parts = [f"Request: {wanted.request}"]
    if wanted.namespace:
        parts.append(f"Namespace: {wanted.namespace}")
    if wanted.manifest:
        parts.append(f"Change this manifest and nothing else in it:\n{fence.wrap(wanted.manifest, 'the manifest')}")
    if by_rules.manifests:
        parts.append(f"A draft by rules, to be kept where it fits:\n{fence.wrap(by_rules.manifests, 'a draft')}")
    parts += [fence.wrap(entry.body, entry.title) for entry in entries]
    return Message(Speaker.USER, "\n\n".join(parts))


def _repair(errors: list[str]) -> Message:
    listed = "\n".join(f"- {each}" for each in errors)
    return Message(
        Speaker.USER, f"The check found errors. Correct exactly these and answer in the same form:\n{listed}"
    )
