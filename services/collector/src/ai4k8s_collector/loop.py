"""One event loop that lives as long as the worker process, and the threads beside it.

A loop of its own for every task would wait, when it is closed, for each look-up of a name that hangs in the
resolver: the very cluster that must cost only itself would then hold up all others. Here work that is not done when
a task ends stays in flight, and goes on when the next tick runs the loop again. Names are looked up in many threads,
the store is written in few others, so that neither waits for the other.
"""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

P = ParamSpec("P")
T = TypeVar("T")

LOOKUP_THREADS = 64
STORE_THREADS = 4


def look_for_cycles_seldom() -> None:
    """Let the collector of reference cycles run rarely: what is read of clusters is large and holds none.

    With Python's defaults it would go through hundreds of thousands of pods again and again while more are read.
    """
    gc.set_threshold(100_000, 50, 100)


class Loop:
    """Runs coroutines from synchronous tasks, one at a time."""

    def __init__(self) -> None:
        self.in_flight: set[asyncio.Task[None]] = set()
        self._runner: asyncio.Runner | None = None
        self._store_threads = ThreadPoolExecutor(STORE_THREADS, "store")

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end and return the result. What else is in flight goes on meanwhile."""
        if self._runner is None:
            self._runner = asyncio.Runner()
            self._runner.get_loop().set_default_executor(ThreadPoolExecutor(LOOKUP_THREADS, "lookup"))
        return self._runner.run(work)

    async def in_store_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function that waits for the store without holding up the loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._store_threads, lambda: function(*args, **kwargs))

    def close(self) -> None:
        """Give up what is in flight; for tests, a worker just ends."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None
        self._store_threads.shutdown()
