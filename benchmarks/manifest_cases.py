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


def unmet(expectations: list[str], objects: list[dict[str, Any]], questions: list[str]) -> list[str]:
    """Return the expectations that a draft does not meet."""
    return [each for each in expectations if not _meets(each, objects, questions)]


def _meets(expectation: str, objects: list[dict[str, Any]], questions: list[str]) -> bool:
    if expectation.startswith("ask "):
        return expectation[4:] in questions
    if expectation.startswith("count "):
        return len(objects) == int(expectation[6:])
    if expectation.startswith("!"):
        return all(each["kind"] != expectation[1:] for each in objects)
    subject, _, rest = expectation.partition(" ")
    kind, _, name = subject.partition("/")
    found = next((each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)), None)
    if found is None and not name and not rest:
        return any(each["kind"] == kind for each in objects)
    if found is None or not rest:
        return found is not None
    if "=>" in rest:  # a key with dots in it
        path, _, rest = rest.partition("=>")
        key, _, value = rest.partition("=")
        return bool(_at(found, [*path.split("."), key]) in _read(value))
    path, _, value = rest.partition("=")
    return bool(_at(found, path.split(".")) in _read(value))


def _read(value: str) -> list[Any]:
    try:
        return [yaml.safe_load(value)]
    except yaml.YAMLError:
        return [value]


def _at(value: Any, steps: list[str]) -> Any:
    for step in steps:
        if isinstance(value, list):
            value = value[int(step)] if step.isdigit() and int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value
