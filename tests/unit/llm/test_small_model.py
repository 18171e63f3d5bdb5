"""The real package against a real llama.cpp server with a real small model: form, not judgement, is what it can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.llm.calls import Call
from ai4k8s_common.llm.settings import ToolWay
from ai4k8s_common.llm.types import ToolSpec
from tests.support.models import ADVICE_SCHEMA, question

if TYPE_CHECKING:
    from tests.support.models import SmallModel

LIST_PODS = ToolSpec(
    "list_pods",
    "Lists the pods of a namespace.",
    {
        "type": "object",
        "properties": {"namespace": {"enum": ["shop", "monitoring"]}},
        "required": ["namespace"],
        "additionalProperties": False,
    },
)


def test_it_streams_text_and_counts_tokens(small_model: SmallModel) -> None:
    heard: list[str] = []
    answer = small_model.chain().ask(question("Say hello.", max_tokens=6), on_text=heard.append)
    assert "".join(heard).strip() == answer.text
    assert 0 < answer.usage.output_tokens <= 6
    assert answer.usage.input_tokens > 5


def test_it_keeps_to_a_schema(small_model: SmallModel) -> None:
    answer = small_model.chain().ask(
        question("CPU is at 95 % with 3 replicas. What now?", schema=ADVICE_SCHEMA, max_tokens=60)
    )
    assert answer.value is not None
    assert answer.value["action"] in {"scale_up", "scale_down", "maintain"}
    assert 1 <= answer.value["target_replicas"] <= 20


def test_a_server_without_tools_is_noticed_and_calls_them_through_a_schema(small_model: SmallModel) -> None:
    model = small_model.chain()
    answer = model.ask(question("List the pods in shop.", tools=(LIST_PODS,), max_tokens=80))
    assert model.rungs[0].endpoint.tool_way(Call.lasting(5)) is ToolWay.SCHEMA
    # Which of the two it chooses is its own affair; either is well-formed.
    if answer.tool_calls:
        assert answer.tool_calls[0].name == "list_pods"
        assert answer.tool_calls[0].arguments["namespace"] in {"shop", "monitoring"}
    else:
        assert answer.text
