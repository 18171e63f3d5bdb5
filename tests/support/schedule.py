"""Which tests stay together and which begin first, so that the suite takes as long as its work and no longer.

Modules that share something costly belong on one test process, or every process makes it anew; and what runs for
minutes must begin first, or one process ends up alone with it. xdist's own way, the `xdist_group` marker, is without
effect: it writes the group into `item._nodeid`, which pytest 9.2 does not read any more.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# The longest first.
TOGETHER = (
    "tests/e2e/test_the_loop.py",
    "tests/integration/deploy/test_parts_run_alone.py",
    "tests/integration/deploy/test_chart.py",
    "tests/integration/deploy/test_installation.py",
    "tests/integration/simcluster/test_api.py",
    "tests/integration/simcluster/test_prometheus.py",
    "tests/integration/collector/test_simulated_cluster.py",
    "tests/integration/collector/test_connection_kinds.py",
    "tests/unit/llm/test_providers.py",
    "tests/unit/llm/test_small_model.py",
)

# Every module here makes a gateway, a cluster or a browser of its own, which costs more than its tests.
TOGETHER_UNDER = ("tests/e2e/", "tests/integration/chat/", "tests/integration/gateway/")
ALSO_TOGETHER = frozenset({"tests/integration/scaler/test_engines_together.py"})

_LEAST_KNOWN = 2


def module_of(nodeid: str) -> str:
    """The file of a test."""
    return nodeid.partition("::")[0]


def stays_together(module: str) -> bool:
    """Whether one process runs all of a module's tests."""
    return module in TOGETHER or module in ALSO_TOGETHER or module.startswith(TOGETHER_UNDER)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the modules that stay together in front; the rest stays as it was."""
    for item in items:
        if item.get_closest_marker("xdist_group"):
            raise pytest.UsageError(f"{item.nodeid}: xdist_group has no effect; name the module in {__name__}.TOGETHER")
    places = {module: place for place, module in enumerate(TOGETHER)}
    items.sort(key=lambda item: places.get(module_of(item.nodeid), len(places)))


class Schedule(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types mypy can see
    """Hands out a module that stays together as a whole, and every other test by itself, in the order of collection."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        module = module_of(nodeid)
        return module if stays_together(module) else nodeid

    def remove_node(self, node: Any) -> str | None:
        """Give what a dead process left to the others, or to its replacement; return the test that it died of.

        xdist would hand out that test again, and also units that are done, for whose end it then waits for ever.
        """
        left = [unit for unit in self.assigned_work.pop(node).values() if not all(unit.values())]
        if not left:
            return None
        died_of: str = next(nodeid for nodeid, done in left[0].items() if not done)
        left[0][died_of] = True
        for unit in reversed(left):
            rest = {nodeid: False for nodeid, done in unit.items() if not done}
            if rest:
                scope = self._split_scope(next(iter(rest)))
                self.workqueue[scope] = rest
                self.workqueue.move_to_end(scope, last=False)
        for other in list(self.assigned_work):
            self._reschedule(other)
        return died_of

    def _reschedule(self, node: Any) -> None:
        """Give a process what keeps it going: it begins a test only once it knows of another, or that there is none."""
        if node not in self.registered_collections:
            return  # a replacement that is still collecting; it asks again
        super()._reschedule(node)
        while self._pending_of(self.assigned_work[node]) < _LEAST_KNOWN and not node.shutting_down:
            super()._reschedule(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Schedule:
    """Called in the controller."""
    return Schedule(config, log)
