"""The command `python -m ai4k8s_simcluster`, as a module that others can take its parts from."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import structlog

from ai4k8s_simcluster.controllers.context import SecondsRange, parse_range
from ai4k8s_simcluster.load.behaviour import ANNOTATIONS
from ai4k8s_simcluster.load.shapes import ShapeError, ShapeKind
from ai4k8s_simcluster.load.traces import TraceError
from ai4k8s_simcluster.persistence import StateInUseError
from ai4k8s_simcluster.server import SimServer
from ai4k8s_simcluster.settings import (
    SettingsError,
    SimSettings,
    parse_behaviour_spec,
    parse_shape_spec,
    parse_trace_spec,
)

_USAGE_ERROR = 2
MOST_PODS_A_NODE = 100  # of the 110 that a kubelet takes


def _range(text: str) -> SecondsRange:
    try:
        return parse_range(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ai4k8s_simcluster",
        description="A Kubernetes API in one process; its workloads follow load traces.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    add("--port", type=int, default=0, help="HTTPS port of the API; 0: the last one used, or any")
    add("--prometheus-port", type=int, default=0, help="HTTP port of Prometheus; 0: the last one used, or any")
    add("--state-dir", type=Path, required=True, help="where everything that must survive a restart is kept")
    add("--kubeconfig-out", type=Path, required=True, help="file to write once the cluster is listening")
    add(
        "--trace",
        action="append",
        default=[],
        metavar="NS/NAME=FILE[:scale=CORES_PER_UNIT]",
        help="a workload that follows a CSV file `timestamp,value` (plain or .gz); may be repeated",
    )
    add(
        "--shape",
        action="append",
        default=[],
        metavar="NS/NAME=KIND[:k=v,...]",
        help=f"a workload that follows a generated shape: {', '.join(ShapeKind)}; may be repeated",
    )
    add(
        "--nodes",
        type=int,
        default=4,
        help="nodes, of 8 cores and 32 GiB; four times that with --pods (default %(default)s)",
    )
    add("--pods", type=int, default=0, help="a fleet of this many pods in many namespaces; not kept over a restart")
    add("--churn", type=float, default=0.0, help="pods of the fleet that are replaced every second")
    add("--seed", type=int, default=1, help="what generated names, shapes and durations depend on")
    add("--no-demo", action="store_true", help="leave out the demonstration's own workloads")
    add("--no-storage-class", action="store_true", help="make no default StorageClass: claims without a class wait")
    traits = "; ".join(f"{name}: {meaning}" for name, meaning in ANNOTATIONS.items())
    add(
        "--behaviour",
        action="append",
        default=[],
        metavar="NS/NAME=TRAIT=VALUE[,...]",
        help=f"how the pods of such a workload behave; may be repeated. {traits}. "
        "The annotations sim.ai4k8s.io/TRAIT say the same of workloads and pods made through the API",
    )
    add(
        "--startup-seconds",
        type=_range,
        default=SecondsRange(20.0, 90.0),
        metavar="LEAST-MOST",
        help="how long pods take to become ready (default 20-90)",
    )
    add("--lead-seconds", type=float, default=270.0, help="how far ahead the rise lies (default %(default)s)")
    add(
        "--max-requests-inflight",
        type=int,
        default=600,
        help="requests served at once before more are answered with 429 (default %(default)s)",
    )
    add(
        "--managed-pods",
        type=int,
        default=1_000,
        help="with more pods, what controllers make is without managedFields (default %(default)s)",
    )
    return parser


def read_settings(arguments: list[str]) -> SimSettings:
    """Read the command line. Raises SettingsError or ShapeError."""
    given = _parser().parse_args(arguments)
    if given.nodes < 1:
        raise SettingsError("a cluster has at least one node")
    if not 0 <= given.pods <= given.nodes * MOST_PODS_A_NODE:
        raise SettingsError(f"{given.nodes} nodes have room for a fleet of {given.nodes * MOST_PODS_A_NODE} pods")
    if given.churn < 0 or (given.churn and not given.pods):
        raise SettingsError("--churn is a rate above 0 of the pods that --pods makes")
    return SimSettings(
        state_dir=given.state_dir,
        kubeconfig_out=given.kubeconfig_out,
        host=given.host,
        port=given.port,
        prometheus_port=given.prometheus_port,
        traces=tuple(parse_trace_spec(text) for text in given.trace),
        behaviours=tuple(parse_behaviour_spec(text) for text in given.behaviour),
        shapes=tuple(parse_shape_spec(text) for text in given.shape),
        nodes=given.nodes,
        pods=given.pods,
        churn=given.churn,
        seed=given.seed,
        demo=not given.no_demo,
        storage_class=not given.no_storage_class,
        startup=given.startup_seconds,
        lead_seconds=given.lead_seconds,
        max_requests_inflight=given.max_requests_inflight,
        managed_pods=given.managed_pods,
    )


def configure_logging(*, quiet: bool = False) -> None:
    """Write the log to standard error, as lines for programs or people; quiet: only what is wrong."""
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if os.environ.get("AI4K8S_LOG_FORMAT", "json") == "console":
        renderer = structlog.dev.ConsoleRenderer()
    level = logging.getLevelNamesMapping().get(
        os.environ.get("AI4K8S_LOG_LEVEL", "WARNING" if quiet else "INFO").upper(), logging.INFO
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


async def serve_until_told(settings: SimSettings, ready: Callable[[SimServer], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; ready: told once it listens."""
    server = SimServer(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    await server.serve(None if ready is None else lambda: ready(server))


def main() -> int:
    """Run until a signal; return the exit code."""
    configure_logging()
    log = structlog.get_logger(__name__)
    try:
        asyncio.run(serve_until_told(read_settings(sys.argv[1:])))
    except (SettingsError, ShapeError, TraceError, StateInUseError, OSError) as error:
        log.error("simulated cluster could not start", reason=str(error))  # noqa: TRY400 - one sentence
        return _USAGE_ERROR
    return 0
