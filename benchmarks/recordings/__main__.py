"""How alike are the simulated cluster and recorded exchanges of a real one?

    python -m benchmarks.recordings --recordings DIR [--topic T] [--scenario S] [-v] --json FILE

Every scenario gets a fresh simulated cluster, furnished as the recordings' was (3 nodes of 8 CPU, 32Gi and 110 pods;
pods ready after 2 s, gone after 1 s), and its lines are replayed in order: requests over HTTPS, commands through real
kubectl and helm. Statuses, bodies, warnings, tables and watch events are compared after the recording's placeholders
have been bound to what this run brought. `-v` prints each line that differs and where; `-vv` the equal ones too.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from ai4k8s_simcluster.controllers.context import SecondsRange
from ai4k8s_simcluster.settings import SimSettings
from ai4k8s_simcluster.testing import SimClusterError, SimThread
from benchmarks.recordings.client import Client
from benchmarks.recordings.commands import CommandReplay
from benchmarks.recordings.compare import Difference
from benchmarks.recordings.exchanges import ExchangeReplay
from benchmarks.recordings.hpa import HpaReplay
from benchmarks.recordings.lines import Scenario, load
from benchmarks.recordings.report import Outcome, table
from tests.support.clients import client_path

_SIDE_BY_SIDE = 8
_NODES = 3
_SHOWN_DIFFERENCES = 12


def _settings(directory: Path, nodes: int) -> SimSettings:
    return SimSettings(
        directory / "state",
        directory / "kubeconfig",
        nodes=nodes,
        demo=False,
        startup=SecondsRange(2.0, 2.0),
        termination=SecondsRange(1.0, 1.0),
    )


def replay(scenario: Scenario, programs: list[Path]) -> list[Outcome]:
    """Replay one scenario against a fresh cluster."""
    is_hpa = any(isinstance(one.observed, dict) for one in scenario.exchanges)
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        try:
            with SimThread(_settings(directory, 2 * _NODES if is_hpa else _NODES)) as running:
                server = running.server
                client = Client(server.api_url, directory / "state" / "ca.crt", server.identity.token)
                if is_hpa:
                    outcomes = HpaReplay(client, scenario).run()
                elif scenario.commands:
                    outcomes = CommandReplay(client, directory / "kubeconfig", programs, scenario).run()
                else:
                    outcomes = ExchangeReplay(client, scenario).run()
        except SimClusterError:
            if not outcomes:  # it did not start; one that is slow to stop on a busy machine has answered everything
                raise
    return outcomes


def _guarded(scenario: Scenario, programs: list[Path]) -> list[Outcome]:
    """Replay; a scenario that breaks off is reported beside the others."""
    began = time.monotonic()
    try:
        found = replay(scenario, programs)
    except Exception as error:  # noqa: BLE001 - the last resort of an entry point: the other scenarios go on
        traceback.print_exc()
        lost = Difference("request", "a replay", f"{type(error).__name__}: {error}")
        found = [Outcome(scenario.name, scenario.topic, 0, "replay", "", [lost])]
    print(f"  {scenario.name}: {time.monotonic() - began:.0f} s", flush=True)
    return found


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, required=True, help="folder of requests.jsonl and kubectl.jsonl")
    parser.add_argument("--topic", action="append", help="only this topic; may be given several times")
    parser.add_argument("--scenario", action="append", help="only this scenario; may be given several times")
    parser.add_argument("--json", type=Path, required=True, help="where to write every line's outcome")
    parser.add_argument("-v", "--verbose", action="count", default=0)
    arguments = parser.parse_args()
    chosen = [
        one
        for one in load(arguments.recordings)
        if (not arguments.topic or one.topic in arguments.topic)
        and (not arguments.scenario or one.name in arguments.scenario)
    ]
    if not chosen:
        parser.error("no scenario of that name or topic is in the recordings")
    programs = [client_path(name) for name in ("kubectl", "helm")] if any(one.commands for one in chosen) else []
    chosen.sort(key=lambda one: (not any(isinstance(x.observed, dict) for x in one.exchanges), -len(one.commands)))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    began = time.monotonic()
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        found = list(pool.map(lambda one: _guarded(one, programs), chosen))
    outcomes = [outcome for listed in found for outcome in listed]
    for outcome in outcomes:
        if arguments.verbose > 1 or (arguments.verbose and not outcome.equal):
            print(outcome.text(_SHOWN_DIFFERENCES))
    print(f"{table(outcomes)}\n{time.monotonic() - began:.0f} s")
    arguments.json.write_text(json.dumps([outcome.document() for outcome in outcomes], indent=1))


if __name__ == "__main__":
    main()
