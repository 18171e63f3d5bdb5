"""The schedule names modules by path: one that moved would silently lose its place."""

from __future__ import annotations

import os
import subprocess
import sys
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
# As pytest-timeout ends a process whose test takes too long. No test may be run twice for it.
DIES_ONCE = """
@pytest.fixture(autouse=True)
def death(n):
    begun = here.with_suffix(f".{{n}}")
    assert not begun.exists()
    if n == {0}:
        begun.write_text(str(os.getpid()))
        os._exit(1)
"""


@pytest.mark.parametrize("module", TOGETHER)
def test_a_module_of_the_schedule_exists(module: str) -> None:
    assert (ROOT / module).is_file()


def run_suite(folder: Path, processes: int) -> subprocess.CompletedProcess[str]:
    """The tests below a folder, by our schedule."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    plugins = ("xdist.plugin", "tests.support.schedule", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", "-n", str(processes), "-q", *(f"-p{name}" for name in plugins)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        environment.pop(name, None)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=90)


def write_tests(file: Path, begin: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(RUNS + begin)
    return file


def ran_in(file: Path) -> list[str]:
    """The process that ran each test of a file."""
    return [file.with_suffix(f".{n}").read_text() for n in range(6)]


def test_a_module_of_the_schedule_is_run_by_one_process_and_others_are_spread(tmp_path: Path) -> None:
    together = write_tests(tmp_path / TOGETHER[0], "")
    apart = write_tests(tmp_path / "tests" / "test_apart.py", MEETS_ANOTHER)
    done = run_suite(tmp_path, 2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(set(ran_in(together))) == 1
    assert len(set(ran_in(apart))) == 2


def test_what_a_dead_process_left_is_run_by_its_replacement_and_what_it_died_of_is_named(tmp_path: Path) -> None:
    alive = write_tests(tmp_path / "tests" / "test_alive.py", "")
    together = write_tests(tmp_path / TOGETHER[0], DIES_ONCE.format(3))
    apart = write_tests(tmp_path / "tests" / "test_apart.py", DIES_ONCE.format(4))
    done = run_suite(tmp_path, 1)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 failed, 16 passed" in done.stdout
    for file, number in ((together, 3), (apart, 4)):
        assert f"crashed while running '{file.relative_to(tmp_path)}::test_x[{number}]'" in done.stdout
    assert len({*ran_in(together), *ran_in(apart), *ran_in(alive)}) == 3
