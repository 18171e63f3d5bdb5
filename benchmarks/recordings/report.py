"""What a replay found: per exchange, per topic, for people and as JSON."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.recordings.compare import Difference


@dataclass
class Outcome:
    """One line of a recording, replayed."""

    scenario: str
    topic: str
    n: int
    step: str
    call: str
    differences: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Say whether the answer is what was recorded."""
        return not self.differences

    @property
    def refused(self) -> bool:
        """Say whether even the status differs, so that the rest says little."""
        return any(found.where in {"status", "exit", "request"} for found in self.differences)

    def document(self) -> dict[str, Any]:
        """Return it for a JSON file."""
        lines = [found.line() for found in self.differences]
        return {**{k: v for k, v in asdict(self).items() if k != "differences"}, "differences": lines}

    def text(self, most: int) -> str:
        """Return it for people, with at most so many differences."""
        shown = [f"      {found.line()}" for found in self.differences[:most]]
        hidden = len(self.differences) - most
        more = [f"      ... and {hidden} more"] if hidden > 0 else []
        head = f"{'=' if self.equal else 'x'} {self.scenario} {self.n} {self.step}\n      {self.call}"
        return "\n".join([head, *shown, *more])


def table(outcomes: Iterable[Outcome]) -> str:
    """Return how many lines of each topic are equal."""
    topics: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        topics.setdefault(outcome.topic, []).append(outcome)
    rows = [(topic, *_counts(found)) for topic, found in sorted(topics.items())]
    rows.append(("all", *_counts([one for found in topics.values() for one in found])))
    lines = [f"{'topic':20s} {'lines':>6s} {'equal':>6s} {'differ':>6s} {'of them status':>14s} {'equal %':>8s}"]
    for topic, total, equal, refused in rows:
        share = 100 * equal / total if total else 0.0
        lines.append(f"{topic:20s} {total:6d} {equal:6d} {total - equal:6d} {refused:14d} {share:8.1f}")
    return "\n".join(lines)


def _counts(outcomes: list[Outcome]) -> tuple[int, int, int]:
    return len(outcomes), sum(one.equal for one in outcomes), sum(one.refused for one in outcomes)
