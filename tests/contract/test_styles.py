"""Style sheets are loaded as pages are opened and then stay: a class that two of them style looks different after a visit."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "services" / "gateway" / "web" / "src"
#: A rule for a class by itself, or for a part or state of it; not `.this .that`, which adds to a place of one's own.
RULE = re.compile(r"^\s*(\.[a-z][a-z0-9-]*)(?=\s*(?:::?[a-z-]+)?\s*[{,])", re.MULTILINE)


def test_a_class_is_styled_by_one_sheet_only():
    sheets = defaultdict(set)
    for sheet in SOURCES.rglob("*.css"):
        for name in RULE.findall(sheet.read_text(encoding="utf-8")):
            sheets[name].add(sheet.relative_to(SOURCES).as_posix())
    assert len(sheets) > 50
    assert {name: found for name, found in sheets.items() if len(found) > 1} == {}
