"""What a text means, without a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row


@dataclass(frozen=True, slots=True)
class Understood:
    """A tool and its arguments; or words back: a question with choices, a refusal, or an answer."""

    tool: str | None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    choices: tuple[str, ...] = ()
    answered: bool = True


HELP = "Ask about pods, deployments, nodes, events, logs or forecasts, or type a kubectl line."


def read_text(text: str, past: Sequence[Row[Any]]) -> Understood:  # noqa: ARG001
    """Read a text in the light of what was said before."""
    if "wrong" in text.lower():
        return Understood("diagnose")
    return Understood(None, words=HELP, answered=False)
