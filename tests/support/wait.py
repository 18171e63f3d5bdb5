"""Waiting for something to become true, with a deadline: the only waiting tests do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# On a machine that is busy with something else, what takes one second takes ten. Only a test that fails waits longer.
PATIENCE = 3.0
LONG_ENOUGH_SECONDS = 30.0


def eventually(
    predicate: Callable[[], T],
    within: float = 10.0,
    *,
    every: float = 0.02,
    exactly: bool = False,
    message: str | Callable[[], str] = "",
    ignoring: type[Exception] | tuple[type[Exception], ...] = AssertionError,
) -> T:
    """Call `predicate` until it returns something true, and return that.

    `within` seconds are what it may take here with the machine to itself; short ones are stretched for others that are
    busy, so that nothing but a wait that is hopeless fails. `exactly` keeps the deadline: where missing it is the defect.
    One of `ignoring` counts as "not yet"; the last one is told when the deadline passes. `message` may be a function,
    so that it can describe the state at the deadline.

    Raises:
        AssertionError: the deadline passed.
    """
    within = within if exactly else max(within, min(PATIENCE * within, LONG_ENOUGH_SECONDS))
    deadline = time.monotonic() + within
    while True:
        problem: Exception | None = None
        try:
            if result := predicate():
                return result
        except ignoring as error:
            problem = error
        if time.monotonic() > deadline:
            told = message() if callable(message) else message
            raise AssertionError(f"not true within {within} s. {told}".strip()) from problem
        time.sleep(every)
