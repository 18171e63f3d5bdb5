"""`ai4k8s user`: the way back in for who is locked out, on the machine that AI4K8s runs on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ai4k8s_standalone.display import Display
from ai4k8s_standalone.errors import StandaloneError
from ai4k8s_standalone.folder import choose_folder, read_json
from ai4k8s_standalone.state import read_state

if TYPE_CHECKING:
    from ai4k8s_standalone.folder import DataFolder
    from ai4k8s_standalone.plan import Plan

app = typer.Typer(no_args_is_help=True, help="People, from the machine that AI4K8s runs on.", rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keeps `reset-password` a command of its own."""


@app.command("reset-password")
def reset_password(
    name: Annotated[str, typer.Argument(help="Username, such as admin.")],
    without_second_factor: Annotated[
        bool, typer.Option("--without-second-factor", help="Also forget the second factor and its recovery codes.")
    ] = False,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Where everything is kept.", file_okay=False, show_default=False)
    ] = None,
) -> None:
    """Print a link that sets a new password, once; a disabled account is let in again.

    AI4K8s must be running. Whoever may read the data folder may do this.
    """
    display = Display()
    try:
        folder = choose_folder(data_dir)
        link = _ask(folder, name, without_second_factor=without_second_factor)
    except StandaloneError as error:
        display.error(error)
        raise typer.Exit(1) from None
    display.headline(f"A new password for {link['username']}: {_page(folder)}{link['path']}")
    display.line(f"  The link serves once, until {link['expires_at']}; it ends every session of theirs.")


def _ask(folder: DataFolder, name: str, *, without_second_factor: bool) -> dict[str, Any]:
    """Run the gateway's own program as the gateway. Raises StandaloneError."""
    from ai4k8s_common.services import Service  # noqa: PLC0415 - contracts and stores, which --help does without
    from ai4k8s_standalone.plan import service_environment  # noqa: PLC0415

    _page(folder)
    command = [sys.executable, "-m", "ai4k8s_gateway.people", "reset-password", name]
    done = subprocess.run(
        [*command, *(["--without-second-factor"] if without_second_factor else [])],
        env={**os.environ, **service_environment(_plan(folder), Service.GATEWAY)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        link: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return link
    raise _refused(done.stderr)


def _refused(said: str) -> StandaloneError:
    try:
        told = json.loads(said.strip().splitlines()[-1])
        return StandaloneError(str(told["error"]), str(told["hint"]))
    except (ValueError, KeyError, IndexError, TypeError):
        return StandaloneError("the gateway's program failed", said.strip()[-500:])


def _page(folder: DataFolder) -> str:
    state = read_state(folder)
    if state is None or not state.is_alive() or state.url is None:
        raise StandaloneError("AI4K8s does not run here", "Start it with `ai4k8s up`.")
    return state.url


def running_plan(folder: DataFolder) -> Plan:
    """The same for whatever else runs the gateway's programs. Raises StandaloneError where nothing runs."""
    _page(folder)
    return _plan(folder)


def _plan(folder: DataFolder) -> Plan:
    """What the running supervisor was started with, as far as its gateway needs it."""
    from ai4k8s_standalone import plan as planning  # noqa: PLC0415
    from ai4k8s_standalone.vault import open_vault  # noqa: PLC0415

    ports = read_json(folder.ports_file)
    if not isinstance(ports, dict):
        raise StandaloneError(f"{folder.ports_file} does not say where the stores are", "Start AI4K8s anew.")
    return planning.Plan(
        folder=folder,
        wishes=planning.Wishes(),
        ports=planning.Ports(**ports),
        vault=open_vault(folder.secrets_file),
        external_database_url=os.environ.get(planning.DATABASE_VARIABLE) or None,
        external_broker_url=os.environ.get(planning.BROKER_VARIABLE) or None,
        external_redis_url=os.environ.get(planning.REDIS_VARIABLE) or None,
    )
