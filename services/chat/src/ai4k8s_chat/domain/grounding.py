"""Whether what a model says rests on what its tools returned: numbers and names that nobody returned are not said.

Rough on purpose: it looks at what can be checked, and a sentence that fails is not shown. Words in between are the
model's own and may be.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Numbers, and words that look like names of objects, images, or reasons as Kubernetes writes them.
_NUMBER = re.compile(r"(?<![\w.-])\d+(?:[.,]\d+)*")
_NAME = re.compile(r"\b[a-z0-9]+(?:[-./:][a-z0-9]+)+\b|\b[A-Z][a-z]+(?:[A-Z][a-zA-Z]+)+\b")
_QUOTED = re.compile(r"[`'\"“]([^`'\"”\n]{2,80})[`'\"”]")
_CITATION = re.compile(r"\[\d{1,2}\]")
_LIST_NUMBER = re.compile(r"(?m)^\s*\d{1,2}[.)]\s")
_COMMON = frozenset(
    {"e.g", "i.e", "and/or", "read-only", "ai4k8s", "k8s", "kubectl", "up-to-date", "re-run", "so-called"}
)


def unbacked(said: str, sources: Iterable[str]) -> tuple[str, ...]:
    """Return the numbers and names in a text that none of its sources holds."""
    held = " ".join(sources).lower()
    words = set(re.split(r"[^a-z0-9.]+", held)) | set(re.split(r"[^a-z0-9]+", held))
    plain = _LIST_NUMBER.sub("", _CITATION.sub("", said))
    missing = [number for number in _NUMBER.findall(plain) if number.replace(",", "").lower() not in words]
    names = [*_NAME.findall(plain), *_QUOTED.findall(plain)]
    missing += [name for name in names if name.lower() not in _COMMON and name.lower() not in held]
    return tuple(dict.fromkeys(missing))


def cites(said: str, results: int) -> bool:
    """Whether a text names at least one result, and none that is not there."""
    numbers = [int(found[1:-1]) for found in _CITATION.findall(said)]
    return bool(numbers) and all(1 <= number <= results for number in numbers)
