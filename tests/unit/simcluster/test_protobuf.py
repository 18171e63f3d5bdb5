"""The protobuf form: what is in the tables is read, the rest is refused."""

from __future__ import annotations

import pytest

from ai4k8s_simcluster.api.protobuf import decode_protobuf
from ai4k8s_simcluster.errors import ApiError


def text(number: int, value: bytes) -> bytes:
    """One length-delimited field."""
    return bytes([number << 3 | 2, len(value)]) + value


def envelope(kind: str, raw: bytes, version: bytes = b"v1") -> bytes:
    """A body as client-go writes it."""
    return b"k8s\x00" + text(1, text(1, version) + text(2, kind.encode())) + text(2, raw) + text(3, b"") + text(4, b"")


def test_a_namespace_is_read_with_its_labels() -> None:
    labels = text(11, text(1, b"a") + text(2, b"b"))
    meta = text(1, b"n") + text(2, b"") + text(8, b"") + labels + text(14, b"x/y")
    body = envelope("Namespace", text(1, meta) + text(2, b"") + text(3, b""))
    assert decode_protobuf(body) == {
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": {"a": "b"}, "finalizers": ["x/y"]},
    }  # fmt: skip


def test_bytes_become_base64_and_maps_stay_maps() -> None:
    body = envelope("Secret", text(1, text(1, b"s")) + text(2, text(1, b"k") + text(2, b"v")) + text(3, b"Opaque"))
    assert decode_protobuf(body)["data"] == {"k": "dg=="}


def test_zero_is_kept_where_it_differs_from_nothing() -> None:
    deployment = envelope("Deployment", text(2, bytes([1 << 3, 0, 5 << 3, 0])), b"apps/v1")
    assert decode_protobuf(deployment)["spec"] == {"replicas": 0}


def test_a_port_is_a_number_or_a_name_and_a_source_stands_in_its_volume() -> None:
    ports = [text(1, text(4, bytes([1 << 3, 0, 2 << 3, 80]))), text(1, text(4, bytes([1 << 3, 1]) + text(3, b"http")))]
    service = decode_protobuf(envelope("Service", text(2, b"".join(ports))))
    assert [port["targetPort"] for port in service["spec"]["ports"]] == [80, "http"]
    volume = text(1, text(1, b"v") + text(2, text(2, b"")))
    assert decode_protobuf(envelope("Pod", text(2, volume)))["spec"]["volumes"] == [{"name": "v", "emptyDir": {}}]


def test_numbers_are_read() -> None:
    assert decode_protobuf(envelope("DeleteOptions", bytes([1 << 3, 0xAC, 0x02])))["gracePeriodSeconds"] == 300


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 400), (b"{}", 400), (b"k8s\x00\x0a\xff", 400), (envelope("Deployment", b""), 415),
        (envelope("Namespace", text(1, text(15, b"cluster"))), 415),
    ],
)  # fmt: skip
def test_everything_else_is_refused(body: bytes, code: int) -> None:
    with pytest.raises(ApiError) as refused:
        decode_protobuf(body)
    assert refused.value.code == code
