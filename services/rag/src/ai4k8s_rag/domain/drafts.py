"""What a valid draft must not lack and must not hold: a check of form does not know what was asked."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from typing import TYPE_CHECKING

from ai4k8s_rag.domain.documents import things_in
from ai4k8s_rag.domain.nodes import read
from ai4k8s_rag.domain.reading import as_map, as_text
from ai4k8s_rag.domain.writing.workloads import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.documents import Thing


def missing(text: str, by_rules: str) -> list[str]:
    """What rules understood of the request is the least: a valid manifest of something else answers nothing."""
    kinds = (Counter(thing.kind for thing in _things(each)) for each in (by_rules, text))
    return [f"a {kind} was asked for and is missing" for kind in next(kinds) - next(kinds)]


def invented(text: str, given: str) -> list[str]:
    """A secret's value that nobody gave is one that nobody should use."""
    return [
        f"the value of {name} in {thing.subject} was given by nobody: write {PLACEHOLDER} under stringData"
        for thing in _things(text)
        if thing.kind == "Secret"
        for name, value in _values(thing)
        if value and value != PLACEHOLDER and value not in given
    ]


def _things(text: str) -> list[Thing]:
    return things_in(read(text)) if text.strip() else []


def _values(secret: Thing) -> Iterator[tuple[str, str]]:
    for name, value in as_map(secret.value.get("stringData")).items():
        yield str(name), str(value)
    for name, value in as_map(secret.value.get("data")).items():
        try:
            yield str(name), base64.b64decode(as_text(value), validate=True).decode(errors="replace").strip()
        except binascii.Error:
            yield str(name), str(value)
