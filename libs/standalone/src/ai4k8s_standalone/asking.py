"""`ai4k8s ask`: what a request in English, or a kubectl line, is understood as: no model, no cluster."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml
from rich.console import Console

from ai4k8s_chat.domain.parsing.parse import parse
from ai4k8s_chat.domain.parsing.parsed import Context, Outcome
from ai4k8s_chat.domain.tools import BY_NAME, Access
from ai4k8s_standalone.errors import StandaloneError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_chat.domain.parsing.parsed import Parsed

METHOD = "rules"


def understood(request: str, cluster: str | None = None, namespace: str | None = None) -> dict[str, Any]:
    """One request as the tool call it means, in plain values."""
    parsed = parse(request, Context(namespace=namespace))
    return {
        "tool": parsed.tool,
        "arguments": _arguments(parsed, cluster),
        "access": parsed.outcome.value,
        "needs_approval": parsed.needs_approval,
        "answer": parsed.answer or _in_words(parsed),
        "choices": list(parsed.choices),
        "notes": _notes(parsed),
        "method": METHOD,
    }


def _arguments(parsed: Parsed, cluster: str | None) -> dict[str, Any]:
    """What was said, and the kind of object also where the tool's name says it."""
    said = dict(parsed.arguments)
    arguments = {"cluster": cluster} if cluster else {}
    if parsed.tool == "resources_create_or_update":
        arguments |= _of_manifest(said.get("manifest", ""))
    if parsed.kind:
        arguments["kind"] = parsed.kind
    return arguments | {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}


def _of_manifest(manifest: str) -> dict[str, Any]:
    """Kind, name and namespace of a manifest of one object."""
    try:
        body = yaml.safe_load(manifest)
    except yaml.YAMLError:
        return {}
    if not isinstance(body, dict) or not isinstance(meta := body.get("metadata"), dict):
        return {}
    found = {"kind": body.get("kind"), "name": meta.get("name"), "namespace": meta.get("namespace")}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _notes(parsed: Parsed) -> list[str]:
    notes = list(parsed.notes)
    if parsed.tool and parsed.outcome is Outcome.WRITE and BY_NAME[parsed.tool].access is Access.PRIVILEGED:
        notes.append("Privileged: off unless an operator switches it on.")
    return notes


def _in_words(parsed: Parsed) -> str:
    if parsed.tool is None:
        return ""
    given = ", ".join(f"{name} {_short(value)}" for name, value in parsed.arguments.items())
    act = BY_NAME[parsed.tool].title
    after = " A plan is shown first; nothing changes before a person approves it." if parsed.needs_approval else ""
    return f"{act}{': ' + given if given else ''}.{after}"


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def requests_of(path: Path) -> Iterator[str]:
    """One request per line; a line that is a JSON string may hold several lines itself. Raises StandaloneError."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StandaloneError(
            f"{path} cannot be read: {error}", "Give a text file with one request per line."
        ) from None
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            decoded = json.loads(line) if line.lstrip().startswith('"') else line
        except ValueError:
            decoded = line
        yield decoded if isinstance(decoded, str) else line


app = typer.Typer(rich_markup_mode=None)


@app.command()
def ask(
    request: Annotated[str | None, typer.Argument(help="What you want to know or change, or a kubectl line.")] = None,
    cluster: Annotated[str | None, typer.Option(help="The cluster's name or id.")] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Where, when the request does not say.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use no model: rules alone.")] = False,
    plan_only: Annotated[bool, typer.Option("--plan-only", help="Run no tool: say which would be called.")] = False,
    from_file: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="One request per line; one JSON line each. - is stdin."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Say what a request means: the tool, its arguments, and whether it reads, writes, asks back or is refused.

    A write is never carried out from here: it becomes a plan that a person approves on the page.
    """
    if (request is None) == (from_file is None):
        raise StandaloneError("give either a request or --from FILE", 'For example: ai4k8s ask "show pods in shop"')
    if not plan_only:
        raise StandaloneError(
            "answering needs the chat of a running installation",
            "Add --plan-only to see what would be called, or ask on the Chat page.",
        )
    del offline  # understanding is by rules either way; with a running installation a model may word the answer
    requests = requests_of(from_file) if from_file is not None else iter([request or ""])
    for each in requests:
        answer = understood(each, cluster, namespace)
        if as_json or from_file is not None:
            sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        else:
            _show(answer)


def _show(answer: dict[str, Any]) -> None:
    console = Console(highlight=False)
    console.print(answer["answer"], markup=False)
    for choice in answer["choices"]:
        console.print(f"  - {choice}", markup=False)
    if answer["tool"]:
        console.print(f"[dim]{answer['access']}: {answer['tool']}[/dim]")
        for name, value in answer["arguments"].items():
            console.print(f"  {name}: {value}", markup=False)
    for note in answer["notes"]:
        console.print(note, markup=False)
