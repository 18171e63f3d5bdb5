"""A path told as people ask for it: what is it now, what in each of the next hours, and should anything be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HOURS = 6
#: Share of what there is from which more should be made ready.
SCARCE = 0.8


@dataclass(frozen=True)
class InHours:
    """One quantity, in percent of what there is where that is known.

    Attributes:
        predicted: mean of the median of each hour.
        intervals: mean bounds of the 95 % interval of each hour.
        recommendation: a sentence.
    """

    predicted: list[float]
    intervals: list[tuple[float, float]]
    recommendation: str


def in_hours(levels: Sequence[float], values: Sequence[Sequence[float]], capacity: float | None, name: str) -> InHours:
    """Tell a path of ``levels`` x steps by the hour.

    Args:
        levels: quantiles; the outermost bound the interval.
        values: ``[levels][steps]``.
        capacity: what there is, in the same unit; None where a share of it would mean nothing.
        name: of the quantity, to begin a sentence with.
    """
    scale = 100 / capacity if capacity else 1.0
    low, middle, high = (_hourly(values[place], scale) for place in (0, _median(levels), -1))
    return InHours(middle, list(zip(low, high, strict=True)), _recommendation(middle, capacity, name))


def _hourly(row: Sequence[float], scale: float) -> list[float]:
    steps = len(row) // HOURS
    return [round(sum(row[hour * steps : (hour + 1) * steps]) / steps * scale, 1) for hour in range(HOURS)]


def _median(levels: Sequence[float]) -> int:
    return min(range(len(levels)), key=lambda place: abs(levels[place] - 0.5))


def _recommendation(hours: list[float], capacity: float | None, name: str) -> str:
    if not capacity:
        return f"{name}: no limit is known that it could reach."
    scarce = next((hour for hour, share in enumerate(hours) if share >= 100 * SCARCE), None)
    if scarce is None:
        return f"Nothing to do: {name} stays below {max(hours):.0f} % of what the nodes offer."
    when = "now" if scarce == 0 else f"in {scarce} {'hour' if scarce == 1 else 'hours'}"
    return f"Consider adding nodes {when}: {name} reaches {hours[scarce]:.0f} % of what the nodes offer."
