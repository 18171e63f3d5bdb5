"""One event loop that lives as long as the worker process.

A loop of its own for every task would wait, when it is closed, for each look-up of a name that hangs in the
resolver: the very cluster that must cost only itself would then hold up all others.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class Loop:
    """Runs coroutines from synchronous tasks, one at a time."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end and return the result."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(work)

    def close(self) -> None:
        """Close the loop; for tests, a worker just ends."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None
