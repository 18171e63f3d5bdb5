"""Codes that change every half minute (TOTP, RFC 6238: SHA-1, six digits, 30 s), and those for a phone that is lost."""

from __future__ import annotations

import hashlib
import hmac
import re
import struct

STEP_SECONDS = 30
DIGITS = 6
# A clock that is half a minute off, and a code that was typed slowly.
STEPS_OFF = 1
RECOVERY_CODES = 10
# 80 bits: cannot be tried through even by who holds the hashes.
RECOVERY_GROUPS, RECOVERY_GROUP_LENGTH = 4, 4


def code_of(seed: bytes, step: int) -> str:
    """Return the code of a time step (RFC 4226, section 5.3)."""
    digest = hmac.digest(seed, struct.pack(">Q", step), hashlib.sha1)
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(seed: bytes, code: str, now_seconds: float) -> int | None:
    """Return the time step that a code is of, near now; None when it is of none."""
    given = re.sub(r"[\s-]", "", code)
    present = int(now_seconds) // STEP_SECONDS
    found = None
    for step in range(present - STEPS_OFF, present + STEPS_OFF + 1):
        if hmac.compare_digest(code_of(seed, step).encode(), given.encode()):
            found = step
    return found


def looks_like_totp(code: str) -> bool:
    """Whether it is digits only, as no recovery code is."""
    return re.sub(r"[\s-]", "", code).isdigit()


def hash_recovery_code(code: str, person: str) -> bytes:
    """Return what is stored of a recovery code, however it was typed."""
    plain = re.sub(r"[\s-]", "", code).lower()
    return hashlib.sha256(f"{person}:{plain}".encode()).digest()
