"""The objects of a text and where they stand in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.nodes import Mark, Node, Parsed, key_text, plain
from ai4k8s_rag.domain.reading import as_list, as_map, as_text

if TYPE_CHECKING:
    from ai4k8s_rag.domain.findings import Path


@dataclass(frozen=True, slots=True)
class Thing:
    """One object: a document of the text, or an item of a List in it."""

    document: int
    root: Node
    base: Path
    value: dict[str, Any]

    @property
    def api_version(self) -> str:
        """As written; empty without."""
        return as_text(self.value.get("apiVersion"))

    @property
    def group(self) -> str:
        """Of the API; empty for the core."""
        return self.api_version.rpartition("/")[0]

    @property
    def kind(self) -> str:
        """As written; empty without."""
        return as_text(self.value.get("kind"))

    @property
    def metadata(self) -> dict[str, Any]:
        """Never None."""
        return as_map(self.value.get("metadata"))

    @property
    def spec(self) -> dict[str, Any]:
        """Never None."""
        return as_map(self.value.get("spec"))

    @property
    def name(self) -> str:
        """Empty without, or where it is no text."""
        return as_text(self.metadata.get("name"))

    @property
    def namespace(self) -> str:
        """What it means, not only what is written."""
        return as_text(self.metadata.get("namespace")) or "default"

    @property
    def labels(self) -> dict[str, Any]:
        """Never None."""
        return as_map(self.metadata.get("labels"))

    @property
    def subject(self) -> str:
        """Kind/name, for people."""
        return f"{self.kind or 'object'}/{self.name or '?'}"

    def span(self, path: Path) -> tuple[Mark, Mark]:
        """Return where a path stands; where it does not exist, the key of what should hold it."""
        node = self.root.at(self.base)
        if node is None:
            return self.root.start, self.root.start
        start, end = node.start, node.start
        for step in path:
            child = node.get(step)
            if child is None:
                return start, end
            pair = node.pair(step) if isinstance(step, str) else None
            start = child.start if pair is None else pair[0].start
            end = child.end if child.kind == "scalar" else (start if pair is None else pair[0].end)
            node = child
        return start, end


def things_in(documents: list[Parsed]) -> list[Thing]:
    """Return the objects; documents that are empty or no mapping are left out."""
    found: list[Thing] = []
    for number, parsed in enumerate(documents):
        if parsed.root.kind != "map":
            continue
        value = plain(parsed.root)
        if value.get("kind") == "List" and value.get("apiVersion") == "v1":
            found += [
                Thing(number, parsed.root, ("items", index), item)
                for index, item in enumerate(as_list(value.get("items")))
                if isinstance(item, dict)
            ]
        else:
            found.append(Thing(number, parsed.root, (), value))
    return found


__all__ = ["Thing", "key_text", "things_in"]
