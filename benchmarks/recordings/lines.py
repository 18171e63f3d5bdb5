"""The recordings as they lie in their files, typed, with what belongs to their stand-in kubelet renamed to ours."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# The recordings' stand-in kubelet was steered by annotations; the simulated cluster has the same under its own name.
_RENAMED = (
    ('fake/crash": "true"', 'sim.ai4k8s.io/exit-code": "1"'),
    (r"fake/crash\": \"true\"", r"sim.ai4k8s.io/exit-code\": \"1\""),
    ("fake/crash: true", "sim.ai4k8s.io/exit-code: 1"),
    ("fake/ready", "sim.ai4k8s.io/ready"),
)


@dataclass(frozen=True)
class Exchange:
    """One line of requests.jsonl."""

    scenario: str
    topic: str
    n: int
    step: str
    method: str
    path: str
    headers: dict[str, str]
    caller: str | None
    body: Any
    status: int | None
    response_headers: dict[str, str]
    response: Any
    took_seconds: float
    waited: bool
    excerpt: bool
    watch_events: list[Any] | None
    closed_by: str | None
    stream_seconds: float | None
    observed: Any


@dataclass(frozen=True)
class Command:
    """One line of kubectl.jsonl."""

    scenario: str
    topic: str
    n: int
    command: str
    stdin: str | None
    files: dict[str, str]
    exit_code: int
    stdout: str
    stderr: str
    took_seconds: float


@dataclass
class Scenario:
    """Lines that depend on one another, in order."""

    name: str
    topic: str
    exchanges: list[Exchange] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    @property
    def stores_managed_fields(self) -> bool:
        """Say whether field ownership was kept: where it plays no part, it was left out of the recording."""
        return any("managedFields" in json.dumps([one.response, one.watch_events]) for one in self.exchanges)


def _read(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    text = path.read_text()
    for theirs, ours in _RENAMED:
        text = text.replace(theirs, ours)
    for line in text.splitlines():
        yield json.loads(line)


def _exchange(raw: dict[str, Any]) -> Exchange:
    return Exchange(
        scenario=raw["scenario"],
        topic=raw["topic"],
        n=raw["n"],
        step=raw["step"],
        method=raw["method"],
        path=raw.get("path") or "",
        headers=raw.get("headers") or {},
        caller=raw.get("as"),
        body=raw.get("body"),
        status=raw.get("status"),
        response_headers=raw.get("response_headers") or {},
        response=raw.get("response"),
        took_seconds=raw.get("took_s") or 0.0,
        waited=bool(raw.get("waited")),
        excerpt=bool(raw.get("excerpt")),
        watch_events=raw.get("watch_events"),
        closed_by=raw.get("closed_by"),
        stream_seconds=raw.get("stream_s"),
        observed=raw.get("observed"),
    )


def _command(raw: dict[str, Any]) -> Command:
    return Command(
        scenario=raw["scenario"],
        topic=raw["topic"],
        n=raw["n"],
        command=raw["command"],
        stdin=raw.get("stdin"),
        files=raw.get("files") or {},
        exit_code=raw["exit"],
        stdout=raw["stdout"],
        stderr=raw["stderr"],
        took_seconds=raw["took_s"],
    )


def load(directory: Path) -> list[Scenario]:
    """Return every scenario of a directory. Raises FileNotFoundError when it holds none."""
    found: dict[str, Scenario] = {}
    for raw in _read(directory / "requests.jsonl"):
        one = _exchange(raw)
        found.setdefault(one.scenario, Scenario(one.scenario, one.topic)).exchanges.append(one)
    for raw in _read(directory / "kubectl.jsonl"):
        command = _command(raw)
        topic = command.scenario if command.topic == "kubectl" else command.topic
        found.setdefault(command.scenario, Scenario(command.scenario, topic)).commands.append(command)
    if not found:
        raise FileNotFoundError(f"neither requests.jsonl nor kubectl.jsonl is in {directory}")
    return list(found.values())
