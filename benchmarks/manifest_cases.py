"""The manifests of benchmarks/manifests: read, and changed as each case says. Shared by the benchmark and the tests."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from ai4k8s_rag.domain.editing import apply_edits
from ai4k8s_rag.domain.findings import Act, Edit

FOLDER = Path(__file__).parent / "manifests"
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def load(name: str) -> Any:
    """Return one of the files."""
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def bases() -> dict[str, str]:
    """Return the good manifests that all cases begin from."""
    found: dict[str, str] = load("bases.yaml")
    return found


def path_of(text: str) -> tuple[str | int, ...]:
    """Read a path like spec.containers[0].image; a key may be quoted in brackets: labels['a.b/c']."""
    if text.startswith("spec.template.spec.containers[0].resources.") and ("/" in text or "hugepages" in text):
        head, _, tail = text.rpartition("resources.")
        part, _, name = tail.partition(".")
        return (*path_of(f"{head}resources"), part, name)
    return tuple(int(number) if number else word for number, word in _STEP.findall(text))


def text_of(case: dict[str, Any]) -> str:
    """Return the text of one case."""
    text = bases()[case["base"]]
    edits = [Edit(Act.SET, path_of(path), value) for path, value in case.get("set", {}).items()]
    edits += [Edit(Act.REMOVE, path_of(path)) for path in case.get("remove", [])]
    text = apply_edits(text, case.get("document", 0), edits)
    if "append" in case:
        text = f"{text}---\n{case['append']}"
    return f"{text}{case.get('append_raw', '')}"
