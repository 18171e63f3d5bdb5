"""`ai4k8s sim`: a simulated cluster by itself, for kubectl, helm and whatever else speaks to Kubernetes."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ai4k8s_simcluster.client import ControlClient, ControlError
from ai4k8s_simcluster.command import configure_logging, read_settings, serve_until_told
from ai4k8s_simcluster.faults.model import MEANING, FaultKind, PressureKind
from ai4k8s_simcluster.load.shapes import ShapeError
from ai4k8s_simcluster.load.traces import TraceError
from ai4k8s_simcluster.persistence import StateInUseError
from ai4k8s_simcluster.settings import SettingsError
from ai4k8s_standalone.display import Display
from ai4k8s_standalone.errors import StandaloneError
from ai4k8s_standalone.folder import choose_folder

if TYPE_CHECKING:
    from ai4k8s_simcluster.server import SimServer

NOT_RUNNING = 3
_HELP = """Start a simulated Kubernetes cluster and keep it running until Ctrl-C.

Prints the path of a kubeconfig for kubectl, helm and other clients. Objects survive a restart, except those of a fleet
(--pods). Nothing else of AI4K8s is started.

\b
Examples:
  ai4k8s sim                                  four nodes and a few workloads under load
  ai4k8s sim --no-demo --shape shop/web=hourly:base=0.5,amplitude=2
  ai4k8s sim --nodes 5000 --pods 150000 --churn 20
  ai4k8s sim fault add latency --seconds 2 --path '/api/v1/pods*' --for 60
  ai4k8s sim status
"""
_FAULT_HELP = "Let something go wrong in a running simulated cluster.\n\n\b\nKinds:\n" + "\n".join(
    f"  {kind:<17} {meaning}" for kind, meaning in MEANING.items()
)

app = typer.Typer(invoke_without_command=True, help=_HELP, rich_markup_mode=None)
fault_app = typer.Typer(no_args_is_help=True, help=_FAULT_HELP, rich_markup_mode=None)
app.add_typer(fault_app, name="fault")

StateDir = Annotated[
    Path | None,
    typer.Option(
        "--state-dir",
        file_okay=False,
        show_default=False,
        help="Where the cluster keeps its state; without it, a folder in the data folder (`ai4k8s --help`).",
    ),
]


@app.callback()
def sim(
    context: typer.Context,
    state_dir: StateDir = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="HTTPS port; 0: the last one used, or any.")] = 0,
    prometheus_port: Annotated[int, typer.Option(min=0, max=65_535, help="HTTP port of Prometheus; 0: as above.")] = 0,
    nodes: Annotated[int, typer.Option(min=1, help="Nodes of 8 cores and 32 GiB; four times that with --pods.")] = 4,
    pods: Annotated[int, typer.Option(min=0, help="A fleet of this many pods in many namespaces.")] = 0,
    churn: Annotated[float, typer.Option(min=0, help="Pods of the fleet replaced every second.")] = 0.0,
    trace: Annotated[
        list[str] | None,
        typer.Option(metavar="NS/NAME=FILE[:scale=CORES]", help="A workload that follows a file. Can be repeated."),
    ] = None,
    shape: Annotated[
        list[str] | None,
        typer.Option(metavar="NS/NAME=SHAPE[:k=v,...]", help="A workload that follows a shape. Can be repeated."),
    ] = None,
    behaviour: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NS/NAME=TRAIT=VALUE[,...]",
            help="How its pods behave: leaks, slow starts, unequal shares. Can be repeated.",
        ),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="With or without workloads of its own.")] = True,
    seed: Annotated[int, typer.Option(help="What generated names, shapes and durations depend on.")] = 1,
    startup_seconds: Annotated[
        str, typer.Option(metavar="LEAST-MOST", help="How long pods take to become ready.")
    ] = "20-90",
    lead_seconds: Annotated[float, typer.Option(help="How far ahead the loads rise at the first start.")] = 270.0,
) -> None:
    """Start a simulated cluster."""
    if context.invoked_subcommand is not None:
        return
    folder = state_dir or _default_folder(fleet=pods > 0)
    options: dict[str, Any] = {
        "state-dir": folder, "kubeconfig-out": folder / "kubeconfig", "host": host, "port": port,
        "prometheus-port": prometheus_port, "nodes": nodes, "pods": pods, "churn": churn, "seed": seed,
        "startup-seconds": startup_seconds, "lead-seconds": lead_seconds,
    }  # fmt: skip
    arguments = [f"--{name}={value}" for name, value in options.items()]
    for name, values in (("trace", trace), ("shape", shape), ("behaviour", behaviour)):
        arguments += [f"--{name}={value}" for value in values or ()]
    raise typer.Exit(_run(folder, [*arguments, *(() if demo else ("--no-demo",))]))


def _default_folder(*, fleet: bool) -> Path:
    """A fleet keeps nothing, so it has a folder of its own beside the cluster that does."""
    return choose_folder(None).path / ("sim-fleet" if fleet else "sim")


def _run(folder: Path, arguments: list[str]) -> int:
    display, begun = Display(), time.monotonic()
    configure_logging(quiet=True)
    try:
        settings = read_settings(arguments)
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(serve_until_told(settings, lambda server: _announce(server, folder, display, begun)))
    except (SettingsError, ShapeError, TraceError, StateInUseError, OSError) as error:
        display.error(StandaloneError(str(error), "`ai4k8s sim --help` explains the options."))
        return 1
    display.line("stopped")
    return 0


def _announce(server: SimServer, folder: Path, display: Display, begun: float) -> None:
    display.headline(f"simulated cluster ready after {time.monotonic() - begun:.1f} s")
    display.line(f"kubeconfig  {folder / 'kubeconfig'}")
    display.line(f"API         {server.api_url}")
    display.line(f"Prometheus  {server.prometheus_url}  (scrape {server.prometheus_url}/metrics)")
    display.line()
    display.line(f"  export KUBECONFIG={folder / 'kubeconfig'}")
    display.line()
    display.line("Ctrl-C stops it.")
    sys.stdout.flush()


@dataclass(frozen=True)
class _Running:
    client: ControlClient
    display: Display


def _running(state_dir: Path | None) -> _Running:
    """Find the cluster that is meant: the one named, or whichever of ours runs."""
    folder = choose_folder(None)
    places = [state_dir] if state_dir else [folder.path / "sim", folder.path / "sim-fleet", folder.simcluster]
    for place in places:
        client = ControlClient(place)
        if client.is_running():
            return _Running(client, Display())
    Display().error(
        StandaloneError("no simulated cluster runs", "Start one with `ai4k8s sim`, or name it with --state-dir.")
    )
    raise typer.Exit(NOT_RUNNING)


def _refused(running: _Running, error: ControlError) -> typer.Exit:
    running.display.error(StandaloneError(str(error)))
    return typer.Exit(1)


@app.command()
def status(state_dir: StateDir = None) -> None:
    """Say where a running simulated cluster is, what its workloads do and what is wrong with it."""
    running = _running(state_dir)
    try:
        told, faults = running.client.workloads(), running.client.faults()
    except ControlError as error:
        raise _refused(running, error) from None
    endpoints = running.client.endpoints
    running.display.headline(f"simulated cluster at {endpoints['api_url']}, process {endpoints['pid']}")
    running.display.line(
        f"kubeconfig {running.client.state_dir / 'kubeconfig'}, Prometheus {endpoints['prometheus_url']}"
    )
    table = Table("workload", "load", "demand", "served", "replicas", "ready", box=None, pad_edge=False)
    for one in told["workloads"]:
        demand = "gap" if one["demand_cores"] is None else f"{one['demand_cores']:.2f}"
        name = f"{one['namespace']}/{one['name']}"
        table.add_row(
            name, one["load"], demand, f"{one['served_cores']:.2f}", str(one["replicas"]), str(one["ready_replicas"])
        )
    Console(highlight=False).print(table)
    _show_faults(running, faults)


@fault_app.command("add")
def add_fault(
    kind: Annotated[FaultKind, typer.Argument(help="What goes wrong.", show_choices=False)],
    path: Annotated[str, typer.Option(help="Only requests whose path matches: '/api/v1/pods*'.")] = "",
    verb: Annotated[str, typer.Option(help="Only this verb: get, list, watch, create, update, patch, delete.")] = "",
    share: Annotated[float, typer.Option(help="The share of these requests that is hit.")] = 1.0,
    duration: Annotated[float, typer.Option("--for", help="For how many seconds; 0: until it is cleared.")] = 0.0,
    seconds: Annotated[float, typer.Option(help="latency: the delay. clock-skew: ahead, negative behind.")] = 0.0,
    status_code: Annotated[int, typer.Option("--status", help="error: the HTTP status.")] = 0,
    retry_after: Annotated[int, typer.Option(help="error 429 and 503: seconds in Retry-After.")] = 1,
    node: Annotated[str, typer.Option(help="node-loss, pressure: which node.")] = "",
    resource: Annotated[PressureKind, typer.Option(help="pressure: what it runs short of.")] = PressureKind.MEMORY,
    state_dir: StateDir = None,
) -> None:
    """Let something go wrong."""
    running = _running(state_dir)
    fault = {
        "kind": kind, "path": path, "verb": verb, "share": share, "duration": duration, "seconds": seconds,
        "status": status_code, "retry_after": retry_after, "node": node, "resource": resource,
    }  # fmt: skip
    try:
        entry = running.client.add_fault(fault)
    except ControlError as error:
        raise _refused(running, error) from None
    until = entry["until"] or f"`ai4k8s sim fault clear {entry['id']}`"
    running.display.line(f"fault {entry['id']}: {MEANING[kind]}; until {until}")


@fault_app.command("list")
def list_faults(state_dir: StateDir = None) -> None:
    """Show the faults that hold."""
    running = _running(state_dir)
    try:
        _show_faults(running, running.client.faults())
    except ControlError as error:
        raise _refused(running, error) from None


@fault_app.command("clear")
def clear_faults(
    number: Annotated[int | None, typer.Argument(min=1, help="One fault, as `list` numbers them; all without.")] = None,
    state_dir: StateDir = None,
) -> None:
    """Let things go right again."""
    running = _running(state_dir)
    try:
        ended = running.client.end_faults(number)
    except ControlError as error:
        raise _refused(running, error) from None
    running.display.line(f"{ended} {'fault' if ended == 1 else 'faults'} ended")


def _show_faults(running: _Running, faults: list[dict[str, Any]]) -> None:
    if not faults:
        running.display.line("no faults")
        return
    table = Table("fault", "kind", "what", "until", box=None, pad_edge=False)
    known = {"id", "kind", "since", "until"}
    for one in faults:
        what = ", ".join(f"{name} {value}" for name, value in one.items() if name not in known)
        table.add_row(str(one["id"]), one["kind"], what, one["until"] or "cleared")
    Console(highlight=False).print(table)
