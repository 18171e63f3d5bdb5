"""Second factors: the same codes as any app, near enough in time, and recovery codes however they are typed."""

from __future__ import annotations

import base64

import pyotp
import pytest

from ai4k8s_gateway.domain.one_time_codes import (
    STEP_SECONDS,
    code_of,
    hash_recovery_code,
    looks_like_totp,
    step_of,
)

SEED = b"12345678901234567890"
NOW = 1_111_111_109.0


# RFC 6238, appendix B, the last six of its eight digits.
@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert code_of(SEED, seconds // STEP_SECONDS) == code


def test_codes_are_those_of_another_implementation() -> None:
    other = pyotp.TOTP(base64.b32encode(SEED).decode())
    for seconds in range(0, 3_000_000, 299_993):
        assert code_of(SEED, seconds // STEP_SECONDS) == other.at(seconds)


@pytest.mark.parametrize(("seconds_off", "serves"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_code_serves_a_step_before_and_after_its_own(seconds_off: int, serves: bool) -> None:
    code = code_of(SEED, int(NOW + seconds_off) // STEP_SECONDS)
    found = step_of(SEED, f" {code[:3]} {code[3:]}", NOW)
    assert found == (int(NOW + seconds_off) // STEP_SECONDS if serves else None)


def test_what_is_no_code_is_of_no_step() -> None:
    assert {step_of(SEED, code, NOW) for code in ("", "81804", "0818041", "ünicod", "१२३४५६")} == {None}


def test_a_recovery_code_is_the_same_in_capitals_and_with_blanks_and_another_persons_is_not() -> None:
    assert hash_recovery_code("ABCD efgh-jkmn 2345", "ada") == hash_recovery_code("abcd-efgh-jkmn-2345", "ada")
    assert hash_recovery_code("abcd-efgh-jkmn-2345", "ada") != hash_recovery_code("abcd-efgh-jkmn-2345", "bob")
    assert looks_like_totp("081 804")
    assert not looks_like_totp("abcd-efgh-jkmn-2345")
