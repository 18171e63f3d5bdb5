"""Nothing may be skipped in CI but for want of Docker: a suite that runs less than it says proves less."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAD = "import pytest\n"
SKIPS = "@pytest.mark.skip(reason='because')\ndef test_a(): pass\n"
SKIPS_FOR_DOCKER = "@pytest.mark.docker\ndef test_a(): pytest.skip('no engine')\n"
MODULE_SKIPS = "pytest.skip('because', allow_module_level=True)\n"
PASSES = "def test_b(): pass\n"
FAILS_AS_EXPECTED = "@pytest.mark.xfail(strict=True)\ndef test_a(): assert False\n"


@pytest.fixture
def run_suite(tmp_path):
    def run(*sources: str, ci: bool, workers: str) -> subprocess.CompletedProcess[str]:
        for number, source in enumerate((*sources, PASSES)):
            (tmp_path / f"test_{number}.py").write_text(HEAD + source)
        (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  docker: x\n  browser: x\n")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "CI": "true" if ci else ""}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        command = [sys.executable, "-m", "pytest", "-p", "xdist.plugin", "-p", "tests.support.skips", "-n", workers]
        return subprocess.run(
            [*command, str(tmp_path)], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_skip_fails_the_run_in_ci_and_is_named(run_suite, workers):
    answer = run_suite(SKIPS, MODULE_SKIPS, ci=True, workers=workers)
    assert answer.returncode == 1
    named = answer.stdout.partition("nothing may be skipped here")[2].splitlines()[1:3]
    assert named == ["test_0.py::test_a", "test_1.py"]


@pytest.mark.parametrize(
    ("sources", "ci"), [((SKIPS,), False), ((SKIPS_FOR_DOCKER, FAILS_AS_EXPECTED), True)], ids=["at home", "in CI"]
)
def test_other_skips_do_no_harm(run_suite, sources, ci):
    assert run_suite(*sources, ci=ci, workers="0").returncode == 0
