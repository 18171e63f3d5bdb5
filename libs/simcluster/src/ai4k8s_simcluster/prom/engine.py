"""Evaluates a parsed query at many times at once: one array operation per series, not one per sample."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ai4k8s_simcluster.prom import ranges, syntax
from ai4k8s_simcluster.prom.series import NAME, Series, SeriesSource, joined
from ai4k8s_simcluster.prom.syntax import Expression, PromqlError, Selector
from ai4k8s_simcluster.types import BoolArray, FloatArray, IntArray

LOOKBACK_MS = 300_000
Labels = Mapping[str, str]
_Arithmetic = Callable[[FloatArray, FloatArray], FloatArray]
_OPERATORS: dict[str, _Arithmetic] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One series of a result: its values at the evaluation times, and where there is one."""

    labels: Labels
    values: FloatArray
    present: BoolArray


Vector = list[Row]
Value = Vector | FloatArray


class Sources:
    """Several sources of series as one: the past and what has been recorded since."""

    def __init__(self, *sources: SeriesSource) -> None:
        self._sources = sources

    def names(self) -> set[str]:
        """Return the metric names there are."""
        return {name for source in self._sources for name in source.names()}

    def select(self, selector: Selector) -> list[Series]:
        """Return the series that a selector names."""
        name = selector.name
        on_name = [m for m in selector.matchers if m.label == NAME]
        names = [name] if name else sorted(n for n in self.names() if all(m.matches({NAME: n}) for m in on_name))
        others = [m for m in selector.matchers if m.label != NAME]
        parts: dict[tuple[tuple[str, str], ...], list[Series]] = {}
        for wanted in names:
            for source in self._sources:
                for series in source.series(wanted):
                    if all(matcher.matches(series.labels) for matcher in others):
                        parts.setdefault(tuple(sorted(series.labels.items())), []).append(series)
        return [joined(found) for found in parts.values()]

    def find(self, labels: Mapping[str, str]) -> Series | None:
        """Return the one series with exactly these labels, if there is one."""
        parts = [found for source in self._sources if (found := source.find(labels)) is not None]
        return joined(parts) if parts else None


def _nameless(labels: Labels) -> dict[str, str]:
    return {key: value for key, value in labels.items() if key != NAME}


def _key(labels: Labels) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


class Engine:
    """Evaluates expressions over sources."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def evaluate(self, expression: Expression, at: IntArray) -> Value:
        """Return a vector, or a scalar for each time. Raises PromqlError."""
        match expression:
            case syntax.Number(value):
                return np.full(len(at), value)
            case syntax.Selector():
                return self._instant(expression, at)
            case syntax.Call(function, argument):
                return self._call(function, argument, at)
            case syntax.Aggregation():
                return self._aggregate(expression, at)
            case syntax.Negation(argument):
                return self._negate(self.evaluate(argument, at))
        return self._binary(expression, at)

    def _instant(self, selector: Selector, at: IntArray) -> Vector:
        if selector.range_ms:
            raise PromqlError(
                'invalid expression type "range vector" for range query, must be Scalar or instant Vector'
            )
        found = []
        for series in self._sources.select(selector):
            values, present = ranges.latest(series, at, LOOKBACK_MS)
            if present.any():
                found.append(Row(series.labels, values, present))
        return found

    def _call(self, function: str, argument: Selector, at: IntArray) -> Vector:
        found = []
        for series in self._sources.select(argument):
            values, present = ranges.evaluate(function, series, at, argument.range_ms)
            if present.any():
                found.append(Row(_nameless(series.labels), values, present))
        return _distinct(found)

    def _negate(self, value: Value) -> Value:
        if isinstance(value, list):
            return _distinct([Row(_nameless(row.labels), -row.values, row.present) for row in value])
        return -value

    def _aggregate(self, aggregation: syntax.Aggregation, at: IntArray) -> Vector:
        vector = self.evaluate(aggregation.argument, at)
        if not isinstance(vector, list):
            raise PromqlError("parse error: expected type instant vector in aggregation expression, got scalar")
        groups: dict[tuple[tuple[str, str], ...], list[Row]] = {}
        for row in vector:
            if aggregation.without:
                kept = {k: v for k, v in row.labels.items() if k not in aggregation.labels and k != NAME}
            else:
                kept = {k: row.labels[k] for k in aggregation.labels if k in row.labels}
            groups.setdefault(_key(kept), []).append(row)
        return [_reduce(aggregation.operator, dict(key), rows) for key, rows in groups.items()]

    def _binary(self, expression: syntax.Binary, at: IntArray) -> Value:
        left, right = self.evaluate(expression.left, at), self.evaluate(expression.right, at)
        operate = _OPERATORS[expression.operator]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if isinstance(left, list) and isinstance(right, list):
                return _match(operate, left, right, expression.matching)
            if expression.matching != syntax.Matching():
                raise PromqlError("1:1: parse error: vector matching only allowed between instant vectors")
            if isinstance(left, list) and not isinstance(right, list):
                scalar = right
                rows = [Row(_nameless(r.labels), operate(r.values, scalar), r.present) for r in left]
                return _distinct(rows)
            if isinstance(right, list) and not isinstance(left, list):
                other = left
                return _distinct([Row(_nameless(r.labels), operate(other, r.values), r.present) for r in right])
            return operate(np.asarray(left), np.asarray(right))


def _reduce(operator: str, labels: dict[str, str], rows: Sequence[Row]) -> Row:
    present = np.array([row.present for row in rows])
    values = np.array([row.values for row in rows])
    counts = present.sum(axis=0)
    match operator:
        case "count":
            result = counts.astype(np.float64)
        case "max":
            result = np.where(present, values, -np.inf).max(axis=0)
        case "min":
            result = np.where(present, values, np.inf).min(axis=0)
        case _:
            result = np.where(present, values, 0.0).sum(axis=0)
            if operator == "avg":
                result = result / np.maximum(counts, 1)
    return Row(labels, result, counts > 0)


def _distinct(rows: Vector) -> Vector:
    seen: dict[tuple[tuple[str, str], ...], Row] = {}
    for row in rows:
        key = _key(row.labels)
        other = seen.get(key)
        if other is not None and (other.present & row.present).any():
            raise PromqlError("vector cannot contain metrics with the same labelset")
        if other is not None:
            values = np.where(row.present, row.values, other.values)
            seen[key] = Row(row.labels, values, row.present | other.present)
        else:
            seen[key] = row
    return list(seen.values())


def _signature(labels: Labels, matching: syntax.Matching) -> tuple[tuple[str, str], ...]:
    if matching.on:
        return tuple((name, labels.get(name, "")) for name in sorted(matching.labels))
    return _key({k: v for k, v in labels.items() if k not in matching.labels and k != NAME})


def _match(operate: _Arithmetic, left: Vector, right: Vector, matching: syntax.Matching) -> Vector:
    """Join two vectors: one to one, or many to one with labels taken over from the one side."""
    swapped = matching.many == "group_right"
    many, one = (right, left) if swapped else (left, right)
    side = "left" if swapped else "right"
    partners: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for row in one:
        partners.setdefault(_signature(row.labels, matching), []).append(row)
    for group in partners.values():
        if len(group) > 1 and (np.sum([row.present for row in group], axis=0) > 1).any():
            raise PromqlError(
                f"found duplicate series for the match group on the {side} hand-side of the operation; "
                "many-to-many matching not allowed: matching labels must be unique on one side"
            )
    found: Vector = []
    for row in many:
        for partner in partners.get(_signature(row.labels, matching), ()):
            present = row.present & partner.present
            if present.any():
                a, b = (partner, row) if swapped else (row, partner)
                found.append(
                    Row(
                        _result_labels(row.labels, partner.labels, matching),
                        operate(a.values, b.values),
                        present,
                    )
                )
    if not matching.many:
        _refuse_many_to_one(found)
    return _distinct(found)


def _refuse_many_to_one(found: Vector) -> None:
    by_key: dict[tuple[tuple[str, str], ...], BoolArray] = {}
    for row in found:
        key = _key(row.labels)
        if key in by_key and (by_key[key] & row.present).any():
            raise PromqlError(
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
            )
        by_key[key] = by_key[key] | row.present if key in by_key else row.present


def _result_labels(many: Labels, one: Labels, matching: syntax.Matching) -> dict[str, str]:
    if not matching.many:
        if matching.on:
            return {name: many[name] for name in matching.labels if name in many}
        return {k: v for k, v in _nameless(many).items() if k not in matching.labels}
    labels = _nameless(many)
    for name in matching.included:
        if one.get(name):
            labels[name] = one[name]
        else:
            labels.pop(name, None)
    return labels
