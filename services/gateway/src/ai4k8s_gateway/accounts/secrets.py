"""Secrets of people that must be read again: sealed with a key that the gateway alone holds.

It is another key than that of cluster credentials, which the gateway must not be able to open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_common.errors import NotConfiguredError
from ai4k8s_common.security.sealed import public_key_of, seal, split_keys, unseal

if TYPE_CHECKING:
    from pydantic import SecretStr


class PeoplesSecrets:
    """Seals and opens; refuses both when no key is set."""

    def __init__(self, private_keys: SecretStr | None) -> None:
        self._keys = private_keys

    @property
    def is_configured(self) -> bool:
        """Whether there is a key."""
        return self._keys is not None

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Seal for the present key. Raises NotConfiguredError."""
        return seal(public_key_of(split_keys(self._private())[0]), plaintext, context)

    def open(self, box: bytes, context: str) -> bytes:
        """Open with whichever key fits. Raises NotConfiguredError, SealBrokenError."""
        return unseal(self._private(), box, context)

    def _private(self) -> str:
        if self._keys is None:
            raise NotConfiguredError(
                "there is no key to seal people's secrets with", hint="Set AI4K8S_PEOPLE_PRIVATE_KEY for the gateway."
            )
        return self._keys.get_secret_value()
