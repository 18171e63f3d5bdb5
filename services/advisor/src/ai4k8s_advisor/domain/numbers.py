"""Which numbers a text names, and which of them no fact holds.

A model that is asked to word facts must not bring figures of its own. Facts are handed to it as they shall be written,
so every number of an honest text is, digit for digit, one of theirs.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Dates and times are one number each; so are words with digits inside, as in 'web2' or 'p95'.
_TOKEN = re.compile(
    r"\d{4}-\d{2}-\d{2}"
    r"|\d{1,2}:\d{2}(?::\d{2})?"
    r"|[A-Za-z_][A-Za-z_]*\d\w*"
    r"|\d+[A-Za-z]+\d\w*"
    r"|\d+(?:,\d{3})+(?:\.\d+)?"
    r"|\d+(?:\.\d+)?|\.\d+"
)
_FIRST_WORDS = """
two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: str(value) for value, word in enumerate(_FIRST_WORDS.split(), start=2)}
_WORDS |= {word: str(10 * value) for value, word in enumerate(_TENS.split(), start=2)}
#: Figures that no fact is ever written in.
_VAGUE = frozenset(
    {
        "double", "doubles", "doubled", "twice", "triple", "tripled", "thrice", "half", "halved", "quarter", "third",
        "dozen", "hundred", "hundreds", "thousand", "thousands", "million", "millions", "billion",
    }
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z]+")


def strangers(text: str, facts: Iterable[str]) -> tuple[str, ...]:
    """Return the numbers of a text that are in none of the facts, in order and once each."""
    known = {number for fact in facts for number in numbers_in(fact)}
    return tuple(dict.fromkeys(number for number in numbers_in(text) if number not in known))


def numbers_in(text: str) -> Iterator[str]:
    """Yield the numbers of a text, written one way: '8.40' as '8.4', '1,200' as '1200', 'seven' as '7'."""
    plain = unicodedata.normalize("NFKC", text)
    for match in _TOKEN.finditer(plain):
        yield _written(match.group())
    for match in _WORD.finditer(plain):
        word = match.group().lower()
        if word in _WORDS:
            yield _WORDS[word]
        elif word in _VAGUE:
            yield word
    for character in plain:
        # Numerals of other scripts and fractions; decimal digits of any script are above.
        if not character.isdecimal() and unicodedata.numeric(character, None) is not None:
            yield character


def _written(token: str) -> str:
    if any(mark in token for mark in ":-") or any(character.isalpha() or character == "_" for character in token):
        return token.lower()
    whole, _, part = token.replace(",", "").partition(".")
    part = part.rstrip("0")
    digits = "".join(str(unicodedata.decimal(character)) for character in whole).lstrip("0") or "0"
    return f"{digits}.{part}" if part else digits
