"""How long one call may last, whether anybody still wants it, and how much of an answer is read.

The call in progress is known to the network layer below the providers' packages (`adapters/line.py`), which looks at it
at every read: their own time-outs begin anew with every byte, so a server that drips would hold a worker for hours.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_common.llm.types import BadAnswerError, ModelCancelledError, ModelTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_ANSWER_BYTES = 4_000_000
LOOK_EVERY_SECONDS = 0.2


def never() -> bool:
    """Nobody cancels."""
    return False


@dataclass
class Call:
    """One call to one provider."""

    deadline: float  # time.monotonic()
    cancelled: Callable[[], bool] = never
    received_bytes: int = 0

    @classmethod
    def lasting(cls, seconds: float, cancelled: Callable[[], bool] | None = None) -> Call:
        """Begin a call that may last so long."""
        return cls(time.monotonic() + seconds, cancelled or never)

    def at_most(self, seconds: float) -> Call:
        """Return a call within this one."""
        return Call(min(self.deadline, time.monotonic() + seconds), self.cancelled)

    @property
    def remaining_seconds(self) -> float:
        """How long it may still last; may be negative."""
        return self.deadline - time.monotonic()

    def check(self) -> None:
        """Raise ModelCancelledError or ModelTimeoutError when it is over."""
        if self.cancelled():
            raise ModelCancelledError("whoever asked does not want the answer any more")
        if self.remaining_seconds <= 0:
            raise ModelTimeoutError("it did not finish in the time it has")

    def count(self, received_bytes: int) -> None:
        """Take note of bytes that came. Raises BadAnswerError when they are too many."""
        self.received_bytes += received_bytes
        if self.received_bytes > MAX_ANSWER_BYTES:
            raise BadAnswerError(f"it sent more than {MAX_ANSWER_BYTES // 1_000_000} MB")

    def wait(self, seconds: float) -> None:
        """Wait, looking whether the call is over meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, LOOK_EVERY_SECONDS))


_current: ContextVar[Call | None] = ContextVar("ai4k8s_model_call", default=None)


def current_call() -> Call:
    """Return the call in progress; one that allows a minute outside of any."""
    return _current.get() or Call.lasting(60.0)


@contextmanager
def in_progress(call: Call) -> Iterator[Call]:
    """Make a call the one that the network layer looks at."""
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)
