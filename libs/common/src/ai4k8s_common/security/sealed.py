"""Sealed envelopes: the gateway can store a cluster's credential and can never read it back.

Each secret is encrypted with a data key of its own (ChaCha20-Poly1305), and the data key is wrapped for the holder of a
private key: a fresh X25519 key agrees with the receiver's public key, and HKDF-SHA256 makes the wrapping key (HPKE's
base mode, RFC 9180, with its DHKEM suite spelled out). The envelope says which key it was wrapped for, so that several
can be held while one follows the other. The context, such as the cluster's id, is authenticated: an envelope moved to
another row does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ai4k8s_common.errors import Ai4k8sError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A box without an envelope, as the first release wrote them; still read.
BOX = b"\x01"
ENVELOPE = b"\x02"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_ID_BYTES = 8
_WRAPPED_BYTES = _KEY_BYTES + _NONCE_BYTES + _KEY_BYTES + _TAG_BYTES


class SealBrokenError(Ai4k8sError):
    """Wrong key, wrong context or altered bytes. Fails closed."""

    code = "seal_broken"


def generate_key_pair() -> tuple[str, str]:
    """Return (public key, private key), both base64url."""
    private = X25519PrivateKey.generate()
    return _encode(private.public_key().public_bytes_raw()), _encode(private.private_bytes_raw())


def public_key_of(private_key: str) -> str:
    """Return the public half."""
    return _encode(_private(private_key).public_key().public_bytes_raw())


def split_keys(text: str) -> list[str]:
    """Return the private keys of a setting, the present one first: separated by commas or white space."""
    keys = [part for part in re.split(r"[\s,]+", text) if part]
    if not keys:
        raise SealBrokenError("there is no private key", hint="Set AI4K8S_CREDENTIALS_PRIVATE_KEY.")
    return keys


def seal(public_key: str, plaintext: bytes, context: str) -> bytes:
    """Encrypt so that only the holder of the private key can read it."""
    receiver = X25519PublicKey.from_public_bytes(_decode(public_key))
    data_key, nonce = os.urandom(_KEY_BYTES), os.urandom(_NONCE_BYTES)
    head = ENVELOPE + _id_of(receiver) + _wrap(receiver, data_key, context)
    return head + nonce + ChaCha20Poly1305(data_key).encrypt(nonce, plaintext, head + context.encode())


def is_sealed_for(public_key: str, box: bytes) -> bool:
    """Whether an envelope is wrapped for this key already, in the present format."""
    receiver = X25519PublicKey.from_public_bytes(_decode(public_key))
    return box[:1] == ENVELOPE and box[1 : 1 + _ID_BYTES] == _id_of(receiver)


def unseal(private_keys: str, box: bytes, context: str) -> bytes:
    """Decrypt with whichever of the keys fits.

    Raises SealBrokenError for anything but a right key, context and bytes.
    """
    keys = [_private(key) for key in split_keys(private_keys)]
    if box[:1] == ENVELOPE:
        return _open_envelope(keys, box, context)
    if box[:1] == BOX and len(box) >= 1 + _KEY_BYTES + _NONCE_BYTES + _TAG_BYTES:
        return _open_box(keys, box, context)
    raise SealBrokenError("the stored credential has an unknown format")


@dataclass(frozen=True)
class _Parts:
    head: bytes
    key_id: bytes
    wrapped: bytes
    nonce: bytes
    ciphertext: bytes

    @classmethod
    def of(cls, box: bytes) -> _Parts:
        start = 1 + _ID_BYTES
        end = start + _WRAPPED_BYTES
        return cls(box[:end], box[1:start], box[start:end], box[end : end + _NONCE_BYTES], box[end + _NONCE_BYTES :])


def _open_envelope(keys: Sequence[X25519PrivateKey], box: bytes, context: str) -> bytes:
    parts = _Parts.of(box)
    key = next((key for key in keys if _id_of(key.public_key()) == parts.key_id), None)
    if key is None:
        raise SealBrokenError(
            f"the stored credential is sealed for the key {parts.key_id.hex()}, which is not here",
            hint="Add that key to AI4K8S_CREDENTIALS_PRIVATE_KEY, or give the cluster's credential again.",
        )
    try:
        data_key = _unwrap(key, parts.wrapped, context)
        return ChaCha20Poly1305(data_key).decrypt(parts.nonce, parts.ciphertext, parts.head + context.encode())
    except (InvalidTag, ValueError):
        raise _broken() from None


def _wrap(receiver: X25519PublicKey, data_key: bytes, context: str) -> bytes:
    ephemeral = X25519PrivateKey.generate()
    share = ephemeral.public_key().public_bytes_raw()
    key = _derive(ephemeral.exchange(receiver), b"ai4k8s envelope v2" + share + receiver.public_bytes_raw())
    nonce = os.urandom(_NONCE_BYTES)
    return share + nonce + ChaCha20Poly1305(key).encrypt(nonce, data_key, context.encode())


def _unwrap(private: X25519PrivateKey, wrapped: bytes, context: str) -> bytes:
    share, rest = wrapped[:_KEY_BYTES], wrapped[_KEY_BYTES:]
    shared = private.exchange(X25519PublicKey.from_public_bytes(share))
    key = _derive(shared, b"ai4k8s envelope v2" + share + private.public_key().public_bytes_raw())
    return ChaCha20Poly1305(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], context.encode())


def _open_box(keys: Sequence[X25519PrivateKey], box: bytes, context: str) -> bytes:
    share, rest = box[1 : 1 + _KEY_BYTES], box[1 + _KEY_BYTES :]
    for private in keys:
        binding = b"ai4k8s sealed v1" + share + private.public_key().public_bytes_raw()
        try:
            key = _derive(private.exchange(X25519PublicKey.from_public_bytes(share)), binding)
            return ChaCha20Poly1305(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):
            continue
    raise _broken()


def _broken() -> SealBrokenError:
    return SealBrokenError(
        "the stored credential cannot be decrypted with the keys that are here",
        hint="Check AI4K8S_CREDENTIALS_PRIVATE_KEY, or give the cluster's credential again.",
    )


def _id_of(key: X25519PublicKey) -> bytes:
    return hashlib.sha256(key.public_bytes_raw()).digest()[:_ID_BYTES]


def _derive(shared: bytes, binding: bytes) -> bytes:
    return HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=binding).derive(shared)


def _private(text: str) -> X25519PrivateKey:
    try:
        return X25519PrivateKey.from_private_bytes(_decode(text))
    except (ValueError, binascii.Error):
        raise SealBrokenError(
            "a private key is not one", hint="Check AI4K8S_CREDENTIALS_PRIVATE_KEY: base64url of 32 bytes each."
        ) from None


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
