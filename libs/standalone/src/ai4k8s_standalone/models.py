"""Language models on one machine: the local one that `up --with-local-llm` serves, and `ai4k8s models`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from ai4k8s_standalone import llm_server
from ai4k8s_standalone.display import Display
from ai4k8s_standalone.errors import StandaloneError
from ai4k8s_standalone.folder import choose_folder, read_json
from ai4k8s_standalone.ports import LOOPBACK
from ai4k8s_standalone.process import Command
from ai4k8s_standalone.specs import ProcessSpec, ProcessState, Stage
from ai4k8s_standalone.state import read_state
from ai4k8s_standalone.vault import open_vault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ai4k8s_common.llm.settings import Provider
    from ai4k8s_standalone.folder import DataFolder
    from ai4k8s_standalone.plan import Plan

PROCESS = "local-llm"
# Everything under these names belongs to the services that ask models, and to nobody else.
PREFIXES = ("AI4K8S_LLM_", "GPT_OSS_", "GROQ_", "ANTHROPIC_")

_HELP = """The language models that AI4K8s may ask.

\b
Examples:
  ai4k8s up --with-local-llm                       a small one on this machine; no account, nothing leaves
  ai4k8s up --local-llm-model qwen3-8b.gguf        a better one
  GROQ_API_KEY=... ai4k8s models test              whether a provider answers
"""
app = typer.Typer(no_args_is_help=True, help=_HELP, rich_markup_mode=None)


def chosen_model(wanted: bool, file: Path | None) -> Path | None:
    """Return the file to serve; None: no local model is wanted. Raises StandaloneError."""
    if file is not None:
        llm_server.require_server()
        return file.expanduser().resolve()
    return llm_server.bundled_model() if wanted else None


def local_address(port: int) -> str:
    """Where the local model answers."""
    return f"http://{LOOPBACK}:{port}/v1"


def model_environment(plan: Plan) -> dict[str, str]:
    """What the services that ask models are given: the person's settings, and the local model if there is one."""
    given = {name: value for name, value in os.environ.items() if name.startswith(PREFIXES)}
    if plan.wishes.local_model is None:
        return given
    for suffix in ("", "_FILE", "_COMMAND"):  # of another server
        given.pop(f"GPT_OSS_API_BASE{suffix}", None)
        given.pop(f"GPT_OSS_API_KEY{suffix}", None)
        given.pop(f"GPT_OSS_MODEL{suffix}", None)
    local = _local_settings(plan.ports.local_llm, plan.vault.local_llm_key)
    return {**given, **local, "GPT_OSS_MODEL": llm_server.model_name(plan.wishes.local_model)}


def _local_settings(port: int, key: str) -> dict[str, str]:
    return {"GPT_OSS_API_BASE": local_address(port), "GPT_OSS_API_KEY": key}


def local_model_specs(plan: Plan) -> Iterator[ProcessSpec]:
    """The local model's server, if one is wanted. Others can do without it: rules answer then."""
    if plan.wishes.local_model is None:
        return
    command = Command(
        name=PROCESS,
        arguments=(
            sys.executable,
            *("-m", "ai4k8s_standalone.llm_server"),
            *("--model", str(plan.wishes.local_model), "--port", str(plan.ports.local_llm)),
            *("--threads", str(plan.wishes.local_model_threads)),
        ),
        working_directory=plan.folder.run,
        environment={"PYTHONUNBUFFERED": "1", llm_server.KEY_VARIABLE: plan.vault.local_llm_key},
        stop_within_seconds=8.0,
    )
    yield ProcessSpec(
        name=PROCESS,
        stage=Stage.CLUSTER,
        prepare=lambda: command,
        ready_line=llm_server.READY_LINE,
        ready_within_seconds=120.0,  # gigabytes from a slow disk
    )


@app.callback()
def _group() -> None:
    """Keeps `test` a command of its own."""


@app.command("test")
def ask_models(
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Where everything is kept.", file_okay=False, show_default=False)
    ] = None,
) -> None:
    """Ask each configured model one tiny question. Ends with 0 when all answer, 1 when one does not, 3 without any.

    Goes by the environment of this shell, and by the local model that runs with the data folder.
    """
    display = Display()
    try:
        for name, value in _running_local_model(choose_folder(data_dir), os.environ).items():
            os.environ[name] = value
        ok = _ask_all(display)
    except StandaloneError as error:
        display.error(error)
        raise typer.Exit(1) from None
    raise typer.Exit({True: 0, False: 1, None: 3}[ok])


def _running_local_model(folder: DataFolder, environment: Mapping[str, str]) -> dict[str, str]:
    state = read_state(folder)
    if "GPT_OSS_API_BASE" in environment or state is None or not state.is_alive():
        return {}
    if not any(process.name == PROCESS and process.state == ProcessState.READY for process in state.processes):
        return {}
    ports = read_json(folder.ports_file)
    if not isinstance(ports, dict) or "local_llm" not in ports:
        return {}
    return _local_settings(int(ports["local_llm"]), open_vault(folder.secrets_file).local_llm_key)


def _ask_all(display: Display) -> bool | None:
    """Print a line a model; None: none is configured. Raises StandaloneError."""
    from ai4k8s_common.errors import Ai4k8sError  # noqa: PLC0415 - only here
    from ai4k8s_common.llm.build import build_model  # noqa: PLC0415
    from ai4k8s_common.llm.check import check_models  # noqa: PLC0415
    from ai4k8s_common.llm.settings import ModelSettings  # noqa: PLC0415
    from ai4k8s_common.llm.types import Use  # noqa: PLC0415

    try:
        settings = ModelSettings.read()
        asked: set[tuple[Provider, str]] = set()
        checks = []
        for use in Use:
            chain = build_model(settings, use)
            fresh = tuple(r for r in chain.rungs if (r.endpoint.provider, r.endpoint.model) not in asked)
            asked |= {(rung.endpoint.provider, rung.endpoint.model) for rung in fresh}
            checks += list(check_models(chain.only(fresh), use))
    except Ai4k8sError as error:
        raise StandaloneError(error.detail, error.hint) from None
    except ValueError as error:
        raise StandaloneError(f"a setting makes no sense: {error}") from None
    if not checks:
        display.note("no model is configured: set GROQ_API_KEY, ANTHROPIC_API_KEY or GPT_OSS_API_BASE (docs/models.md)")
        return None
    table = Table("provider", "model", "", "seconds", "says", box=None, pad_edge=False)
    for check in checks:
        table.add_row(check.provider.value, check.model, "ok" if check.ok else "NO", f"{check.seconds:g}", check.detail)
    Console(highlight=False).print(table)
    return all(check.ok for check in checks)
