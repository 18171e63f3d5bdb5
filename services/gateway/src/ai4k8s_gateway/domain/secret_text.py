"""Takes the values out of Secrets in a manifest before it travels: what is queued and stored never holds them.

Text is changed, not parsed: length and kinds of characters stay, so that positions, quotes and base64 are still what
they were for whoever checks the text.
"""

from __future__ import annotations

import re
from itertools import pairwise

_SECRET = re.compile(r"""["']?kind["']?\s*:\s*["']?Secret(?:List)?\b""")
_DATA = re.compile(r"""(?m)^(?P<indent>[ \t-]*)["']?(?:data|stringData)["']?[ \t]*:(?P<rest>.*)$""")
_FLOW = re.compile(r"""["']?\b(?:data|stringData)\b["']?\s*:\s*\{""")
_VALUE = re.compile(r"""(?m)^(?P<key>[ \t]*(?:"[^"\n]*"|'[^'\n]*'|[^\s:#][^:\n]*):)(?P<value>[ \t].*)?$""")
_LETTER, _DIGIT = re.compile(r"[A-Za-z]"), re.compile(r"[0-9]")
_DOCUMENT = re.compile(r"(?m)^---(?=\s|$)")


def masked(text: str) -> str:
    """Return the text with other letters and digits in the place of each Secret's data."""
    starts = [0, *(found.start() for found in _DOCUMENT.finditer(text)), len(text)]
    return "".join(_document(text[start:end]) for start, end in pairwise(starts))


def holds_secret_data(text: str) -> bool:
    """Whether there is a Secret with data in the text."""
    return masked(text) != text


def _document(text: str) -> str:
    if not _SECRET.search(text):
        return text
    flow = _FLOW.search(text)
    if flow is not None:  # JSON, or braces: everything from there on
        return text[: flow.end()] + _blank(text[flow.end() :])
    done, position = "", 0
    for found in _DATA.finditer(text):
        if found.start() < position:
            continue
        end = _block_end(text, found)
        done += text[position : found.start("rest")] + _values(text[found.start("rest") : end])
        position = end
    return done + text[position:]


def _block_end(text: str, found: re.Match[str]) -> int:
    """Return where lines are no deeper than the key any more."""
    depth = len(found["indent"].replace("-", " "))
    position = found.end()
    while position < len(text):
        line_end = text.find("\n", position + 1)
        line_end = len(text) if line_end < 0 else line_end
        line = text[position:line_end].lstrip("\n")
        if line.strip() and len(line) - len(line.lstrip(" \t")) <= depth and not line.lstrip().startswith("#"):
            break
        position = line_end
    return position


def _values(block: str) -> str:
    return "\n".join(_line(line) for line in block.split("\n"))


def _line(line: str) -> str:
    found = _VALUE.match(line)
    return _blank(line) if found is None else found["key"] + _blank(found["value"] or "")


def _blank(text: str) -> str:
    return _DIGIT.sub("0", _LETTER.sub("A", text))
