"""Credentials at rest: only the right key, for the right row."""

from __future__ import annotations

import pytest

from ai4k8s_common.security.sealed import SealBrokenError, generate_key_pair, seal, unseal


def test_only_the_private_key_opens_a_box() -> None:
    public, private = generate_key_pair()
    box = seal(public, b"kubeconfig", "cluster-1")
    assert unseal(private, box, "cluster-1") == b"kubeconfig"
    with pytest.raises(SealBrokenError):
        unseal(generate_key_pair()[1], box, "cluster-1")


def test_a_box_moved_to_another_row_does_not_open() -> None:
    public, private = generate_key_pair()
    with pytest.raises(SealBrokenError):
        unseal(private, seal(public, b"kubeconfig", "cluster-1"), "cluster-2")


@pytest.mark.parametrize("position", [0, 5, 40, -1])
def test_an_altered_box_does_not_open(position: int) -> None:
    public, private = generate_key_pair()
    box = bytearray(seal(public, b"kubeconfig", "cluster-1"))
    box[position] ^= 1
    with pytest.raises(SealBrokenError):
        unseal(private, bytes(box), "cluster-1")


@pytest.mark.parametrize("box", [b"", b"\x01", b"\x01" + b"x" * 30])
def test_a_truncated_box_does_not_open(box: bytes) -> None:
    with pytest.raises(SealBrokenError):
        unseal(generate_key_pair()[1], box, "cluster-1")


def test_two_boxes_of_one_secret_differ() -> None:
    public, _ = generate_key_pair()
    assert seal(public, b"same", "row") != seal(public, b"same", "row")
