"""The cluster that cases run against: the one named in CONFORMANCE_KUBECONFIG, else a simulated one of this process.

CONFORMANCE_CASES=read or =write chooses; CONFORMANCE_WHOLE_CLUSTER=1 lets another cluster's nodes be cordoned and drained.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ai4k8s_simcluster.controllers.context import SecondsRange
from ai4k8s_simcluster.settings import SimSettings
from ai4k8s_simcluster.testing import SimThread
from tests.conformance.case import Case, Mode, Needs
from tests.conformance.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

KUBECONFIG = os.environ.get("CONFORMANCE_KUBECONFIG", "")
CHOSEN = os.environ.get("CONFORMANCE_CASES", "all")
WHOLE_CLUSTER = os.environ.get("CONFORMANCE_WHOLE_CLUSTER") == "1"
_QUICK = SecondsRange(0.2, 0.2)


def wanted(case: Case) -> bool:
    """Say whether a case was chosen and suits the cluster."""
    if CHOSEN != "all" and case.mode is not Mode(CHOSEN):
        return False
    if not KUBECONFIG:
        return True
    return case.needs is not Needs.SIMULATOR and (case.needs is not Needs.WHOLE_CLUSTER or WHOLE_CLUSTER)


@pytest.fixture(scope="session")
def session(kubectl: Path, helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Clients of the cluster, with a namespace of this process's own."""
    home = tmp_path_factory.mktemp("conformance")
    if KUBECONFIG:
        yield from _opened(Session(Path(KUBECONFIG), kubectl, helm, home, writes=Mode.READ.value != CHOSEN))
        return
    settings = SimSettings(home / "state", home / "kubeconfig", nodes=3, demo=False, startup=_QUICK, termination=_QUICK)
    with SimThread(settings):
        yield from _opened(Session(home / "kubeconfig", kubectl, helm, home))


def _opened(session: Session) -> Iterator[Session]:
    session.open()
    try:
        yield session
    finally:
        session.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many cases of each area passed."""
    passed: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    for outcome in ("passed", "failed", "error", "xfailed"):
        for report in terminalreporter.stats.get(outcome, []):
            named = dict(report.user_properties)
            if "area" in named and (report.when == "call" or outcome == "error"):
                key = (named["area"], named["mode"])
                total[key] += 1
                passed[key] += outcome == "passed"
    if not total:
        return
    terminalreporter.section("conformance")
    for key in sorted(total):
        terminalreporter.write_line(f"{key[0]:14s} {key[1]:6s} {passed[key]:4d} of {total[key]:4d}")
    where = KUBECONFIG or "the simulated cluster"
    terminalreporter.write_line(f"{sum(passed.values())} of {sum(total.values())} cases passed against {where}")
