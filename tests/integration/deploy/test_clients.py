"""kubectl and helm are there for everybody, whatever this machine has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TOOL = ROOT / "tools" / "clients.py"


def run(*names: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": os.environ["PATH"] if path is None else path}
    return subprocess.run(
        [sys.executable, TOOL, *names], capture_output=True, text=True, check=False, env=environment, timeout=110
    )


def fake(folder: Path, name: str, says: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def test_both_clients_run(kubectl: Path, helm: Path) -> None:
    answer = subprocess.run([kubectl, "version", "--client"], capture_output=True, text=True, check=True).stdout
    assert "Client Version: v1." in answer
    assert subprocess.run([helm, "version", "--short"], capture_output=True, text=True, check=True).stdout.startswith(
        "v"
    )


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("helm", "v3.17.9", "v3.18.0"),
        (
            "kubectl",
            '{"clientVersion": {"gitVersion": "v1.33.9"}}',
            '{"clientVersion": {"gitVersion": "v1.34.0+vendor"}}',
        ),
    ],
)
def test_a_client_on_path_is_used_only_when_recent_enough(tmp_path: Path, name: str, old: str, new: str) -> None:
    program = fake(tmp_path, name, old)
    path = f"{tmp_path}:/usr/bin:/bin"
    assert run(name, path=path).stdout.strip() not in {str(program), ""}
    fake(tmp_path, name, new)
    assert run(name, path=path).stdout.strip() == str(program)


def test_an_unknown_client_is_refused_in_one_sentence() -> None:
    answer = run("kubeclt")
    assert answer.returncode != 0
    assert answer.stderr == "clients: unknown: kubeclt; known: kubectl, helm\n"
