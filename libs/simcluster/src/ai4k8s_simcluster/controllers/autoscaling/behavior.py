"""How fast an HPA follows its metrics: windows that hold a decision back, policies that limit a step, bounds.

Every function is a rule of the documentation of HorizontalPodAutoscaler `spec.behavior`; what was decided and done
before is kept in a `History`.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from ai4k8s_simcluster.types import Obj

DOWN_WINDOW_SECONDS = 300.0
_FEWEST_UP_LIMIT = 4
_UP_FACTOR = 2
_MANY = 2**31 - 1
_DEFAULT_UP = (
    {"type": "Pods", "value": 4, "periodSeconds": 15},
    {"type": "Percent", "value": 100, "periodSeconds": 15},
)
_DEFAULT_DOWN = ({"type": "Percent", "value": 100, "periodSeconds": 15},)


class Moment(NamedTuple):
    """A number at a time: a recommendation, or a change of replicas."""

    at: float
    number: int


@dataclass
class History:
    """What one HPA recommended and did lately."""

    recommendations: list[Moment] = field(default_factory=list)
    added: list[Moment] = field(default_factory=list)
    removed: list[Moment] = field(default_factory=list)

    def begin(self, replicas: int, now: float) -> None:
        """Take the present size for the first recommendation."""
        if not self.recommendations:
            self.recommendations.append(Moment(now, replicas))

    def note_change(self, before: int, after: int, now: float, behavior: Obj) -> None:
        """Remember a change for as long as a policy counts it."""
        longest = max(
            (int(p["periodSeconds"]) for rules in behavior.values() for p in _policies(rules, ())), default=15
        )
        book = self.added if after > before else self.removed
        book.append(Moment(now, abs(after - before)))
        for changes in (self.added, self.removed):
            changes[:] = [found for found in changes if found.at > now - max(longest, 15)]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most replicas."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Said:
    """Why a decision is what it is, as a condition says it."""

    reason: str
    message: str


READY = Said("ReadyForNewScale", "recommended size matches current size")
WITHIN = Said("DesiredWithinRange", "the desired count is within the acceptable range")
TOO_MANY = Said("TooManyReplicas", "the desired replica count is more than the maximum replica count")
TOO_FEW = Said("TooFewReplicas", "the desired replica count is less than the minimum replica count")
UP_LIMIT = Said("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
DOWN_LIMIT = Said("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
DOWN_STABILIZED = Said(
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
UP_STABILIZED = Said(
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)


@dataclass(frozen=True, slots=True)
class Decision:
    """A size, what held it back in time, and whether a limit cut it."""

    replicas: int
    able: Said
    limit: Said
    limited: bool


def decide(current: int, wanted: int, bounds: Bounds, behavior: Obj | None, history: History, now: float) -> Decision:
    """Return the size to go to from what the metrics call for: stabilise, limit the rate, keep the bounds."""
    if behavior is None:
        stable = _highest(wanted, history, now)
        able = READY if stable == wanted else DOWN_STABILIZED
        replicas, limit = _plain_limits(current, stable, bounds)
    else:
        stable, able = _stabilized(current, wanted, behavior, history, now)
        replicas, limit = _limited(current, stable, bounds, behavior, history, now)
    return Decision(replicas, able, limit, limited=replicas != stable)


def _highest(wanted: int, history: History, now: float) -> int:
    """Return the highest recommendation of the last five minutes, and remember this one."""
    kept = [found for found in history.recommendations if found.at >= now - DOWN_WINDOW_SECONDS]
    history.recommendations = [*kept, Moment(now, wanted)]
    return max([wanted, *(found.number for found in kept)])


def _plain_limits(current: int, wanted: int, bounds: Bounds) -> tuple[int, Said]:
    """Without behaviour: at most twice the size, or four, at one time."""
    ceiling = max(_UP_FACTOR * current, _FEWEST_UP_LIMIT)
    most, why = (ceiling, UP_LIMIT) if bounds.most > ceiling else (bounds.most, TOO_MANY)
    if wanted < bounds.least:
        return bounds.least, TOO_FEW
    return (most, why) if wanted > most else (wanted, WITHIN)


def _window(rules: Obj | None, default: float) -> float:
    value = (rules or {}).get("stabilizationWindowSeconds")
    return default if value is None else float(value)


def _stabilized(current: int, wanted: int, behavior: Obj, history: History, now: float) -> tuple[int, Said]:
    """Go up only as far as all recent recommendations did, and down only as far as none was above."""
    up_window = _window(behavior.get("scaleUp"), 0.0)
    down_window = _window(behavior.get("scaleDown"), DOWN_WINDOW_SECONDS)
    lowest = highest = wanted
    for found in history.recommendations:
        if found.at > now - up_window:
            lowest = min(lowest, found.number)
        if found.at > now - down_window:
            highest = max(highest, found.number)
    oldest = now - max(up_window, down_window)
    kept = [found for found in history.recommendations if found.at > oldest]
    history.recommendations = [*kept, Moment(now, wanted)]
    stable = min(max(current, lowest), highest)
    if stable == wanted:
        return stable, READY
    return stable, UP_STABILIZED if wanted >= current else DOWN_STABILIZED


def _limited(
    current: int, wanted: int, bounds: Bounds, behavior: Obj, history: History, now: float
) -> tuple[int, Said]:
    if wanted > current:
        limit = max(_up_limit(current, behavior.get("scaleUp") or {}, history, now), current)
        most, why = (limit, UP_LIMIT) if bounds.most > limit else (bounds.most, TOO_MANY)
        return (most, why) if wanted > most else (wanted, WITHIN)
    if wanted < current:
        limit = min(_down_limit(current, behavior.get("scaleDown") or {}, history, now), current)
        least, why = (limit, DOWN_LIMIT) if bounds.least < limit else (bounds.least, TOO_FEW)
        return (least, why) if wanted < least else (wanted, WITHIN)
    return wanted, WITHIN


def _policies(rules: Obj, default: tuple[Obj, ...]) -> tuple[Obj, ...]:
    return tuple(rules.get("policies") or default)


def _changed(changes: list[Moment], period: float, now: float) -> int:
    return sum(found.number for found in changes if found.at > now - period)


def _at_period_start(current: int, policy: Obj, history: History, now: float) -> int:
    period = float(policy["periodSeconds"])
    return current - _changed(history.added, period, now) + _changed(history.removed, period, now)


def _up_limit(current: int, rules: Obj, history: History, now: float) -> int:
    """Return the size up to which the policies allow to go; percent round up."""
    select = rules.get("selectPolicy", "Max")
    if select == "Disabled":
        return current
    choose = min if select == "Min" else max
    limit = _MANY if select == "Min" else -_MANY
    for policy in _policies(rules, _DEFAULT_UP):
        start = _at_period_start(current, policy, history, now)
        value = int(policy["value"])
        proposed = start + value if policy["type"] == "Pods" else math.ceil(start * (1 + value / 100))
        limit = choose(limit, proposed)
    return limit


def _down_limit(current: int, rules: Obj, history: History, now: float) -> int:
    """Return the size down to which the policies allow to go; percent are cut."""
    select = rules.get("selectPolicy", "Max")
    if select == "Disabled":
        return current
    choose = max if select == "Min" else min
    limit = -_MANY if select == "Min" else _MANY
    for policy in _policies(rules, _DEFAULT_DOWN):
        start = _at_period_start(current, policy, history, now)
        value = int(policy["value"])
        proposed = start - value if policy["type"] == "Pods" else int(start * (1 - value / 100))
        limit = choose(limit, proposed)
    return limit
