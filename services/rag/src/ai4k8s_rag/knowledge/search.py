"""Finds entries: by words (BM25) and by meaning (latent semantic features), joined by rank.

Exact search in memory: a library has hundreds of entries, at most some thousands, which takes a millisecond and needs
no extension of Postgres.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Matrix = npt.NDArray[np.float32]

MOST = 5
_K1, _B = 1.4, 0.7
_FUSION = 20.0
_MEANING = 0.5  # what a rank by meaning counts against one by words
_DIMENSIONS = 48
_FEATURES = 2_048
_FITTED = 400
_LEAST_SPREAD = 1e-6
_WORD = re.compile(r"[a-z0-9][a-z0-9./_-]*[a-z0-9]|[a-z0-9]")
_STOP = frozenset(
    """
    a an the of to in on for and or is are be with from by it its that this i my me how do does what which when
    where why who should not no must can at as into one two each all only
    """.split()  # noqa: SIM905 - read as a sentence
)
_SAME = {  # what people say, and what entries say
    "https": "tls", "certificate": "tls", "gpu": "node", "disk": "storage", "disks": "storage", "volume": "storage",
    "password": "secret", "passwords": "secret", "nightly": "schedule", "night": "schedule", "every": "schedule",
    "connections": "traffic", "talk": "traffic", "incoming": "ingress", "rights": "role",
    "permission": "role",
    "killed": "oomkilled", "evicted": "eviction", "replicas": "replica", "overlap": "concurrencypolicy",
    "overlapping": "concurrencypolicy", "autoscaler": "hpa", "autoscaling": "hpa", "percent": "weight",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of knowledge."""

    key: str
    kind: str
    title: str
    body: str
    source: str
    cluster_id: str | None = None  # None: for everybody
    since: int | None = None
    until: int | None = None

    def values(self) -> dict[str, Any]:
        """Return what an answer says of an entry that it used."""
        return {
            "key": self.key,
            "kind": self.kind,
            "title": self.title,
            "source": self.source,
            "own": self.cluster_id is not None,
        }

    @property
    def text(self) -> str:
        """All its words; the title's count double."""
        return f"{self.title} {self.title} {self.kind} {self.body}"


class Library:
    """Entries that can be searched."""

    def __init__(self, entries: Iterable[Entry], *, vectors: bool = True) -> None:
        self.entries = tuple(entries)
        self._words = [Counter(words(entry.text)) for entry in self.entries]
        self._lengths = [sum(each.values()) for each in self._words]
        self._average = sum(self._lengths) / max(1, len(self._lengths))
        self._holds = Counter(word for each in self._words for word in each)
        self._vectors = vectors

    def search(self, question: str, most: int = MOST, cluster_id: str | None = None) -> list[Entry]:
        """Return the entries that fit a question best, never one of another cluster."""
        allowed = [index for index, entry in enumerate(self.entries) if entry.cluster_id in {None, cluster_id}]
        by_words = self._ranked(self._lexical(question), allowed)
        scores: Counter[int] = Counter()
        for rank, index in enumerate(by_words):
            scores[index] += 1.0 / (_FUSION + rank)  # type: ignore[assignment]  # a Counter counts floats as well
        if self._vectors and by_words:
            for rank, index in enumerate(self._ranked(self._semantic(question), allowed)):
                scores[index] += _MEANING / (_FUSION + rank)  # type: ignore[assignment]
        return [self.entries[index] for index, _ in scores.most_common(most)]

    def _ranked(self, scores: Sequence[float], allowed: list[int]) -> list[int]:
        found = [index for index in allowed if scores[index] > 0]
        return sorted(found, key=lambda index: -scores[index])[: MOST * 3]

    def _lexical(self, question: str) -> list[float]:
        asked = set(words(question))
        scores = [0.0] * len(self.entries)
        for word in asked:
            holds = self._holds.get(word, 0)
            if not holds:
                continue
            rarity = math.log(1 + (len(self.entries) - holds + 0.5) / (holds + 0.5))
            for index, counts in enumerate(self._words):
                often = counts.get(word, 0)
                if often:
                    length = 1 - _B + _B * self._lengths[index] / self._average
                    scores[index] += rarity * often * (_K1 + 1) / (often + _K1 * length)
        return scores

    @cached_property
    def _space(self) -> _Space:
        return _Space([entry.text for entry in self.entries])

    def _semantic(self, question: str) -> list[float]:
        return self._space.scores(question)


class _Space:
    """Latent semantic features: hashed words and pieces of them, weighted by rarity, on the axes that entries share."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = np.stack([_hashed(text) for text in texts]) if texts else np.zeros((0, _FEATURES), np.float32)
        holds = (counts > 0).sum(axis=0)
        self._rarity = np.log((1 + len(texts)) / (1 + holds)).astype(np.float32) + 1
        weighted = _normal(counts * self._rarity)
        # The axes of a few hundred entries serve for thousands; more would only cost.
        known = weighted[:_FITTED]
        values, vectors = np.linalg.eigh(known @ known.T)
        kept = values > _LEAST_SPREAD
        top = vectors[:, kept][:, -_DIMENSIONS:] / np.sqrt(values[kept][-_DIMENSIONS:])
        self._axes = known.T @ top
        self._entries = _normal(weighted @ self._axes)

    def scores(self, question: str) -> list[float]:
        """Return how close a question is to each entry, -1 to 1."""
        asked = _normal((_hashed(question) * self._rarity)[None, :] @ self._axes)
        return [float(score) for score in self._entries @ asked[0]]


def _hashed(text: str) -> Matrix:
    counts = np.zeros(_FEATURES, np.float32)
    for feature in _features(text):
        counts[zlib.crc32(feature.encode()) % _FEATURES] += 1
    return np.log1p(counts)


def _normal(matrix: Matrix) -> Matrix:
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return (matrix / np.where(lengths == 0, 1, lengths)).astype(np.float32)


def words(text: str) -> list[str]:
    """Return the words that count, in a common form."""
    found = []
    for word in _WORD.findall(text.lower()):
        if word in _STOP:
            continue
        stem = _SAME.get(word) or re.sub(r"(?<=[a-z]{3})(?:ies|es|s|ing|ed)$", "", word)
        found.append(_SAME.get(stem, stem))
    return found


def _features(text: str) -> list[str]:
    found = words(text)
    pieces = [f"#{word[start : start + 4]}" for word in found for start in range(max(1, len(word) - 3))]
    return [*found, *found, *pieces]


@lru_cache(maxsize=1)
def shipped() -> tuple[Entry, ...]:
    """Return the entries of our own writing."""
    loaded = yaml.safe_load(resources.files(__package__).joinpath("entries.yaml").read_bytes())
    return tuple(Entry(**each) for each in loaded)


@lru_cache(maxsize=1)
def questions() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the questions that retrieval is measured by, with the keys that answer each."""
    loaded = yaml.safe_load(resources.files(__package__).joinpath("questions.yaml").read_bytes())
    return tuple((each["ask"], tuple(each["entries"])) for each in loaded)


def recall(library: Library, most: int = MOST) -> tuple[float, list[str]]:
    """Return the share of questions of which an answer is among the first, and those that miss."""
    missed = [
        asked for asked, keys in questions() if not {entry.key for entry in library.search(asked, most)} & set(keys)
    ]
    return 1 - len(missed) / len(questions()), missed
