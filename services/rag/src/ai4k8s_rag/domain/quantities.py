"""Kubernetes quantities, as the checker needs them: their value, or that there is none."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

_PATTERN = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)", re.ASCII)
_SCALES = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(1000),
}
_SCALES |= {letter: Fraction(1000**power) for power, letter in enumerate("MGTPE", 2)}
_SCALES |= {f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", 1)}
_LONGEST = 64


def quantity(value: Any) -> Fraction | None:
    """Return the exact value in cores or bytes; None for what is no quantity."""
    if isinstance(value, bool) or value is None:
        return None
    text = str(value)
    found = _PATTERN.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    sign, digits, exponent, suffix = found.groups()
    scale = Fraction(10) ** int(exponent) if exponent else _SCALES[suffix or ""]
    return Fraction(digits.rstrip(".") or "0") * scale * (-1 if sign == "-" else 1)


def mended(value: Any, *, memory: bool) -> str | None:
    """Return what was probably meant by a text that is no quantity: '2GB' -> 2Gi, '500 m' -> 500m."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(value))
    if found is None:
        return None
    number, unit = found.groups()
    name = unit.lower()
    if memory:
        scale = next((letter for letter in "kmgt" if name in {letter, f"{letter}b", f"{letter}i", f"{letter}ib"}), None)
        return f"{number}{scale.upper()}i" if scale else None
    if name in {"m", "millicores", "millicpu", "mcpu"}:
        return f"{number}m"
    return number if name in {"", "core", "cores", "cpu", "cpus", "vcpu"} else None
