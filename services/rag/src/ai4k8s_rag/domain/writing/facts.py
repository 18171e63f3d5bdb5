"""What the words of one object say, and the text they are taken from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Facts:
    """What was found; None or empty for what was not said."""

    name: str = ""
    names: tuple[str, ...] = ()
    namespace: str = ""
    image: str = ""
    software: str = ""
    replicas: int | None = None
    requests: dict[str, str] = field(default_factory=dict)
    limits: dict[str, str] = field(default_factory=dict)
    amounts: dict[str, str] = field(default_factory=dict)  # said neither as a request nor as a limit
    ports: list[int] = field(default_factory=list)
    target_port: int | None = None
    node_port: int | None = None
    protocol: str = ""
    service_type: str = ""
    headless: bool = False
    env: dict[str, str] = field(default_factory=dict)
    env_from: list[tuple[str, str, str, str]] = field(default_factory=list)  # variable, kind, name, key
    env_all: list[tuple[str, str]] = field(default_factory=list)  # kind, name
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    args: list[str] = field(default_factory=list)
    probes: dict[str, dict[str, Any]] = field(default_factory=dict)
    storage: str = ""
    storage_class: str = ""
    access_mode: str = ""
    mount_path: str = ""
    mounts: list[tuple[str, str, str]] = field(default_factory=list)  # kind, name, path
    schedule: str = ""
    schedule_remark: str = ""
    time_zone: str = ""
    least: int | None = None
    most: int | None = None
    targets: dict[str, int] = field(default_factory=dict)  # resource -> percent
    host: str = ""
    path: str = ""
    tls: bool = False
    tls_secret: str = ""
    class_name: str = ""
    pairs: dict[str, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    service_account: str = ""
    container: str = ""
    pull_secret: str = ""
    flags: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    node_selector: dict[str, str] = field(default_factory=dict)
    init: tuple[str, str] | None = None  # image, command
    sidecar: tuple[str, str] | None = None
    numbers: dict[str, int] = field(default_factory=dict)


class Reader:
    """A text of which what was understood is taken away, so that no word is read twice."""

    def __init__(self, text: str) -> None:
        self.text = text

    def take(self, pattern: str) -> re.Match[str] | None:
        """Return and blank out the first match."""
        found = re.search(pattern, self.text, re.IGNORECASE)
        if found is not None:
            self._blank(found)
        return found

    def take_all(self, pattern: str) -> list[re.Match[str]]:
        """Return and blank out all matches."""
        found = list(re.finditer(pattern, self.text, re.IGNORECASE))
        for each in found:
            self._blank(each)
        return found

    def has(self, pattern: str) -> bool:
        """Whether it is said."""
        return re.search(pattern, self.text, re.IGNORECASE) is not None

    def _blank(self, found: re.Match[str]) -> None:
        self.text = self.text[: found.start()] + " " * (found.end() - found.start()) + self.text[found.end() :]
