"""`ai4k8s manifest`: write manifests from plain English, and check them; neither needs anything that runs."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_rag import checking, generating
from ai4k8s_rag.domain.findings import Severity
from ai4k8s_rag.domain.nodes import MAX_CHARACTERS
from ai4k8s_rag.domain.reporting import report_values, sarif
from ai4k8s_rag.domain.scope import Profile
from ai4k8s_rag.knowledge.search import Library, shipped
from ai4k8s_standalone.display import Display
from ai4k8s_standalone.errors import StandaloneError
from ai4k8s_standalone.folder import choose_folder
from ai4k8s_standalone.remote import Remote
from ai4k8s_standalone.state import read_state

if TYPE_CHECKING:
    from ai4k8s_rag.domain.check import Report

UNREADABLE = 2
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_SUFFIXES = frozenset({".yaml", ".yml", ".json"})

EXAMPLES = """Write manifests from plain English, and check them.

\b
Examples:
  ai4k8s manifest "deployment for nginx with 3 replicas and 2GB memory"
  ai4k8s manifest check deploy/ --version 1.31 --profile restricted
  ai4k8s manifest check web.yaml --sarif > findings.sarif
  helm template ./chart | ai4k8s manifest check -
"""


class _WritesByDefault(TyperGroup):
    """`ai4k8s manifest "..."` writes: what is no command is a request."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # typer keeps click's types to itself
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["write", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_WritesByDefault, no_args_is_help=True, help=EXAMPLES, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keeps the commands apart."""


@app.command("write")
def write(
    request: Annotated[str, typer.Argument(help="What is wanted, in plain English.")],
    change: Annotated[
        Path | None, typer.Option("--change", help="A manifest to change; nothing else in it is touched.")
    ] = None,
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Where none is said.")] = "",
    version: Annotated[str | None, typer.Option(help="Of Kubernetes, as 1.31; the newest we know without.")] = None,
    profile: Annotated[Profile, typer.Option(help="The Pod Security Standard.")] = Profile.BASELINE,
    offline: Annotated[bool, typer.Option("--offline", help="By rules, here, without anything that runs.")] = False,
    cluster: Annotated[str | None, typer.Option(help="A cluster's name: its documents are read besides.")] = None,
    url: Annotated[str | None, typer.Option(help="Of the page; what runs with the data folder without.")] = None,
    username: Annotated[str, typer.Option(envvar="AI4K8S_USERNAME", help="Who asks.")] = "admin",
    password: Annotated[str, typer.Option(envvar="AI4K8S_PASSWORD", help="Better by the environment.")] = "",
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Where everything is kept.", file_okay=False, show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Write manifests. Ends with 0, with 1 when something must be asked or is refused.

    By rules, here; with --cluster or --url, and a password, an AI4K8s that runs is asked, which may have a model.
    """
    try:
        text = _read(change) if change is not None else ""
        if offline or not (cluster or url or password):
            wanted = generating.Wanted(request, text, namespace, version, profile)
            result = generating.write(wanted, Library(shipped(), vectors=False)).values()
        else:
            asked = {"request": request, "manifest": text, "namespace": namespace, "version": version}
            result = _asked(url, data_dir, (username, password), cluster, {**asked, "profile": profile.value})
    except (StandaloneError, Ai4k8sError) as error:
        _fail(error)
    if as_json:
        print(json.dumps(result))
    else:
        _show_written(result)
    raise typer.Exit(0 if result["manifests"] and not result["refused"] else 1)


def _asked(
    url: str | None, data_dir: Path | None, who: tuple[str, str], cluster: str | None, body: dict[str, Any]
) -> dict[str, Any]:
    """Ask an AI4K8s that runs. Raises StandaloneError."""
    state = None if url else read_state(choose_folder(data_dir))
    address = url or (state.url if state is not None and state.is_alive() else None)
    if address is None:
        raise StandaloneError("AI4K8s does not run here", "Name the page with --url, or write --offline.")
    with Remote(address) as remote:
        remote.log_in(*who)
        if cluster is not None:
            found = [each for each in remote.ask("GET", "/clusters")["items"] if each["name"] == cluster]
            if len(found) != 1:
                raise StandaloneError(f"there is no one cluster '{cluster}' that you may see", "See the page.")
            body["cluster_id"] = found[0]["id"]
        job = remote.wait_for(remote.ask("POST", "/manifests", body)["job_id"])
        remote.log_out()
    if job["status"] != "completed":
        raise StandaloneError(str(job["error"] or job["message"]), "")
    result: dict[str, Any] = job["result"]
    return result


def _fail(error: StandaloneError | Ai4k8sError) -> NoReturn:
    told = error if isinstance(error, StandaloneError) else StandaloneError(error.detail, error.hint)
    Display(Console(stderr=True, highlight=False, soft_wrap=True)).error(told)
    raise typer.Exit(UNREADABLE) from None


def _show_written(result: dict[str, Any]) -> None:
    """The manifest alone on standard output, so that it can be piped; what it says besides on the other."""
    beside = Console(stderr=True, highlight=False, soft_wrap=True)
    if result["manifests"]:
        print(result["manifests"], end="")
    for each in result["questions"]:
        beside.print(f"[bold yellow]?[/] {escape(each['text'])}")
    if result["refused"]:
        beside.print(f"[bold red]refused[/] {escape(result['refused'])}")
    for words in [*result["changes"], *result["defaults"], *result["notes"]]:
        beside.print(f"[dim]-[/] {escape(words)}")
    for each in result["findings"]:
        if each["severity"] != "info":
            style = _STYLES[Severity(each["severity"])]
            beside.print(f"[{style}]{each['severity']}[/] {escape(each['path'])}: {escape(each['why'])}")
    if result["entries"]:
        beside.print(f"[dim]see: {escape('; '.join(each['title'] for each in result['entries']))}[/]")


@app.command("check")
def check_files(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Files, folders of them, or - for what is piped in.")
    ],
    version: Annotated[str | None, typer.Option(help="Of Kubernetes, as 1.31; the newest we know without.")] = None,
    profile: Annotated[
        Profile, typer.Option(help="The Pod Security Standard that pods are held to.")
    ] = Profile.BASELINE,
    crd: Annotated[
        list[Path] | None, typer.Option(help="CustomResourceDefinitions to check by. Can be repeated.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="For code scanning.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Write the fixes of errors and warnings into the files.")] = False,
) -> None:
    """Check form, meaning and policy. Ends with 0, with 1 when there are errors, with 2 when a file cannot be read."""
    try:
        custom = checking.custom_kinds([_read(path) for path in crd or ()])
        texts = [(name, _read_named(name)) for name in _expanded(files)]
        if fix:
            texts = [(name, _mended(name, text, version, profile, custom)) for name, text in texts]
        reports = [(name, text, checking.check_text(text, version, profile, custom)) for name, text in texts]
    except (StandaloneError, Ai4k8sError) as error:
        _fail(error)
    if as_json:
        print(json.dumps([{"file": name, **report_values(report, text)} for name, text, report in reports]))
    elif as_sarif:
        package = importlib.metadata.version("ai4k8s-standalone")
        print(json.dumps(sarif(((name, report) for name, _, report in reports), package)))
    else:
        for name, _, report in reports:
            _show(name, report)
    worst = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    raise typer.Exit(1 if any(each.severity in worst for _, _, report in reports for each in report.findings) else 0)


def _expanded(names: list[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        path = Path(name)
        if name != "-" and path.is_dir():
            found += sorted(str(each) for each in path.rglob("*") if each.suffix in _SUFFIXES and each.is_file())
        else:
            found.append(name)
    if not found:
        raise StandaloneError("there is no manifest in there", "Files end in .yaml, .yml or .json.")
    return found


def _read_named(name: str) -> str:
    return sys.stdin.read(MAX_CHARACTERS + 1) if name == "-" else _read(Path(name))


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MAX_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise StandaloneError(f"{path} cannot be read: {error}") from None


def _mended(name: str, text: str, version: str | None, profile: Profile, custom: checking.Custom) -> str:
    after = checking.mend_text(text, version, profile, custom)
    if after != text and name != "-":
        Path(name).write_text(after, encoding="utf-8")
    return after


def _show(name: str, report: Report) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for each in report.findings:
        style, place = _STYLES[each.severity], f"{name}:{each.line}:{each.column}"
        console.print(f"{escape(place)} [{style}]{each.severity.value}[/] {escape(each.why)} [dim]{each.rule}[/]")
        if each.fix is not None:
            console.print(f"    [dim]fix: {escape(each.fix.title)}[/]")
    counts = ", ".join(f"{count} {kind}" for kind, count in report.counts.items() if count) or "nothing to say"
    console.print(
        f"{escape(name)}: {len(report.objects)} objects, Kubernetes {report.version}, {report.profile.value}: {counts}"
    )
