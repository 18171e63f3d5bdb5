"""Quantities are read exactly as apimachinery does."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai4k8s_common.kube.quantity import InvalidQuantityError, cpu_millicores, memory_bytes, parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", Fraction(0)),
        ("1", Fraction(1)),
        ("250m", Fraction(1, 4)),
        ("1805339n", Fraction(1805339, 10**9)),
        ("15u", Fraction(15, 10**6)),
        (".5", Fraction(1, 2)),
        ("2.", Fraction(2)),
        ("1.5Gi", Fraction(3 * 2**29)),
        ("128Mi", Fraction(128 * 2**20)),
        ("3Ki", Fraction(3072)),
        ("2Ei", Fraction(2**61)),
        ("1k", Fraction(1000)),
        ("1E", Fraction(10**18)),
        ("1E3", Fraction(1000)),
        ("12e6", Fraction(12_000_000)),
        ("1e-3", Fraction(1, 1000)),
        ("+7M", Fraction(7_000_000)),
        ("-100m", Fraction(-1, 10)),
    ],
)
def test_every_form_of_a_quantity_is_read_exactly(text: str, value: Fraction) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize(
    "text", ["", "NaN", "inf", "+", ".", "m", "1 Gi", "1Kib", "1K", "0x10", "1e", "1e9999", "\u0661", "1Gi ", "9" * 80]
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuantityError):
        parse_quantity(text)


def test_units_are_millicores_and_bytes() -> None:
    assert cpu_millicores("1") == 1000.0
    assert cpu_millicores("123456789n") == 123.456789
    assert memory_bytes("1Ki") == 1024.0


@given(st.integers(-(10**15), 10**15))
def test_nanocores_are_correctly_rounded(nanocores: int) -> None:
    assert cpu_millicores(f"{nanocores}n") == float(Fraction(nanocores, 10**6))
