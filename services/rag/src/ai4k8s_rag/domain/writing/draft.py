"""What is being written: objects, and what was assumed or must be asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

Obj = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """Something that must be known and was not said."""

    field: str  # image, name, host, service, ...
    text: str


@dataclass(slots=True)
class Draft:
    """Manifests in the making."""

    objects: list[Obj] = field(default_factory=list)
    defaults: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def assume(self, words: str) -> None:
        """State a choice that nobody made."""
        if words not in self.defaults:
            self.defaults.append(words)

    def ask(self, name: str, text: str) -> None:
        """Ask for something, once."""
        if all(each.field != name or each.text != text for each in self.questions):
            self.questions.append(Question(name, text))

    def text(self) -> str:
        """Return the objects as YAML."""
        return "---\n".join(_dumped(each) for each in self.objects)


class _Dumper(yaml.SafeDumper):
    """Writes lists without anchors: a label set used twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - its base's signature
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _dumped(value: Obj) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=4096, allow_unicode=True)
