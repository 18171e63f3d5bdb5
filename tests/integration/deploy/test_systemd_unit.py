"""The unit is one that systemd accepts, and gives the service little to do harm with."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ai4k8s_standalone.cli import app
from tests.support.deployment import ROOT

UNIT = ROOT / "deploy" / "systemd" / "ai4k8s.service"
EXPOSURE_AT_MOST = 2.0  # of 10, as systemd itself counts

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60)


def command() -> list[str]:
    line = re.search(r"(?m)^ExecStart=(.*)$", UNIT.read_text(encoding="utf-8"))
    assert line is not None
    return line[1].split()


@needs_systemd
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    program = tmp_path / "ai4k8s"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    copy = tmp_path / "ai4k8s.service"
    copy.write_text(UNIT.read_text(encoding="utf-8").replace(command()[0], str(program)), encoding="utf-8")
    answer = analyze("verify", "--man=no", copy)
    assert answer.returncode == 0, answer.stderr
    assert str(copy) not in answer.stderr
    assert "ai4k8s.service" not in answer.stderr


@needs_systemd
def test_the_service_can_do_little_harm() -> None:
    answer = analyze("security", "--offline=true", f"--threshold={int(EXPOSURE_AT_MOST * 10)}", UNIT)
    assert answer.returncode == 0, answer.stdout


def test_its_command_line_is_one_that_the_program_knows() -> None:
    program, *arguments = command()
    assert Path(program).name == "ai4k8s"
    answer = CliRunner().invoke(app, [*arguments, "--help"])
    assert answer.exit_code == 0, answer.output
