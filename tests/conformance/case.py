"""A case: what is done with real clients, what must come of it, and who says so.

Texts may hold $NS (the run's own namespace), $ID (the case's own name: objects are called by it, so that cases neither
meet nor depend on one another's order) and $SUFFIX (unique to the run, for objects outside namespaces).
"""

from __future__ import annotations

import enum
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.conformance.session import Session


class Mode(enum.Enum):
    """What a case does to the cluster."""

    READ = "read"
    WRITE = "write"


class Needs(enum.Enum):
    """What not every cluster offers, or should be asked for."""

    NOTHING = ""
    METRICS = "a metrics server"
    SIMULATOR = "the simulated cluster's own settings"
    WHOLE_CLUSTER = "a cluster of its own: nodes are cordoned or drained"


@dataclass(frozen=True)
class Result:
    """What a client said."""

    exit_code: int
    out: str
    err: str

    @property
    def lines(self) -> list[list[str]]:
        """The words of each line of output."""
        return [line.split() for line in self.out.splitlines() if line.strip()]


Namer = Callable[[str], str]
Check = Callable[[Result, Namer], None]


class Program(enum.Enum):
    """Which client takes a step."""

    KUBECTL = "kubectl"
    HELM = "helm"
    PYTHON = "the official Python client"
    SETUP = "set-up"


@dataclass(frozen=True)
class Step:
    """One thing done, with what must come of it."""

    program: Program
    arguments: tuple[str, ...] = ()
    call: Callable[[Session], Any] | None = None
    stdin: str | None = None
    exit_code: int = 0
    checks: tuple[Check, ...] = ()
    within: float = 0.0

    @property
    def title(self) -> str:
        """What to call it in a report."""
        if self.call is not None:
            return f"{self.program.value}: {getattr(self.call, '__name__', 'call')}"
        return f"{self.program.value} {shlex.join(self.arguments)}"


@dataclass(frozen=True)
class Case:
    """One promise.

    source: where it is written; a page of kubernetes.io/docs or helm.sh/docs, or a recorded exchange of a real server.
    known: why this project's simulated cluster does not keep it; the case then has to fail there, and only there.
    """

    name: str
    mode: Mode
    source: str
    steps: tuple[Step, ...]
    needs: Needs = Needs.NOTHING
    known: str = ""
    area: str = field(default="", compare=False)

    @property
    def identifier(self) -> str:
        """The case's own name for objects."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:40].strip("-")


def kubectl(command: str, *checks: Check, stdin: str | None = None, exit_code: int = 0, within: float = 0.0) -> Step:
    """Run kubectl; with `within`, again and again until it is as it must be."""
    return Step(Program.KUBECTL, tuple(shlex.split(command)), None, stdin, exit_code, checks, within)


def refused(command: str, *texts: str, stdin: str | None = None) -> Step:
    """Run kubectl, which must fail and say these texts."""
    return kubectl(command, *(says(text, of_errors=True) for text in texts), stdin=stdin, exit_code=1)


def helm(command: str, *checks: Check, exit_code: int = 0) -> Step:
    """Run helm."""
    return Step(Program.HELM, tuple(shlex.split(command)), None, None, exit_code, checks)


def python(call: Callable[[Session], Any]) -> Step:
    """Use the official Python client; the function asserts by itself."""
    return Step(Program.PYTHON, call=call)


def given(*manifests: str) -> Step:
    """Create objects that a case needs and is not about."""
    return Step(Program.SETUP, stdin="\n---\n".join(manifests))


def says(text: str, *, of_errors: bool = False) -> Check:
    """The output (or the error output) holds this text."""

    def check(result: Result, named: Namer) -> None:
        found = result.err if of_errors else result.out
        assert named(text) in found, f"missing: {named(text)!r}"

    return check


def warns(text: str) -> Check:
    """The error output holds this text."""
    return says(text, of_errors=True)


def lacks(text: str) -> Check:
    """The output does not hold this text."""

    def check(result: Result, named: Namer) -> None:
        assert named(text) not in result.out, f"not expected: {named(text)!r}"

    return check


def is_exactly(text: str) -> Check:
    """The output is this text, apart from white space around it."""

    def check(result: Result, named: Namer) -> None:
        assert result.out.strip() == named(text), f"expected exactly {named(text)!r}"

    return check


def matches(pattern: str) -> Check:
    """The output fits a regular expression somewhere."""

    def check(result: Result, named: Namer) -> None:
        assert re.search(named(pattern), result.out, re.MULTILINE), f"nothing fits {named(pattern)!r}"

    return check


def columns(*names: str) -> Check:
    """The first line is these column heads."""

    def check(result: Result, named: Namer) -> None:
        head = re.split(r"\s{2,}|\t\s*", result.out.splitlines()[0].strip()) if result.out.strip() else []
        assert head == list(names), f"columns are {head}"

    return check


def row(*cells: str) -> Check:
    """Some line begins with these words."""

    def check(result: Result, named: Namer) -> None:
        wanted = [named(cell) for cell in cells]
        assert any(line[: len(wanted)] == wanted for line in result.lines), f"no line begins with {wanted}"

    return check


def counts(number: int) -> Check:
    """There are so many lines."""

    def check(result: Result, named: Namer) -> None:
        assert len(result.lines) == number, f"{len(result.lines)} lines"

    return check
