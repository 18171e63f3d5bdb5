"""Kubernetes quantities, read exactly: `500m`, `1.5`, `128Mi`, `1e3`."""

import re
from decimal import ROUND_CEILING, ROUND_UP, Decimal
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


_DECIMAL_SUFFIXES = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}
_BINARY_SUFFIXES = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_KIBI = 1024
_LARGEST_EXPONENT = 18
_SMALLEST_EXPONENT = -9


def canonical(value: Any) -> str:
    """Write a quantity of a resource list as the API server keeps it: rounded up to a thousandth, in the largest unit
    that loses nothing.

    Raises QuantityError when it is not one.
    """
    amount = parse_quantity(value)
    thousandths = (amount * 1000).to_integral_value(ROUND_CEILING) if amount >= 0 else amount * 1000
    return _in_largest_unit(str(value), Decimal(thousandths) / 1000)


def canonical_exact(value: Any) -> str:
    """Write a quantity that stands alone as the API server keeps it: in the largest unit that loses nothing.

    Raises QuantityError when it is not one.
    """
    return _in_largest_unit(str(value), parse_quantity(value))


def _in_largest_unit(text: str, amount: Decimal) -> str:
    if text.endswith("i") and amount == amount.to_integral_value() and abs(amount) >= _KIBI:
        return _with_binary_suffix(int(amount))
    return _with_decimal_suffix(amount, exponent="e" in text.lower().rstrip("i") and not text.endswith(("E", "Ei")))


def _with_binary_suffix(amount: int) -> str:
    at = 0
    while at < len(_BINARY_SUFFIXES) - 1 and amount % _KIBI == 0 and amount:
        amount, at = amount // _KIBI, at + 1
    return f"{amount}{_BINARY_SUFFIXES[at]}"


def _with_decimal_suffix(amount: Decimal, *, exponent: bool) -> str:
    if amount == 0:
        return "0"
    power = _SMALLEST_EXPONENT
    mantissa = int((amount * 10**-_SMALLEST_EXPONENT).to_integral_value(ROUND_UP))
    while power < _LARGEST_EXPONENT and mantissa % 1000 == 0:
        mantissa, power = mantissa // 1000, power + 3
    if exponent:
        return f"{mantissa}e{power}" if power else str(mantissa)
    return f"{mantissa}{_DECIMAL_SUFFIXES[power]}"
