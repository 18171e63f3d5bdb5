"""From a message to words: contractions spelled out, quotes kept, punctuation told from names."""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " ", "\u2013": "-"})
_CONTRACTIONS = (
    (re.compile(r"\b(can)'?t\b", re.IGNORECASE), r"\1 not"),
    (re.compile(r"\b(won)'?t\b", re.IGNORECASE), "will not"),
    (re.compile(r"\b(cannot)\b", re.IGNORECASE), "can not"),
    (
        re.compile(r"\b(do|does|did|is|are|was|were|has|have|should|would|could|must)n'?t\b", re.IGNORECASE),
        r"\1 not",
    ),
    (re.compile(r"\b(what|who|where|how|it|that|there|here|when|let)'?s\b(?!-)", re.IGNORECASE), r"\1 is"),
    (re.compile(r"\b(whats|wheres|hows)\b", re.IGNORECASE), "what is"),
    (re.compile(r"\bthats\b", re.IGNORECASE), "that is"),
    (re.compile(r"\b(i)'(d|ll|m|ve)\b", re.IGNORECASE), r"\1"),
    (re.compile(r"\b(you|we|they)'(d|ll|re|ve)\b", re.IGNORECASE), r"\1"),
    (re.compile(r"(?<=\w)'s\b"), ""),
)
_TOKEN = re.compile(
    r"'(?P<single>[^'\n]{1,200})'|\"(?P<double>[^\"\n]{1,200})\"|`(?P<tick>[^`\n]{1,300})`"
    r"|(?P<plain>--?[A-Za-z][-\w]*(?:=\S+)?|[A-Za-z0-9_.*/][-\w.:/@=%+*!]*(?:,[a-zA-Z][-\w./]*!?==?[-\w.]+)*|[,;?&])"
)
_NAME = re.compile(r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")
_TRAILING = ".:,;!?"


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written; quoted ones are never taken for grammar."""

    text: str
    quoted: bool = False

    @property
    def lower(self) -> str:
        """In lower case; nothing for a quoted one, so that it matches no vocabulary."""
        return "" if self.quoted else self.text.lower()

    @property
    def could_be_name(self) -> bool:
        """Whether Kubernetes would take this as an object's name."""
        return bool(_NAME.match(self.text))

    @property
    def looks_like_name(self) -> bool:
        """Whether hardly anything but a name is written like this: quoted, or with a hyphen or digit inside."""
        if not self.could_be_name or self.text.isdigit():
            return False
        return self.quoted or bool(re.search(r"[a-z0-9]-[a-z0-9]|[a-z]\d", self.text))


def spell_out(text: str) -> str:
    """Plain quotes, and contractions as two words: "don't" must not be a quotation, nor hide a 'not'."""
    plain = " ".join(text.translate(_QUOTES).split())
    for pattern, words in _CONTRACTIONS:
        plain = pattern.sub(words, plain)
    return plain


def split_words(text: str) -> tuple[Word, ...]:
    """Return the words of a spelled-out text; commas and the like are words of their own."""
    words: list[Word] = []
    for match in _TOKEN.finditer(text):
        quoted = match["single"] or match["double"] or match["tick"]
        if quoted is not None:
            words.append(Word(quoted.strip(), quoted=True))
            continue
        plain = match["plain"]
        bare = plain.rstrip(_TRAILING) or plain
        words.append(Word(bare))
        if plain != bare and plain[-1] in ",;?":
            words.append(Word(plain[-1]))
    return tuple(words)
