"""Passwords: argon2id, a bounded number of hashes at once, and the same work for users that do not exist."""

from __future__ import annotations

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# One hash takes 64 MiB: a flood of log-ins must wait for its turn instead of taking all memory.
CONCURRENT_HASHES = 4


class Passwords:
    """Makes and checks password hashes."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(CONCURRENT_HASHES)
        self._nobodys_hash = self._hasher.hash(secrets.token_urlsafe(16))

    def hash(self, password: str) -> str:
        """Return a salted argon2id hash with its parameters."""
        with self._turns:
            return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Check a password; `stored` is None for an unknown user, which takes just as long."""
        with self._turns:
            try:
                return self._hasher.verify(stored or self._nobodys_hash, password) and stored is not None
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)
