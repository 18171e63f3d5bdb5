"""`ai4k8s keys`: the key that credentials are sealed with, on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ai4k8s_standalone.display import Display
from ai4k8s_standalone.errors import StandaloneError
from ai4k8s_standalone.folder import choose_folder
from ai4k8s_standalone.state import read_state
from ai4k8s_standalone.vault import open_vault, rotate

app = typer.Typer(no_args_is_help=True, help="The key that stored credentials are sealed with.", rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keeps `rotate` a command of its own."""


@app.command("rotate")
def rotate_keys(
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Where everything is kept.", file_okay=False, show_default=False)
    ] = None,
) -> None:
    """Make a new key. The next start seals every stored credential for it, then forgets the old one.

    A start that is interrupted goes on where it was: the old key stays until nothing needs it.
    """
    display, folder = Display(), choose_folder(data_dir)
    if not folder.secrets_file.exists():
        display.error(StandaloneError(f"{folder.path} has no keys yet", "They are made at the first `ai4k8s up`."))
        raise typer.Exit(1)
    try:
        vault = rotate(folder.secrets_file, open_vault(folder.secrets_file))
    except StandaloneError as error:
        display.error(error)
        raise typer.Exit(1) from None
    display.line(f"made a new key; {len(vault.old_credentials_private_keys)} older can still be read")
    state = read_state(folder)
    if state is not None and state.is_alive():
        display.note("AI4K8s runs with the old one until it is started again: ai4k8s down, then ai4k8s up")
    else:
        display.line("the next `ai4k8s up` seals what is stored for it")
