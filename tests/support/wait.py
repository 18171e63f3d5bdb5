"""Waiting for something to become true, with a deadline: the only waiting tests do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    predicate: Callable[[], T],
    within: float = 10.0,
    *,
    every: float = 0.02,
    message: str | Callable[[], str] = "",
    ignoring: type[Exception] | tuple[type[Exception], ...] = (),
) -> T:
    """Call `predicate` until it returns something true, and return that.

    An `AssertionError` or one of `ignoring` counts as "not yet"; the last one is told when the deadline (`within`
    seconds) passes. `message` may be a function, so that it can describe the state at the deadline.

    Raises:
        AssertionError: the deadline passed.
    """
    deadline = time.monotonic() + within
    while True:
        problem: Exception | None = None
        try:
            if result := predicate():
                return result
        except (AssertionError, *(ignoring if isinstance(ignoring, tuple) else (ignoring,))) as error:
            problem = error
        if time.monotonic() > deadline:
            told = message() if callable(message) else message
            raise AssertionError(f"not true within {within} s. {told}".strip()) from problem
        time.sleep(every)
