"""The schedule names modules by path: one that moved would silently lose its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.schedule import TOGETHER

ROOT = Path(__file__).parents[3]
RUNS = """
import os, pathlib, pytest
from tests.support.wait import eventually
here = pathlib.Path(__file__)
@pytest.mark.parametrize("n", range(6))
def test_x(n):
    here.with_suffix(f".{n}").write_text(str(os.getpid()))
    if n == 0:
        eventually(meets_another, 60)
def meets_another():
    return True
"""
# The first test ends only when another process has run one, however slowly that one starts.
MEETS_ANOTHER = """
def meets_another():
    return any(said.read_text() not in {"", str(os.getpid())} for said in here.parent.glob("test_apart.[0-9]"))
"""


@pytest.mark.parametrize("module", TOGETHER)
def test_a_module_of_the_schedule_exists(module: str) -> None:
    assert (ROOT / module).is_file()


def test_a_module_of_the_schedule_is_run_by_one_process_and_others_are_spread(tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    together = tmp_path / TOGETHER[0]
    apart = tmp_path / "tests" / "test_apart.py"
    for file, begin in ((together, ""), (apart, MEETS_ANOTHER)):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(RUNS + begin)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "2",
        "-q",
        "-p",
        "tests.support.schedule",
        "-p",
        "no:cacheprovider",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        environment.pop(name, None)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=90
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len({together.with_suffix(f".{n}").read_text() for n in range(6)}) == 1
    assert len({apart.with_suffix(f".{n}").read_text() for n in range(6)}) == 2
