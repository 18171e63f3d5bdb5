"""Kubernetes quantities ('250m', '1.5Gi', '12e6', '1805339n'), exactly.

The grammar is apimachinery's `resource.Quantity`: a signed decimal number, then a decimal exponent, a binary
or a decimal SI suffix. Integers all the way; one division at the end.
"""

from __future__ import annotations

import re
from fractions import Fraction

from ai4k8s_common.errors import InvalidInputError

_PATTERN = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)", re.ASCII)
_MAX_LENGTH = 64
_SUFFIXES: dict[str | None, tuple[int, int]] = {
    None: (1, 1),
    "n": (1, 10**9),
    "u": (1, 10**6),
    "m": (1, 10**3),
    "k": (10**3, 1),
    "M": (10**6, 1),
    "G": (10**9, 1),
    "T": (10**12, 1),
    "P": (10**15, 1),
    "E": (10**18, 1),
    "Ki": (2**10, 1),
    "Mi": (2**20, 1),
    "Gi": (2**30, 1),
    "Ti": (2**40, 1),
    "Pi": (2**50, 1),
    "Ei": (2**60, 1),
}


class InvalidQuantityError(InvalidInputError):
    """A text that is no Kubernetes quantity, such as 'NaN'."""

    code = "invalid_quantity"


def parse_quantity(text: str) -> Fraction:
    """Return the exact value in the unit's base (cores, bytes).

    Raises InvalidQuantityError.
    """
    return Fraction(*_ratio(text))


def cpu_millicores(text: str) -> float:
    """Return a CPU quantity in millicores, correctly rounded."""
    # What metrics-server writes, a hundred thousand times in a large cluster: whole nanocores.
    digits = text[:-1]
    if text[-1:] == "n" and digits.isascii() and digits.isdigit() and len(digits) < _MAX_LENGTH:
        return int(digits) / 1_000_000
    numerator, denominator = _ratio(text)
    return numerator * 1000 / denominator


def memory_bytes(text: str) -> float:
    """Return a memory quantity in bytes, correctly rounded."""
    digits = text[:-2]
    if text[-2:] == "Ki" and digits.isascii() and digits.isdigit() and len(digits) < _MAX_LENGTH - 1:
        return float(int(digits) * 1024)
    numerator, denominator = _ratio(text)
    return numerator / denominator


def _ratio(text: str) -> tuple[int, int]:
    match = _PATTERN.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        raise InvalidQuantityError(f"'{text[:_MAX_LENGTH]}' is not a Kubernetes quantity")
    sign, whole, fraction, exponent, suffix = match.groups()
    digits = whole + (fraction or "")
    if not digits:
        raise InvalidQuantityError(f"'{text}' is not a Kubernetes quantity")
    numerator, denominator = _SUFFIXES[suffix]
    numerator *= int(digits)
    denominator *= 10 ** len(fraction or "")
    if exponent is not None:
        power = int(exponent)
        numerator, denominator = (
            (numerator * 10**power, denominator) if power >= 0 else (numerator, denominator * 10**-power)
        )
    return (-numerator if sign == "-" else numerator), denominator
