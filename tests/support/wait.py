"""Waiting for something to become true, with a deadline: the only waiting tests do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def eventually(
    predicate: Callable[[], T],
    within: float = 10.0,
    *,
    every: float = 0.02,
    message: str | Callable[[], str] = "",
    ignoring: type[Exception] | tuple[type[Exception], ...] = AssertionError,
) -> T:
    """Call `predicate` until it returns something true, and return that.

    One of `ignoring` counts as "not yet"; the last one is told when the deadline (`within`
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
        except ignoring as error:
            problem = error
        if time.monotonic() > deadline:
            told = message() if callable(message) else message
            raise AssertionError(f"not true within {within} s. {told}".strip()) from problem
        time.sleep(every)
