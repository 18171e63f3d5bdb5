"""Puts a question to whatever model there is, and returns a word in our form or why there is none."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_advisor.adapters.cache import Kept
from ai4k8s_advisor.domain.question import INSTRUCTIONS, facts_text, schema_for
from ai4k8s_advisor.domain.settling import question_facts, strange_numbers_of
from ai4k8s_advisor.domain.word import Refusal, Word, read_word
from ai4k8s_advisor.metrics import MODEL_QUESTIONS
from ai4k8s_common.contracts.advisor import AdvisedAction, ModelWord, RiskLevel
from ai4k8s_common.llm.fence import Fence
from ai4k8s_common.llm.types import BadAnswerError, Message, Model, ModelError, Question, Speaker, Use

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any
    from uuid import UUID

    from ai4k8s_advisor.domain.situation import Situation
    from ai4k8s_common.llm.types import Answer

ADVICE_TOKENS = 400
#: With the patience of whoever waits for a lease, less than the time limit of jobs.
ANSWER_SECONDS = 240.0
ANSWERED = "answered"


@dataclass(frozen=True)
class Asker:
    """A model with the name under which its answers are kept."""

    model: Model
    name: str

    def advice(self, situation: Situation) -> Kept:
        """Ask for advice. Raises ModelError."""
        value, answer = self.value(INSTRUCTIONS, facts_text(situation), schema_for(situation), ADVICE_TOKENS)
        word = read_word(value)
        if isinstance(word, Refusal):
            MODEL_QUESTIONS.labels(BadAnswerError.code).inc()
            raise BadAnswerError(f"{answer.provider} answered, and {word.reason}")
        MODEL_QUESTIONS.labels(ANSWERED).inc()
        known, _ = question_facts(situation)
        strange = strange_numbers_of(situation, word)
        return Kept(
            word=_contract(word, strange, answer),
            known_facts=tuple(sorted(known)),
            said_at=time.time(),
            fallbacks=answer.fallbacks,
        )

    def value(
        self,
        instructions: str,
        facts: str,
        schema: Mapping[str, Any],
        max_tokens: int,
        user_id: UUID | None = None,
    ) -> tuple[Mapping[str, Any] | None, Answer]:
        """Ask for an object; nothing is known of it but that it is JSON. Raises ModelError."""
        fence = Fence()
        question = Question(
            use=Use.ADVISOR,
            messages=(
                Message(Speaker.SYSTEM, f"{instructions} {fence.rule}"),
                Message(Speaker.USER, fence.wrap(facts, "facts")),
            ),
            schema=schema,
            max_tokens=max_tokens,
            user_id=user_id,
            timeout_seconds=ANSWER_SECONDS,
        )
        try:
            answer = self.model.ask(question)
        except ModelError as error:
            MODEL_QUESTIONS.labels(error.code).inc()
            raise
        return answer.value, answer


def _contract(word: Word, strange: tuple[str, ...], answer: Answer) -> ModelWord:
    return ModelWord(
        provider=answer.provider,
        model=answer.model,
        action=AdvisedAction(word.action.value),
        target_replicas=word.target_replicas,
        confidence=word.confidence,
        reasoning=word.reasoning,
        risk_assessment=RiskLevel(word.risk_assessment.value),
        cost_impact=word.cost_impact,
        recommended_timing=word.recommended_timing,
        autoscaler=word.autoscaler.value if word.autoscaler else "",
        facts=word.facts,
        strange_numbers=strange,
    )
