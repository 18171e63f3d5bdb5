"""`ai4k8s audit`: proof that nobody edited the record of what was done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from ai4k8s_standalone.display import Display
from ai4k8s_standalone.errors import StandaloneError
from ai4k8s_standalone.folder import choose_folder

app = typer.Typer(no_args_is_help=True, help="The record of who did what.", rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keeps `verify` a command of its own."""


@app.command("verify")
def verify(
    expect: Annotated[
        list[str] | None,
        typer.Option(metavar="SERVICE:NUMBER:HASH", help="An end that was noted earlier, and must still be there."),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Where everything is kept.", file_okay=False, show_default=False)
    ] = None,
) -> None:
    """Walk along every chain of entries. Ends with 0 when all are whole, 1 when one was edited, cut or reordered.

    AI4K8s must be running. Note the ends it prints somewhere else: with --expect they show a log that was written anew.
    """
    from ai4k8s_common.services import Service  # noqa: PLC0415 - contracts and stores, which --help does without
    from ai4k8s_standalone.plan import service_environment  # noqa: PLC0415
    from ai4k8s_standalone.users import running_plan  # noqa: PLC0415

    try:
        environment = service_environment(running_plan(choose_folder(data_dir)), Service.GATEWAY)
    except StandaloneError as error:
        Display().error(error)
        raise typer.Exit(2) from None
    options = [part for end in expect or () for part in ("--expect", end)]
    command = [sys.executable, "-m", "ai4k8s_gateway.audit", "verify", *options]
    raise typer.Exit(subprocess.run(command, env={**os.environ, **environment}, check=False).returncode)
