"""The protobuf form: what is in the tables is read, the rest is refused."""

from __future__ import annotations

import pytest

from ai4k8s_simcluster.api.protobuf import decode_protobuf
from ai4k8s_simcluster.errors import ApiError


def text(number: int, value: bytes) -> bytes:
    """One length-delimited field."""
    return bytes([number << 3 | 2, len(value)]) + value


def envelope(kind: str, raw: bytes) -> bytes:
    """A body as client-go writes it."""
    return b"k8s\x00" + text(1, text(1, b"v1") + text(2, kind.encode())) + text(2, raw) + text(3, b"") + text(4, b"")


def test_a_namespace_is_read_with_its_labels() -> None:
    labels = text(11, text(1, b"a") + text(2, b"b"))
    meta = text(1, b"n") + text(2, b"") + text(8, b"") + labels + text(14, b"x/y")
    body = envelope("Namespace", text(1, meta) + text(2, b"") + text(3, b""))
    assert decode_protobuf(body) == {
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": {"a": "b"}, "finalizers": ["x/y"]},
    }  # fmt: skip


def test_numbers_are_read() -> None:
    assert decode_protobuf(envelope("DeleteOptions", bytes([1 << 3, 0xAC, 0x02])))["gracePeriodSeconds"] == 300


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 400), (b"{}", 400), (b"k8s\x00\x0a\xff", 400), (envelope("Deployment", b""), 415),
        (envelope("Namespace", text(1, text(13, b"owner"))), 415),
    ],
)  # fmt: skip
def test_everything_else_is_refused(body: bytes, code: int) -> None:
    with pytest.raises(ApiError) as refused:
        decode_protobuf(body)
    assert refused.value.code == code
