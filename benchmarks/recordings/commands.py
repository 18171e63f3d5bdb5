"""Replays recorded kubectl and helm commands with the real programs."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.recordings.binding import Binder
from benchmarks.recordings.client import Client
from benchmarks.recordings.compare import Difference, compare
from benchmarks.recordings.lines import Command, Scenario
from benchmarks.recordings.racy import comparable_lines
from benchmarks.recordings.report import Outcome
from benchmarks.recordings.setups import namespaces_of, prepare

_MORE_SECONDS = 25.0
_STRUCTURED = re.compile(r"(?:-o|--output)[ =](yaml|json)(?:\s|$)")
_FROM_CLUSTER = re.compile(r"^(?:kubectl get|helm (?:list|history))\b")


class CommandReplay:
    """One scenario of commands, in a folder of its own."""

    def __init__(self, client: Client, kubeconfig: Path, programs: list[Path], scenario: Scenario) -> None:
        self._client = client
        self._scenario = scenario
        self._binder = Binder()
        path = os.pathsep.join([*(str(program.parent) for program in programs), os.environ.get("PATH", "")])
        self._environment = {**os.environ, "PATH": path, "KUBECONFIG": str(kubeconfig), "EDITOR": "false"}

    def run(self) -> list[Outcome]:
        """Replay every command in order."""
        _, refused = prepare(self._client, self._scenario)
        name, topic = self._scenario.name, self._scenario.topic
        outcomes = []
        if refused:
            differences = [Difference("request", "accepted", line) for line in refused]
            outcomes.append(Outcome(name, topic, 0, "set-up", "", differences))
        with tempfile.TemporaryDirectory() as directory:
            folder = Path(directory)
            self._environment |= {"HOME": directory, "XDG_CACHE_HOME": f"{directory}/.cache"}
            outcomes += [self._step(one, folder) for one in self._scenario.commands]
        return outcomes

    def _step(self, one: Command, folder: Path) -> Outcome:
        for name, text in one.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        outcome = Outcome(one.scenario, self._scenario.topic, one.n, one.command, "")
        try:
            done = subprocess.run(
                one.command,
                shell=True,
                input=one.stdin or "",
                capture_output=True,
                text=True,
                cwd=folder,
                env=self._environment,
                timeout=one.took_seconds + _MORE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            hung = f"still running after {one.took_seconds + _MORE_SECONDS:.0f} s"
            outcome.differences.append(Difference("exit", one.exit_code, hung))
            return outcome
        if done.returncode != one.exit_code:
            said = (done.stderr or done.stdout).strip()
            outcome.differences.append(Difference("exit", one.exit_code, f"{done.returncode}: {said}"))
            return outcome
        outcome.differences += self._output(one, done.stdout)
        outcome.differences += self._lines(one, "stderr", done.stderr)
        return outcome

    def _output(self, one: Command, stdout: str) -> list[Difference]:
        structured = _STRUCTURED.search(one.command)
        if structured and _FROM_CLUSTER.match(one.command) and one.exit_code == 0:
            recorded, answered = (_document(text, structured[1]) for text in (one.stdout, stdout))
            if recorded is not None and answered is not None:
                return compare(recorded, answered, self._binder)
        return self._lines(one, "stdout", stdout)

    def _lines(self, one: Command, where: str, answered: str) -> list[Difference]:
        namespaces = namespaces_of(self._scenario)
        recorded = one.stdout if where == "stdout" else one.stderr
        wanted, given = (comparable_lines(one.command, text, namespaces) for text in (recorded, answered))
        return _compared_lines(wanted, given, self._binder, where)


def _document(text: str, form: str) -> Any:
    try:
        return json.loads(text) if form == "json" else yaml.load(text, Loader=yaml.BaseLoader)
    except (ValueError, yaml.YAMLError):
        return None


def _compared_lines(wanted: list[str], given: list[str], binder: Binder, where: str) -> list[Difference]:
    """Compare text line by line; lines that begin with random names may come in another order."""
    found: list[Difference] = []
    left = list(given)
    for at, line in enumerate(wanted):
        place = next((line_no for line_no, other in enumerate(left) if binder.matches(line, other)), None)
        if place is None:
            nearest = given[at] if at < len(given) else "(no such line)"
            found.append(Difference(f"{where}[{at}]", line, nearest))
        else:
            left.pop(place)
    if len(given) > len(wanted) and left:
        found.append(Difference(f"{where} (more lines)", "", left))
    if not found and len(wanted) != len(given):
        found.append(Difference(f"len({where})", len(wanted), len(given)))
    return found
