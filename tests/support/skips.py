"""Which tests cannot run here and why; and no silent gaps where everything has to run.

With CI=true a test that was skipped for any other reason than a missing Docker engine fails the run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

CHROMIUM = Path("/usr/bin/chromium")
DOCKER_ANSWERS_WITHIN_SECONDS = 10


@cache
def docker_engine_answers() -> bool:
    """Whether `docker` is here and talks to an engine."""
    if shutil.which("docker") is None:
        return False
    try:
        answer = subprocess.run(
            ["docker", "info"], capture_output=True, check=False, timeout=DOCKER_ANSWERS_WITHIN_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return answer.returncode == 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine lacks the means for, with the reason."""
    for item in items:
        if item.get_closest_marker("browser") and not CHROMIUM.exists():
            item.add_marker(pytest.mark.skip(reason=f"no browser: {CHROMIUM} is missing (apt-get install chromium)"))
        if item.get_closest_marker("docker") and not docker_engine_answers():
            item.add_marker(pytest.mark.skip(reason="no Docker engine answers"))


class SkipWatch:
    """Collects skipped tests in the process that decides about the exit code."""

    def __init__(self) -> None:
        self.unexpected: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One test's outcome, wherever it ran."""
        if report.skipped and not hasattr(report, "wasxfail") and "docker" not in report.keywords:
            self.unexpected.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A whole module that skipped itself."""
        if report.skipped:
            self.unexpected.append(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Make the run fail."""
        if self.unexpected and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Say why."""
        if self.unexpected:
            terminalreporter.section("skipped, but nothing may be skipped here except for want of Docker", red=True)
            for name in sorted(set(self.unexpected)):
                terminalreporter.line(name)


def pytest_configure(config: pytest.Config) -> None:
    """Watch only where it matters, and only in the controller."""
    if os.environ.get("CI") == "true" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipWatch(), "skip-watch")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser, for `playwright.chromium.launch(executable_path=...)`. Mark the test with `browser`."""
    assert CHROMIUM.exists(), "mark tests that need Chromium with @pytest.mark.browser"
    return CHROMIUM
