"""Sealed boxes: the gateway can store a cluster's credential and can never read it back.

A fresh X25519 key agrees with the receiver's public key; HKDF-SHA256 makes the key of one ChaCha20-Poly1305
message (the construction of HPKE's base mode, RFC 9180, with its DHKEM suite spelled out). The context, such
as the cluster's id, is authenticated: a box moved to another row does not open.
"""

from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ai4k8s_common.errors import Ai4k8sError

VERSION = b"\x01"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class SealBrokenError(Ai4k8sError):
    """Wrong key, wrong context or altered box. Fails closed."""

    code = "seal_broken"


def generate_key_pair() -> tuple[str, str]:
    """Return (public key, private key), both base64url."""
    private = X25519PrivateKey.generate()
    return _encode(private.public_key().public_bytes_raw()), _encode(private.private_bytes_raw())


def seal(public_key: str, plaintext: bytes, context: str) -> bytes:
    """Encrypt so that only the holder of the private key can read it."""
    receiver = X25519PublicKey.from_public_bytes(_decode(public_key))
    ephemeral = X25519PrivateKey.generate()
    share = ephemeral.public_key().public_bytes_raw()
    key = _derive(ephemeral.exchange(receiver), share + receiver.public_bytes_raw())
    nonce = os.urandom(_NONCE_BYTES)
    return VERSION + share + nonce + ChaCha20Poly1305(key).encrypt(nonce, plaintext, context.encode())


def unseal(private_key: str, box: bytes, context: str) -> bytes:
    """Decrypt a box.

    Raises SealBrokenError for anything but the right key, context and bytes.
    """
    if box[:1] != VERSION or len(box) < 1 + _KEY_BYTES + _NONCE_BYTES:
        raise SealBrokenError("the stored credential has an unknown format")
    share, rest = box[1 : 1 + _KEY_BYTES], box[1 + _KEY_BYTES :]
    private = X25519PrivateKey.from_private_bytes(_decode(private_key))
    shared = private.exchange(X25519PublicKey.from_public_bytes(share))
    key = _derive(shared, share + private.public_key().public_bytes_raw())
    try:
        return ChaCha20Poly1305(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], context.encode())
    except InvalidTag as error:
        raise SealBrokenError(
            "the stored credential cannot be decrypted with this key",
            hint="Check AI4K8S_CREDENTIALS_PRIVATE_KEY, or add the cluster's credential again.",
        ) from error


def _derive(shared: bytes, binding: bytes) -> bytes:
    return HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=b"ai4k8s sealed v1" + binding).derive(shared)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
