"""`ai4k8s sim`: a simulated cluster alone, its kubeconfig, its faults, and its end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from ai4k8s_standalone.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = (sys.executable, "-m", "ai4k8s_standalone.cli", "sim")
OPTIONS = ("--no-demo", "--shape", "shop/web=noise:base=1.0", "--startup-seconds", "0-0", "--nodes", "2")


@dataclass(frozen=True)
class Done:
    """How a call ended."""

    returncode: int
    stdout: str


def _call(home: Path, *arguments: str) -> Done:
    """Run the command in this process: only the cluster itself needs one of its own."""
    result = CliRunner().invoke(app, ["sim", *arguments], env={"AI4K8S_HOME": str(home), "COLUMNS": "200"})
    return Done(result.exit_code, result.output)


def _start(home: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [*COMMAND, *OPTIONS], env={**os.environ, "AI4K8S_HOME": str(home)}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            return process, said
    raise AssertionError(f"it ended: {said}")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def said(home: Path) -> Iterator[str]:
    process, words = _start(home)
    with process:
        yield words
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_it_prints_a_kubeconfig_that_kubectl_accepts(said: str, kubectl: Path) -> None:
    found = re.search(r"^kubeconfig\s+(\S+)$", said, re.MULTILINE)
    assert found is not None
    command = [str(kubectl), "--kubeconfig", found.group(1), "get", "deploy", "-A", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert [item["metadata"]["name"] for item in json.loads(done.stdout)["items"]] == ["web"]


@pytest.mark.usefixtures("said")
def test_status_tells_of_workloads_and_faults(home: Path) -> None:
    done = _call(home, "status")
    assert done.returncode == 0, done.stdout
    assert "shop/web" in done.stdout
    assert "no faults" in done.stdout


@pytest.mark.usefixtures("said")
def test_faults_are_added_listed_and_cleared(home: Path) -> None:
    added = _call(home, "fault", "add", "error", "--status", "503", "--path", "/api/v1/pods*", "--share", "0.5")
    assert added.returncode == 0, added.stdout
    listed = _call(home, "fault", "list").stdout
    assert "error" in listed
    assert "status 503" in listed
    assert _call(home, "fault", "clear").stdout.strip() == "1 fault ended"
    assert _call(home, "fault", "list").stdout.strip() == "no faults"


@pytest.mark.usefixtures("said")
def test_a_fault_that_cannot_be_is_refused_in_one_sentence(home: Path) -> None:
    done = _call(home, "fault", "add", "node-loss", "--node", "nowhere")
    assert done.returncode == 1
    assert "no node nowhere" in done.stdout


@pytest.mark.usefixtures("said")
def test_no_two_run_on_one_folder(home: Path) -> None:
    done = _call(home, *OPTIONS)
    assert done.returncode == 1
    assert "another simulated cluster runs" in done.stdout


def test_without_a_cluster_the_commands_say_so(tmp_path: Path) -> None:
    for arguments in (("status",), ("fault", "list"), ("fault", "add", "hang")):
        done = _call(tmp_path, *arguments)
        assert done.returncode == 3
        assert "ai4k8s sim" in done.stdout


def test_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    done = _call(tmp_path, "--pods", "500", "--nodes", "2")
    assert done.returncode == 1
    assert "2 nodes have room" in done.stdout
