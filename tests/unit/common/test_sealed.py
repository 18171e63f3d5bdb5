"""Credentials at rest: only the right key, for the right row."""

from __future__ import annotations

import pytest

from ai4k8s_common.security.sealed import (
    SealBrokenError,
    generate_key_pair,
    is_sealed_for,
    public_key_of,
    seal,
    split_keys,
    unseal,
)

# A box without an envelope: "canary" for the row cluster-1.
OLD_BOX = (
    "0150c078f8fc243382a0e67836d282a8b043d9eba0e0e559e7da858d1bb18a905c5c726fca4985585b5e6941d5387e798ed1"
    "21ba8cedfaaaf9ad9a93b610194efc973d"
)


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


def test_several_keys_are_readable_while_one_follows_the_other() -> None:
    (old_public, old), (new_public, new) = generate_key_pair(), generate_key_pair()
    both = f"{new},{old}\n"
    for public in (old_public, new_public):
        assert unseal(both, seal(public, b"secret", "row"), "row") == b"secret"
    assert public_key_of(split_keys(both)[0]) == new_public
    assert is_sealed_for(new_public, seal(new_public, b"", "row"))
    assert not is_sealed_for(new_public, seal(old_public, b"", "row"))


def test_a_wrong_key_fails_closed_and_says_which_one_is_missing() -> None:
    public, _ = generate_key_pair()
    with pytest.raises(SealBrokenError, match="which is not here"):
        unseal(generate_key_pair()[1], seal(public, b"secret", "row"), "row")
    for nonsense in ("", "short", "!!!"):
        with pytest.raises(SealBrokenError):
            unseal(nonsense, seal(public, b"secret", "row"), "row")


def test_what_the_first_release_wrote_is_still_read() -> None:
    private = "kCkqmWbw4MsWCSNmvJmmSYnYe1PP41XSR5yhnH1ZXHU"
    box = bytes.fromhex(OLD_BOX)
    assert unseal(f"{generate_key_pair()[1]} {private}", box, "cluster-1") == b"canary"
    with pytest.raises(SealBrokenError):
        unseal(private, box, "cluster-2")
