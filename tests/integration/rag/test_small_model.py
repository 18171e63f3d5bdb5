"""A real small model drafts badly; what is handed out is valid all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.llm.types import Use
from ai4k8s_rag.drafting import ModelDrafter
from ai4k8s_rag.generating import Wanted, write

if TYPE_CHECKING:
    from tests.support.models import SmallModel


def test_what_a_real_model_leaves_half_done_never_gets_out(small_model: SmallModel) -> None:
    drafter = ModelDrafter(small_model.chain(Use.RAG), most_tokens=12, rounds=1)

    written = write(Wanted("configmap named settings with LOG_LEVEL=debug"), drafter=drafter)

    assert written.source == "rules"
    assert written.report is not None
    assert written.report.is_valid
    assert "LOG_LEVEL: debug" in written.manifests
    assert "written by rules" in written.notes[0]
