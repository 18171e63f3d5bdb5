"""The page of models: the services that hold the keys report, the gateway shows; a test runs where the keys are."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from ai4k8s_common.contracts.rag import CheckModels
from ai4k8s_common.llm.jobs import run
from ai4k8s_common.llm.types import ModelUnavailableError, Use
from ai4k8s_common.llm.wiring import model_of
from ai4k8s_common.services import Service
from tests.support.bus import open_bus
from tests.support.models import HOSTILE, completion, question
from tests.support.scripted_http import in_turn, scripted

if TYPE_CHECKING:
    from tests.support.gateway import RunningGateway
    from tests.support.stores import Valkey


def test_the_page_says_who_is_asked_how_they_are_and_what_they_cost(
    gateway: RunningGateway, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, admin = gateway.person("ada"), gateway.admin()
    before = ada.get("/models").json()
    assert [use["use"] for use in before["uses"]] == ["advisor", "chat", "rag"]
    assert all(use["reported_at"] is None for use in before["uses"])

    bus = open_bus(gateway.database, valkey.url_of(1), Service.RAG)
    with scripted(in_turn(completion("ready"))) as server:
        for name, value in {
            "AI4K8S_BROKER_URL": valkey.url_of(0),
            "AI4K8S_REDIS_URL": valkey.url_of(1),
            "GPT_OSS_API_BASE": f"{server.url}/v1",
            "GPT_OSS_API_KEY": "canary-key-4711",
            "GPT_OSS_MODEL": "qwen",
            "GPT_OSS_TOOLS": "native",
            "AI4K8S_LLM_DAILY_TOKENS": "1000",
            "AI4K8S_LLM_PRICES": '{"qwen": [1000000, 1000000]}',
        }.items():
            monkeypatch.setenv(name, value)
        model = model_of(bus, Use.RAG)
        model.ask(question(use=Use.RAG, user_id=uuid.UUID(ada.id)))
        model.ask(question(use=Use.RAG))
        server.script = in_turn(HOSTILE["500"])
        for _ in range(3):
            with pytest.raises(ModelUnavailableError, match="it failed"):
                model.ask(question(use=Use.RAG))

        page = ada.get("/models")
        assert "canary-key-4711" not in page.text
        rag = page.json()["uses"][2]
        assert [(one["provider"], one["configured"], one["state"]) for one in rag["chain"]] == [
            ("groq", False, None),
            ("anthropic", False, None),
            ("gpt-oss", True, "open"),
        ]
        assert rag["chain"][2]["last_error"] == "it failed (500)"
        assert rag["chain"][2]["address"] == f"{server.url}/v1"
        assert (rag["today"]["questions"], rag["today"]["answered"]) == (5, 2)
        assert (page.json()["today"]["money"], page.json()["mine_today"]["money"]) == (36.0, 18.0)
        assert page.json()["budget"]["tokens"] == 1000
        assert [day["tokens"] for day in page.json()["days"]] == [36]

        assert ada.send("POST", "/models/rag/test").status_code == 403
        job = admin.send("POST", "/models/rag/test").json()["job_id"]
        server.script = in_turn(completion("ready"))
        with bus.transaction() as tx:
            run(tx, CheckModels(job_id=uuid.UUID(job), user_id=uuid.UUID(admin.id)), Use.RAG)
    bus.close()
    done = admin.get(f"/jobs/{job}").json()
    assert (done["status"], done["message"]) == ("completed", "1 of 1 model answers")
    (checked,) = done["result"]["models"]
    assert (checked["provider"], checked["model"], checked["ok"], checked["tools"]) == (
        "gpt-oss",
        "qwen",
        True,
        "native",
    )
    # An answer closes the breaker, for everybody.
    assert ada.get("/models").json()["uses"][2]["chain"][2]["state"] == "closed"


def test_testing_without_any_provider_says_what_to_set(
    gateway: RunningGateway, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = gateway.admin()
    for name in ("GPT_OSS_API_BASE", "GROQ_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AI4K8S_BROKER_URL", valkey.url_of(0))
    monkeypatch.setenv("AI4K8S_REDIS_URL", valkey.url_of(1))
    bus = open_bus(gateway.database, valkey.url_of(1), Service.RAG)
    job = admin.send("POST", "/models/rag/test").json()["job_id"]
    with bus.transaction() as tx:
        run(tx, CheckModels(job_id=uuid.UUID(job), user_id=uuid.UUID(admin.id)), Use.RAG)
    bus.close()
    done = admin.get(f"/jobs/{job}").json()
    assert done["status"] == "failed"
    assert "GROQ_API_KEY" in done["error"]
