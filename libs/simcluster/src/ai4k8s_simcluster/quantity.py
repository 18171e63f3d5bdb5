"""Kubernetes quantities, read exactly: `500m`, `1.5`, `128Mi`, `1e3`."""

import re
from decimal import Decimal
from typing import Any

_FORM = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$")
_SUFFIX = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}


class QuantityError(ValueError):
    """The text is not a quantity."""


def parse_quantity(value: Any) -> Decimal:
    """Read a quantity as JSON carries it (text or number).

    Raises QuantityError when it does not have the form of one.
    """
    match = _FORM.match(str(value))
    if match is None or isinstance(value, bool):
        raise QuantityError(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    number, suffix, exponent = match.groups()
    result = Decimal(number)
    if suffix:
        result *= _SUFFIX[suffix]
    if exponent:
        result = result.scaleb(int(exponent))
    return result


def cores(value: Any) -> float:
    """Read a CPU quantity into cores."""
    return float(parse_quantity(value))


def size_bytes(value: Any) -> int:
    """Read a memory quantity into bytes."""
    return int(parse_quantity(value))
