"""With a real small model behind the real chain a decision shows a model's reasoning, and what the rules make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from ai4k8s_advisor.adapters.asking import Asker
from ai4k8s_advisor.adapters.cache import RedisAnswerCache
from ai4k8s_advisor.context import Context
from ai4k8s_advisor.settings import AdvisorSettings
from ai4k8s_common.contracts.advisor import SettledBy
from ai4k8s_common.llm.types import Use
from ai4k8s_common.services import Service
from tests.integration.advisor.test_advice import add_decision, advised
from tests.support.bus import open_bus

if TYPE_CHECKING:
    from tests.support.models import SmallModel
    from tests.support.stores import Database, Valkey


def test_a_decision_shows_the_models_reasoning_beside_the_rules_scores(
    database: Database, valkey: Valkey, small_model: SmallModel
) -> None:
    chain = small_model.chain(Use.ADVISOR)
    cache = RedisAnswerCache(SecretStr(valkey.url), AdvisorSettings())
    context = Context(cache, Asker(chain, chain.rungs[0].model_key))
    bus = open_bus(database, valkey.url, Service.ADVISOR)
    advice = advised(bus, context, add_decision(database))
    bus.close()
    assert advice.word is not None, advice.note
    assert advice.word.provider == "gpt-oss"
    assert advice.word.reasoning
    # What it chooses is its own affair: the form keeps it in the envelope, and its figures are checked.
    assert advice.word.target_replicas in {4, 5}
    assert [score.replicas for score in advice.scores] == [4, 5]
    assert advice.calibration == "not calibrated yet: 0 of 50"
    if advice.settled_by is SettledBy.RULES:
        assert (advice.target_replicas, bool(advice.note)) == (4, True)
    else:
        assert advice.word.strange_numbers == ()
