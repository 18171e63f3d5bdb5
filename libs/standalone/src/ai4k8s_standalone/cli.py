"""The `ai4k8s` command: AI4K8s on one machine."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from ai4k8s_standalone import identity, logfiles
from ai4k8s_standalone.display import Display
from ai4k8s_standalone.errors import AlreadyRunningError, StandaloneError
from ai4k8s_standalone.folder import DataFolder, choose_folder
from ai4k8s_standalone.ports import LOOPBACK
from ai4k8s_standalone.specs import ProcessState
from ai4k8s_standalone.state import State, end_leftovers, read_state

NOT_RUNNING = 3
_DETACHED_VARIABLE = "AI4K8S_UP_DETACHED"
_DOWN_WITHIN_SECONDS = 90.0

EXAMPLES = """AI4K8s on this machine, under one supervisor.

`up` starts Postgres, Valkey, a simulated cluster and every service, and says where the page is.

\b
Examples:
  ai4k8s up                          with a simulated cluster under a built-in load
  ai4k8s up --trace shop/web=requests.csv:scale=0.02
                                     load a workload as a file of timestamps and
                                     values says; 0.02 cores for each unit
  ai4k8s up --with-local-llm         with a small language model served here
  ai4k8s up --no-demo --port 8080    for your own clusters, on another port
  ai4k8s logs scaler-cycle -f        watch one process
  ai4k8s backtest --workload shop/web   what policies would have done to its last days
  ai4k8s sim                         a simulated cluster alone; prints its kubeconfig
  ai4k8s cluster add                 add a cluster by a kubeconfig of this machine
  ai4k8s keys rotate                 another key for stored credentials
  ai4k8s manifest "deployment for nginx with 3 replicas"   write a manifest
  ai4k8s manifest check deploy/      check manifests; exit code and SARIF for CI
  ai4k8s mcp                         tools for desktop programs that speak MCP
  ai4k8s user reset-password admin   a link for a new password, for who is locked out
  ai4k8s ask "show unhealthy pods in shop" --plan-only   what a request means

\b
The data folder is, in this order:
  --data-dir, $AI4K8S_HOME,
  a folder .ai4k8s here or further up (`make up` makes one in the checkout),
  ~/.local/share/ai4k8s
Move it away to start afresh.

AI4K8S_DATABASE_URL, AI4K8S_BROKER_URL and AI4K8S_REDIS_URL put servers of your own in the place of the embedded
ones; the first must name the owner of a Postgres database who may create roles.
"""


# Groups that are only imported when they are wanted: a whole cluster hangs on `sim`, and `status` is quick.
_LATER = {
    "audit": "auditing",
    "sim": "sim",
    "cluster": "clusters",
    "keys": "keys",
    "models": "models",
    "manifest": "manifests",
    "user": "users",
    "ask": "asking",
    "mcp": "programs",
}


class Commands(TyperGroup):
    """All commands, some of them in modules of their own."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Say their names, for --help and for who mistyped one."""
        return [*super().list_commands(ctx), *_LATER]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # typer keeps click's types to itself
        """Find one by its name."""
        if cmd_name not in _LATER:
            return super().get_command(ctx, cmd_name)
        group = typer.main.get_command(importlib.import_module(f"ai4k8s_standalone.{_LATER[cmd_name]}").app)
        group.name = cmd_name
        return group


app = typer.Typer(cls=Commands, help=EXAMPLES, no_args_is_help=True, add_completion=False, rich_markup_mode=None)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where everything is kept.", file_okay=False, show_default=False)
]


@app.command()
def up(
    data_dir: DataDir = None,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the page; the next free one if busy.")] = 5003,
    host: Annotated[str, typer.Option(help="Address the page is served on.")] = LOOPBACK,
    trace: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NS/NAME=FILE[:scale=CORES]",
            help="Load a workload of the simulated cluster as a file says (CSV timestamp,value; may be .gz). "
            "Can be repeated.",
        ),
    ] = None,
    shape: Annotated[
        list[str] | None,
        typer.Option(metavar="NS/NAME=SHAPE", help="Load a workload by a built-in shape. Can be repeated."),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="With or without the simulated cluster.")] = True,
    cycle_seconds: Annotated[
        int, typer.Option(min=5, max=3600, help="How often each cluster is looked at, in seconds.")
    ] = 15,
    rise_in: Annotated[
        int,
        typer.Option(min=60, max=3600, help="How far ahead the simulated load rises at the first start, in seconds."),
    ] = 270,
    with_local_llm: Annotated[
        bool, typer.Option("--with-local-llm", help="Serve a small language model here: no account, nothing leaves.")
    ] = False,
    local_llm_model: Annotated[
        Path | None,
        typer.Option(metavar="FILE.gguf", exists=True, dir_okay=False, help="Serve this one instead."),
    ] = None,
    local_llm_threads: Annotated[
        int, typer.Option(min=1, max=256, help="Cores for it; more than are idle make it slower.")
    ] = 1,
    detach: Annotated[bool, typer.Option("--detach", help="Go on in the background once all is running.")] = False,
) -> None:
    """Start everything and keep it running until Ctrl-C.

    Shows each step, then where the page is and how to log in: the first administrator's password is made at the first
    start and shown that once. Data survive a restart. What dies is started again.
    """
    if detach:
        raise typer.Exit(_up_detached(choose_folder(data_dir)))
    from ai4k8s_standalone.models import chosen_model  # noqa: PLC0415
    from ai4k8s_standalone.plan import Wishes  # noqa: PLC0415 - stores and contracts, which no other command needs
    from ai4k8s_standalone.up import up as bring_up  # noqa: PLC0415

    display = Display()
    try:
        local_model = chosen_model(with_local_llm, local_llm_model)
    except StandaloneError as error:
        display.error(error)
        raise typer.Exit(1) from None
    wishes = Wishes(
        host=host,
        port=port,
        demo=demo,
        traces=tuple(_with_absolute_file(text) for text in trace or ()),
        shapes=tuple(shape or ()),
        cycle_seconds=cycle_seconds,
        rise_in_seconds=rise_in,
        local_model=local_model,
        local_model_threads=local_llm_threads,
    )
    folder = choose_folder(data_dir)
    os.umask(0o077)
    try:
        bring_up(folder, wishes, display, _let_go_of_terminal)
    except AlreadyRunningError as error:
        _report_running(folder, error, display)
    except StandaloneError as error:
        display.error(error)
        raise typer.Exit(1) from None


def _with_absolute_file(trace: str) -> str:
    """The simulated cluster works in another directory than the person who named the file."""
    workload, equals, rest = trace.partition("=")
    name, colon, options = rest.partition(":")
    if not equals or "/" not in workload:
        raise typer.BadParameter(f"{trace!r} is not NAMESPACE/NAME=FILE", param_hint="--trace")
    file = Path(name).expanduser().resolve()
    if not file.is_file():
        raise typer.BadParameter(f"there is no file {file}", param_hint="--trace")
    return f"{workload}={file}{colon}{options}"


def _report_running(folder: DataFolder, error: AlreadyRunningError, display: Display) -> None:
    state = read_state(folder)
    if state is None or state.url is None:
        display.note(f"{error}; it is not ready yet, see `ai4k8s status`")
    else:
        display.note(f"{error}: {state.url}")


def _up_detached(folder: DataFolder) -> int:
    """Start ourselves again in a session of our own, and show what that prints until it runs."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--detach"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ai4k8s_standalone.cli", *arguments],
        env={**os.environ, _DETACHED_VARIABLE: "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    if process.stdout is not None:
        for line in process.stdout:
            sys.stdout.write(line.decode("utf-8", errors="replace"))
            sys.stdout.flush()
    # Its output ended: either it runs and let go of us, or it is about to end.
    while (code := process.poll()) is None:
        state = read_state(folder)
        if state is not None and state.phase == "running" and state.supervisor.pid == process.pid:
            return 0
        time.sleep(0.05)
    return code


def _let_go_of_terminal() -> None:
    """Once everything runs, a detached supervisor has nobody left to talk to."""
    if os.environ.get(_DETACHED_VARIABLE):
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        os.close(nowhere)


@app.command()
def down(data_dir: DataDir = None) -> None:
    """Stop everything that `up` started for this data folder."""
    folder, display = choose_folder(data_dir), Display()
    state = read_state(folder)
    if state is None or not state.is_alive():
        _end_orphans(folder, display)
        return
    with display.step("stopped"):
        identity.send(state.supervisor, signal.SIGTERM)
        if not _gone(state, _DOWN_WITHIN_SECONDS):
            display.note("the supervisor did not stop in time and is killed")
            identity.send(state.supervisor, signal.SIGKILL)
            _gone(state, 5.0)
    _end_orphans(folder, display, quiet=True)


def _gone(state: State, within_seconds: float) -> bool:
    deadline = time.monotonic() + within_seconds
    while state.is_alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _end_orphans(folder: DataFolder, display: Display, *, quiet: bool = False) -> None:
    if not folder.run.is_dir():
        display.note(f"nothing runs with the data folder {folder.path}")
        return
    try:
        with folder.locked():
            count = end_leftovers(folder)
    except AlreadyRunningError:  # somebody was quicker to start it again
        return
    if count:
        display.note(f"{count} processes of a supervisor that was killed have been ended")
    elif not quiet:
        display.note(f"nothing runs with the data folder {folder.path}")


@app.command()
def status(
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what runs. Ends with 0 when everything is ready, 1 when something is not, 3 when nothing runs."""
    folder = choose_folder(data_dir)
    state = read_state(folder)
    running = state is not None and state.is_alive()
    if as_json:
        print(json.dumps(_as_dict(folder, state, running)))
    elif state is None or not running:
        Display().note(f"AI4K8s does not run with the data folder {folder.path}")
    else:
        _print_status(folder, state)
    if state is None or not running:
        raise typer.Exit(NOT_RUNNING)
    healthy = all(process.state == ProcessState.READY for process in state.processes)
    raise typer.Exit(0 if healthy and state.phase == "running" else 1)


def _as_dict(folder: DataFolder, state: State | None, running: bool) -> dict[str, object]:
    if state is None or not running:
        return {"running": False, "data_dir": str(folder.path)}
    return {
        "running": True,
        "data_dir": str(folder.path),
        "phase": state.phase,
        "url": state.url,
        "pid": state.supervisor.pid,
        "processes": [
            {
                "name": process.name,
                "state": process.state,
                "pid": None if process.identity is None else process.identity.pid,
                "restarts": process.restarts,
                "problem": process.problem,
            }
            for process in state.processes
        ],
    }


def _print_status(folder: DataFolder, state: State) -> None:
    display = Display()
    display.headline(f"AI4K8s is {state.phase}{f': {state.url}' if state.url else ''}")
    display.line(f"data folder {folder.path}, supervisor {state.supervisor.pid}")
    table = Table("process", "state", "pid", "restarts", "memory", box=None, pad_edge=False)
    for process in state.processes:
        known = process.identity
        pid = "" if known is None else str(known.pid)
        memory = "" if known is None else _memory(known.pid)
        table.add_row(process.name, process.state, pid, str(process.restarts), memory)
    Console(highlight=False).print(table)
    for process in state.processes:
        if process.problem:
            display.note(process.problem)


def _memory(pid: int) -> str:
    """What a process and its children hold, shared parts counted once for each."""
    import psutil  # noqa: PLC0415 - no other command looks

    try:
        first = psutil.Process(pid)
        total_bytes = sum(process.memory_info().rss for process in [first, *first.children(recursive=True)])
    except psutil.Error:
        return ""
    return f"{total_bytes / 1_000_000:.0f} MB"


@app.command()
def backtest(
    workload: Annotated[str, typer.Option(metavar="NS/NAME", help="Whose past.")],
    days: Annotated[int, typer.Option(min=1, max=14, help="Of stored history.")] = 14,
    slo: Annotated[
        float | None, typer.Option(help="Percent of the time that may be short of capacity; as in its policy without.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Of the page; what runs with the data folder without.")] = None,
    username: Annotated[str, typer.Option(envvar="AI4K8S_USERNAME", help="Who asks.")] = "admin",
    password: Annotated[
        str, typer.Option(envvar="AI4K8S_PASSWORD", prompt=True, hide_input=True, help="Better by the environment.")
    ] = "",
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Replay a workload's own past under our policy, HPA at many targets and VPA, and recommend settings.

    Nothing is changed. The replay uses the start-up times that were measured and metrics as late as the cluster's are.
    """
    from ai4k8s_standalone import backtest as replay  # noqa: PLC0415 - no other command talks to the gateway
    from ai4k8s_standalone.client import Gateway  # noqa: PLC0415

    display = Display()
    try:
        gateway = Gateway(url or _running_url(choose_folder(data_dir)))
        gateway.log_in(username, password)
        found = replay.find_workload(gateway, workload)
        tell = (lambda _: None) if as_json else display.line
        result = replay.run(gateway, found["id"], days, None if slo is None else slo / 100, tell)
    except StandaloneError as error:
        display.error(error)
        raise typer.Exit(1) from None
    if as_json:
        print(json.dumps(result))
        return
    display.headline(result["recommendation"]["sentence"])
    display.line(f"{result['days']:g} days were replayed; the first of {result['history_days']:g} served to learn from")
    Console(highlight=False).print(replay.table_of(result, found["cost"]))


def _running_url(folder: DataFolder) -> str:
    state = read_state(folder)
    if state is None or not state.is_alive() or state.url is None:
        raise StandaloneError("AI4K8s does not run here", "Start it with `ai4k8s up`, or name the page with --url.")
    return state.url


@app.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="One process, as `status` names it; all without.")] = None,
    data_dir: DataDir = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on showing what comes.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 50,
) -> None:
    """Show what the processes printed."""
    folder = choose_folder(data_dir)
    known = {path.stem: path for path in sorted(folder.logs.glob("*.log"))}
    chosen = known if service is None else {name: path for name, path in known.items() if name == service}
    if not chosen:
        names = ", ".join(known) or "none yet"
        Display().error(StandaloneError(f"there is no log of {service or 'anything'}", f"There are: {names}"))
        raise typer.Exit(1)
    wide = len(chosen) > 1
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        for name, path in chosen.items():
            for line in logfiles.last_lines(path, lines):
                _print_log_line(name, line, wide=wide)
        sys.stdout.flush()
        if follow:
            logfiles.follow(chosen, lambda name, line: _print_log_line(name, line, wide=wide))


def _print_log_line(name: str, line: str, *, wide: bool) -> None:
    print(f"{name:<17} | {line}" if wide else line, flush=True)


@app.command()
def version() -> None:
    """Print the version."""
    print(f"ai4k8s {importlib.metadata.version('ai4k8s-standalone')}")


if __name__ == "__main__":
    app()
