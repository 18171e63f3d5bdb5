"""A part imports only what its own pyproject names, or what common names for everybody.

That something happens to be installed with something else is luck, and ends with that other's next release.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PARTS = sorted(path.parent for kind in ("libs", "services") for path in (ROOT / kind).glob("*/pyproject.toml"))
COMMON = ROOT / "libs" / "common"


def plain(requirement: str) -> str:
    """The distribution's name, as PEP 503 compares them."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]).lower()


@cache
def project(folder: Path) -> dict[str, object]:
    return dict(tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"])


def declared(folder: Path) -> set[str]:
    own = project(folder)
    requirements = list(own["dependencies"])  # type: ignore[call-overload]
    if folder == COMMON:  # its extras are for those who ask for them; its own modules may use all
        requirements += [item for extra in own["optional-dependencies"].values() for item in extra]  # type: ignore[attr-defined]
    names = {plain(own["name"]), *map(plain, requirements)}  # type: ignore[arg-type]
    for requirement in requirements:
        if plain(requirement) == "ai4k8s-common":
            extras = re.search(r"\[(.*?)\]", requirement)
            names |= {plain(item) for item in project(COMMON)["dependencies"]}  # type: ignore[attr-defined]
            for extra in extras[1].split(",") if extras else ():
                names |= {plain(item) for item in project(COMMON)["optional-dependencies"][extra.strip()]}  # type: ignore[index]
    return names


def imports(source: str) -> Iterator[str]:
    """Top-level names a module imports anywhere but under TYPE_CHECKING, which runs nowhere."""
    pending: list[ast.AST] = [ast.parse(source)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
        pending += ast.iter_child_nodes(node)


@pytest.mark.parametrize("folder", PARTS, ids=lambda folder: folder.name)
def test_a_part_imports_only_what_is_declared(folder: Path) -> None:
    providers, allowed = packages_distributions(), declared(folder)
    undeclared = set()
    for path in folder.glob("src/**/*.py"):
        for name in imports(path.read_text(encoding="utf-8")):
            top = name.partition(".")[0]
            if top in sys.stdlib_module_names:
                continue
            if not {plain(provider) for provider in providers.get(top, [top])} & allowed:
                undeclared.add(f"{path.relative_to(ROOT)}: {name}")
    assert not undeclared


def test_an_import_inside_a_function_counts_and_one_for_types_does_not() -> None:
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy\ndef f():\n    import httpx\n"
    assert set(imports(source)) == {"typing", "httpx"}
