"""What is known of a bastion without talking to it: its errors, its host key, and whether its address may be used."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_common.errors import InvalidInputError
from ai4k8s_common.kube.addresses import check_name
from ai4k8s_common.kube.errors import KubeError, KubeUnavailableError

if TYPE_CHECKING:
    from ai4k8s_common.kube.addresses import AccessPolicy

HOST_KEY_CODE = "bastion_host_key_changed"


class BastionError(KubeUnavailableError):
    """The bastion does not answer, does not let us in, or does not reach the cluster."""

    code = "bastion"


class BastionRefusedError(KubeError):
    """The bastion does not accept the user or key: somebody must give others."""

    code = "bastion_refused"


class BastionHostKeyChangedError(KubeError):
    """The bastion shows another host key than the confirmed one: perhaps it is not the bastion at all."""

    code = HOST_KEY_CODE


@dataclass(frozen=True)
class HostKey:
    """What a bastion shows of itself."""

    host_key: str
    fingerprint: str


def parse_host_key(text: str) -> HostKey:
    """Read "ssh-ed25519 AAAA...", with or without a comment. Raises InvalidInputError."""
    parts = text.split()
    try:
        raw = base64.b64decode(parts[1], validate=True)
        named = raw[4 : 4 + int.from_bytes(raw[:4])].decode()
    except (IndexError, binascii.Error, ValueError):
        named = ""
    if not named or named != parts[0] or len(text) > 4_000:
        raise InvalidInputError(
            "the bastion's host key must look like 'ssh-ed25519 AAAA...'",
            hint="Let it be read for you, or run on the bastion: cat /etc/ssh/ssh_host_ed25519_key.pub",
        )
    digest = base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")
    return HostKey(f"{parts[0]} {parts[1]}", f"SHA256:{digest}")


def check_bastion_address(host: str, policy: AccessPolicy) -> None:
    """Refuse a bastion's host by its text, as a cluster's is. Raises InvalidInputError."""
    if not host or len(host) > 253 or any(c.isspace() or c in "/@[]" for c in host):
        raise InvalidInputError("the bastion is given as a host name or an address", hint="Such as bastion.example.org")
    check_name(host, "the bastion", policy)
