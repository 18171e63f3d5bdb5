"""Asks each model of a chain one tiny question, for whoever set it up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ai4k8s_common.llm.calls import Call
from ai4k8s_common.llm.report import CheckedModel
from ai4k8s_common.llm.types import Message, ModelError, Question, Speaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from ai4k8s_common.llm.chain import Chain, Rung
    from ai4k8s_common.llm.types import Use

WORDS = "Answer with the single word: ready"
MAX_TOKENS = 16  # some reasoning models need a few before the word
CHECK_SECONDS = 60.0


def check_models(
    chain: Chain, use: Use, user_id: UUID | None = None, cancelled: Callable[[], bool] | None = None
) -> Iterator[CheckedModel]:
    """Ask one model after the other, also those that the breaker leaves alone: an answer closes it."""
    question = Question(use, (Message(Speaker.USER, WORDS),), max_tokens=MAX_TOKENS, user_id=user_id)
    for rung in chain.rungs:
        yield _check(chain, rung, question, Call.lasting(CHECK_SECONDS, cancelled))


def _check(chain: Chain, rung: Rung, question: Question, call: Call) -> CheckedModel:
    began, tools, model = time.monotonic(), "", rung.endpoint.model
    try:
        tools = rung.endpoint.tool_way(call).value
        answer = chain.ask_one(rung, question, call)
        ok, detail, model = True, " ".join(answer.text.split())[:80], answer.model
    except ModelError as error:
        ok, detail = False, " ".join(filter(None, [error.detail, error.hint]))
    return CheckedModel(
        provider=rung.endpoint.provider,
        model=model or "default",
        ok=ok,
        seconds=round(time.monotonic() - began, 2),
        detail=detail,
        tools=tools,
    )
