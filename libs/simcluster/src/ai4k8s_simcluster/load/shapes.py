"""Generated load shapes: the same seed gives the same load at the same time, on every machine and after a
restart.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from ai4k8s_simcluster.types import FloatArray

_DAY = 86_400.0
_HOUR = 3_600.0
_WEEK = 604_800.0
_NOISE_STEP = 60.0
_MONDAY = 345_600.0  # the epoch began on a Thursday
_TWO_POW_53 = float(1 << 53)


class ShapeKind(StrEnum):
    """The shapes there are."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    BURSTS = "bursts"
    LEVEL_SHIFT = "level-shift"
    NOISE = "noise"
    RUSH = "rush"


class ShapeError(ValueError):
    """No such shape, or no such parameter."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape with its parameters.

    base and amplitude are cores, noise is a share of the level, duration is in seconds, phase_at is a Unix
    time at which the recurring part rises (and, for the level shift, two days after the shift).
    """

    kind: ShapeKind
    base: float = 1.0
    amplitude: float = 2.0
    noise: float = 0.03
    duration: float = 900.0
    phase_at: float = 0.0
    seed: int = 0

    def cores_at(self, times: FloatArray) -> FloatArray:
        """Return the demand in cores at these Unix times."""
        level = self._level(times)
        wobble = 1.0 + self.noise * _smooth_noise(times, self.seed)
        return np.maximum(level * wobble, 0.0)

    def _level(self, times: FloatArray) -> FloatArray:
        match self.kind:
            case ShapeKind.HOURLY:
                return self.base + self.amplitude * _pulse(times, self.phase_at, _HOUR, self.duration)
            case ShapeKind.DAILY:
                return self.base + self.amplitude * _day(times, self.phase_at)
            case ShapeKind.WEEKLY:
                return self.base + self.amplitude * _day(times, self.phase_at) * _working_days(times)
            case ShapeKind.BURSTS:
                return self.base + self.amplitude * _bursts(times, self.seed)
            case ShapeKind.LEVEL_SHIFT:
                shifted = times >= self.phase_at - 2 * _DAY
                return self.base + self.amplitude * shifted + 0.2 * self.base * _day(times, self.phase_at)
            case ShapeKind.RUSH:
                hourly = _pulse(times, self.phase_at, _HOUR, self.duration)
                daily = _pulse(times, self.phase_at, _DAY, 4 * self.duration)
                slow = 0.3 * _day(times, self.phase_at)
                return self.base * (1.0 + slow) + self.amplitude * (0.45 * hourly + 0.55 * np.maximum(hourly, daily))
        return np.full(len(times), self.base)

    def at_phase(self, phase_at: float, seed: int) -> "Shape":
        """Return the shape with its recurring rise at that time, unless its parameters said when."""
        return replace(self, phase_at=self.phase_at or phase_at, seed=self.seed or seed)


def read_shape(text: str) -> "Shape":
    """Read `KIND[:k=v,...]`. Raises ShapeError."""
    kind, _, listed = text.partition(":")
    parameters: dict[str, str] = {}
    for pair in filter(None, listed.split(",")):
        name, marked, value = pair.partition("=")
        if not marked:
            raise ShapeError(f"'{pair}' is not PARAMETER=VALUE")
        parameters[name.strip()] = value.strip()
    return parse_shape(kind, parameters)


def parse_shape(kind: str, parameters: dict[str, str]) -> Shape:
    """Read a shape from the command line's form. Raises ShapeError."""
    try:
        shape = Shape(ShapeKind(kind))
    except ValueError as error:
        known = ", ".join(ShapeKind)
        raise ShapeError(f"no shape '{kind}'; there are {known}") from error
    allowed = {"base", "amplitude", "noise", "duration", "phase_at", "seed"}
    if unknown := parameters.keys() - allowed:
        raise ShapeError(
            f"shape {kind} has no parameter {', '.join(sorted(unknown))}; it has {', '.join(sorted(allowed))}"
        )
    try:
        numbers = {name: float(text) for name, text in parameters.items()}
    except ValueError as error:
        raise ShapeError(f"shape {kind}: {error}") from error
    seed = int(numbers.pop("seed", 0))
    return replace(
        shape,
        seed=seed,
        base=numbers.get("base", shape.base),
        amplitude=numbers.get("amplitude", shape.amplitude),
        noise=numbers.get("noise", shape.noise),
        duration=numbers.get("duration", shape.duration),
        phase_at=numbers.get("phase_at", shape.phase_at),
    )


def _uniform(bins: FloatArray, seed: int, salt: int) -> FloatArray:
    """Return numbers in [0, 1) that depend on nothing but the bin, the seed and the salt (SplitMix64)."""
    mixed = (seed * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03) & 0xFFFFFFFFFFFFFFFF
    state = bins.astype(np.int64).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(mixed)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state = state ^ (state >> np.uint64(31))
    return (state >> np.uint64(11)).astype(np.float64) / _TWO_POW_53


def _smooth_noise(times: FloatArray, seed: int) -> FloatArray:
    """Return noise of about unit variance that changes every minute, without jumps."""
    bins = np.floor(times / _NOISE_STEP)
    share = times / _NOISE_STEP - bins
    left, right = (3.46 * (_uniform(found, seed, 1) - 0.5) for found in (bins, bins + 1))
    return left * (1.0 - share) + right * share


def _pulse(times: FloatArray, phase_at: float, period: float, duration: float) -> FloatArray:
    """Return a pulse of height 1 once a period: up within a minute, `duration` long, down within two."""
    since = np.mod(times - phase_at, period)
    up = np.clip(since / 60.0, 0.0, 1.0)
    down = np.clip((since - duration) / 120.0, 0.0, 1.0)
    return up - down


def _day(times: FloatArray, phase_at: float) -> FloatArray:
    """Return a day's swing between 0 and 1, rising fastest at the phase."""
    return 0.5 + 0.5 * np.sin(2 * np.pi * (times - phase_at) / _DAY)


def _working_days(times: FloatArray) -> FloatArray:
    """Return 1 from Monday to Friday and a third at the weekend."""
    day = np.floor(np.mod(times - _MONDAY, _WEEK) / _DAY)
    return np.where(day < 5, 1.0, 1.0 / 3.0)


def _bursts(times: FloatArray, seed: int) -> FloatArray:
    """Return bursts at random: in three hours of ten, five to fifteen minutes long, of random height."""
    hour = np.floor(times / _HOUR)
    comes = _uniform(hour, seed, 2) < 0.3
    length = 300.0 + 600.0 * _uniform(hour, seed, 3)
    begin = _uniform(hour, seed, 4) * (_HOUR - 1_100.0)
    height = 0.4 + 0.6 * _uniform(hour, seed, 5)
    since = times - hour * _HOUR - begin
    inside = np.clip(since / 60.0, 0.0, 1.0) * (since < length) * (since >= 0)
    return comes * height * inside
