"""What `ai4k8s up` shows: a line for each step, with a moving sign on a terminal and plain text elsewhere."""

from __future__ import annotations

import contextlib
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_standalone.errors import StandaloneError


class Display:
    """Prints progress. A terminal that went away must not end what we supervise, so writing never fails."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """Show that something is going on, then that it is done and how long it took.

        What is appended to the yielded list is added to the line.
        """
        remarks: list[str] = []
        began = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(f"{escape(title)} ..."):
                yield remarks
        else:
            yield remarks
        took = time.monotonic() - began
        remark = f" ({', '.join(remarks)})" if remarks else ""
        self._write(f"[green]ok[/]    {escape(title + remark)} [dim]{took:.1f} s[/]")

    def note(self, message: str) -> None:
        """Something a person should read."""
        self._write(f"[yellow]note[/]  {escape(message)}")

    def error(self, error: StandaloneError) -> None:
        """What went wrong, and what to do about it."""
        self._write(f"[bold red]error[/] {escape(str(error))}")
        if error.hint:
            self._write(escape(error.hint))

    def line(self, text: str = "") -> None:
        """Plain words."""
        self._write(escape(text))

    def headline(self, text: str) -> None:
        """Words that stand out."""
        self._write(f"[bold]{escape(text)}[/]")

    def _write(self, markup: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._console.print(markup)
