"""Reading values of which nothing is known yet, without a type error at every step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_rag.domain.findings import Path


def as_map(value: Any) -> dict[str, Any]:
    """Return a mapping; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str:
    """Return a text; an empty one for anything else."""
    return value if isinstance(value, str) else ""


def as_int(value: Any) -> int | None:
    """Return a whole number; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def dig(value: Any, *path: str | int) -> Any:
    """Return what is at a path; None where there is nothing."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and 0 <= step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def each_map(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the mappings of a list with their paths."""
    for index, item in enumerate(as_list(value)):
        if isinstance(item, dict):
            yield (*path, index), item
