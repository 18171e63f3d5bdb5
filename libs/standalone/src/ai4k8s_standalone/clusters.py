"""`ai4k8s cluster`: add a cluster from the machine where its kubeconfig and the files it names are."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.kubeconfig_files import inline_files, only_context
from ai4k8s_standalone.display import Display
from ai4k8s_standalone.errors import StandaloneError
from ai4k8s_standalone.folder import choose_folder
from ai4k8s_standalone.remote import Remote
from ai4k8s_standalone.state import read_state

_HELP = """Add clusters to AI4K8s from this machine.

Certificates, keys and token files that the kubeconfig names are put into it; of several contexts only the chosen one is
sent. Programs it would run to log in (EKS, GKE, AKS) are refused; docs/rights.md has the commands that make a service
account instead.

\b
Examples:
  ai4k8s cluster add                                    the current context of ~/.kube/config
  ai4k8s cluster add --kubeconfig prod.yaml --context main --name prod-eu --label env=prod
  ai4k8s cluster add --bastion me@bastion.example.org --bastion-key ~/.ssh/ai4k8s
  ai4k8s cluster add --url https://ai4k8s.example.org --username ada
"""
_BASTION = re.compile(r"(?P<user>[^@\s:]+)@(?P<host>\[[0-9a-fA-F:]+\]|[^@\s:]+)(:(?P<port>\d+))?")
_SIGNS = {"passed": "ok", "failed": "NO", "absent": "-", "skipped": "..."}

app = typer.Typer(no_args_is_help=True, help=_HELP, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keeps `add` a command of its own."""


@app.command()
def add(
    kubeconfig: Annotated[
        Path | None, typer.Option(dir_okay=False, help="File; without it $KUBECONFIG or ~/.kube/config.")
    ] = None,
    context: Annotated[str | None, typer.Option(help="Which of its contexts; without it the current one.")] = None,
    name: Annotated[str | None, typer.Option(help="What it is called here; without it the context's name.")] = None,
    url: Annotated[str | None, typer.Option(help="Address of the page; without it the one that runs here.")] = None,
    username: Annotated[str | None, typer.Option(envvar="AI4K8S_USERNAME", help="Who you are there.")] = None,
    namespace: Annotated[list[str] | None, typer.Option(help="Watch only this one. Can be repeated.")] = None,
    label: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="Can be repeated.")] = None,
    prometheus: Annotated[str | None, typer.Option(help="Address of the cluster's Prometheus.")] = None,
    bastion: Annotated[str | None, typer.Option(metavar="USER@HOST[:PORT]", help="SSH server to go through.")] = None,
    bastion_key: Annotated[Path | None, typer.Option(dir_okay=False, help="Private key for the bastion.")] = None,
    start: Annotated[bool, typer.Option("--start/--no-start", help="Start monitoring at once.")] = True,
    yes: Annotated[bool, typer.Option("--yes", help="Believe the bastion's host key without asking.")] = False,
) -> None:
    """Add a cluster, then test its connection and print the result line by line. Ends with 1 when it does not work.

    The password is asked for, or taken from $AI4K8S_PASSWORD.
    """
    display = Display()
    try:
        text = read_kubeconfig(kubeconfig, context)
        with Remote(url or _running_here()) as remote:
            remote.log_in(username or typer.prompt("Username"), _password())
            body: dict[str, Any] = {
                "name": name or _name_of(text),
                "kubeconfig": text,
                "prometheus_url": prometheus,
                "namespaces": namespace or [],
                "labels": dict(_pair(item) for item in label or ()),
                "start_monitoring": start,
            }
            if bastion is not None:
                body["bastion"] = _bastion(remote, display, bastion, bastion_key, yes=yes)
            cluster = remote.ask("POST", "/clusters", body)
            display.line(f"added {cluster['name']} ({cluster['api_url']}); testing its connection ...")
            job = remote.wait_for(remote.ask("POST", f"/clusters/{cluster['id']}/test")["job_id"])
            remote.log_out()
    except Ai4k8sError as error:
        display.error(StandaloneError(error.detail, error.hint))
        raise typer.Exit(1) from None
    except StandaloneError as error:
        display.error(error)
        raise typer.Exit(1) from None
    result = job["result"] or {}
    _print_lines(display, result.get("checks", []))
    display.headline(job["error"] or job["message"])
    raise typer.Exit(0 if result.get("ok") else 1)


def read_kubeconfig(path: Path | None, context: str | None) -> str:
    """Return one context with everything it names inside. Raises StandaloneError, InvalidInputError."""
    if path is None:
        first = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
        path = Path(first) if first else Path.home() / ".kube" / "config"
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StandaloneError(f"{path} cannot be read: {error}", "Name the file with --kubeconfig.") from None
    return inline_files(only_context(text, context), path.expanduser().resolve().parent)


def _running_here() -> str:
    state = read_state(choose_folder(None))
    if state is None or state.url is None or not state.is_alive():
        raise StandaloneError("AI4K8s does not run here", "Give the address of the page with --url.")
    return state.url


def _password() -> str:
    return os.environ.get("AI4K8S_PASSWORD") or str(typer.prompt("Password", hide_input=True))


def _name_of(text: str) -> str:
    found = re.search(r"^current-context: *['\"]?(.+?)['\"]?$", text, re.MULTILINE)
    last = re.split(r"[/@:]", found.group(1))[-1] if found else ""
    return re.sub(r"[^a-z0-9._-]+", "-", last.lower()).strip("-._")[:63] or "cluster"


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key, value


def _bastion(remote: Remote, display: Display, text: str, key: Path | None, *, yes: bool) -> dict[str, Any]:
    found = _BASTION.fullmatch(text)
    if found is None or key is None:
        raise StandaloneError("a bastion is given as --bastion USER@HOST[:PORT] and --bastion-key FILE")
    try:
        private_key = key.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StandaloneError(f"{key} cannot be read: {error}") from None
    address = {"host": found["host"].strip("[]"), "port": int(found["port"] or 22)}
    job = remote.wait_for(remote.ask("POST", "/clusters/bastion-host-key", address)["job_id"])
    if job["status"] != "completed":
        raise StandaloneError(str(job["error"]))
    shown = job["result"]
    display.line(f"{address['host']} shows the host key {shown['fingerprint']}")
    if not yes and not typer.confirm("Is that the bastion's? There, `ssh-keygen -lf` of its public key prints it."):
        raise StandaloneError("the bastion's host key was not confirmed", "Nothing was added.")
    passphrase = os.environ.get("AI4K8S_BASTION_PASSPHRASE")
    if passphrase is None and _is_encrypted(private_key):
        passphrase = str(typer.prompt("Passphrase of the key", hide_input=True))
    secret = {"private_key": private_key, "passphrase": passphrase, "host_key": shown["host_key"]}
    return {**address, "user": found["user"], **secret}


def _is_encrypted(private_key: str) -> bool:
    """Whether a key needs a passphrase: PEM says so in words, OpenSSH names its cipher first."""
    if "ENCRYPTED" in private_key:
        return True
    body = "".join(line for line in private_key.splitlines() if not line.startswith("-----"))
    try:
        raw = base64.b64decode(body, validate=True)
    except ValueError:
        return False
    return raw.startswith(b"openssh-key-v1\0") and b"none" not in raw[15:27]


def _print_lines(display: Display, lines: list[dict[str, Any]]) -> None:
    for line in lines:
        sign = _SIGNS.get(line["outcome"], "?")
        display.line(f"{sign:>4}  {line['title']}{': ' + line['detail'] if line['detail'] else ''}")
        if line["outcome"] == "failed" and line["hint"]:
            display.line(f"      {line['hint']}")
